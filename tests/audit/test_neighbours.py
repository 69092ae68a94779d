"""The graph of nearest neighbours is the exact one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from audit.neighbours import nearest, sets


def points(n: int, d: int, seed: int, offset: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(0, 1, (n, d)) + offset).astype("float32")


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize(("n", "d", "k"), [(200, 5, 10), (60, 40, 3), (30, 1, 12)])
def test_distances_among_rows_are_scikit_learn_s(n, d, k, offset):
    base = points(n, d, 1, offset)
    exact = NearestNeighbors(algorithm="brute").fit(base.astype("float64") - offset)
    distances, indices = exact.kneighbors(n_neighbors=k)
    near = nearest(base, k)
    assert near.distances == pytest.approx(distances, rel=1e-5, abs=1e-6)
    if d > 1:
        assert np.array_equal(near.indices, indices)


def test_distances_of_queries_are_scikit_learn_s():
    base, queries = points(150, 8, 2), points(40, 8, 3)
    distances, indices = (
        NearestNeighbors(algorithm="brute").fit(base.astype("float64")).kneighbors(queries.astype("float64"), 7)
    )
    near = nearest(base, 7, queries)
    assert near.distances == pytest.approx(distances, rel=1e-6)
    assert np.array_equal(near.indices, indices)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 3))
def test_no_row_is_its_own_neighbour_and_distances_grow(n, k, kinds):
    base = points(n, 3, 4) if kinds == 0 else points(kinds, 3, 4)[np.arange(n) % kinds]
    near = nearest(base, k)
    assert near.indices.shape == near.distances.shape == (n, min(k, n - 1))
    assert not (near.indices == np.arange(n)[:, None]).any()
    assert (np.diff(near.distances, axis=1) >= 0).all()
    assert all(len(set(row)) == len(row) for row in near.indices.tolist())


def test_equally_near_rows_come_in_the_data_s_order():
    base = np.zeros((6, 2), dtype="float32")
    assert nearest(base, 3).indices[0].tolist() == [1, 2, 3]
    assert nearest(base, 3).indices[2].tolist() == [0, 1, 3]


def test_more_neighbours_than_rows_are_all_rows():
    base, queries = points(4, 2, 5), points(3, 2, 6)
    assert nearest(base, 50).indices.shape == (4, 3)
    assert nearest(base, 50, queries).indices.shape == (3, 4)


def test_a_row_alone_has_no_neighbours():
    assert nearest(points(1, 2, 7), 5).indices.shape == (1, 0)


def test_the_first_neighbours_are_the_nearest():
    near = nearest(points(20, 2, 8), 6)
    assert np.array_equal(near.first(2).distances, near.distances[:, :2])
    assert near.first(99).indices.shape == (20, 6)


def test_asking_changes_nothing():
    base = points(20, 2, 9)
    before = base.copy()
    nearest(base, 3)
    assert np.array_equal(base, before)


def test_pairs_join_into_sets_numbered_by_their_first_rows():
    pairs = np.array([[4, 1], [3, 4], [0, 5]])
    assert sets(pairs, 6).tolist() == [0, 1, 2, 1, 1, 0]
    assert sets(np.empty((0, 2), dtype=int), 3).tolist() == [0, 1, 2]
