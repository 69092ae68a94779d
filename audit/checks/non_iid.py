"""Rows whose order says what is in them: drift, changepoints, sorted or concatenated data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.checks.findings import scored
from audit.dataset import Dataset
from audit.errors import InputError, NotApplicable
from audit.evidence.gather import Evidence
from audit.neighbours import Neighbours
from audit.report import Issues

K = 10
FEWEST = 30
PERMUTATIONS = 25
SIGNIFICANT = 0.01
MOST = 16.0
"""Evidence is cut off here: a p-value of 1e-16 and one of 1e-300 say the same."""
MARGIN = 0.05
"""A share of the rows at either end where no cut is looked for."""


def non_iid(evidence: Evidence, *, significance: float = SIGNIFICANT) -> Issues:
    """Test whether neighbours lie as far from one another in the data's order as rows drawn at random would.

    The statistic is Kolmogorov and Smirnov's, between the distances in order of neighbours and of all pairs; how large
    it becomes by chance is seen by renumbering the rows `PERMUTATIONS` times (cleanlab's Datalab does the same, and
    where no two rows are equally far the p-value is its own). `evidence` is -log10 of that p-value, at most `MOST`.

    No row is flagged: the finding is one of the whole. A row's score is the mean share of rows that lie nearer to it in
    order than its neighbours do, doubled, at most 1: 0 where all its neighbours are next to it.

    Args:
        evidence: its graph of neighbours.
        significance: the p-value below which the order is said to matter, in (0, 1).
    """
    data = evidence.data
    if len(data) < FEWEST:
        raise NotApplicable(f"{len(data)} rows are too few to say whether their order matters (from {FEWEST} on)")
    if not 0 < significance < 1:
        raise InputError(f"non_iid: significance must lie between 0 and 1, this is {significance}")
    near = evidence.neighbours.first(K)
    kept = untied(evidence.neighbours, K)
    if not kept.any():
        raise NotApplicable(
            "all rows have more equally near neighbours than are kept, and ties come in the rows' order"
        )
    order = by_permutation(near.indices, kept)
    surprise = min(order.evidence, MOST)
    return Issues(
        check="non_iid",
        measures={"evidence": surprise, "statistic": order.statistic},
        scores=scored(data.rows, nearness(near.indices, kept), np.zeros(len(data), dtype=bool)),
        detail={
            "p_value": float(10**-surprise),
            "matters": bool(surprise > -np.log10(significance)),
            "significance": significance,
            "nearer": _mean_gap(near.indices, kept) < (len(data) + 1) / 3,  # what random pairs are apart
            "sorted_by_label": sorted_by_label(data),
            "cut": _cut(data, near.indices, kept),
            "meaning": f"distances in order of {K} neighbours against all pairs; {evidence.made_of}",
            "notes": near.notes,
        },
    )


@dataclass(frozen=True)
class Order:
    """What the order of the rows says of who their neighbours are."""

    statistic: float
    """The largest difference of the two cumulative distributions, 0 to 1."""
    evidence: float
    """-log10 of the p-value."""


def by_permutation(near: np.ndarray, kept: np.ndarray) -> Order:
    """The permutation test on a graph (n, k) whose edges count where `kept` (n, k); extra memory O(n)."""
    n = len(near)
    # the generator is the old one, so that the renumberings are cleanlab's
    random = np.random.RandomState(0)
    seen = _statistic(np.arange(n), near, kept)
    chance = np.array([_statistic(random.permutation(n), near, kept) for _ in range(PERMUTATIONS)])
    return Order(seen, beyond(seen, chance))


def beyond(seen: float, chance: np.ndarray) -> float:
    """-log10 of the p-value of a statistic, by a Gaussian kernel density of those that chance gave."""
    from scipy.special import log_ndtr, logsumexp

    width = max(chance.std(ddof=1) * len(chance) ** -0.2, 1e-12)  # Scott's rule
    log_p = logsumexp(log_ndtr((chance - seen) / width)) - np.log(len(chance))
    return max(0.0, float(-log_p / np.log(10)))


def _statistic(place: np.ndarray, near: np.ndarray, kept: np.ndarray) -> float:
    """Between the distances in `place` (n,) along the edges, and those of all pairs, of which (n - g) are g apart."""
    n = len(near)
    apart = np.zeros(n, np.int64)
    for column, counts in zip(near.T, kept.T, strict=True):
        apart += np.bincount(np.abs(place[counts] - place[column[counts]]), minlength=n)
    upto = np.cumsum(apart)
    edges = upto[-1]
    pairs = np.cumsum((n - np.arange(1, n)) / (n * (n - 1) / 2))
    gaps = np.flatnonzero(apart[1:])  # g - 1 for each distance g that occurs
    first, last = upto[gaps] / edges, (upto[gaps + 1] - 1) / edges
    return float(np.maximum(np.abs(first - pairs[gaps]), np.abs(last - pairs[gaps])).max())


def untied(near: Neighbours, k: int) -> np.ndarray:
    """(n, k) which of the first k neighbours are strictly nearer than the next: ties come in the rows' order, and would
    be taken for a pattern in it."""
    k = min(k, near.distances.shape[1] - 1)
    return np.asarray(near.distances[:, :k] < near.distances[:, k : k + 1])


def nearness(near: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(n,) each row's score."""
    n, row = len(near), np.arange(len(near))
    total = np.zeros(n)
    for column, counts in zip(near.T, kept.T, strict=True):
        gap = np.abs(row - column)
        total += counts * (np.minimum(gap - 1, row) + np.minimum(gap - 1, n - 1 - row)) / (n - 1)
    edges = kept.sum(axis=1)
    return np.where(edges > 0, np.minimum(1.0, 2 * total / np.maximum(edges, 1)), 1.0)


def _mean_gap(near: np.ndarray, kept: np.ndarray) -> float:
    return float(np.abs(np.arange(len(near))[:, None] - near)[kept].mean())


def _cut(data: Dataset, near: np.ndarray, kept: np.ndarray) -> dict[str, Any]:
    """The row before which fewest neighbours lie across, against as many as chance would lay there (the scan of Chen and
    Zhang, Graph-based change-point detection, 2015, without its variance)."""
    n, row = len(near), np.arange(len(near))
    steps = np.zeros(n, np.int64)
    for column, counts in zip(near.T, kept.T, strict=True):
        low, high = np.minimum(row, column)[counts], np.maximum(row, column)[counts]
        steps += np.bincount(low, minlength=n) - np.bincount(high, minlength=n)
    before = np.arange(1, n)
    chance = kept.sum() * 2 * before * (n - before) / (n * (n - 1))
    across = np.cumsum(steps)[:-1] / chance
    inner = slice(int(MARGIN * n), n - 1 - int(MARGIN * n))
    best = inner.start + int(np.argmin(across[inner]))
    return {"row": data.rows[best + 1], "share": float(across[best])}


def sorted_by_label(data: Dataset) -> bool:
    """Whether equal labels stand together, as when a folder a class is read."""
    if data.roles.label is None:
        return False
    runs = 1 + int((np.diff(data.labels) != 0).sum())
    return 1 < runs <= 2 * len(np.unique(data.labels))
