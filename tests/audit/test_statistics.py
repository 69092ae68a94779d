"""Intervals that can be looked up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from audit.statistics import wilson


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
