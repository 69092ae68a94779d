"""Metrics agree with scikit-learn, and calibration with its definition."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

from train.grid.metrics import calibration_error, metrics


def test_metrics_are_scikit_learns():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), size=300)
    y = rng.integers(0, 4, 300)
    found = metrics(p, y)

    assert found["accuracy"] == accuracy_score(y, p.argmax(1))
    assert found["macro_f1"] == pytest.approx(f1_score(y, p.argmax(1), average="macro"))
    assert found["log_loss"] == pytest.approx(log_loss(y, p, labels=range(4)))


def test_a_model_as_sure_as_it_is_right_is_calibrated():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 200_000)
    y = (rng.random(200_000) > sure).astype(int)

    assert calibration_error(np.stack([sure, 1 - sure], 1), y) < 0.01


def test_a_model_always_sure_and_half_right_is_out_by_a_half():
    assert calibration_error(np.tile([1.0, 0.0], (100, 1)), np.arange(100) % 2) == pytest.approx(0.5)
