"""Pairs of a query and a row that may be neighbours, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.neighbours.bounds import STEP
from audit.neighbours.graph import Neighbours
from audit.neighbours.rerank import blocks, reranked

QUERIES = 2**13
"""Queries whose pairs are ordered at a time."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Queries' positions, rows', both integers, and float32 squared distances between them."""

    asked: np.ndarray
    base: np.ndarray
    squares: np.ndarray

    def where(self, mask: np.ndarray) -> Pairs:
        """Some of them, by a mask or by their places."""
        return Pairs(self.asked[mask], self.base[mask], self.squares[mask])

    def turned(self) -> Pairs:
        """Seen from the other side."""
        return Pairs(self.base, self.asked, self.squares)

    @classmethod
    def of(cls, parts: Sequence[Pairs]) -> Pairs:
        columns = ([p.asked for p in parts], [p.base for p in parts], [p.squares for p in parts])
        return cls(*(np.concatenate(c) for c in columns))


def measured(asked: np.ndarray, base: np.ndarray, rows: np.ndarray, others: np.ndarray) -> Pairs:
    """The distances of pairs of a query of `asked` (m, d) and a row of `base` (n, d), both float32 and contiguous."""
    import faiss

    rows, others = rows.astype("int64", copy=False), others.astype("int64", copy=False)
    squares = np.empty(len(rows), "float32")
    of = faiss.swig_ptr
    arrays = (of(asked), of(rows), of(base), of(others), of(squares))
    faiss.pairwise_indexed_L2sqr(base.shape[1], len(rows), *arrays)  # type: ignore[attr-defined]  # not in its stubs
    return Pairs(rows, others, squares)


def within(reach: np.ndarray, columns: int) -> np.ndarray:
    """float32: what a float32 squared distance in so many columns may come to, where the true one is at most `reach`."""
    return np.asarray(np.nextafter((reach * (1 + 2 * (columns + 2) * STEP)).astype("float32"), np.float32(np.inf)))


def places(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns where a contiguous mask of few places is true, in order."""
    bits = np.packbits(mask)  # eight at a time
    some = np.flatnonzero(bits != 0)
    inside = np.flatnonzero(np.unpackbits(bits[some]).view(bool))
    flat = (some[inside >> 3] << 3) + (inside & 7)
    rows = flat // mask.shape[1]
    return rows, flat - rows * mask.shape[1]


def _key(pairs: Pairs) -> np.ndarray:
    """Sorts by query, and near to far: numbers from 0 on keep their order when they are read as integers."""
    return np.asarray(pairs.asked.astype("int64") << 32 | pairs.squares.view("int32"))


def nearest_of(
    base: np.ndarray, asked: np.ndarray, pairs: Pairs, k: int, own: np.ndarray | None, threads: int
) -> Neighbours | None:
    """The nearest k of each query's pairs, each of which is there once; None where some query has fewer.

    Their order, and who is the last, is told in float64, with ties by row: whoever in float32 is as near as the k-th
    within rounding is looked at.
    """
    want, m = k + (own is not None), len(asked)
    numbers = np.bincount(pairs.asked, minlength=m)
    if numbers.min() < want:
        return None
    ends, order = np.cumsum(numbers), np.argsort(pairs.asked, kind="stable")
    base, asked = (np.ascontiguousarray(x, dtype="float32") for x in (base, asked))
    indices, distances = np.empty((m, k), np.int64), np.empty((m, k))
    for part in blocks(m, QUERIES):
        mine = order[ends[part.start] - numbers[part.start] : ends[part.stop - 1]]
        # measured anew: the centre, once taken off, rounds what tells near rows apart
        here = measured(asked[part], base, pairs.asked[mine] - part.start, pairs.base[mine])
        near = _of_some(base, asked[part], here, k, None if own is None else own[part], threads)
        indices[part], distances[part] = near.indices, near.distances
    return Neighbours(indices, distances)


def _of_some(
    base: np.ndarray, asked: np.ndarray, pairs: Pairs, k: int, own: np.ndarray | None, threads: int
) -> Neighbours:
    want, m = k + (own is not None), len(asked)
    numbers = np.bincount(pairs.asked, minlength=m)
    order = np.argsort(_key(pairs))
    kth = pairs.squares[order[np.cumsum(numbers) - numbers + want - 1]]
    limit = within(kth.astype("float64"), 2 * base.shape[1])
    order = order[pairs.squares[order] <= limit[pairs.asked[order]]]
    rows, others = pairs.asked[order], pairs.base[order]
    numbers = np.bincount(rows, minlength=m)
    place = np.arange(len(rows)) - (np.cumsum(numbers) - numbers)[rows]
    indices, distances = np.empty((m, k), np.int64), np.empty((m, k))
    least = 0
    for width in _widths(want, int(numbers.max())):  # few rows have many that are equally near
        wide = (numbers > least) & (numbers <= width)
        least = width
        if not wide.any():
            continue
        found = np.full((int(wide.sum()), width), -1)
        number = np.cumsum(wide) - 1
        mine = wide[rows]
        found[number[rows[mine]], place[mine]] = others[mine]
        near = reranked(base, asked[wide], found, k, None if own is None else own[wide], threads=threads)
        indices[wide], distances[wide] = near.indices, near.distances
    return Neighbours(indices, distances)


def _widths(want: int, most: int) -> list[int]:
    widths = [want + 1]
    while widths[-1] < most:
        widths.append(2 * widths[-1])
    return widths
