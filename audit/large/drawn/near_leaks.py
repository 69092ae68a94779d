"""Some of the rows that a model would be tested on, and the nearest of those that it would be trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from audit.dataset import Dataset
from audit.errors import NotApplicable
from audit.evidence.gather import NEAR, Progress
from audit.large.drawn.near import nearest_rows
from audit.large.drawn.sample import drawn
from audit.large.drawn.sampled import Sample
from audit.large.engine import Map
from audit.large.every.copies import sets_of
from audit.large.every.twins import There
from audit.large.read.rows import halves

HALF = 0.98
"""Half of 1.96: by so many roots of a sample's size the ranks that hold the true median in 95 % lie from the middle."""


@dataclass(frozen=True, eq=False)
class Near:
    """Rows there, and the nearest row here of each."""

    there: np.ndarray
    """(m,) positions there, ascending."""
    here: np.ndarray
    """(m,) positions here."""
    distance: np.ndarray
    """(m,) infinite where no row here is known to be near, and the position says nothing."""
    known: np.ndarray
    """(m,) within this distance all rows here are known."""
    limits: tuple[float, float, float]
    """The distance below which rows look the same, between the ends of its 95 % interval: low, estimate, high."""
    drawn: int
    """Rows here by which it is estimated."""


def near_rows(sample: Sample, there: There, most: int, run: Map, seed: int, progress: Progress) -> Near:
    """The nearest row here of some rows there, in the space fitted to the sample.

    Of a reference `most` rows are drawn by what they hold, and held against all rows. Of other splits it is the rows that
    the sample has: their nearest of all rows are known, and where these look the same and are all of other
    splits, whether one here does is not known.
    """
    limits = _limits(sample)
    here = there.against
    if isinstance(here, Dataset):
        hashes = halves(here.content)
        rows = drawn(hashes, sets_of(hashes), most, seed)
        near = _of_reference(sample, here, rows, limits[-1], run, progress)
        return Near(rows, *near, np.full(len(rows), np.inf), limits, len(sample.rows))
    mine = ~here[sample.rows]
    if not mine.any():
        raise NotApplicable(f"none of the {len(mine):,} drawn rows is of {there.name}")
    indices, distances = sample.near.indices[mine], sample.near.distances[mine]
    known = distances[:, -1] if indices.shape[1] < sample.data.table.rows - 1 else np.full(len(indices), np.inf)
    distances = np.where(here[indices], distances, np.inf)
    line, best = np.arange(len(indices)), distances.argmin(axis=1)
    return Near(sample.rows[mine], indices[line, best], distances[line, best], known, limits, len(sample.rows))


def _of_reference(
    sample: Sample, reference: Dataset, rows: np.ndarray, limit: float, run: Map, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) the nearest of all rows here to some rows there and its distance, where that is less than the limit."""
    step = sample.asked.at_once
    parts = (reference.take(reference.rows[rows[i : i + step]]) for i in range(0, len(rows), step))
    queries = np.concatenate([sample.asked.vectors(some) for some in parts])
    none = np.full(len(rows), -1)  # no row here is the row itself
    asked = replace(sample.asked, queries=queries, own=none, bound=np.full(len(rows), limit), k=1)
    near = nearest_rows(asked, sample.data.table, run, progress)
    return near.indices[:, 0], near.distances[:, 0]


def _limits(sample: Sample) -> tuple[float, float, float]:
    """The distance below which rows look the same, between the ends of its 95 % interval: it is a part of the median
    distance to the nearest row, and by which ranks of a sample its median is bounded does not depend on how it is spread."""
    m, n = len(sample.rows), sample.data.table.rows
    if sample.all:
        return (sample.threshold,) * 3
    nearest = np.sort(sample.near.distances[:, 0])
    open_ = HALF * (m * (n - m) / (n - 1)) ** 0.5
    low, high = max(math.floor(m / 2 - open_) - 1, 0), min(math.ceil(m / 2 + open_), m - 1)
    return NEAR * float(nearest[low]), sample.threshold, NEAR * float(nearest[high])
