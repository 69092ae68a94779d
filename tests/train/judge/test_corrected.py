"""With verified rows verdicts rest on the true labels, and say the same of accuracies and of their differences."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import pytest

from audit import load
from train.comparison import METRICS
from train.grid.grid import Cell
from train.grid.ledger import Result, failure
from train.judge.contrasts import contrasts, points
from train.judge.corrected import corrected, corrected_in_words, doubts
from train.judge.truth import Verified

VARIANTS, SIZES, MODELS, SEEDS, ROWS = ("raw", "up", "copier"), (100, 200), ("linear",), 5, 4000


def world(seed=0):
    """`up` is right on 6 % more rows than raw; `copier` is right on as many, and repeats wrong labels more often."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 5, ROWS)
    wrong = rng.random(ROWS) < 0.2
    given = np.where(wrong, (true + 1) % 5, true)
    out = {}
    for size in SIZES:
        for s in range(SEEDS):
            luck = rng.random(ROWS)
            for variant, share, repeats in (("raw", 0.6, 0.3), ("up", 0.66, 0.3), ("copier", 0.6, 0.95)):
                other = np.where(rng.random(ROWS) < repeats, (true + 1) % 5, (true + 2) % 5)
                out[Cell(variant, size, s, "linear")] = result(np.where(luck < share, true, other), given, size)
    return out, true, given


def result(predicted, given, size, **more):
    correct = predicted == given
    record = {"rows": size, "metrics": dict.fromkeys(METRICS, float(correct.mean())), **more}
    return Result(record, correct, predicted.astype("uint16"))


def some(true, n=300, seed=0):
    rows = np.sort(np.random.default_rng(seed).choice(len(true), n, replace=False))
    return Verified(rows, true[rows], 0.2)


def made(results, true, given, truth=None):
    where = points(results, VARIANTS, SIZES, MODELS, SEEDS)
    return corrected(results, where, truth or some(true), given, VARIANTS, SIZES, MODELS, SEEDS)


def accuracy(found):
    return {(c.variant, c.size): c for c in found if c.metric == "accuracy"}


@pytest.fixture(scope="module")
def case():
    return world()


@pytest.fixture(scope="module")
def found(case):
    return made(*case)


def test_a_version_that_repeats_wrong_labels_looks_better_and_is_not(case, found):
    results, _, _ = case
    seen = accuracy(contrasts(results, VARIANTS, SIZES, MODELS, SEEDS))

    assert seen["copier", 200].verdict == "helps"
    assert accuracy(found.contrasts)["copier", 200].verdict != "helps"
    assert accuracy(found.contrasts)["up", 200].verdict == "helps"


def test_corrected_differences_and_accuracies_cover_the_truth(found):
    for size in SIZES:
        up = accuracy(found.contrasts)["up", size]
        assert up.low <= 0.06 <= up.high
    for line in found.block["accuracy"]:
        assert line["low"] <= {"raw": 0.6, "up": 0.66, "copier": 0.6}[line["variant"]] <= line["high"]


def test_accuracies_differ_by_the_differences(found):
    at = {(p.variant, p.size): p.metrics["accuracy"] for p in found.points}
    for (variant, size), c in accuracy(found.contrasts).items():
        assert at[variant, size] - at["raw", size] == pytest.approx(c.diff)


def test_contrasts_and_points_keep_their_order_and_their_other_metrics(case, found):
    results, _, _ = case
    seen, where = contrasts(results, VARIANTS, SIZES, MODELS, SEEDS), points(results, VARIANTS, SIZES, MODELS, SEEDS)

    assert [(c.variant, c.size, c.metric) for c in found.contrasts] == [(c.variant, c.size, c.metric) for c in seen]
    assert [c for c in found.contrasts if c.metric != "accuracy"] == [c for c in seen if c.metric != "accuracy"]
    assert [{**p.metrics, "accuracy": 0} for p in found.points] == [{**p.metrics, "accuracy": 0} for p in where]


def test_the_block_says_what_the_contrasts_say(found):
    block = json.loads(json.dumps(found.block))

    assert (block["rows"], block["noise"]) == (300, 0.2)
    assert [line["verdict"] for line in block["contrasts"]] == [c.verdict for c in accuracy(found.contrasts).values()]
    assert {line["p_holm"] is None for line in block["contrasts"] if line["size"] == 100} == {True}
    assert all(line["p_holm"] >= line["p"] for line in block["contrasts"] if line["size"] == 200)
    assert len(block["accuracy"]) == len(VARIANTS) * len(SIZES)


def test_failed_models_are_left_out(case):
    results, true, given = case
    broken = results | {Cell("up", 200, s, "linear"): failure({}, "no") for s in range(4)}
    found = made(broken, true, given)

    assert accuracy(found.contrasts)["up", 200].verdict == "not enough seeds"
    assert ("up", 200) not in {(line["variant"], line["size"]) for line in found.block["accuracy"]}
    assert [p.variant for p in found.points if not p.metrics] == []


def test_a_version_that_changed_nothing_is_raw_itself(case):
    results, true, given = case
    idle = {
        Cell("copier", c.size, c.seed, c.model): Result({**r.record, "edits": 0}, r.correct, r.predicted)
        for c, r in results.items()
        if c.variant == "raw"
    }
    c = accuracy(made(results | idle, true, given).contrasts)["copier", 200]

    assert (c.diff, c.low, c.high, c.verdict) == (0, 0, 0, "no difference")


def test_more_verified_rows_say_more(case):
    results, true, given = case
    halves = []
    for n in (100, 400, 1600):
        c = accuracy(made(results, true, given, some(true, n)).contrasts)["up", 100]
        halves.append(c.high - c.low)

    assert all(b < a for a, b in pairwise(halves))


def test_what_was_corrected_is_said():
    truth = Verified(np.arange(300), np.zeros(300, dtype=int), 0.09)

    assert corrected_in_words(truth).startswith(
        "Accuracies, and verdicts on them, are corrected by 300 verified test rows"
    )


def test_a_test_set_that_cannot_be_audited_is_doubted_with_the_reason():
    import pandas as pd

    table = pd.DataFrame({"x": np.arange(4.0), "kind": ["a", "b", "a", "b"]})
    said = doubts(load(table, label="kind", features=["x"]), np.eye(4, dtype="float32"), None)

    assert said.startswith("Nobody could check the labels of the test set (")


def test_a_noisy_test_set_is_doubted_and_the_remedy_named(noisy):
    said = doubts(noisy, noisy.table[[f"x{i}" for i in range(6)]].to_numpy("float32"), None)

    assert re.search(r"An estimated \d+ of the [\d,]+ test labels are wrong: \d", said)
    assert "--verified" in said
