"""The floor under disagreement: no higher than the noise, and nothing where a view is only weak."""

from __future__ import annotations

import numpy as np
import pytest
from noise.planted import planted

from audit.noise.floor import floor_low


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("spread", [0.25, 0.6, 1.5])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3])
def test_the_floor_is_no_higher_than_the_noise(rate, spread, seed):
    p = planted(rate=rate, spread=spread, rows=2000, seed=seed)

    assert all(floor_low(view, p.labels) <= p.wrong.mean() + 0.015 for view in p.views.values())


def test_even_noise_under_a_good_view_has_a_floor():
    p = planted(rate=0.2, rows=4000)

    assert floor_low(p.views["linear head"], p.labels) > 0.1


@pytest.mark.parametrize("classes", [2, 10])
def test_a_view_that_knows_nothing_has_none(classes):
    rng = np.random.default_rng(classes)
    values = rng.dirichlet(np.full(classes, 20.0), 5000)

    assert floor_low(values, rng.integers(0, classes, 5000)) == 0


def test_few_rows_have_none():
    p = planted(rate=0.3, rows=40)

    assert floor_low(p.views["linear head"], p.labels) == 0
