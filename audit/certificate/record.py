"""`Certificate`: which data a gate judged, by what, and what it said; one small JSON file that notices an edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from blake3 import blake3

from audit.certificate.listing import Listing, listing_of
from audit.certificate.trees import Tree
from audit.errors import AssayError, InputError
from audit.files import plain, write_bytes

VERSION = 1
Kind = Literal["file", "folder", "memory"]
OUTCOMES = ("PASS", "WARN", "FAIL", "ERROR")
ABOUT_ITSELF = ("blake3", "signature")
"""What is computed over all the rest."""
DOMAIN = b"assay certificate 1\n"
"""What a signature is over begins with this, so that nobody can pass off a signature of something else."""


class Uncertified(AssayError):
    """The certificate does not let this data be trained on."""

    exit_code = 1


@dataclass(frozen=True)
class Gated:
    """The data that was judged."""

    name: str
    kind: Kind
    """memory: it came from no file, and its content is all there is to compare."""
    suffix: str
    """By which a file is read: the same bytes under another suffix are other data."""
    query: str
    """What the address asked for: `split=test`."""
    inner: str
    """The file within a folder that holds the table; empty where the data is the file or the whole folder."""
    files: Tree | None
    beside: Tree | None
    """The files that the data names: pictures whose paths stand in a column."""
    rows: int
    fingerprint: str
    columns: tuple[tuple[str, str], ...]
    """Each column in its order with a hash of its values."""
    roles: Mapping[str, Any]
    classes: tuple[Any, ...]
    format: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Signature:
    """Who vouches for it."""

    algorithm: str
    key: str
    """Which key, without saying what it is."""
    value: str


@dataclass(frozen=True)
class Certificate:
    """What one gate said of one dataset."""

    gated: Gated
    reference: Mapping[str, str] | None
    suite: str
    suite_fingerprint: str
    report: str
    """A hash of all that the audit found."""
    outcome: Literal["PASS", "WARN", "FAIL", "ERROR"]
    judged: int
    """How many limits and expectations were looked at."""
    breaches: tuple[Mapping[str, str], ...]
    """`measure`, `severity` and `why` of each."""
    versions: Mapping[str, str]
    created: str
    expires: str | None
    listing: str
    """The blake3 of cert.rows.json."""
    signature: Signature | None = None
    path: Path | None = field(default=None, compare=False)
    """Where it was read from."""
    kept: Listing | None = field(default=None, compare=False, repr=False)
    """The listing of a certificate that was just made."""

    @property
    def passed(self) -> bool:
        """Whether the gate let the data through."""
        return self.outcome in ("PASS", "WARN")

    def body(self) -> dict[str, Any]:
        """What is hashed and signed, in JSON's types."""
        own: dict[str, Any] = plain(
            {
                "schema_version": VERSION,
                "data": asdict(self.gated),
                "reference": self.reference,
                "suite": {"name": self.suite, "fingerprint": self.suite_fingerprint},
                "report": self.report,
                "verdict": {"outcome": self.outcome, "judged": self.judged, "breaches": list(self.breaches)},
                "versions": dict(self.versions),
                "created": self.created,
                "expires": self.expires,
                "rows": self.listing,
            }
        )
        return own

    @cached_property
    def message(self) -> bytes:
        """What is signed."""
        return DOMAIN + canonical(self.body())

    def to_dict(self) -> dict[str, Any]:
        """The JSON file's content."""
        body = self.body()
        signature = None if self.signature is None else asdict(self.signature)
        return {**body, "blake3": digest_of(body), "signature": signature}

    def write(self, path: Path) -> None:
        """Write `path` and the listing beside it, the listing first, each whole or not at all."""
        if self.kept is None:
            raise InputError(f"{path}: this certificate was read from {self.path}; copy it with its listing instead")
        write_bytes(listing_of(path), self.kept.to_bytes())
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        write_bytes(path, (text + "\n").encode("utf-8", "surrogatepass"))

    @classmethod
    def read(cls, path: str | Path) -> Certificate:
        """Read a certificate. InputError if it is none, Uncertified if it was edited."""
        path = Path(path)
        values = _parsed(path)
        if values.get("schema_version") != VERSION or isinstance(values["schema_version"], bool):
            found = values.get("schema_version")
            raise InputError(f"{path}: a certificate of schema_version {found!r}; this assay reads {VERSION}")
        body = {k: v for k, v in values.items() if k not in ABOUT_ITSELF}
        if values.get("blake3") != digest_of(body):
            raise Uncertified(f"{path}: does not match its own hash: it was edited or damaged after it was written")
        try:
            return _certificate(values, path)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as broken:
            raise InputError(f"{path}: not a whole certificate: {type(broken).__name__} {broken}") from None

    def rows(self) -> Listing | None:
        """The hashes of rows and files; None when the file beside the certificate is gone or another's."""
        if self.kept is not None or self.path is None:
            return self.kept
        try:
            raw = listing_of(self.path).read_bytes()
        except OSError:
            return None
        return Listing.of_bytes(raw) if blake3(raw).hexdigest() == self.listing else None


