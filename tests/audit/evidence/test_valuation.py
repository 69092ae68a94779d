"""What rows are worth to a vote of their neighbours."""

from itertools import permutations

import numpy as np
import pytest
from cleanlab.data_valuation import data_shapley_knn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from audit.evidence.valuation import knn_shapley, votes
from audit.neighbours import Neighbours, nearest


def drawn(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)).astype("float32"), rng.integers(0, classes, n)


def cleanlab_scores(near: Neighbours, labels: np.ndarray) -> np.ndarray:
    n, k = near.indices.shape
    graph = csr_matrix((near.distances.ravel(), near.indices.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    return data_shapley_knn(labels, knn_graph=graph, k=k)


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 60), st.integers(1, 12), st.integers(1, 5), st.integers(0, 99))
def test_scores_are_cleanlab_s(n, k, classes, seed):
    base, labels = drawn(n, classes, seed)
    near = nearest(base, k)
    assert 0.5 * (1 + knn_shapley(near, labels)) == pytest.approx(cleanlab_scores(near, labels), abs=1e-12)


def by_definition(near: Neighbours, labels: np.ndarray, voters: int) -> np.ndarray:
    """The mean over all orders of what a row adds to the share of right votes, for each row that asks."""
    n = len(labels)
    value = np.zeros(n)
    for asks in range(n):
        others = [j for j in range(n) if j != asks]
        rank = {j: r for r, j in enumerate(near.indices[asks])}

        def worth(members: tuple, asks=asks, rank=rank) -> float:
            voting = sorted(members, key=rank.__getitem__)[:voters]
            return sum(labels[j] == labels[asks] for j in voting) / voters

        orders = list(permutations(others))
        for order in orders:
            for place, j in enumerate(order):
                value[j] += (worth(order[: place + 1]) - worth(order[:place])) / len(orders)
    return value / n


@pytest.mark.parametrize("voters", [1, 2, 3])
def test_values_are_shapley_s_up_to_the_farthest_neighbour_s(voters):
    base, labels = drawn(6, 2, 1)
    near = nearest(base, 5)
    # the farthest row is worth right / n in truth, 0 by the truncation, and each nearer one as much less
    last = (labels[near.indices[:, -1]] == labels) * min(voters, 5) / 5 / voters
    missed = np.array([last[np.arange(6) != j].sum() for j in range(6)]) / 6
    assert knn_shapley(near, labels, voters) + missed == pytest.approx(by_definition(near, labels, voters), abs=1e-12)


def test_a_wrong_label_among_its_class_is_worth_least():
    labels = np.repeat([0, 1], 40)
    base = (np.random.default_rng(0).normal(size=(80, 2)) + 9 * labels[:, None]).astype("float32")
    given = labels.copy()
    given[7] = 1
    value = knn_shapley(nearest(base, 10), given)
    assert value.argmin() == 7
    assert value[7] < 0


def test_a_row_nobody_asks_is_worth_nothing():
    near = nearest(np.array([[0.0], [1], [2], [3], [99]], dtype="float32"), 2)
    assert knn_shapley(near, np.array([0, 1, 0, 1, 0]))[4] == 0


def test_votes_are_what_values_count():
    base, labels = drawn(50, 3, 4)
    near = nearest(base, 6)
    helped, misled = votes(near, labels)
    assert (helped - misled) / (50 * 6) == pytest.approx(knn_shapley(near, labels), abs=1e-12)
    assert misled.sum() > 0


def test_without_neighbours_there_is_no_worth():
    near = Neighbours(np.empty((3, 0), np.int64), np.empty((3, 0)))
    labels = np.array([0, 1, 1])
    assert knn_shapley(near, labels).tolist() == [0, 0, 0]
    assert [v.tolist() for v in votes(near, labels)] == [[0, 0, 0], [0, 0, 0]]
