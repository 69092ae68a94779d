"""Who lies near whom, as a value; and what such pairs join into."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each query its k nearest rows of the base, near to far."""

    indices: np.ndarray
    """(n, k) int64 positions in the base."""
    distances: np.ndarray
    """(n, k) float64 Euclidean distances."""
    exact: bool = True
    recall: float = 1.0
    """The share of the true neighbours that are here: 1 where the search was exact, else as measured on a sample."""
    how: str = "exact"
    """How they were found, in words."""

    def first(self, k: int) -> Neighbours:
        """The nearest k only; the recall stays that of all."""
        return replace(self, indices=self.indices[:, :k], distances=self.distances[:, :k])

    @property
    def notes(self) -> list[str]:
        """What a reader must know of an approximate search."""
        if self.exact:
            return []
        return [f"nearest neighbours are approximate: {self.recall:.1%} of the true ones were found ({self.how})"]


def sets(pairs: np.ndarray, n: int) -> np.ndarray:
    """(n,) number of the set each row belongs to when every pair (m, 2) is in one set; numbers follow first rows."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])
