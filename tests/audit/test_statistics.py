"""Intervals that can be looked up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from audit.statistics import Z95, paired_difference, wilson


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_is_scipy_s(successes, n):
    successes = min(successes, n)
    expected = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_the_interval_holds_the_share_and_stays_between_0_and_1(successes, n):
    successes = min(successes, n)
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1


def test_nothing_to_judge_by_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_interval_of_a_paired_difference_is_the_published_one():
    # hyper-responsive airways before and after a transplant (Fagerland, Lydersen and Laake, 2013)
    assert paired_difference(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("up", "down", "n"), [(0.06, 0.02, 150), (0.01, 0.0, 400), (0.2, 0.05, 100)])
def test_the_interval_of_a_paired_difference_covers_as_often_as_it_says(up, down, n):
    draws = np.random.default_rng(0).multinomial(n, [up, down, 1 - up - down], 4000)
    kinds, times = np.unique(draws[:, :2], axis=0, return_counts=True)
    ends = [paired_difference(a, b, n) for a, b in kinds.tolist()]
    inside = sum(k for (low, high), k in zip(ends, times.tolist(), strict=True) if low <= up - down <= high)
    assert inside / 4000 == pytest.approx(0.95, abs=0.02)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 200))
def test_the_interval_holds_the_difference_and_leaves_0_out_where_mcnemar_s_test_does(gained, lost, more):
    n = gained + lost + more
    low, high = paired_difference(gained, lost, n)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    far = (abs(gained - lost) / math.sqrt(gained + lost) if gained + lost else 0) - Z95
    assert (low > 0 or high < 0) == (far > 0)


def test_the_interval_is_mirrored_where_the_shares_change_places():
    low, high = paired_difference(7, 2, 50)
    assert paired_difference(2, 7, 50) == pytest.approx((-high, -low), abs=1e-12)
