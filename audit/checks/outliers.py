"""Rows far from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.checks.findings import found, scored
from audit.errors import NotApplicable
from audit.evidence.gather import Evidence
from audit.report import Issues

K = 10
FEWEST = 30
TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
MEAN_TO_SIGMA = 1.2533
"""Mean absolute deviation to standard deviation, for a normal distribution."""


@dataclass(frozen=True, eq=False)
class Far:
    """Rows by their distance from the others."""

    flagged: np.ndarray
    """(n,) bool."""
    score: np.ndarray
    """(n,) the median distance over the row's own, at most 1."""
    times: np.ndarray
    """(n,) the inverse, not cut off."""
    threshold: float
    """So many times the median is far."""

    def reasons(self, positions: np.ndarray) -> list[str]:
        """In words, of these rows."""
        return [f"lies {t:.1f} times as far from its neighbours as a usual row" for t in self.times[positions]]


def outliers(evidence: Evidence, *, spread: float = 6.0) -> Issues:
    """Flag rows whose mean distance to their `K` nearest neighbours is, in logarithms, more than `spread` robust
    standard deviations above the median row's.

    The score is the median such distance over the row's own, at most 1.
    """
    data = evidence.data
    if len(data) < FEWEST:
        raise NotApplicable(f"{len(data)} rows are too few to say what is far (from {FEWEST} on)")
    near = evidence.neighbours.first(K)
    far = far_of(near.distances.mean(axis=1), spread)
    positions = np.flatnonzero(far.flagged)
    return Issues(
        check="outliers",
        measures={"count": len(positions), "rate": len(positions) / len(data)},
        scores=scored(data.rows, far.score, far.flagged),
        findings=found(
            data.rows[positions],
            far.score[positions],
            far.reasons(positions),
            given=None if data.roles.label is None else data.given.iloc[positions],
            kind="outlier",
            twin=data.rows[near.indices[positions, 0]],
        ),
        detail={
            "notes": list(evidence.neighbours.notes),
            "threshold": far.threshold,
            "meaning": f"mean distance to {K} neighbours against the median row's; {evidence.made_of}",
        },
    )


def far_of(distance: np.ndarray, spread: float) -> Far:
    """Which of these distances are, in logarithms, more than `spread` robust standard deviations above their median."""
    logs, middle, sigma = spread_of(distance)
    limit = middle + spread * max(sigma, 1e-3)
    score = np.minimum(1.0, np.exp(middle - logs))
    return Far(logs > limit, score, np.exp(logs - middle), float(np.exp(limit - middle)))


def spread_of(distance: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The logarithms of the distances, their middle, and their robust standard deviation.

    Rows that sit on `K` copies of themselves have no distance and do not say what a usual one is. Where more than half
    of the others are equally far (a table of few, discrete values), the median deviation is 0 and the mean one serves.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(distance)
    apart = logs[np.isfinite(logs)]
    if len(apart) == 0:
        return logs, 0.0, 0.0
    middle = float(np.median(apart))
    deviation = np.abs(apart - middle)
    return logs, middle, float(TO_SIGMA * np.median(deviation) or MEAN_TO_SIGMA * deviation.mean())
