"""k-means cuts the rows into cells, and queries look into those whose centres are nearest to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.neighbours.bounds import STEP, squares_of
from audit.neighbours.brute import Centred
from audit.neighbours.rerank import blocks

CELLS = 2.5
"""Cells, in square roots of the number of rows."""
PER_CELL, ROUNDS = 20, 5
"""Rows for each cell by which k-means places them, and its rounds."""
FIRST = 4
"""Cells of the first look."""
ENOUGH = 2**11
"""Rows of a cell that a first look compares: a bound by some of them holds."""
TILE = 2**18
"""Products worked out at a time: they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Partition:
    """The rows of a base, cell by cell."""

    order: np.ndarray
    """(n,) the rows by cell."""
    ends: np.ndarray
    """(c + 1,) where each cell begins in `order`."""

    @classmethod
    def of(cls, cell: np.ndarray, count: int) -> Partition:
        """By the number of each row's cell (n,)."""
        return cls(in_order(cell), np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=count))]))

    def sorted(self) -> Partition:
        """The same of rows that lie cell by cell already."""
        return Partition(np.arange(len(self.order)), self.ends)

    def cell(self, number: int) -> slice:
        """Where a cell's rows lie in `order`."""
        return slice(int(self.ends[number]), int(self.ends[number + 1]))


def centres(base: np.ndarray) -> np.ndarray:
    """float32 (c, d) of cells for a first look."""
    return k_means(base, min(len(base), int(CELLS * len(base) ** 0.5)), PER_CELL, ROUNDS)


def k_means(base: np.ndarray, count: int, per_cell: int, rounds: int) -> np.ndarray:
    """float32 (count, d) by so many rounds on at most `per_cell` rows for each."""
    import faiss

    limits = {"max_points_per_centroid": per_cell, "min_points_per_centroid": 1}
    means = faiss.Kmeans(base.shape[1], count, niter=rounds, seed=0, **limits)
    means.train(base)
    return np.asarray(means.centroids)


def in_order(cells: np.ndarray) -> np.ndarray:
    """A stable argsort of small numbers."""
    return np.argsort(cells.astype("uint16") if cells.max(initial=0) < 2**16 else cells, kind="stable")


def visits(cells: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Of the cells that queries look into (m, p): each cell, and the queries that do, as places in `cells` read row by
    row."""
    ends = np.cumsum(np.bincount(cells.reshape(-1)))
    order = in_order(cells.reshape(-1))
    start = 0
    for cell, end in enumerate(ends.tolist()):
        if end > start:
            yield cell, order[start:end]
        start = end


def first_look(points: Centred, partition: Partition, near: np.ndarray, want: int) -> np.ndarray:
    """float64 (m,) what the squared distance of a query's want-th nearest row among all does not exceed, told by the
    rows of some cells (m, p); infinite where these hold fewer."""
    m, p = near.shape
    best = np.full((m * p, want), -np.inf, "float32")
    halves = (squares_of(points.base) / 2).astype("float32")
    for cell, slots in visits(near):
        mine = partition.order[partition.cell(cell)][:ENOUGH]
        base = points.base[mine]
        for part in blocks(len(slots), TILE // max(1, len(mine))):
            products = points.asked[slots[part] // p] @ base.T
            products -= halves[mine]
            if len(mine) > want:
                products = np.partition(products, len(mine) - want, axis=1)[:, -want:]
            best[slots[part], : products.shape[1]] = products
    kth = np.partition(best.reshape(m, -1), -want, axis=1)[:, -want].astype("float64")
    squares = squares_of(points.asked)
    reach = np.maximum(squares - 2 * kth, 0)
    return np.asarray(reach + 4 * (points.base.shape[1] + 8) * STEP * (squares + reach))
