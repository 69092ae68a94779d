"""Rows far from all others."""

from __future__ import annotations

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


def outliers(evidence: Evidence, *, spread: float = 6.0) -> Issues:
    """Flag rows whose mean distance to their `K` nearest neighbours is, in logarithms, more than `spread` robust
    standard deviations above the median row's.

    The score is the median such distance over the row's own, at most 1.
    """
    data = evidence.data
    if len(data) < FEWEST:
        raise NotApplicable(f"{len(data)} rows are too few to say what is far (from {FEWEST} on)")
    near = evidence.neighbours.first(K)
    logs, middle, sigma = spread_of(near.distances.mean(axis=1))
    limit = middle + spread * max(sigma, 1e-3)
    flagged = logs > limit
    score = np.minimum(1.0, np.exp(middle - logs))
    positions = np.flatnonzero(flagged)
    times = np.exp(logs[positions] - middle)
    return Issues(
        check="outliers",
        measures={"count": len(positions), "rate": len(positions) / len(data)},
        scores=scored(data.rows, score, flagged),
        findings=found(
            data.rows[positions],
            score[positions],
            [f"lies {t:.1f} times as far from its neighbours as a usual row" for t in times],
            given=None if data.roles.label is None else data.given.iloc[positions],
            kind="outlier",
            twin=data.rows[near.indices[positions, 0]],
        ),
        detail={
            "notes": list(evidence.neighbours.notes),
            "threshold": float(np.exp(limit - middle)),
            "meaning": f"mean distance to {K} neighbours against the median row's; {evidence.made_of}",
        },
    )


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
