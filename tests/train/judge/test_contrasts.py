"""Contrasts say what the cells say, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from train.comparison import METRICS
from train.grid.grid import Cell
from train.grid.ledger import Result, failure
from train.judge.contrasts import DELTA, against_control, contrasts, points
from train.judge.intervals import family
from train.judge.statistics import crossed_shares, one_more_row

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


def matrix(results, variant, seeds, baseline="raw", size=100):
    pairs = [(results[Cell(variant, size, s, "linear")], results[Cell(baseline, size, s, "linear")]) for s in seeds]
    return np.stack([a.correct.astype(float) - b.correct for a, b in pairs])


def by_variant(results, variants, seeds=5, sizes=(100, 200)):
    """Contrasts of accuracy at size 100, whose intervals are not widened for the family."""
    found = contrasts(results, variants, sizes, ("linear",), seeds)
    return {c.variant: c for c in found if (c.size, c.metric) == (100, "accuracy")}


FOUR = {"raw": 0.7, "a": 0.71, "b": 0.69, "c": 0.72}


def test_what_seeds_matter_is_judged_over_all_versions_together():
    results = cells(FOUR, sizes=(100, 200))
    matrices = [matrix(results, v, range(5)) for v in "abc"]

    for v, found, m in zip("abc", family(matrices), matrices, strict=True):
        c = by_variant(results, tuple(FOUR))[v]
        assert (c.low, c.high) == pytest.approx(one_more_row(found, m).interval())


def test_a_version_whose_models_failed_for_a_seed_is_judged_with_those_of_the_same_seeds():
    results = cells(FOUR, sizes=(100, 200))
    results[Cell("c", 100, 3, "linear")] = failure({}, "no")
    whole = [matrix(results, v, range(5)) for v in "ab"]
    found = by_variant(results, tuple(FOUR))

    alone = crossed_shares(matrix(results, "c", (0, 1, 2, 4)))
    assert (found["c"].low, found["c"].high) == pytest.approx(alone.interval())
    together = one_more_row(family(whole)[0], whole[0])
    assert (found["a"].low, found["a"].high) == pytest.approx(together.interval())


def test_where_a_baselines_model_failed_the_others_are_still_a_family():
    results = cells(FOUR, sizes=(100, 200))
    results[Cell("raw", 100, 3, "linear")] = failure({}, "no")
    matrices = [matrix(results, v, (0, 1, 2, 4)) for v in "abc"]
    c = by_variant(results, tuple(FOUR))["b"]

    assert (c.low, c.high) == pytest.approx(one_more_row(family(matrices)[1], matrices[1]).interval())


def test_a_version_that_changed_nothing_tells_the_others_nothing_of_seeds():
    results = cells(FOUR, sizes=(100, 200))
    idle = {
        Cell("idle", c.size, c.seed, c.model): Result({**r.record, "edits": 0}, r.correct, r.predicted)
        for c, r in results.items()
        if c.variant == "raw"
    }
    without, beside = by_variant(results, tuple(FOUR)), by_variant(results | idle, (*FOUR, "idle"))

    assert (beside["idle"].low, beside["idle"].high, beside["idle"].verdict) == (0, 0, "no difference")
    assert {v: (c.low, c.high) for v, c in beside.items() if v != "idle"} == {
        v: (c.low, c.high) for v, c in without.items()
    }


def controlled(variants):
    return against_control(cells(variants, sizes=(100, 200)), tuple(variants), (100, 200), ("linear",), 5)


def test_a_cleaner_is_held_against_as_many_rows_dropped_at_random():
    found = controlled({"raw": 0.7, "pruned": 0.72, "random-pruned": 0.67, "relabelled": 0.74})

    assert [(c.variant, c.baseline, c.size, c.metric) for c in found] == [
        ("pruned", "random-pruned", n, "accuracy") for n in (100, 200)
    ]
    assert found[1].diff == pytest.approx(0.05, abs=0.005)
    assert (found[1].verdict, found[1].p_holm) == ("helps", found[1].p)


def test_each_cleaner_has_its_own_control_and_they_are_one_family():
    found = controlled(
        {"raw": 0.7, "pruned": 0.72, "random-pruned": 0.7, "pruned@pool": 0.73, "random-pruned@pool": 0.7, "a": 0.7}
    )

    assert {(c.variant, c.baseline) for c in found} == {
        ("pruned", "random-pruned"),
        ("pruned@pool", "random-pruned@pool"),
    }
    assert all(c.p_holm >= c.p for c in found if c.size == 200)
    assert all(c.p_holm is None for c in found if c.size == 100)


def test_without_a_control_nothing_is_held_against_it():
    assert controlled({"raw": 0.7, "relabelled": 0.72}) == []
