"""A report that somebody named by its folder and its hash, and the batch that is said to be its data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from audit.errors import AssayError, StaleError, Undecided
from audit.files import read_json
from audit.report import DIGEST, Card, Issues, Report
from audit.sources import read
from audit.sources.roles import rebuild

BY_CONTENT = "content: every value, name, row id and their order"
BY_COUNTS = "rows, columns and the rows of each class; not every value"


def hash_of_report(folder: str | Path) -> str:
    """The hash that the expectations ask for: audit.json's own, once everything in the folder matches it."""
    Report.read(Path(folder))
    return str(read_json(Path(folder) / "audit.json")[DIGEST])


def read_pinned(folder: str | Path, digest: str) -> Report:
    """Read the report with this hash. StaleError if there lies another or it was edited, InputError if there is none."""
    found = read_json(Path(folder) / "audit.json").get(DIGEST)
    if found != digest:
        raise StaleError(f"{folder}: the report's hash is {found}, not {digest}: another audit, or an edited one")
    return Report.read(Path(folder))


def issues_of(report: Report, check: str) -> Issues:
    """What a check found. Undecided where it was skipped, crashed or never asked: that is no pass."""
    if check not in report.checks:
        raise Undecided(f"the report has no check {check!r}; it has {', '.join(report.checks) or 'none'}")
    issues = report[check]
    if issues.status == "error":
        raise Undecided(f"check {check!r} crashed: {issues.why}")
    if issues.status != "ran":
        raise Undecided(f"check {check!r} was skipped: {issues.why}")
    return issues


def measure_of(report: Report, name: str) -> float:
    """A measure by its full name, `labels.rate`: of one that is estimated from some rows, the upper end of its interval.

    Undecided where it was not measured.
    """
    check, _, local = name.partition(".")
    issues = issues_of(report, check)
    if local not in issues.measures:
        there = ", ".join(f"{check}.{m}" for m in issues.measures)
        raise Undecided(f"{name} was not measured; check {check!r} has {there or 'no measure'}")
    return float(issues.upper[local])


def same_shape(card: Card, rows: int, columns: Collection[str]) -> None:
    """StaleError if the batch cannot be the data by its number of rows or for want of a column."""
    if rows != card.rows:
        raise StaleError(f"the batch has {rows:,} rows, the report is about {card.rows:,}")
    lacking = [c for c in card.roles.columns() if c not in columns]
    if lacking:
        raise StaleError(f"the batch has no column {lacking[0]!r}, which the report is about")


def is_in_frame(card: Card) -> bool:
    """Whether a table holds all of an example: pictures lie beside it, unless their pixels are its columns."""
    return card.kind != "image" or card.roles.grid is not None


def same_content(card: Card, frame: pd.DataFrame) -> None:
    """StaleError unless the frame, put to the use that was audited, has the fingerprint that was audited."""
    if not card.fingerprint:
        raise StaleError(f"the report is about {card.name} where it lies, and this is a frame: they cannot be compared")
    other = "the batch is not the data that the report is about"
    try:
        content = read(frame)
        ids = content.table.index if card.roles.id is None else pd.Index(content.table[card.roles.id])
        found = rebuild(content, card.roles, card.classes, ids).fingerprint
    except AssayError as wrong:
        raise StaleError(f"{other}: {wrong}") from None
    if found != card.fingerprint:
        raise StaleError(
            f"{other}: as many rows, but a value, a name, a row id or their order differs "
            f"({found[:12]}… here, {card.fingerprint[:12]}… in the report)"
        )


def same_classes(card: Card, counts: Mapping[Any, int]) -> None:
    """StaleError unless each class has as many rows as were audited."""
    then = {c: n for c, n in zip(card.classes, card.class_counts, strict=True) if n}
    if dict(counts) != then:
        here, before = (", ".join(f"{k} {v:,}" for k, v in list(x.items())[:5]) for x in (counts, then))
        raise StaleError(f"the batch's labels are not those of the report: rows of each class {here}, then {before}")
