"""What an audit expects of the labels it flags: how many of them are wrong, with what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from audit.noise.cut import shifted
from audit.noise.rate import widened
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


def precision_between(wrong: np.ndarray, flagged: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """From the precision that flags would be expected to have if the share of wrong labels were `low` to the one if it were
    `high`, all log-odds moved by one constant; with the sampling error of so many flags.

    Args:
        wrong: (n,) probability that each label is wrong.
        flagged: (n,) bool, at least one of which is true.
        low: a share of all labels.
        high: another.
    """
    least, most = (float(shifted(wrong, end)[flagged].mean()) for end in (low, high))
    return widened(least, most, int(flagged.sum()))


@lru_cache(maxsize=1)  # a page says it in four places, and of a million rows it takes a second
def expected_of(labels: Issues) -> Expected | None:
    """Of what the label check found; None where it did not judge the labels. The interval is `precision_between`."""
    if labels.status != "ran" or not len(labels.scores):
        return None
    flagged = labels.scores["flagged"].to_numpy(bool)
    ends = [labels.measures.get(name) for name in ("rate_low", "rate_high")]
    value = labels.detail.get("expected_precision")
    if value is None or labels.detail.get("method") != OURS or None in ends or not flagged.any():
        return Expected(int(flagged.sum()))
    wrong = 1 - labels.scores["score"].to_numpy("float64")
    low, high = precision_between(wrong, flagged, *map(float, ends))  # type: ignore[arg-type]  # not None
    return Expected(int(flagged.sum()), float(value), min(low, value), max(high, value))


def spread(values: Expected | None) -> dict[str, float | None]:
    """As numbers by name, for a record of many."""
    if values is None:
        return dict.fromkeys(("flagged", "precision", "precision_low", "precision_high"))
    named = {"flagged": values.flagged, "precision": values.precision}
    return {**named, "precision_low": values.low, "precision_high": values.high}
