"""Nearest neighbours beyond brute force: k-means cuts the space into cells, and few of them are looked at.

A first look, into very few, tells how far the k-th neighbour lies at most. Then the rows of more cells are held against
all queries that look into them, by products of few columns which tell of most that they lie farther (`bounds`); what is
left is computed from the vectors. Among rows themselves a pair is found if either looks into the other's cell, which
takes a third of the cells. How many it takes to find the share of the true neighbours that is asked for is read off a
sample of the queries; where these hold too much of the data, brute force is as quick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.neighbours.bounds import Bounds, axes, bounds, leading, least, squares_of
from audit.neighbours.brute import Centred, by_faiss
from audit.neighbours.look import FIRST, TILE, Partition, centres, first_look, visits
from audit.neighbours.pairs import Pairs, measured, places, trimmed, within
from audit.neighbours.rerank import SPARE, blocks, each, reranked

SAMPLE = 500
"""Queries by which the recall is measured."""
SURE = 2.326
"""Standard errors by which the recall on the sample must exceed what is asked for: one-sided, 99 %."""
MOST = 0.2
"""Share of the cells above which brute force is as quick."""
MANY = 16
"""Times as many pairs as are kept, that are near enough by their bounds, at which all are ranked at once."""


@dataclass(frozen=True, eq=False)
class Found:
    """Pairs of queries and rows, and how many of the true neighbours are among them."""

    pairs: Pairs
    recall: float
    how: str


def by_cells(points: Centred, k: int, own: np.ndarray | None, recall: float, threads: int) -> Found | None:
    """Pairs of each query with rows, such that a share `recall` of the k nearest is among them; None where brute force
    finds them as quickly.

    Args:
        points: base (n, d) and queries (m, d).
        k: neighbours wanted.
        own: (m,) the row of the base that a query is, which is not its neighbour.
        recall: the share to find, in (0, 1].
        threads: work on so many cells at a time; the result is the same.
    """
    middle = centres(points.base)
    rows = np.sort(np.random.default_rng(0).permutation(len(points.asked))[:SAMPLE])
    number, share = _enough(points, middle, k, rows, own, recall)
    if number is None:
        return None
    near = by_faiss(Centred(middle, points.asked), number)[1].astype("int32")
    home = near[:, 0] if points.alone else by_faiss(Centred(middle, points.base), 1)[1][:, 0]
    pairs = _looked(points, Partition.of(home, len(middle)), near, k + points.alone, threads)
    pairs = _filled(points, pairs, k + points.alone)
    return Found(pairs, share, f"{number:,} of {len(middle):,} cells; measured on {len(rows):,} rows")


def _filled(points: Centred, pairs: Pairs, want: int) -> Pairs:
    """With those that brute force finds of the queries whose cells hold too few rows."""
    few = np.bincount(pairs.asked, minlength=len(points.asked)) < want
    lost = np.flatnonzero(few)
    if not len(lost):
        return pairs
    found = by_faiss(Centred(points.base, points.asked[lost]), min(len(points.base), want + SPARE))[1]
    whole = measured(points.asked, points.base, np.repeat(lost, found.shape[1]), found.reshape(-1))
    return Pairs.of([pairs.where(~few[pairs.asked]), whole])


def _enough(
    points: Centred, middle: np.ndarray, k: int, rows: np.ndarray, own: np.ndarray | None, recall: float
) -> tuple[int | None, float]:
    """How many cells each query must look into, and the share of their true neighbours that some queries find so."""
    sample, want = points.asked[rows], min(len(points.base), k + SPARE + points.alone)
    found = by_faiss(Centred(points.base, sample), want)[1]
    truth = reranked(points.base, sample, found, k, None if own is None else own[rows]).indices
    others = points.base[truth.reshape(-1)]
    rank = _rank(middle, np.repeat(sample, k, axis=0), _home(middle, others))
    if points.alone:
        rank = np.minimum(rank, _rank(middle, others, np.repeat(_home(middle, sample), k)))
    rank = rank.reshape(truth.shape)
    for number in range(min(FIRST, len(middle)), max(1, int(MOST * len(middle))) + 1):
        hits = (rank < number).mean(axis=1)
        if hits.mean() - SURE * hits.std() / len(hits) ** 0.5 >= recall:
            return number, float(hits.mean())
    return None, 0.0


def _home(middle: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.asarray(by_faiss(Centred(middle, rows), 1)[1][:, 0])


def _rank(middle: np.ndarray, rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(m,) how many centres (c, d) are nearer to a row than that of the cell named beside it."""
    rank, halves = np.empty(len(rows), np.int64), (middle * middle).sum(axis=1) / 2
    for part in blocks(len(rows), TILE // len(middle)):
        products = rows[part] @ middle.T - halves
        rank[part] = (products > np.take_along_axis(products, cells[part, None], axis=1)).sum(axis=1)
    return rank


def _looked(points: Centred, partition: Partition, near: np.ndarray, want: int, threads: int) -> Pairs:
    """Every pair of a query and a row of the cells (m, p) it looks into that may be among the query's `want` nearest;
    where queries are the rows, of either with the other.

    All is done in the order of the cells, since who looks into a cell lies near it.
    """
    order = partition.order
    base = np.ascontiguousarray(points.base[order])
    turn = order if points.alone else np.argsort(near[:, 0], kind="stable")
    points = Centred(base, base if points.alone else np.ascontiguousarray(points.asked[turn]))
    cells = Cells.of(points, partition.sorted(), near[turn], want)
    pairs = Pairs.of([p for both in each(cells.visit, visits(cells.near), threads) for p in both])
    return Pairs(turn.astype("int32")[pairs.asked], order.astype("int32")[pairs.base], pairs.squares)


@dataclass(frozen=True, eq=False)
class Cells:
    """What every visit to a cell needs."""

    points: Centred
    """The base cell by cell, and the queries."""
    partition: Partition
    near: np.ndarray
    """(m, p) the cells that each query looks into, its own first."""
    factors: Bounds
    least: np.ndarray
    """(m,) what a product must come to."""
    limit: np.ndarray
    """(m,) what a squared distance may come to."""
    most: int
    """Pairs kept of a query and one cell: more are equally near, or farther."""

    @classmethod
    def of(cls, points: Centred, partition: Partition, near: np.ndarray, want: int) -> Cells:
        """After a first look."""
        reach = first_look(points, partition, near[:, :FIRST], want)
        every = axes(points.base)
        share = near.shape[1] / (len(partition.ends) - 1)
        columns = leading(points, every, reach, share * len(points.base)).columns
        limit = within(reach, points.base.shape[1])
        return cls(points, partition, near, bounds(points, every[:, :columns]), least(reach), limit, want + SPARE)

    def visit(self, task: tuple[int, np.ndarray]) -> list[Pairs]:
        """The near pairs of a cell's rows and the queries that look into it."""
        cell, rows = self.partition.cell(task[0]), task[1] // self.near.shape[1]
        parts = blocks(len(rows), TILE // max(1, cell.stop - cell.start))
        mine, others = (np.concatenate(side) for side in zip(*(self._near(cell, rows[p]) for p in parts), strict=True))
        pairs = measured(self.points.asked, self.points.base, mine, others)
        found = [self._kept(pairs, len(rows))]
        if self.points.alone:
            turned = self._kept(pairs.turned(), cell.stop - cell.start)
            found_anyway = (self.near[turned.asked] == self.near[turned.base, :1]).any(axis=1)
            found.append(turned.where(~found_anyway))
        return found

    def _kept(self, pairs: Pairs, queries: int) -> Pairs:
        near = pairs.where(pairs.squares <= self.limit[pairs.asked])
        return trimmed(near, self.most) if len(near.asked) > self.most * queries else near

    def _near(self, cell: slice, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Queries and rows of a cell that may be near enough, for the query or, among rows themselves, for either."""
        products = np.take(self.factors.asked, rows, axis=0) @ self.factors.base[cell].T
        near = products >= self.least[rows, None]
        if self.points.alone:
            near |= products >= self.least[cell]
        mine, others = places(near)
        if len(mine) > MANY * self.most * len(rows):  # any of so many that are equally near are enough
            products = self.points.asked[rows] @ self.points.base[cell].T
            products -= squares_of(self.points.base[cell]) / 2
            some = np.argpartition(products, -self.most, axis=1)[:, -self.most :]
            mine, others = np.repeat(np.arange(len(rows)), self.most), np.sort(some, axis=1).reshape(-1)
        return rows[mine], others + cell.start
