"""The graph of nearest neighbours is the exact one, or says how much of it was found."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors
from toy import table_of

from audit.checks.non_iid import non_iid
from audit.errors import InputError, UnknownName
from audit.evidence.cache import Cache
from audit.evidence.gather import Evidence
from audit.evidence.given import Given
from audit.neighbours import Neighbours, nearest, sets
from audit.render.page.html import html
from audit.render.terminal import terminal
from audit.run import audit
from audit.suite import parse_suite
from audit.verdict import gate


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


# -- by cells ----------------------------------------------------------------------------------------------------------


def clustered(n: int = 3000, d: int = 20, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 3, (30, d))[rng.integers(0, 30, n)] + rng.normal(size=(n, d))).astype("float32")


def share_found(near: Neighbours, exact: Neighbours) -> float:
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(exact.indices, near.indices, strict=True)]))


@pytest.mark.parametrize("d", [3, 20, 21])
@pytest.mark.parametrize("recall", [0.8, 0.97])
def test_cells_find_the_share_asked_for_and_say_how_much_they_found(d, recall):
    base = clustered(d=d)
    near = nearest(base, 10, method="approximate", recall=recall)
    truth = share_found(near, nearest(base, 10))
    assert truth >= recall
    assert near.recall == pytest.approx(truth, abs=0.02)
    assert "cells" in near.how
    assert "measured on 500 rows" in near.how


def test_what_cells_find_has_its_true_distance_and_order():
    base = clustered()
    near = nearest(base, 10, method="approximate")
    gap = base[near.indices].astype("float64") - base[:, None].astype("float64")
    assert near.distances == pytest.approx(np.sqrt((gap**2).sum(axis=2)), rel=1e-12)
    assert (np.diff(near.distances, axis=1) >= 0).all()
    assert not (near.indices == np.arange(len(base))[:, None]).any()


def test_where_few_cells_hold_too_little_the_search_is_exact():
    base = points(2000, 40, 0)  # no clusters: in so many columns all rows are about equally far
    near, exact = nearest(base, 5, method="approximate", recall=1.0), nearest(base, 5)
    assert near.exact
    assert near.notes == []
    assert np.array_equal(near.indices, exact.indices)


def test_cells_answer_queries_from_elsewhere():
    base, queries = clustered(), clustered(200, seed=1)
    near = nearest(base, 7, queries, method="approximate")
    assert near.indices.shape == (200, 7)
    assert share_found(near, nearest(base, 7, queries)) >= 0.97
    assert "measured on 200 rows" in near.how


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([2, 60, 500, 2000]), st.integers(1, 20), st.integers(1, 40))
def test_every_place_is_filled_in_data_of_any_size_and_few_kinds(n, k, kinds):
    base = points(kinds, 16, 4)[np.arange(n) % kinds]
    near = nearest(base, k, method="approximate", recall=0.5)
    assert near.distances == pytest.approx(nearest(base, k).distances)
    assert not (near.indices == np.arange(n)[:, None]).any()
    assert all(len(set(row)) == len(row) and min(row) >= 0 for row in near.indices.tolist())


def test_copies_are_found_by_cells():
    base = clustered()
    copies = np.vstack([base, base[:50]])
    near = nearest(copies, 5, method="approximate")
    assert np.array_equal(near.indices[-50:, 0], np.arange(50))


def test_the_same_search_gives_the_same_graph():
    one, other = (nearest(clustered(), 10, method="approximate") for _ in range(2))
    assert np.array_equal(one.indices, other.indices)
    assert (one.recall, one.how) == (other.recall, other.how)


def test_only_much_work_is_done_by_cells(monkeypatch):
    base = clustered(1500)
    assert nearest(base, 5).how == "exact"
    assert nearest(base, 5).notes == []
    monkeypatch.setattr("audit.neighbours.search.EXACT_WORK", 1500 * 1500 * 20 - 1)
    monkeypatch.setattr("audit.neighbours.search.has_room", lambda base: False)
    near = nearest(base, 5)
    assert near.notes == [
        f"nearest neighbours are approximate: {near.recall:.1%} of the true ones were found ({near.how})"
    ]
    assert nearest(base, 5, method="exact").how == "exact"


# -- on a device -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distances_held", [2**28, 1000, 1])
def test_torch_finds_what_faiss_finds(monkeypatch, distances_held):
    monkeypatch.setattr("audit.neighbours.brute.ON_DEVICE", distances_held)
    base, queries = clustered(300), clustered(40, seed=1)
    for asked in (None, queries):
        near, exact = nearest(base, 10, asked, device="cpu"), nearest(base, 10, asked)
        assert np.array_equal(near.indices, exact.indices)
        assert np.array_equal(near.distances, exact.distances)
    assert near.how == "exact, on cpu"
    assert near.recall == 1.0


def test_torch_far_from_the_origin_is_as_exact():
    base = points(200, 5, 1, 1000.0)
    assert np.array_equal(nearest(base, 10, device="cpu").indices, nearest(base, 10).indices)


def test_coarse_products_of_torch_do_not_blur_the_ranking():
    import torch

    base = clustered(300)
    exact = nearest(base, 10)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert np.array_equal(nearest(base, 10, device="cpu").indices, exact.indices)
    finally:
        torch.set_float32_matmul_precision(before)


def test_threads_do_not_change_the_result(monkeypatch):
    base = clustered(1000)
    one = nearest(base, 10)
    monkeypatch.setattr("audit.neighbours.search._threads", lambda: 3)
    several = nearest(base, 10)
    assert np.array_equal(one.indices, several.indices)
    assert np.array_equal(one.distances, several.distances)


def test_what_cannot_be_asked_is_said():
    base = points(10, 2, 0)
    with pytest.raises(UnknownName, match="no method 'exakt'"):
        nearest(base, 2, method="exakt")
    with pytest.raises(InputError, match=r"recall must lie in \(0, 1\], this is 0"):
        nearest(base, 2, recall=0)


def test_an_approximate_graph_is_told_by_the_evidence_and_kept_with_it(monkeypatch, tmp_path):
    monkeypatch.setattr("audit.neighbours.search.EXACT_WORK", 0)
    monkeypatch.setattr("audit.neighbours.search.has_room", lambda base: False)
    base = clustered(1500)
    data, given = table_of(base[:, :2], np.arange(1500) % 2), Given(embeddings=base)
    made, kept = (Evidence(data, given=given, cache=Cache(tmp_path)) for _ in range(2))
    assert not made.neighbours.exact
    assert kept.neighbours.notes == made.neighbours.notes
    assert set(made.neighbours.notes) <= set(non_iid(made).detail["notes"])
    assert np.array_equal(kept.neighbours.indices, made.neighbours.indices)


def test_the_measured_recall_of_an_approximate_graph_stands_in_terminal_and_page(monkeypatch):
    monkeypatch.setattr("audit.neighbours.search.EXACT_WORK", 0)
    monkeypatch.setattr("audit.neighbours.search.has_room", lambda base: False)
    base = clustered(1500)
    data, suite = table_of(base[:, :2], np.arange(1500) % 2), parse_suite({}, name="none")
    report = audit(data, suite=suite, given=Given(embeddings=base), checks=["duplicates", "outliers"])
    verdict = gate(report, suite)
    (note,) = (n for n in report.notes if n.startswith("nearest neighbours are approximate"))

    assert re.search(
        r"\d\d\.\d% of the true ones were found \(\d+ of \d+ cells, short codes; measured on 500 rows\)", note
    )
    shown = " ".join(terminal(report, verdict, path="report.html", steps=(), colour=False, unicode=True).split())
    assert note in shown
    assert note in html(report, verdict, data, None, path="report/")
