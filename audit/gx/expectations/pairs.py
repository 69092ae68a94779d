"""How many rows of one class belong to another at most, as far as a report tells.

A report lists the commonest pairs only (`PAIRS` of audit/noise/tables.py) and leaves out those of which less than half a
row is expected. A pair that is not listed is held to what it could be without being listed, so it never passes unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.errors import Undecided, UnknownName
from audit.noise.tables import PAIRS
from audit.report import Report

UNLISTED = 0.5
"""Rows expected of a pair below which a short list leaves it out."""
ROUNDED = 0.05
"""By how much a listed number may have been rounded down."""


@dataclass(frozen=True)
class Pair:
    """One class taken for another."""

    given: Any
    suggested: Any
    rows: int
    """Rows labelled `given`."""
    share: float
    """Of these, the share that belongs to `suggested`, at the upper end of the interval."""
    listed: bool
    """Whether the report lists the pair; otherwise `share` is what it could be at most."""


def worst_pair(report: Report, named: tuple[Any, Any] | None = None) -> Pair:
    """The pair that was named, or the one with the largest share. Undecided where the report has no table of pairs."""
    detail = report["labels"].detail
    if not {"pairs", "per_class"} <= detail.keys():
        raise Undecided("the labels were audited without a table of class pairs")
    if "sampled" in detail:
        raise Undecided(f"class pairs are known of {detail['sampled']['rows']:,} drawn rows only, not of all")
    classes = {line["class"]: line for line in detail["per_class"]}
    if named is not None:
        for name in named:
            if name not in classes:
                raise UnknownName.of("class", name, classes, where="the report")
    pairs = [named] if named is not None else [(a, b) for a in classes for b in classes if a != b]
    return max((_pair(report, detail, classes[a], b) for a, b in pairs), key=lambda p: p.share)


def _pair(report: Report, detail: Mapping[str, Any], of: Mapping[str, Any], suggested: Any) -> Pair:
    given, rows = of["class"], int(of["rows"])
    line = next((p for p in detail["pairs"] if p["given"] == given and p["suggested"] == suggested), None)
    most = min(_most(report, detail, line), of["rate_high"] * rows, rows)
    return Pair(given, suggested, rows, most / rows if rows else 0.0, line is not None)


def _most(report: Report, detail: Mapping[str, Any], line: Mapping[str, Any] | None) -> float:
    """Rows of a pair at the upper end of the interval; where none are expected, every wrong label may be of this pair."""
    measures = report.measures
    rate, high = measures["labels.rate"], measures["labels.rate_high"]
    if rate <= 0:
        return high * report.dataset.rows
    if line is not None:
        return float(line["high"]) + ROUNDED
    full = len(detail["pairs"]) >= PAIRS
    expected = min(p["count"] for p in detail["pairs"]) + ROUNDED if full else UNLISTED
    return float(expected * high / rate)
