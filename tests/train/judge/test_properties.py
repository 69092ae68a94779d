"""What must hold of any comparison: no difference is found where there is none, and no order changes what is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from train.comparison import METRICS
from train.grid.grid import Cell
from train.grid.ledger import Result, failure
from train.judge.breakdown import breakdown
from train.judge.contrasts import against_control, contrasts, points
from train.judge.corrected import by_verified, corrected
from train.judge.truth import Verified

MODELS, SIZES = ("linear",), (100, 200)


def world(rng, variants, *, seeds=5, rows=400, effects=None, own_sd=0.004, sizes=SIZES, classes=4):
    """Results of models whose chances on every row, shared and own, are known: a variant's true difference from raw is
    its effect; by default none has any."""
    true = rng.integers(0, classes, rows)
    difficulty = rng.standard_normal(rows)
    out = {}
    for size in sizes:
        for s in range(seeds):
            shared = rng.standard_normal(rows)
            for v in variants:
                luck = own_sd / norm.pdf(0) * rng.standard_normal()
                effect = norm.ppf(0.5 + (effects or {}).get(v, 0.0))
                right = effect + luck + 0.7 * difficulty + 0.6 * shared + 0.39 * rng.standard_normal(rows) > 0
                predicted = np.where(right, true, (true + 1 + rng.integers(0, classes - 1, rows)) % classes)
                record = {"rows": size, "metrics": dict.fromkeys(METRICS, float(right.mean()))}
                out[Cell(v, size, s, "linear")] = Result(record, right, predicted.astype("uint16"))
    return out, true


def accuracy(found):
    return [c for c in found if c.metric == "accuracy"]


def twins(results, names):
    """Every name's results are raw's own."""
    raw = [(c, r) for c, r in results.items() if c.variant == "raw"]
    return {Cell(v, c.size, c.seed, c.model): r for v in names for c, r in raw}


# -- no difference where there is none ---------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(3, 6), st.integers(10, 200), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_a_model_compared_with_itself_is_never_significant(seed, seeds, rows, versions):
    names = tuple(f"v{i}" for i in range(versions))
    results, true = world(np.random.default_rng(seed), ("raw",), seeds=seeds, rows=rows)
    results |= twins(results, names)
    judges = {"labels": {}}
    if rows >= 60:
        judges["verified"] = {"judge": by_verified(Verified(np.arange(50), true[:50], 0.0), true)}
    for options in judges.values():
        for c in accuracy(contrasts(results, ("raw", *names), SIZES, MODELS, seeds, **options)):
            assert c.diff == pytest.approx(0, abs=1e-12)
            assert c.p == pytest.approx(1)
            assert c.verdict in ("no difference", "cannot tell")


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_other_seeds_of_the_same_recipe_are_significant_no_more_often_than_the_level(seed):
    """Models that differ by nothing but luck, many families of them: rejections beyond the level would show."""
    rng = np.random.default_rng(seed)
    rejected = []
    for _ in range(20):
        results, _ = world(rng, ("raw", "a", "b", "c"), rows=150, sizes=(100,))
        found = accuracy(contrasts(results, ("raw", "a", "b", "c"), (100,), MODELS, 5))
        rejected.append(any(c.verdict in ("helps", "hurts") for c in found))

    # 20 families at 5 %: 1 is expected, 7 or more happen three times in a hundred thousand
    assert sum(rejected) <= 6


@pytest.mark.parametrize(("seeds", "versions"), [(5, 1), (5, 3), (3, 3)])
def test_p_values_are_uniform_where_there_is_no_difference(seeds, versions):
    rng = np.random.default_rng(seeds * 10 + versions)
    names = tuple(f"v{i}" for i in range(versions))
    p = []
    for _ in range(130):
        results, _ = world(rng, ("raw", *names), seeds=seeds, rows=300, own_sd=0.02)
        found = accuracy(contrasts(results, ("raw", *names), (100, 200), MODELS, seeds))
        p += [
            next(c.p for c in found if c.size == n) for n in (100, 200)
        ]  # one a family: those of one are not independent

    # a little too large is safe, too small is not: 260 uniform values lie 0.115 to that side once in 1,000 times
    assert kstest(p, "uniform", alternative="greater").statistic < 0.115
    assert kstest(p, "uniform").statistic < 0.17


def test_a_seeds_luck_taken_for_nothing_would_be_noticed():
    """The same test by an interval over rows alone fails: the bound above can be broken."""
    rng = np.random.default_rng(0)
    p = []
    for _ in range(260):
        results, _ = world(rng, ("raw", "a"), rows=300, sizes=(100,), own_sd=0.02)
        own, raw = (np.stack([results[Cell(v, 100, s, "linear")].correct for s in range(5)]) for v in ("a", "raw"))
        by_row = own.mean(axis=0) - raw.mean(axis=0)
        p.append(2 * norm.sf(abs(by_row.mean()) / (by_row.std(ddof=1) / np.sqrt(len(by_row)))))

    assert kstest(p, "uniform", alternative="greater").statistic > 0.115


def test_p_values_by_verified_rows_are_uniform_too():
    rng = np.random.default_rng(1)
    p = []
    for _ in range(150):
        results, true = world(rng, ("raw", "a", "b"), rows=600, sizes=(100,), own_sd=0.01)
        given_labels = np.where(rng.random(600) < 0.1, (true + 1) % 4, true)
        rows = np.sort(rng.choice(600, 150, replace=False))
        judge = by_verified(Verified(rows, true[rows], 0.1), given_labels)
        p.append(accuracy(contrasts(results, ("raw", "a", "b"), (100,), MODELS, 5, judge))[0].p)

    assert kstest(p, "uniform", alternative="greater").statistic < 0.15  # 150 values: once in 1,000
    assert kstest(p, "uniform").statistic < 0.2


# -- order ------------------------------------------------------------------------------------------------------------


EFFECTS = {"a": 0.03, "b": -0.02, "pruned": 0.05, "random-pruned": -0.01}
NAMES = ("raw", *EFFECTS)


def said(found):
    return {(c.variant, c.baseline, c.size, c.model, c.metric): c for c in found}


def alike(one, other):
    assert one.keys() == other.keys()
    for key, c in one.items():
        o = other[key]
        assert (c.verdict, c.seeds, c.failed, c.seeds_needed) == (o.verdict, o.seeds, o.failed, o.seeds_needed)
        for name in ("diff", "low", "high", "p", "p_holm", "smallest_detectable"):
            a, b = getattr(c, name), getattr(o, name)
            assert a is b is None or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9), (key, name)


@given(st.integers(0, 10_000), st.permutations(NAMES), st.permutations(range(4)), st.booleans())
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_versions_nor_that_of_seeds_changes_a_contrast(seed, names, turn, broken):
    results, _ = world(np.random.default_rng(seed), NAMES, seeds=4, effects=EFFECTS)
    if broken:
        results[Cell("b", 200, 1, "linear")] = failure({}, "no")
    turned = {Cell(c.variant, c.size, turn[c.seed], c.model): r for c, r in results.items()}
    for judge in (contrasts, against_control):
        here = said(judge(results, NAMES, SIZES, MODELS, 4))
        alike(here, said(judge(results, names, SIZES, MODELS, 4)))
        alike(here, said(judge(turned, NAMES, SIZES, MODELS, 4)))


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_neither_the_order_of_test_rows_nor_that_of_models_changes_a_contrast(seed, random):
    results, _ = world(np.random.default_rng(seed), NAMES, effects=EFFECTS)
    rows = list(range(400))
    random.shuffle(rows)
    both = results | {Cell(c.variant, c.size, c.seed, "mlp"): r for c, r in results.items()}
    moved = {c: Result(r.record, r.correct[rows], r.predicted[rows]) for c, r in both.items()}
    here = said(contrasts(both, NAMES, SIZES, ("linear", "mlp"), 5))

    alike(here, said(contrasts(moved, NAMES, SIZES, ("mlp", "linear"), 5)))


@given(st.integers(0, 10_000), st.permutations(NAMES))
@settings(max_examples=5, deadline=None)
def test_the_order_of_versions_changes_nothing_that_verified_rows_correct(seed, names):
    rng = np.random.default_rng(seed)
    results, true = world(rng, NAMES, effects=EFFECTS)
    truth, given_labels = Verified(np.arange(0, 400, 5), true[::5], 0.1), np.where(rng.random(400) < 0.1, 0, true)
    here, there = (
        corrected(results, points(results, n, SIZES, MODELS, 5), truth, given_labels, n, SIZES, MODELS, 5)
        for n in (NAMES, names)
    )

    alike(said(here.contrasts), said(there.contrasts))
    values = [{(a["variant"], a["size"]): a["value"] for a in found.block["accuracy"]} for found in (here, there)]
    assert values[0] == pytest.approx(values[1])


@given(st.integers(0, 10_000), st.permutations(NAMES), st.permutations(range(5)))
@settings(max_examples=5, deadline=None)
def test_the_order_of_versions_and_seeds_changes_no_breakdown(seed, names, turn):
    import pandas as pd

    from audit import load

    results, true = world(np.random.default_rng(seed), NAMES, effects=EFFECTS)
    turned = {Cell(c.variant, c.size, turn[c.seed], c.model): r for c, r in results.items()}
    test = load(pd.DataFrame({"x": np.arange(400.0), "kind": [f"c{k}" for k in true]}), label="kind", features=["x"])
    here, there = (
        {
            (x["variant"], x["by"], x["value"]): (x["low"], x["high"])
            for x in breakdown(r, test, n, 200, MODELS, 5).lines
        }
        for r, n in ((results, NAMES), (turned, names))
    )

    assert here.keys() == there.keys()
    assert all(here[k] == pytest.approx(there[k]) for k in here)
