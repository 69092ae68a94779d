"""The last step of every search: the candidates' distances in float64, sorted, ties by row.

So the result does not depend on how an engine rounds or breaks ties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from audit.neighbours.graph import Neighbours

S = TypeVar("S")
T = TypeVar("T")
SPARE = 8
"""Candidates asked for beyond k, so that rounding in float32 cannot push a true neighbour out."""

BLOCK = 2**17
"""Numbers compared in one go, 1 MB: they stay in the processor's cache, which takes half the time of 64 MB."""


def reranked(
    base: np.ndarray, asked: np.ndarray, found: np.ndarray, k: int, own: np.ndarray | None = None, *, threads: int = 1
) -> Neighbours:
    """The nearest k of each query's candidates.

    Args:
        base: float32 (n, d).
        asked: float32 (m, d), the queries.
        found: (m, c) candidates' positions in the base; -1 where an engine found too few. Their distance is infinite.
        k: how many to keep, at most c.
        own: (m,) the row of the base that a query is, which is then never its own neighbour.
        threads: work on so many blocks of queries at a time.
    """
    indices, distances = np.empty((len(asked), k), np.int64), np.empty((len(asked), k))

    def block(rows: slice) -> None:
        near = np.sort(found[rows], axis=1)  # by row, so that a stable sort by distance breaks ties by row
        gap = base[near].astype("float64")
        gap -= asked[rows, None, :]
        distance = np.sqrt(np.einsum("nkd,nkd->nk", gap, gap))
        distance[near < 0] = np.inf
        if own is not None:
            distance[near == own[rows, None]] = np.inf
        order = np.argsort(distance, axis=1, kind="stable")[:, :k]
        indices[rows] = np.take_along_axis(near, order, axis=1)
        distances[rows] = np.take_along_axis(distance, order, axis=1)

    for _ in each(block, blocks(len(asked), BLOCK // max(1, found.shape[1] * base.shape[1])), threads):
        pass
    return Neighbours(indices, distances)


def blocks(n: int, size: int) -> Iterator[slice]:
    """0 to n in steps of `size`, at least one row each."""
    step = max(1, size)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def each(work: Callable[[S], T], parts: Iterable[S], threads: int) -> Iterator[T]:
    """`work` on every part, in order, by so many threads, within which products of matrices take one each."""
    if threads == 1:
        yield from map(work, parts)
        return
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

    pool = ThreadPoolExecutor(threads)
    try:
        with threadpool_limits(1, "blas"):
            yield from pool.map(work, parts)
    finally:
        pool.shutdown(cancel_futures=True)
