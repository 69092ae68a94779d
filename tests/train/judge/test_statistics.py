"""Intervals cover what they say, and verdicts do not claim more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.judge.statistics import crossed, crossed_shares, holm, over_seeds


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


@pytest.mark.parametrize(("effect", "worth"), [(0.01, 0.0), (0.003, 0.0), (0.0, 0.01)])
def test_as_many_seeds_as_are_asked_for_settle_it_4_times_in_5(effect, worth):
    rng = np.random.default_rng(5)
    sds = {"seed_sd": 0.005, "row_sd": 0.02, "rest_sd": 0.02}
    found = crossed(simulate(rng, 3, 1000, **sds))
    # what was seen, had it been the truth
    needed = replace(found, mean=effect, error=math.hypot(0.005 / 3**0.5, 0.02 / 1000**0.5), seed_variance=0.005**2 / 3)
    seeds = needed.seeds_needed(worth=worth)
    assert seeds is not None
    settled = []
    for _ in range(400):
        low, high = crossed(simulate(rng, seeds, 1000, effect=effect, **sds)).interval()
        settled.append(low > 0 or high < 0 or (-worth <= low and high <= worth))

    assert seeds > 3
    assert np.mean(settled) >= 0.76


def test_seeds_do_not_make_up_for_test_rows():
    rng = np.random.default_rng(5)
    found = crossed(simulate(rng, 4, 50, effect=0.005, seed_sd=0.0001, row_sd=0.2, rest_sd=0.0001))

    assert found.seeds_needed() is None


@pytest.mark.parametrize("share", [0.001, 0.003, 0.01])
def test_shares_that_hardly_ever_differ_are_covered(share):
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(500):
        differs = (rng.random(300) < share)[None] * np.ones((3, 1))
        low, high = crossed_shares(differs).interval()
        covered.append(low <= share <= high)

    assert np.mean(covered) >= 0.93


def test_one_number_a_seed_is_students_t():
    from scipy.stats import ttest_1samp

    values = np.array([0.1, 0.2, 0.15, 0.4])
    reference = ttest_1samp(values, 0)

    assert over_seeds(values).p == pytest.approx(reference.pvalue)
    assert over_seeds(values).interval() == pytest.approx(tuple(reference.confidence_interval()))
