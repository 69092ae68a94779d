"""What each row is worth to a vote of its neighbours (KNN-Shapley), from the graph alone."""

from __future__ import annotations

import numpy as np

from audit.neighbours import Neighbours


def knn_shapley(near: Neighbours, labels: np.ndarray, voters: int | None = None) -> np.ndarray:
    """(n,) the Shapley value of each row for the share of right votes, when the nearest others vote on every row.

    Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms, VLDB 2019, equations 18 and 19:
    with m neighbours known and K of them voting, the m-th is worth 0 and the j-th, for the row that asks,

        s_j = s_j+1 + (right_j - right_j+1) / K · min(K, j) / j

    and a row's value is the mean over all rows that ask. Each s_j is within 1 / m of the value by all n rows. A
    negative value says that votes are right more often without the row; one that is nobody's neighbour is worth 0.
    Memory beside the graph: O(n).

    Args:
        near: the graph among the rows themselves, (n, m).
        labels: (n,) class numbers.
        voters: K; by default m, as in cleanlab, whose scores are (1 + value) / 2.
    """
    n, m = near.indices.shape
    voters = voters or m
    total, worth = np.zeros(n), np.zeros(n)
    farther = right(near, labels, m - 1) if m else worth
    for j in range(m - 1, 0, -1):  # the j-th nearest, from the last but one to the first
        nearer = right(near, labels, j - 1)
        worth += (nearer - farther) * (min(voters, j) / j / voters)
        total += np.bincount(near.indices[:, j - 1], weights=worth, minlength=n)
        farther = nearer
    return np.asarray(total / max(n, 1))


def right(near: Neighbours, labels: np.ndarray, place: int) -> np.ndarray:
    """(n,) 1 where the neighbour in that place has the label of the row that asks, else 0."""
    return np.asarray(labels[near.indices[:, place]] == labels, dtype="float64")


def votes(near: Neighbours, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) how often a row votes right where the farthest neighbour would not, and how often the other way round.

    For k voters the value above is their difference over n k.
    """
    n, m = near.indices.shape
    helped, misled = np.zeros(n, np.int64), np.zeros(n, np.int64)
    if m == 0:
        return helped, misled
    last = right(near, labels, m - 1)
    for place in range(m - 1):
        more = right(near, labels, place) - last
        voter = near.indices[:, place]
        helped += np.bincount(voter[more > 0], minlength=n)
        misled += np.bincount(voter[more < 0], minlength=n)
    return helped, misled
