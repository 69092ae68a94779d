"""One graph of nearest neighbours for every check that looks at who lies near whom.

faiss finds candidates in float32; their distances are computed again in float64 and sorted, ties by row, so that the
result does not depend on how faiss breaks ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPARE = 8
"""Candidates asked for beyond k, so that rounding in float32 cannot push a true neighbour out."""

BLOCK = 2**17
"""Numbers compared in one go, 1 MB: they stay in the processor's cache, which takes half the time of 64 MB."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each query its k nearest rows of the base, near to far."""

    indices: np.ndarray
    """(n, k) int64 positions in the base."""
    distances: np.ndarray
    """(n, k) float64 Euclidean distances."""

    def first(self, k: int) -> Neighbours:
        """The nearest k only."""
        return Neighbours(self.indices[:, :k], self.distances[:, :k])


def nearest(base: np.ndarray, k: int, queries: np.ndarray | None = None) -> Neighbours:
    """The k nearest rows of `base` by Euclidean distance, for each of `queries` or, without, for each row of `base`
    itself, which is then never its own neighbour.

    Args:
        base: float32 (n, d).
        k: how many; at most n (n - 1 when rows look for neighbours among themselves).
        queries: float32 (m, d).
    """
    alone = queries is None
    asked = base if queries is None else queries
    k = min(k, len(base) - alone)
    if k < 1:
        return Neighbours(np.empty((len(asked), 0), np.int64), np.empty((len(asked), 0)))
    candidates = _candidates(base, asked, min(len(base), k + SPARE + alone))
    return _reranked(base, asked, candidates, k, alone=alone)


def _candidates(base: np.ndarray, asked: np.ndarray, k: int) -> np.ndarray:
    import faiss

    centre = base.mean(axis=0, dtype="float64").astype(
        "float32"
    )  # far from the origin |x|² + |y|² - 2xy loses what tells rows apart
    index = faiss.IndexFlatL2(base.shape[1])
    index.add(np.ascontiguousarray(base - centre, dtype="float32"))
    found: np.ndarray = index.search(np.ascontiguousarray(asked - centre, dtype="float32"), k)[1]
    return found


def _reranked(base: np.ndarray, asked: np.ndarray, found: np.ndarray, k: int, *, alone: bool) -> Neighbours:
    indices = np.empty((len(asked), k), np.int64)
    distances = np.empty((len(asked), k))
    block = max(1, BLOCK // max(1, found.shape[1] * base.shape[1]))
    for start in range(0, len(asked), block):
        stop = min(start + block, len(asked))
        near = np.sort(found[start:stop], axis=1)  # by row, so that a stable sort by distance breaks ties by row
        gap = base[near].astype("float64") - asked[start:stop, None, :].astype("float64")
        distance = np.sqrt(np.einsum("nkd,nkd->nk", gap, gap))
        if alone:
            distance[near == np.arange(start, stop)[:, None]] = np.inf
        order = np.argsort(distance, axis=1, kind="stable")[:, :k]
        indices[start:stop] = np.take_along_axis(near, order, axis=1)
        distances[start:stop] = np.take_along_axis(distance, order, axis=1)
    return Neighbours(indices, distances)


def sets(pairs: np.ndarray, n: int) -> np.ndarray:
    """(n,) number of the set each row belongs to when every pair (m, 2) is in one set; numbers follow first rows."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])
