"""Everything that results say, together, and of one kind."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from audit import load
from train.comparison import METRICS
from train.grid.grid import Cell
from train.grid.ledger import Result
from train.grid.metrics import reliability
from train.judge.conclusions import conclude
from train.judge.truth import Verified

VARIANTS, SIZES, ROWS = ("raw", "pruned", "random-pruned"), (100, 200, 400, 800, 1600), 600
MODELS = ("mlp:width=8", "mlp:width=8:budget=steps", "mlp:width=64")


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, ROWS)
    given = np.where(rng.random(ROWS) < 0.1, (true + 1) % 3, true)
    test = load(
        pd.DataFrame({"x": np.arange(float(ROWS)), "kind": [f"c{k}" for k in given]}), label="kind", features=["x"]
    )
    results = {}
    for size in SIZES:
        for s in range(4):
            luck = rng.random(ROWS)
            for v, gain in zip(VARIANTS, (0.0, 0.08, -0.02), strict=True):
                for m in MODELS:
                    share = 0.9 - 2 * size**-0.4 * 0.5 + gain
                    predicted = np.where(luck < share, true, (true + 1 + rng.integers(0, 2, ROWS)) % 3)
                    correct = predicted == given
                    chances = np.full((ROWS, 3), 0.1) + 0.7 * np.eye(3)[predicted]
                    record = {
                        "rows": size,
                        "metrics": dict.fromkeys(METRICS, float(correct.mean())),
                        "reliability": reliability(chances, given),
                        "parameters": 100 if "width=8" in m else 800,
                        "seconds": 0.1,
                    }
                    results[Cell(v, size, s, m)] = Result(record, correct, predicted.astype("uint16"))
    return results, test, Verified(np.arange(0, ROWS, 4), true[::4], 0.1)


def test_every_block_is_there_and_is_json(case):
    results, test, verified = case
    found = conclude(results, test, VARIANTS, SIZES, MODELS, 4, verified)
    extra = json.loads(json.dumps(found.extra, allow_nan=False))

    assert set(extra) == {
        "curves", "exchange", "surface", "breakdown", "calibration", "costs", "model_size", "budgets", "corrected",
    }  # fmt: skip
    assert {b["model"] for b in extra["budgets"]} == {"mlp:width=8"}
    assert [m["models"] for m in extra["model_size"][:1]] == [["mlp:width=8", "mlp:width=64"]]
    assert found.protocol["verified_rows"] == 150


def test_without_verified_rows_nothing_is_corrected(case):
    results, test, _ = case
    found = conclude(results, test, VARIANTS, SIZES, MODELS[:1], 4)

    assert "corrected" not in found.extra
    assert "budgets" not in found.extra
    assert found.protocol == {"verified_rows": None}


def test_contrasts_with_the_control_come_last(case):
    results, test, _ = case
    baselines = [c.baseline for c in conclude(results, test, VARIANTS, SIZES, MODELS[:1], 4).contrasts]

    assert set(baselines) == {"raw", "random-pruned"}
    assert baselines == sorted(baselines, key=lambda b: b != "raw")


def test_verified_rows_correct_the_verdicts_and_leave_curves_and_rates_as_they_are(case):
    results, test, verified = case
    given, right = (conclude(results, test, VARIANTS, SIZES, MODELS[:1], 4, v) for v in (None, verified))
    told = {(c["variant"], c["size"]): c["diff"] for c in right.extra["corrected"]["contrasts"]}
    own = {(c.variant, c.size): c.diff for c in right.contrasts if (c.metric, c.baseline) == ("accuracy", "raw")}

    assert own == told
    assert own != {
        (c.variant, c.size): c.diff for c in given.contrasts if (c.metric, c.baseline) == ("accuracy", "raw")
    }
    assert (right.extra["curves"], right.extra["exchange"]) == (given.extra["curves"], given.extra["exchange"])
