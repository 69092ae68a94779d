"""Changes within classes and groups, with intervals that own up to few rows, and reliability over all seeds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from audit import load
from train.grid.grid import Cell
from train.grid.ledger import Result, failure
from train.grid.metrics import reliability
from train.judge.breakdown import FEWEST_ROWS, MOST_VALUES, breakdown, calibration
from train.judge.statistics import crossed_shares

SEEDS = 5


def held_out_rows(labels, groups=None):
    table = pd.DataFrame({"x": np.arange(len(labels), dtype=float), "kind": labels})
    if groups is not None:
        table["site"] = groups
    return load(table, label="kind", features=["x"], **({} if groups is None else {"group": "site"}))


def cells(rights, seeds=SEEDS):
    """Results by variant: (rng) -> (rows,) bool."""
    rng = np.random.default_rng(0)
    out = {}
    for s in range(seeds):
        for variant, right in rights.items():
            correct = right(rng)
            out[Cell(variant, 100, s, "linear")] = Result({}, correct, correct.astype("uint16"))
    return out


KINDS = np.repeat(["ant", "bee", "cow"], [600, 400, 5])


def world(seeds=SEEDS):
    """`up` finds more ants and fewer bees."""
    shares = {"raw": (0.6, 0.7, 0.5), "up": (0.8, 0.5, 0.5), "same": (0.6, 0.7, 0.5)}
    by_row = {v: np.repeat(s, [600, 400, 5]) for v, s in shares.items()}
    return cells({v: lambda rng, p=p: rng.random(len(p)) < p for v, p in by_row.items()}, seeds)


def told(results, test, seeds=SEEDS, variants=("raw", "up", "same")):
    found = breakdown(results, test, variants, 100, ("linear",), seeds)
    json.dumps(found.lines)
    return found, {(x["variant"], x["by"], x["value"]): x for x in found.lines}


def test_a_repair_that_helps_one_class_and_hurts_another_is_seen_to():
    found, by = told(world(), held_out_rows(KINDS))
    ant, bee = by["up", "class", "ant"], by["up", "class", "bee"]

    assert ant["low"] > 0
    assert bee["high"] < 0
    assert (ant["rows"], bee["rows"]) == (600, 400)
    assert (ant["baseline"], ant["accuracy"]) == pytest.approx((0.6, 0.8), abs=0.02)
    assert ant["diff"] == pytest.approx(ant["accuracy"] - ant["baseline"])
    assert found.notes == ()


def test_a_class_with_few_rows_is_listed_without_an_interval():
    cow = told(world(), held_out_rows(KINDS))[1]["up", "class", "cow"]

    assert cow["rows"] == 5 < FEWEST_ROWS
    assert (cow["low"], cow["high"]) == (None, None)


def test_two_seeds_give_no_interval():
    assert told(world(2), held_out_rows(KINDS), seeds=2)[1]["up", "class", "ant"]["low"] is None


def test_intervals_of_a_family_are_as_wide_as_its_levels():
    results, test = world(), held_out_rows(KINDS)
    line = told(results, test)[1]["same", "class", "ant"]
    pairs = [(results[Cell("same", 100, s, "linear")], results[Cell("raw", 100, s, "linear")]) for s in range(SEEDS)]
    alone = crossed_shares(np.stack([a.correct[:600].astype(float) - b.correct[:600] for a, b in pairs]))

    assert (line["low"], line["high"]) == pytest.approx(alone.interval(0.025))  # the less sure of two classes


def test_groups_are_told_of_where_the_test_set_has_them():
    sites = np.where(np.arange(len(KINDS)) % 2, "north", "south")
    by = told(world(), held_out_rows(KINDS, sites))[1]

    assert {value for _, kind, value in by if kind == "group"} == {"north", "south"}
    assert by["up", "group", "north"]["rows"] == len(KINDS) // 2


def test_seeds_whose_models_failed_are_left_out():
    results = world()
    results[Cell("up", 100, 2, "linear")] = failure({}, "no")
    expected = np.mean([results[Cell("up", 100, s, "linear")].correct[:600].mean() for s in (0, 1, 3, 4)])

    assert told(results, held_out_rows(KINDS))[1]["up", "class", "ant"]["accuracy"] == pytest.approx(expected)


def test_a_version_without_models_has_no_lines():
    results = {c: failure({}, "no") if c.variant == "up" else r for c, r in world().items()}

    assert not [key for key in told(results, held_out_rows(KINDS))[1] if key[0] == "up"]


def test_only_the_largest_classes_are_told_of_and_how_many_are_not_is_said():
    rows = np.repeat(np.arange(60), np.arange(11, 71))
    results = cells({v: lambda rng: rng.random(len(rows)) < 0.5 for v in ("raw", "up")})
    found, by = told(results, held_out_rows([f"k{k:02}" for k in rows]), variants=("raw", "up"))

    assert len(by) == MOST_VALUES
    assert ("up", "class", "k59") in by
    assert ("up", "class", "k09") not in by
    assert found.left_out == {"class": 10, "group": 0}
    assert found.notes == ("changes are told of the 50 classes with most test rows, not of 10 classes more",)


def test_reliability_is_pooled_over_seeds():
    rng = np.random.default_rng(0)
    results, all_right, all_confident = {}, [], []
    for s in range(3):
        p = rng.dirichlet(np.ones(4), 50)
        labels = rng.integers(0, 4, 50)
        results[Cell("raw", 100, s, "linear")] = Result(
            {"reliability": reliability(p, labels)}, p.argmax(1) == labels, p.argmax(1).astype("uint16")
        )
        all_right.append(p.argmax(1) == labels)
        all_confident.append(p.max(1))
    results[Cell("raw", 100, 3, "linear")] = failure({}, "no")
    (found,) = calibration(results, ("raw",), 100, ("linear",), 4)
    rows = np.array([b["rows"] for b in found["bins"]])

    assert rows.sum() == 150
    assert rows @ [b["accuracy"] for b in found["bins"]] == pytest.approx(np.sum(all_right))
    assert rows @ [b["confidence"] for b in found["bins"]] == pytest.approx(np.sum(all_confident), abs=1e-3)
    assert all(0.25 <= b["confidence"] <= 1 for b in found["bins"])


def test_where_no_model_finished_there_is_no_reliability():
    (found,) = calibration({Cell("raw", 100, 0, "linear"): failure({}, "no")}, ("raw",), 100, ("linear",), 1)

    assert found["bins"] == []
