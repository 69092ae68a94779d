"""What the labels of a row's nearest neighbours say its own is."""

from __future__ import annotations

import numpy as np

from audit.neighbours.graph import Neighbours

VOTERS = 30
"""Neighbours that vote, the nearest that may."""


def neighbour_vote(near: Neighbours, labels: np.ndarray, together: np.ndarray, classes: int) -> np.ndarray:
    """(n, K) `vote` of each row's neighbours by their labels.

    Args:
        near: the nearest rows of each row.
        labels: (n,) codes.
        together: (n,) number of the block of rows that never vouch for each other.
        classes: K.
    """
    return vote(near.indices, together[near.indices] != together[:, None], np.eye(classes)[labels])


def vote(near: np.ndarray, outside: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(n, K) mean of the labels of the nearest `VOTERS` rows that may vote, with one vote added that is split as labels
    are on the mean.

    Args:
        near: (n, k) positions of neighbours, near to far.
        outside: (n, k) whether each may vote.
        targets: (m, K) soft labels; a hard one is a row with a single 1.
    """
    from scipy.sparse import csr_matrix

    votes = outside & (np.cumsum(outside, axis=1) <= VOTERS)
    asked = csr_matrix(
        (votes.ravel().astype(float), near.ravel(), np.arange(0, near.size + 1, near.shape[1])),
        shape=(len(near), len(targets)),
    )
    total = np.asarray(asked @ targets)
    return np.asarray((total + targets.mean(axis=0)) / (votes.sum(axis=1, keepdims=True) + 1))
