"""What an audit expects of the labels it flags: how many of them are wrong, with what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from audit.noise.cut import shifted
from audit.report import Issues, Report

OURS, CLEANLAB = "assay", "cleanlab"
"""Methods of the label check: ours, whose scores are probabilities; any other is a score of that name, cut off where assay
says."""


@dataclass(frozen=True)
class Expected:
    """Of a report's flags. The precision is None where the audit offers no probabilities, or flags nothing."""

    flagged: int
    precision: float | None = None
    low: float | None = None
    high: float | None = None


def expected(report: Report) -> Expected | None:
    """As `expected_of`; None where the labels were not judged."""
    labels = report.checks.get("labels")
    return None if labels is None else expected_of(labels)


@lru_cache(maxsize=1)  # a page says it in four places, and of a million rows it takes a second
def expected_of(labels: Issues) -> Expected | None:
    """Of what the label check found; None where it did not judge the labels. The interval is what the precision would be
    at either end of the interval of the share of wrong labels, all log-odds moved by one constant."""
    if labels.status != "ran" or not len(labels.scores):
        return None
    flagged = labels.scores["flagged"].to_numpy(bool)
    ends = [labels.measures.get(name) for name in ("rate_low", "rate_high")]
    value = labels.detail.get("expected_precision")
    if value is None or labels.detail.get("method") != OURS or None in ends or not flagged.any():
        return Expected(int(flagged.sum()))
    wrong = 1 - labels.scores["score"].to_numpy("float64")
    low, high = (float(shifted(wrong, float(end))[flagged].mean()) for end in ends)  # type: ignore[arg-type]  # not None
    return Expected(int(flagged.sum()), float(value), min(low, value), max(high, value))


def spread(values: Expected | None) -> dict[str, float | None]:
    """As numbers by name, for a record of many."""
    if values is None:
        return dict.fromkeys(("flagged", "precision", "precision_low", "precision_high"))
    named = {"flagged": values.flagged, "precision": values.precision}
    return {**named, "precision_low": values.low, "precision_high": values.high}
