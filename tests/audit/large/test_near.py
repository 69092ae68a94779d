"""The nearest of a tile's rows, whatever else lies in it: exact distances, in memory that the queries do not add to."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from audit.evidence.embeddings import fit
from audit.large.drawn.near import Asked, nobody, with_tile
from audit.large.read.table import open_data, open_table
from audit.neighbours import Neighbours
from audit.sources.roles import Named
from tests.audit.large.data import table, write

K = 10


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    """A table's first rows, and a space they lie in: whose vectors are given need neither."""
    data, _ = write(tmp_path_factory.mktemp("near"), *table())
    first = open_data(open_table(data), Named(label="y")).head
    return first, fit(first)[1]


def asked_of(head, base: np.ndarray, rows: np.ndarray) -> Asked:
    first, space = head
    return Asked(space, None, first, base[rows], rows, np.full(len(rows), np.inf), K)


def brute(base: np.ndarray, rows: np.ndarray) -> Neighbours:
    gaps = base[rows].astype("float64")[:, None] - base
    distances = np.sqrt(np.einsum("mnd,mnd->mn", gaps, gaps))
    distances[np.arange(len(rows)), rows] = np.inf
    order = np.argsort(distances, axis=1, kind="stable")[:, :K]
    return Neighbours(order, np.take_along_axis(distances, order, axis=1))


@pytest.mark.parametrize(
    "far", [0.0, 1e7, 1e9, 1e20, 9.96921e36]
)  # the last two stand for missing cells in CMIP and netCDF
@pytest.mark.parametrize("copies", [1, 300])
def test_one_far_row_changes_no_other_rows_neighbours(head, far, copies):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(6_000, 4)).astype("float32")
    base[3_000 : 3_000 + copies] = base[0] + 1e-4
    base[77, 0] += far
    rows = np.setdiff1d(np.arange(0, 6_000, 31), [77])
    asked = asked_of(head, base, rows)
    found = with_tile(asked, nobody(asked), base, 0)

    assert np.array_equal(found.indices, brute(base, rows).indices)
    assert found.distances == pytest.approx(brute(base, rows).distances, rel=1e-12)


def test_a_row_that_lies_far_out_has_its_own_nearest_rows(head):
    base = np.random.default_rng(1).normal(size=(5_000, 3)).astype("float32")
    base[[5, 9]] += 1e6
    rows = np.array([5, 100, 200])
    asked = asked_of(head, base, rows)

    assert with_tile(asked, nobody(asked), base, 0).distances == pytest.approx(brute(base, rows).distances, rel=1e-12)


def test_memory_does_not_grow_with_the_pairs_of_all_queries(head):
    base = np.random.default_rng(2).normal(size=(16_000, 1)).astype("float32")  # in one column many lie near
    peaks = []
    for m in (512, 4096):
        asked = asked_of(head, base, np.arange(m))
        tracemalloc.start()
        with_tile(asked, nobody(asked), base, 0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.5 * peaks[0]
