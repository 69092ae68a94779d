"""Contrasts say what the cells say, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from train.comparison import METRICS
from train.contrasts import DELTA, contrasts, points
from train.grid import Cell
from train.ledger import Result

ROWS = 6000


def cells(accuracy, *, sizes=(100,), seeds=5, seed=0):
    """Results whose models are right on a share of the rows: the same rows for all of a seed, as far as they go."""
    rng = np.random.default_rng(seed)
    out = {}
    for size in sizes:
        for s in range(seeds):
            ease = rng.random(ROWS) * 0.02 + np.linspace(0, 0.98, ROWS)
            for variant, share in accuracy.items():
                correct = ease < share + 0.0005 * rng.normal()
                record = {"rows": size, "metrics": dict.fromkeys(METRICS, float(correct.mean()))}
                out[Cell(variant, size, s, "linear")] = Result(record, correct, correct.astype("uint16"))
    return out


def found(accuracy, **options):
    results = cells(accuracy, **options)
    sizes, seeds = options.get("sizes", (100,)), options.get("seeds", 5)
    return {(c.variant, c.size, c.metric): c for c in contrasts(results, tuple(accuracy), sizes, ("linear",), seeds)}


def test_better_helps_worse_hurts_and_the_same_is_no_difference():
    verdicts = {
        k[0]: c.verdict
        for k, c in found({"raw": 0.7, "up": 0.73, "down": 0.66, "same": 0.7}).items()
        if k[2] == "accuracy"
    }

    assert verdicts == {"up": "helps", "down": "hurts", "same": "no difference"}


def test_a_larger_loss_hurts_where_a_larger_accuracy_helps():
    by = found({"raw": 0.7, "up": 0.75})

    assert by[("up", 100, "macro_f1")].verdict == "helps"
    assert by[("up", 100, "log_loss")].verdict == "hurts"


def test_the_difference_is_that_of_the_mean_accuracies():
    results = cells({"raw": 0.7, "up": 0.73})
    shares = {v: np.mean([results[Cell(v, 100, s, "linear")].correct.mean() for s in range(5)]) for v in ("raw", "up")}

    assert found({"raw": 0.7, "up": 0.73})[("up", 100, "accuracy")].diff == pytest.approx(shares["up"] - shares["raw"])


def test_only_the_largest_size_is_corrected_and_its_intervals_are_wider():
    by = found({"raw": 0.7, **{f"v{i}": 0.705 for i in range(6)}}, sizes=(100, 200))

    assert all(by[(f"v{i}", 100, "accuracy")].p_holm is None for i in range(6))
    assert all(by[(f"v{i}", 200, "accuracy")].p_holm >= by[(f"v{i}", 200, "accuracy")].p for i in range(6))
    alone = found({"raw": 0.7, "v0": 0.705})[("v0", 100, "accuracy")]
    assert alone.p_holm == alone.p


def test_no_verdict_contradicts_its_interval():
    for seed in range(20):
        by = found({"raw": 0.7, "a": 0.702, "b": 0.699, "c": 0.706}, seed=seed)
        for c in by.values():
            if c.metric == "accuracy":
                sides = {"helps": c.low > 0, "hurts": c.high < 0, "no difference": c.low >= -DELTA and c.high <= DELTA}
                assert sides.get(c.verdict, c.low <= 0 <= c.high), c
                assert c.low <= c.diff <= c.high


def test_a_failed_model_takes_its_pair_out_and_is_counted():
    results = cells({"raw": 0.7, "up": 0.73}, seeds=4)
    results[Cell("up", 100, 2, "linear")] = Result(
        {"failed": "the loss was no number"}, np.zeros(0, dtype=bool), np.zeros(0, dtype="uint16")
    )
    c = next(c for c in contrasts(results, ("raw", "up"), (100,), ("linear",), 4) if c.metric == "accuracy")

    assert (c.failed, c.verdict) == (1, "helps")
    assert points(results, ("raw", "up"), (100,), ("linear",), 4)[1].metrics["accuracy"] == pytest.approx(
        0.73, abs=0.01
    )


def test_where_every_model_failed_there_is_no_number():
    results = cells({"raw": 0.7, "up": 0.73}, seeds=3)
    for s in range(3):
        results[Cell("up", 100, s, "linear")] = Result(
            {"failed": "no row was left"}, np.zeros(0, dtype=bool), np.zeros(0, dtype="uint16")
        )
    c = contrasts(results, ("raw", "up"), (100,), ("linear",), 3)[0]

    assert (c.verdict, c.low, c.p, c.smallest_detectable) == ("failed", None, None, None)


def test_a_variant_that_changed_nothing_is_raw_itself_however_few_the_test_rows():
    correct = np.array([True, False, True, True])
    record = {"rows": 9, "metrics": dict.fromkeys(METRICS, 0.75)}
    results = {Cell("raw", 9, s, "linear"): Result(record, correct, correct.astype("uint16")) for s in range(3)}
    for name, also in {"idle": {"edits": 0, "augmented": False}, "busy": {"edits": 2, "augmented": False}}.items():
        results |= {
            Cell(name, 9, s, "linear"): Result({**record, **also}, correct, correct.astype("uint16")) for s in range(3)
        }
    idle, busy = contrasts(results, ("raw", "idle", "busy"), (9,), ("linear",), 3)[:2]

    assert (idle.low, idle.high, idle.verdict) == (0, 0, "no difference")
    assert busy.low < -0.3
    assert busy.high > 0.3
    assert busy.verdict == "cannot tell"


def test_no_difference_of_shares_is_beyond_100_points():
    rng = np.random.default_rng(0)
    results = {}
    for variant in ("raw", "up"):
        for s in range(3):
            correct = rng.random(4) < 0.5
            results[Cell(variant, 9, s, "linear")] = Result(
                {"rows": 9, "metrics": dict.fromkeys(METRICS, float(correct.mean()))}, correct, correct.astype("uint16")
            )
    for c in contrasts(results, ("raw", "up"), (9,), ("linear",), 3):
        if c.metric != "log_loss":
            assert -1 <= c.low <= c.high <= 1
            assert c.smallest_detectable <= 1