def canonical(values: Mapping[str, Any]) -> bytes:
    """The one way to write JSON values down: keys sorted, no white space, UTF-8."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest_of(body: Mapping[str, Any]) -> str:
    """The hash by which an edit is noticed; anyone can compute it, so it tells nothing about who wrote."""
    return blake3(canonical(body)).hexdigest()


def moment(said: str) -> datetime:
    """A time in UTC, to the second."""
    return datetime.fromisoformat(said).astimezone(UTC)


def written(when: datetime) -> str:
    """The inverse of `moment`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8", errors="surrogatepass")
        values = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, RecursionError) as broken:
        raise InputError(f"{path}: not a certificate: {broken}") from None
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None
    if not isinstance(values, dict) or not {"schema_version", *ABOUT_ITSELF} <= set(values):
        raise InputError(f"{path}: not a certificate: it lacks schema_version, blake3 or signature")
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: of two, readers differ in which one they take."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def _certificate(values: Mapping[str, Any], path: Path) -> Certificate:
    """ValueError, KeyError or TypeError for values of another shape, which only a forger can have hashed."""
    data, verdict, signature = values["data"], values["verdict"], values["signature"]
    trees = {name: None if data[name] is None else Tree(**data[name]) for name in ("files", "beside")}
    tuples = {"columns": tuple((name, digest) for name, digest in data["columns"]), "classes": tuple(data["classes"])}
    certificate = Certificate(
        gated=Gated(**{**data, **trees, **tuples}),
        reference=values["reference"],
        suite=values["suite"]["name"],
        suite_fingerprint=values["suite"]["fingerprint"],
        report=values["report"],
        outcome=verdict["outcome"],
        judged=verdict["judged"],
        breaches=tuple(verdict["breaches"]),
        versions=values["versions"],
        created=values["created"],
        expires=values["expires"],
        listing=values["rows"],
        signature=None if signature is None else Signature(**signature),
        path=path,
    )
    _check(certificate)
    if canonical(certificate.to_dict()) != canonical(values):
        raise ValueError("it holds more or other than a certificate does")
    return certificate


def _check(certificate: Certificate) -> None:
    gated = certificate.gated
    for time in [certificate.created, *([] if certificate.expires is None else [certificate.expires])]:
        if written(moment(time)) != time:
            raise ValueError(f"{time!r} is not a time in UTC, to the second")
    if certificate.outcome not in OUTCOMES:
        raise ValueError(f"outcome {certificate.outcome!r}")
    if gated.kind not in ("file", "folder", "memory") or (gated.files is None) != (gated.kind == "memory"):
        raise ValueError(f"kind {gated.kind!r}")
    signature = () if certificate.signature is None else astuple(certificate.signature)
    texts = (
        *(gated.name, gated.suffix, gated.query, gated.inner, gated.fingerprint, gated.format),
        *(certificate.suite, certificate.suite_fingerprint, certificate.report, certificate.listing, *signature),
        *(text for pair in gated.columns for text in pair),
        *(b[name] for b in certificate.breaches for name in ("measure", "severity", "why")),
        *(certificate.reference or {}).values(),
    )
    if not all(isinstance(v, str) for v in texts):
        raise ValueError("a name or hash is not text")
    if not all(isinstance(v, dict) for v in (gated.roles, gated.options, certificate.versions)):
        raise ValueError("roles, options and versions are tables")
