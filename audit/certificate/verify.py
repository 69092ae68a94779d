"""`verify_files`: does a certificate let these files be trained on? Reads their bytes, imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.certificate.record import Certificate, moment
from audit.certificate.signing import Key, objection
from audit.certificate.trees import Member, members_named, members_of, split_query, suffix_of, tree_of
from audit.errors import some

if TYPE_CHECKING:
    from audit.suite import Suite

SKEW = timedelta(hours=1)
"""How far another machine's clock may be ahead."""
REFUSED, UNDECIDED = 1, 3


@dataclass(frozen=True)
class Reason:
    """One thing that stands between the data and training."""

    why: str
    code: int
    """1: it is known to be unfit; 3: nobody can tell."""


@dataclass(frozen=True)
class Changes:
    """What is not as it was when the gate looked."""

    unit: str = "row"
    changed: Sequence[Any] = ()
    added: Sequence[Any] = ()
    removed: Sequence[Any] = ()
    moved: Sequence[Any] = ()
    columns: Sequence[str] = ()
    """Sentences about columns."""
    notes: Sequence[str] = ()
    """What could not be told, and why."""

    def sentences(self) -> list[str]:
        """A line each: `rows changed: 17, 803`."""
        parts = (
            ("changed", self.changed),
            ("added", self.added),
            ("removed", self.removed),
            ("in another place", self.moved),
        )
        rows = [f"{self.unit}s {what}: {some(named, 10)}" for what, named in parts if len(named)]
        return [*rows, *self.columns, *self.notes]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {k: list(v) if not isinstance(v, str) else v for k, v in self.__dict__.items()}


@dataclass(frozen=True)
class Verification:
    """What a certificate says of some data now."""

    where: str
    certificate: Certificate
    reasons: tuple[Reason, ...]
    differs: bool = False
    """Whether the data is known not to be what was judged."""
    changes: Changes | None = field(default=None)

    @property
    def exit_code(self) -> int:
        """0 train; 1 do not; 3 nobody can tell, which outranks 1."""
        return max((r.code for r in self.reasons), default=0)

    @property
    def outcome(self) -> str:
        """In a word."""
        return {0: "VERIFIED", REFUSED: "REFUSED", UNDECIDED: "UNDECIDED"}[self.exit_code]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "reasons": [r.why for r in self.reasons],
            "changes": None if self.changes is None else self.changes.to_dict(),
            "certificate": self.certificate.to_dict(),
        }


def verify_files(
    where: str | Path,
    certificate: Certificate,
    *,
    key: Key | None = None,
    suite: Suite | None = None,
    now: datetime | None = None,
) -> Verification:
    """Hold a file or folder against a certificate by its bytes, all of them read again.

    Args:
        where: the path that training will read.
        certificate: what `Certificate.read` gives.
        key: who must have signed it.
        suite: what the data must have been judged by.
        now: the time; by default this machine's clock.
    """
    reasons = objections(certificate, key=key, suite=suite, now=now)
    gated, (path, query) = certificate.gated, split_query(where)
    if gated.kind == "memory":
        why = Reason("it was made of data in memory, not of a file; compare the loaded data", UNDECIDED)
        return Verification(str(where), certificate, (*reasons, why))
    found = members_of(path)
    if gated.kind != ("folder" if path.is_dir() else "file") or gated.suffix != suffix_of(path):
        said = f"the data is a {gated.kind} read as {gated.suffix or gated.format}, this is another kind of place"
        return Verification(str(where), certificate, (*reasons, Reason(said, REFUSED)), differs=True)
    if query != gated.query:
        said = f"the gate looked at {_asked(gated.query)}, this is {_asked(query)}"
        return Verification(str(where), certificate, (*reasons, Reason(said, REFUSED)), differs=True)
    differs = tree_of(found) != gated.files
    if differs:
        reasons.append(Reason("the data is not what the gate judged: its bytes differ", REFUSED))
    beside = _beside(path, certificate)
    if beside is not None:
        differs |= beside.code == REFUSED
        reasons.append(beside)
    changes = _changed_files(found, certificate) if differs and gated.kind == "folder" else None
    return Verification(str(where), certificate, tuple(reasons), differs, changes)


def objections(certificate: Certificate, *, key: Key | None, suite: Suite | None, now: datetime | None) -> list[Reason]:
    """What is to be said against the certificate itself, whatever the data."""
    found: list[Reason] = []
    if key is not None:
        why = objection(certificate, key)
        found += [Reason(why, REFUSED)] if why else []
    elif certificate.signature is not None:
        signer = f"{certificate.signature.algorithm} key {certificate.signature.key}"
        found.append(Reason(f"it is signed by {signer}, and no key was given to check that: --key FILE", UNDECIDED))
    if certificate.outcome == "FAIL":
        broken = [b["why"] for b in certificate.breaches if b["severity"] == "critical"]
        found.append(Reason(f"the gate failed this data: {'; '.join(broken) or 'no reason is kept'}", REFUSED))
    elif certificate.outcome == "ERROR":
        broken = [b["why"] for b in certificate.breaches if b["severity"] == "error"]
        found.append(Reason(f"the gate could not decide: {'; '.join(broken) or 'no reason is kept'}", UNDECIDED))
    if suite is not None and suite.fingerprint != certificate.suite_fingerprint:
        judged = f"suite {certificate.suite} ({certificate.suite_fingerprint[:12]}…)"
        said = f"the data was judged by {judged}, not by {suite.name} ({suite.fingerprint[:12]}…)"
        found.append(Reason(said, REFUSED))
    return found + _in_time(certificate, now or datetime.now(tz=UTC))


def _in_time(certificate: Certificate, now: datetime) -> list[Reason]:
    if moment(certificate.created) > now + SKEW:
        return [Reason(f"it was made at {certificate.created}, which is yet to come: check the clock", UNDECIDED)]
    if certificate.expires is not None and moment(certificate.expires) <= now:
        return [Reason(f"it expired at {certificate.expires}", REFUSED)]
    return []


def _beside(path: Path, certificate: Certificate) -> Reason | None:
    """What has become of the files that the data names."""
    gated = certificate.gated
    if gated.beside is None:
        return None
    listing = certificate.rows()
    if listing is None:
        why = "the files that the data names cannot be looked for: the .rows.json beside the certificate is gone"
        return Reason(why, UNDECIDED)
    place = path / gated.inner if gated.inner else path
    folder = place if place.is_dir() else place.parent
    then = {m.path: m for m in listing.beside}
    now = members_named(folder, then)
    if tree_of(now) == gated.beside:
        return None
    return Reason(f"files that the data names differ: {some(m.path for m in now if m != then[m.path])}", REFUSED)


def _changed_files(found: Sequence[Member], certificate: Certificate) -> Changes:
    """Which files of a folder are not as they were; a moved picture is one removed and one added."""
    listing = certificate.rows()
    if listing is None:
        return Changes("file", notes=(LISTING_GONE,))
    then, now = {m.path: m for m in listing.files}, {m.path: m for m in found}
    return Changes(
        "file",
        changed=[p for p, m in now.items() if p in then and m != then[p]],
        added=[p for p in now if p not in then],
        removed=[p for p in then if p not in now],
    )


LISTING_GONE = "what changed cannot be named: the .rows.json beside the certificate is gone or another's"


def _asked(query: str) -> str:
    return f"its part ?{query}" if query else "the whole"
