"""A family's intervals cover what they say, are narrower than each contrast's by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.judge.intervals import family
from train.judge.statistics import crossed, over_seeds


def contrasts(rng, seeds, rows, excess, *, effect=0.0, row_sd=0.05, rest_sd=0.4):
    """Matrices of differences from one baseline; `excess`: the seeds' sd of each contrast, in points."""
    baseline = rest_sd * rng.normal(size=(seeds, rows)) / np.sqrt(2)
    common = rng.normal(size=(seeds, 1)) / np.sqrt(2)
    return [
        effect
        + sd * (common + rng.normal(size=(seeds, 1)) / np.sqrt(2))
        + row_sd * rng.normal(size=(1, rows))
        + rest_sd * rng.normal(size=(seeds, rows)) / np.sqrt(2)
        - baseline
        for sd in excess
    ]


def coverage(excess, repeats=250, seeds=5, rows=400):
    rng = np.random.default_rng(0)
    covered, width, by_seeds = [], [], []
    for _ in range(repeats):
        matrices = contrasts(rng, seeds, rows, excess, effect=0.02)
        for found, matrix in zip(family(matrices), matrices, strict=True):
            low, high = found.interval()
            covered.append(low <= 0.02 <= high)
            width.append(high - low)
            alone = over_seeds(matrix.mean(axis=1)).interval()
            by_seeds.append(alone[1] - alone[0])
    return np.mean(covered), np.mean(width) / np.mean(by_seeds)


@pytest.mark.parametrize("excess", [[0.0] * 6, [0.01, 0.02, 0.01, 0.015, 0.02, 0.02], [0.1] * 6])
def test_the_interval_of_a_family_covers_the_truth_and_is_narrower_than_students(excess):
    covered, width = coverage(excess)

    assert 0.93 <= covered <= 0.98
    assert width <= 0.9


def test_one_contrast_alone_is_crossed():
    (matrix,) = contrasts(np.random.default_rng(1), 5, 200, [0.01])

    assert family([matrix]) == [crossed(matrix)]


def test_contrasts_over_unequal_seeds_are_crossed_each():
    rng = np.random.default_rng(2)
    matrices = [contrasts(rng, s, 200, [0.01])[0] for s in (4, 5)]

    assert family(matrices) == [crossed(m) for m in matrices]


def test_a_contrast_without_any_difference_stays_what_it_is_and_out_of_the_pool():
    matrices = contrasts(np.random.default_rng(3), 5, 200, [0.01, 0.01])
    nothing = np.zeros((5, 200))

    *others, found = family([*matrices, nothing])

    assert (found.mean, found.error, found.p) == (0, 0, 1)
    assert others == family(matrices)


def test_means_are_the_matrices_means():
    matrices = contrasts(np.random.default_rng(4), 5, 100, [0.01, 0.03, 0.0], effect=0.1)

    assert [f.mean for f in family(matrices)] == pytest.approx([m.mean() for m in matrices])


def test_a_contrast_whose_seeds_differ_far_more_than_the_others_is_judged_mostly_by_itself():
    rng = np.random.default_rng(5)
    calm, wild = [0.0] * 5, [0.5]

    found = family(contrasts(rng, 5, 400, calm + wild))[-1]
    alone = crossed(contrasts(np.random.default_rng(5), 5, 400, calm + wild)[-1])

    assert found.error == pytest.approx(alone.error, rel=0.25)
    assert found.freedom < 10


def test_calm_seeds_never_make_an_interval_narrower_than_the_rows_alone_would():
    rng = np.random.default_rng(6)
    for _ in range(20):
        matrices = contrasts(rng, 3, 300, [0.0] * 4)
        for found, matrix in zip(family(matrices), matrices, strict=True):
            by_row = matrix.mean(axis=0)
            assert found.error >= 0.99 * by_row.std(ddof=1) / np.sqrt(len(by_row))


@given(st.integers(3, 6), st.integers(20, 60), st.integers(2, 5), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_the_order_of_seeds_rows_and_contrasts_does_not_matter(seeds, rows, members, seed):
    rng = np.random.default_rng(seed)
    matrices = contrasts(rng, seeds, rows, rng.random(members) * 0.1)
    by_seed, by_row, turn = (rng.permutation(k) for k in (seeds, rows, members))
    shuffled = family([matrices[i][by_seed][:, by_row] for i in turn])

    for i, found in zip(turn, shuffled, strict=True):
        assert found.interval() == pytest.approx(family(matrices)[i].interval(), rel=1e-6)


def test_p_values_are_uniform_when_there_is_no_difference():
    rng = np.random.default_rng(7)
    p = np.array([f.p for _ in range(250) for f in family(contrasts(rng, 5, 150, [0.03] * 5))])

    for level in (0.05, 0.1, 0.25, 0.5):
        assert abs((p < level).mean() - level) < 0.05
