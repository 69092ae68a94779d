"""What is left out of an exact search is proved to lie too far."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.neighbours import nearest
from audit.neighbours.bounds import axes, bounds, least, squares_of
from audit.neighbours.brute import Centred, by_faiss
from audit.neighbours.look import Partition, centres, first_look
from audit.neighbours.pairs import measured, nearest_of, places
from audit.neighbours.proof import proven


def clustered(n: int = 1500, d: int = 64, seed: int = 0) -> np.ndarray:
    """Rows about 30 centres that spread in eight directions far more than in the others."""
    rng = np.random.default_rng(seed)
    spread = rng.normal(0, 1, (8, d))
    x = rng.normal(0, 2, (30, d))[rng.integers(0, 30, n)] + rng.normal(size=(n, 8)) @ spread
    return (x + 0.2 * rng.normal(size=(n, d))).astype("float32")


def with_copies() -> np.ndarray:
    base = clustered()
    base[500:1000] = base[:500]
    base[1000:1060] = base[0]
    return base


def with_ties() -> np.ndarray:
    """Whole numbers: many rows are equally far from one another."""
    return np.round(clustered(d=40) / 3).astype("float32")


def with_an_outlier() -> np.ndarray:
    base = clustered()
    base[7] *= 1e4
    return base


def far_from_the_origin() -> np.ndarray:
    return clustered() + np.float32(100)


def grid_of_tenths() -> np.ndarray:
    """Numbers that float32 does not hold exactly, in two columns, a few times each."""
    rng = np.random.default_rng(0)
    return (rng.integers(0, 40, (1500, 2)) / 10).astype("float32")


def two_tight_places() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.05 * rng.normal(size=(1500, 12)) + 10 * (np.arange(1500) % 2)[:, None]).astype("float32")


KINDS = [clustered, with_copies, with_ties, with_an_outlier, far_from_the_origin, two_tight_places]


def by_hand(base: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Every distance in float64, ties by row."""
    whole = base.astype("float64")
    indices, distances = np.empty((len(base), k), int), np.empty((len(base), k))
    for i, row in enumerate(whole):
        gap = whole - row
        far = np.sqrt(np.einsum("nd,nd->n", gap, gap))
        far[i] = np.inf
        indices[i] = np.argsort(far, kind="stable")[:k]
        distances[i] = far[indices[i]]
    return indices, distances


@pytest.mark.parametrize("kind", KINDS)
def test_the_proven_neighbours_are_all_the_nearest_to_the_last_bit(kind):
    base, k = kind(), 10
    pairs = proven(Centred.of(base, None), k + 1, 1)
    assert pairs is not None
    near = nearest_of(base, base, pairs, k, np.arange(len(base)), 1)
    indices, distances = by_hand(base, k)
    assert np.array_equal(near.indices, indices)
    assert np.array_equal(near.distances, distances)


@pytest.mark.parametrize("kind", [*KINDS, grid_of_tenths])
def test_the_search_takes_the_proof_and_says_what_it_proved(monkeypatch, kind):
    monkeypatch.setattr("audit.neighbours.search.BRUTE_WORK", 0)
    monkeypatch.setattr("audit.neighbours.proof.cheaper_than_brute", lambda *_: True)
    monkeypatch.setattr("audit.neighbours.pairs.QUERIES", 400)
    monkeypatch.setattr("audit.neighbours.proof.MOST", 100)
    called = []
    monkeypatch.setattr("audit.neighbours.search.proven", lambda *a: called.append(proven(*a)) or called[-1])
    near = nearest(kind(), 10, method="exact")
    indices, distances = by_hand(kind(), 10)

    assert called[0] is not None
    assert np.array_equal(near.indices, indices)
    assert np.array_equal(near.distances, distances)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e18, 3e18])
