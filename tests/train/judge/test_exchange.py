"""What a repaired row is worth, in raw rows, and what noise costs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from train.judge.curves import Curve, Refused, fit_curve
from train.judge.exchange import Exchange, Surface, SurfacePoint, exchange, fit_surface

SIZES = np.round(500 * 2 ** (np.arange(9) / 2))


def law(n):
    return 3 * np.asarray(n, dtype=float) ** -0.4 + 0.05


@pytest.fixture(scope="module")
def raw() -> Curve:
    return fit_curve(SIZES, law(SIZES), 0.01 * law(SIZES))


def points(g=2.5, noise=0.0, seed=0, rates=(0.0, 0.1, 0.2, 0.4)):
    rng = np.random.default_rng(seed)
    out = []
    for r in rates:
        for n in SIZES:
            error = law(n * (1 - r) ** g) * math.exp(noise * rng.normal())
            out.append(SurfacePoint(float(n), r, error, noise * error))
    return out


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.0, 1.5, 2.0])
def test_a_planted_rate_is_found(raw, rate):
    gain = law(2000) - law(2000 * rate)
    found = exchange(raw, 2000, gain, gain - 0.005, gain + 0.005)

    assert isinstance(found, Exchange)
    assert found.rate == pytest.approx(rate, rel=0.02)
    assert found.low < found.rate < found.high
    assert not found.forecast


def test_no_gain_is_a_rate_of_one(raw):
    found = exchange(raw, 4000, 0.0, 0.0, 0.0)

    assert (found.rate, found.low, found.high) == pytest.approx((1, 1, 1))


@given(st.floats(-0.01, 0.02), st.floats(0.001, 0.004))
@settings(max_examples=20, deadline=None)
def test_the_rate_is_above_one_exactly_where_the_gain_is_above_zero(raw, gain, half):
    found = exchange(raw, 2000, gain, gain - half, gain + half)

    assert (found.rate > 1) == (gain > 0) or abs(gain) < 1e-9
    if abs(gain) > 2 * half:  # and surely so where the gain surely is
        assert (found.low > 1) == (gain > 0)
        assert (found.high < 1) == (gain < 0)


@given(st.floats(-0.02, 0.03), st.floats(-0.02, 0.03))
@settings(max_examples=20, deadline=None)
def test_a_larger_gain_is_worth_more_rows(raw, one, other):
    rates = [exchange(raw, 2000, g, g, g).rate for g in sorted([one, other])]

    assert rates[0] <= rates[1]


def test_the_interval_covers_the_planted_rate():
    rng = np.random.default_rng(0)
    truth, covered = 1.6, []
    for _ in range(30):
        each = law(SIZES)[:, None] * np.exp(0.02 * rng.normal(size=(len(SIZES), 5)))
        curve = fit_curve(SIZES, each.mean(axis=1), each.std(axis=1, ddof=1) / math.sqrt(5))
        gain = law(2000) - law(2000 * truth) + 0.003 * rng.normal()
        found = exchange(curve, 2000, gain, gain - 1.96 * 0.003, gain + 1.96 * 0.003)
        covered.append(found.low <= truth <= found.high)

    assert np.mean(covered) >= 0.88


def test_beyond_what_was_measured_it_is_called_a_forecast(raw):
    gain = law(8000) - law(8000 * 2)
    found = exchange(raw, 8000, gain, gain - 0.001, gain + 0.001)

    assert found.forecast
    assert found.rows == pytest.approx(16_000, rel=0.05)


def test_an_end_beyond_four_times_what_was_measured_is_open(raw):
    gain = law(8000) - law(8000 * 2.5)
    found = exchange(raw, 8000, gain, gain - 0.03, gain + 0.03)

    assert found.high is None
    assert found.low is not None


@pytest.mark.parametrize(
    ("size", "gain", "why"),
    [
        (100, 0.01, "100 rows are outside what was measured, 500 to 8,000"),
        (9000, 0.01, "9,000 rows are outside what was measured, 500 to 8,000"),
        (8000, 0.1, "4 times the most measured"),
        (500, -0.3, "the fewest this curve speaks of"),
    ],
)
def test_an_exchange_is_refused_with_its_reason(raw, size, gain, why):
    refused = exchange(raw, size, gain, gain, gain)

    assert isinstance(refused, Refused)
    assert why in refused.why


def test_a_flat_curve_exchanges_nothing():
    flat = np.full(len(SIZES), 0.2)
    refused = exchange(fit_curve(SIZES, flat, 0.01 * flat), 2000, 0.0, -0.05, 0.05)

    assert isinstance(refused, Refused)


def test_a_gain_outside_its_interval_is_an_error(raw):
    with pytest.raises(InputError, match="a gain lies in its interval"):
        exchange(raw, 2000, 0.1, 0.0, 0.05)


@pytest.mark.parametrize("g", [1.0, 2.5, 4.0])
def test_a_planted_cost_of_noise_is_found(g):
    surface = fit_surface(points(g))

    assert isinstance(surface, Surface)
    assert surface.g == pytest.approx(g, rel=0.01)


def test_the_interval_of_g_covers():
    covered, widths = [], []
    for seed in range(15):
        low, high = fit_surface(points(2.5, 0.02, seed)).g_interval()
        covered.append(low <= 2.5 <= high)
        widths.append(high - low)

    assert np.mean(covered) >= 0.85
    assert np.median(widths) < 2.5


@given(st.permutations(range(36)))
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_points_does_not_matter(order):
    given_points = points(2.0, 0.02)

    assert fit_surface([given_points[i] for i in order]).g == fit_surface(given_points).g


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (lambda p: p.noise < 0.2, "a surface needs 3 noise rates, there are 2"),
        (lambda p: p.rows < 1500, "a surface needs 5 sizes, there are 4"),
        (lambda p: p.rows > 1500, "the largest size must be 8 times the smallest"),
    ],
)
def test_a_surface_is_refused_with_its_reason(kept, why):
    refused = fit_surface([p for p in points() if kept(p)])

    assert isinstance(refused, Refused)
    assert why in refused.why


def test_a_surface_can_be_written_as_json():
    written = json.loads(json.dumps(fit_surface(points(2.5, 0.02)).to_dict()))

    assert written["g_low"] <= written["g"] <= written["g_high"]
