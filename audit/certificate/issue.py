"""`certify`: write down what the gate says of data, bound to the bytes of the files that hold it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from blake3 import blake3

from audit.address import short
from audit.certificate.listing import Listing
from audit.certificate.record import Certificate, Gated, Kind, canonical, written
from audit.certificate.rows import learnt_of, rows_of_data
from audit.certificate.signing import Key, read_key, signed
from audit.certificate.trees import Member, members_named, members_of, split_query, suffix_of, tree_of
from audit.dataset import Dataset
from audit.errors import InputError, StaleError
from audit.evidence.cache import installed
from audit.files import plain
from audit.report import Report
from audit.sources import reread
from audit.sources.sql import prove
from audit.sources.tables import remembered
from audit.suite import Suite
from audit.verdict import Verdict, gate

VOLATILE = ("created", "command", "seconds", "map")
"""What differs between two audits that found the same; the map is drawn for the page only."""


LONGEST = 36_500
"""Days."""


@dataclass(frozen=True)
class Files:
    """The files that hold some data."""

    kind: Kind
    path: Path
    query: str = ""
    inner: str = ""
    own: tuple[Member, ...] = ()
    beside: tuple[Member, ...] = ()


def certify(
    data: Dataset,
    report: Report,
    suite: Suite,
    *,
    where: str | Path | None = None,
    in_memory: bool = False,
    key: str | Path | None = None,
    days: float | None = None,
    now: datetime | None = None,
) -> Certificate:
    """Judge the report by the suite and bind the verdict to the data; `write` the result.

    The files are hashed, read once more and compared with `data`, then hashed again: an edit in memory or on disk
    between reading and judging is a StaleError, not a certificate. A verdict of FAIL or ERROR is certified as such.

    Args:
        data: what was audited, unchanged.
        report: its audit.
        suite: what it is judged by.
        where: the file or folder that training reads; by default the one that the data was loaded from.
        in_memory: bind the verdict to the content alone, for data that was edited after it was read.
        key: a key file to sign with.
        days: after how many it expires; never by default.
        now: the time; by default this machine's clock.
    """
    if days is not None and not 0 < days <= LONGEST:
        raise InputError(f"{data.name}: a certificate holds for up to {LONGEST:,} days, not {days}")
    fresh = replace(data)  # a hash that was kept from before an edit in place must not vouch for it
    if report.dataset.fingerprint != fresh.fingerprint:
        raise StaleError(
            f"{data.name}: the report is of data {report.dataset.fingerprint[:12]}…, this is {fresh.fingerprint[:12]}…"
        )
    files = Files("memory", Path()) if in_memory or data.origin.path is None else _files(fresh, data.origin.path, where)
    if not in_memory:
        prove(fresh)
    verdict, rows, time = gate(report, suite), rows_of_data(fresh), now or datetime.now(tz=UTC)
    listing = Listing(
        files.own if files.kind == "folder" else (), files.beside, rows.ids, rows.whole, b"".join(learnt_of(fresh))
    )
    certificate = Certificate(
        gated=_gated(fresh, files, rows.columns),
        reference=None if report.reference is None else _who(report.reference.name, report.reference.fingerprint),
        suite=verdict.suite,
        suite_fingerprint=verdict.suite_fingerprint,
        report=report_hash(report),
        outcome=verdict.outcome,
        judged=verdict.judged,
        breaches=_breaches(verdict),
        versions={**report.versions, "assay": installed("assay"), "python": platform.python_version()},
        created=written(time),
        expires=None if days is None else written(time + timedelta(days=days)),
        listing=blake3(listing.to_bytes()).hexdigest(),
        kept=listing,
    )
    return certificate if key is None else signed(certificate, read_key_to_sign(key))


def read_key_to_sign(path: str | Path) -> Key:
    """A key that can sign; said before anything is computed."""
    key = read_key(path)
    key.sign(b"")
    return key


def report_hash(report: Report) -> str:
    """A hash of what an audit found; when, how fast and by which command line do not count."""
    values: Mapping[str, Any] = plain(report.to_dict())
    checks = {name: {k: v for k, v in entry.items() if k != "seconds"} for name, entry in values["checks"].items()}
    kept = {k: v for k, v in values.items() if k not in VOLATILE}
    return blake3(canonical({**kept, "checks": checks})).hexdigest(length=16)


def _files(data: Dataset, read_from: str, where: str | Path | None) -> Files:
    """The files' hashes, with the assurance that they hold this data."""
    path, query = split_query(read_from if where is None else where)
    if not data.origin.file.is_relative_to(path):
        raise InputError(f"{path}: the data was read from {read_from}, which is not there")
    inner = data.origin.file.relative_to(path).as_posix()
    own, beside = members_of(path), _beside(data)
    reread(data)
    if members_of(path) != own or _beside(data) != beside:
        raise StaleError(f"{path}: was changed while it was being certified; gate it again")
    kind: Kind = "folder" if path.is_dir() else "file"
    return Files(kind, path, query, "" if inner == "." else inner, tuple(own), tuple(beside))


def _beside(data: Dataset) -> list[Member]:
    """The files that the data names: pictures in a column of paths, the array of pictures of a Parquet file."""
    origin = data.origin
    if origin.format == "folder":
        return []
    column = [] if data.roles.image is None else data.table[data.roles.image].tolist()
    names = [v for v in column if isinstance(v, str)]
    if data.images is not None and origin.file.is_file() and origin.format in ("parquet", "memory"):
        names += filter(None, [remembered(pq.read_schema(origin.file)).get("images")])
    return members_named(origin.folder, names)


def _gated(data: Dataset, files: Files, columns: Sequence[tuple[str, str]]) -> Gated:
    in_memory = files.kind == "memory"
    return Gated(
        name=data.name if in_memory else files.path.name or str(files.path),
        kind=files.kind,
        suffix="" if in_memory else suffix_of(files.path),
        query=files.query,
        inner=files.inner,
        files=None if in_memory else tree_of(files.own),
        beside=tree_of(files.beside) if files.beside else None,
        rows=len(data),
        fingerprint=data.fingerprint,
        columns=tuple(columns),
        roles=plain(data.roles.to_dict()),
        classes=tuple(plain(data.classes)),
        format="memory" if in_memory else data.origin.format,
        options={} if in_memory else plain(data.origin.options),
    )


def _who(name: str, fingerprint: str) -> Mapping[str, str]:
    return {"name": short(name), "fingerprint": fingerprint}


def _breaches(verdict: Verdict) -> tuple[Mapping[str, str], ...]:
    return tuple({"measure": b.measure, "severity": b.severity, "why": b.why} for b in verdict.breaches)