def test_values_whose_squares_float32_does_not_hold_are_left_to_brute_force(monkeypatch, wrong):
    monkeypatch.setattr("audit.neighbours.search.BRUTE_WORK", 0)
    monkeypatch.setattr("audit.neighbours.search.proven", lambda *_: pytest.fail("k-means would end the process"))
    base = clustered(600, 16)
    base[5] = wrong

    with np.errstate(all="ignore"):
        assert nearest(base, 5, method="exact").indices.shape == (600, 5)


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_threads_change_nothing(monkeypatch, method):
    monkeypatch.setattr("audit.neighbours.search.BRUTE_WORK", 0)
    one = nearest(with_copies(), 10, method=method)
    monkeypatch.setattr("audit.neighbours.search._threads", lambda: 3)
    several = nearest(with_copies(), 10, method=method)
    assert np.array_equal(one.indices, several.indices)
    assert np.array_equal(one.distances, several.distances)


def test_where_nothing_can_be_left_out_brute_force_is_called_for():
    shapeless = np.random.default_rng(0).normal(size=(1500, 300)).astype("float32")
    assert proven(Centred.of(shapeless, None), 400, 1) is None


def test_many_equal_rows_are_left_to_brute_force_and_no_row_is_lost(monkeypatch):
    monkeypatch.setattr("audit.neighbours.search.BRUTE_WORK", 0)
    base = clustered(2)[np.arange(2000) % 2]
    assert proven(Centred.of(base, None), 11, 1) is None
    assert not nearest(base, 10).distances.any()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 60),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1e-3, 1.0, 1e4]),
    st.sampled_from([0.0, 1.0, 1e3]),
    st.integers(0, 5),
)
def test_a_product_of_few_columns_is_never_less_than_that_of_all(n, d, c, scale, offset, seed):
    rng = np.random.default_rng(seed)
    x, y = ((scale * (rng.normal(size=(m, d)) + offset)).astype("float32") for m in (n, 30))
    columns = axes(x)[:, :c]
    factors = bounds(Centred(x, y), columns)
    gap = y[:, None].astype("float64") - x[None]
    apart = (gap**2).sum(axis=2)
    assert (factors.asked @ factors.base.T >= least(apart)).all()


def test_axes_are_orthonormal_and_lead_with_the_largest_variance():
    base = clustered()
    found = axes(base - base.mean(axis=0))
    assert np.allclose(found.T @ found, np.eye(64), atol=1e-10)
    spread = (base @ found).var(axis=0)
    assert spread[:8].sum() > 0.6 * spread.sum()
    assert spread[0] >= spread[8] >= spread[40]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("want", [1, 11, 200])
def test_the_first_look_never_promises_a_nearer_neighbour_than_there_is(kind, want):
    points = Centred.of(kind(), None)
    middle = centres(points.base)
    near = by_faiss(Centred(middle, points.base), 3)[1]
    reach = first_look(points, Partition.of(near[:, 0], len(middle)), near, want)
    gap = (
        squares_of(points.base)[:, None]
        + squares_of(points.base)
        - 2 * (points.base.astype("float64") @ points.base.T.astype("float64"))
    )
    assert (reach >= np.partition(gap, want - 1, axis=1)[:, want - 1] - 1e-9).all()
    assert np.isinf(reach).any() == (want == 200)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 1), st.integers(0, 99))
def test_places_are_those_of_numpy(rows, columns, share, seed):
    mask = np.random.default_rng(seed).random((rows, columns)) < share
    for ours, theirs in zip(places(mask), np.nonzero(mask), strict=True):
        assert np.array_equal(ours, theirs)


def test_measured_distances_are_those_between_the_rows():
    base, asked = clustered(50), clustered(20, seed=1)
    rows, others = np.array([3, 19, 0]), np.array([49, 0, 7])
    pairs = measured(asked, base, rows, others)
    assert pairs.squares == pytest.approx(((asked[rows] - base[others]) ** 2).sum(axis=1), rel=1e-5)


def test_a_query_with_too_few_pairs_is_no_graph():
    base = clustered(20)
    pairs = measured(base, base, np.repeat(np.arange(20), 3), np.tile(np.arange(3), 20))
    assert nearest_of(base, base, pairs, 3, None, 1) is not None
    assert nearest_of(base, base, pairs, 4, None, 1) is None
