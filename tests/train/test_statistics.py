"""Intervals cover what they say, and verdicts do not claim more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.statistics import crossed, holm, over_seeds


def simulate(rng, seeds, rows, *, effect=0.0, seed_sd=0.01, row_sd=0.2, rest_sd=0.3):
    return (
        effect
        + seed_sd * rng.normal(size=(seeds, 1))
        + row_sd * rng.normal(size=(1, rows))
        + rest_sd * rng.normal(size=(seeds, rows))
    )


@pytest.mark.parametrize(("seeds", "seed_sd"), [(3, 0.0), (5, 0.01), (5, 0.03), (10, 0.02)])
def test_the_crossed_interval_covers_the_truth(seeds, seed_sd):
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(600):
        low, high = crossed(simulate(rng, seeds, 200, effect=0.05, seed_sd=seed_sd)).interval()
        covered.append(low <= 0.05 <= high)

    assert 0.93 <= np.mean(covered) <= 0.99


def test_an_interval_over_rows_alone_would_not():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        by_row = simulate(rng, 5, 2000, seed_sd=0.03).mean(axis=0)
        covered.append(abs(by_row.mean()) <= 1.96 * by_row.std(ddof=1) / math.sqrt(2000))

    assert np.mean(covered) < 0.6


def test_p_values_are_uniform_when_there_is_no_difference():
    rng = np.random.default_rng(3)
    p = np.array([crossed(simulate(rng, 5, 150, seed_sd=0.02)).p for _ in range(800)])

    for level in (0.05, 0.1, 0.25, 0.5):
        assert abs((p < level).mean() - level) < 0.05


def test_nothing_differs_from_itself():
    found = crossed(np.zeros((5, 100)))

    assert (found.mean, found.error, found.p, found.interval()) == (0, 0, 1, (0, 0))


@given(st.integers(3, 6), st.integers(20, 60), st.floats(-0.5, 0.5), st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_the_order_of_seeds_and_rows_does_not_matter(seeds, rows, effect, seed):
    rng = np.random.default_rng(seed)
    values = simulate(rng, seeds, rows, effect=effect)
    shuffled = values[rng.permutation(seeds)][:, rng.permutation(rows)]

    assert crossed(values).interval() == pytest.approx(crossed(shuffled).interval())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_by_p_exactly_where_the_interval_at_its_level_would(p_values):
    for p, judged in zip(p_values, holm(p_values), strict=True):
        assert judged.p_holm >= p or judged.p_holm == 1
        assert (judged.p_holm <= 0.05) == (p <= judged.alpha) or math.isclose(p, judged.alpha)


def test_holm_by_hand():
    found = holm([0.01, 0.04, 0.03])

    assert [round(j.p_holm, 4) for j in found] == [0.03, 0.06, 0.06]
    assert [round(j.alpha, 4) for j in found] == [0.0167, 0.025, 0.025]


def test_more_seeds_are_asked_for_when_seeds_are_what_is_missing():
    rng = np.random.default_rng(5)
    found = crossed(simulate(rng, 4, 4000, effect=0.01, seed_sd=0.01, row_sd=0.01, rest_sd=0.01))

    needed = found.seeds_needed()
    assert needed is None or needed > 4


def test_one_number_a_seed_is_students_t():
    from scipy.stats import ttest_1samp

    values = np.array([0.1, 0.2, 0.15, 0.4])
    reference = ttest_1samp(values, 0)

    assert over_seeds(values).p == pytest.approx(reference.pvalue)
    assert over_seeds(values).interval() == pytest.approx(tuple(reference.confidence_interval()))
