"""What a comparison says of growth: curves with bands, what noise costs, what models cost and larger ones bring."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from train.comparison import METRICS
from train.grid.grid import Cell
from train.grid.ledger import Result, failure
from train.judge.contrasts import contrasts
from train.judge.costs import budgets, costs
from train.judge.growth import growth
from train.judge.model_size import model_size

SIZES = (500, 1000, 2000, 4000, 8000)
SEEDS = 4
ROWS = 2000


def cells(error, variants, models=("linear",), *, sizes=SIZES, luck=0.0, **more):
    """Results whose error at n rows of a variant and model is error(variant, n, model), give or take a seed's luck."""
    rng = np.random.default_rng(0)
    out = {}
    for v in variants:
        for n in sizes:
            for s in range(SEEDS):
                for m in models:
                    e = error(v, n, m) * math.exp(luck * rng.normal())
                    correct = rng.permutation(np.arange(ROWS) >= round(e * ROWS))
                    record = {"rows": n, "metrics": dict.fromkeys(METRICS, 1 - e)}
                    record |= {k: f(v, n, m) for k, f in more.items()}
                    out[Cell(v, n, s, m)] = Result(record, correct, correct.astype("uint16"))
    return out


def law(n, rate=0.0, g=2.0):
    return 3 * (n * (1 - rate) ** g) ** -0.4 + 0.05


RATES = {"raw": 0.2, "oracle": 0.0, "polluted:10": 0.28, "polluted:25": 0.4}


def grown(results, variants, models=("linear",), sizes=SIZES):
    found = contrasts(results, variants, sizes, models, SEEDS)
    return json.loads(json.dumps(growth(results, found, variants, sizes, models, SEEDS)))


# -- curves ------------------------------------------------------------------------------------------------------------


def test_a_curve_is_drawn_with_its_band_from_the_smallest_size_to_four_times_the_largest():
    (curve,) = grown(cells(lambda v, n, m: law(n), ["raw"], luck=0.01), ["raw"])["curves"]
    rows = [p["rows"] for p in curve["beyond"]]

    assert rows[0] == pytest.approx(500)
    assert rows[-1] == pytest.approx(32_000)
    assert sum(n <= 8000.01 for n in rows) >= 24
    assert rows == sorted(set(rows))
    assert all(p["low"] <= p["error"] <= p["high"] for p in curve["beyond"])
    assert curve["beyond"][0]["error"] == pytest.approx(law(500), rel=0.03)


def test_a_curve_that_is_refused_says_why_and_has_no_points():
    (curve,) = grown(cells(lambda v, n, m: law(n), ["raw"], sizes=SIZES[:3]), ["raw"], sizes=SIZES[:3])["curves"]

    assert curve["refused"] == "a curve needs 5 sizes, there are 3"
    assert "beyond" not in curve


def test_a_version_twice_as_good_as_its_rows_is_worth_two():
    error = {"raw": law, "better": lambda n: law(2 * n)}
    found = grown(cells(lambda v, n, m: error[v](n), ["raw", "better"]), ["raw", "better"])["exchange"]

    assert [line["size"] for line in found] == list(SIZES)
    assert found[1]["rate"] == pytest.approx(2, rel=0.1)
    assert found[1]["low"] < 2 < found[1]["high"]


# -- what noise costs --------------------------------------------------------------------------------------------------


def test_the_cost_of_noise_is_found_where_the_true_labels_are_known():
    results = cells(lambda v, n, m: law(n, RATES[v]), RATES, luck=0.005, noise=lambda v, n, m: RATES[v])
    (surface,) = grown(results, tuple(RATES))["surface"]

    assert surface["g_low"] <= 2.0 <= surface["g_high"]
    assert surface["g"] == pytest.approx(2.0, abs=0.5)
    assert surface["noise"] == pytest.approx([0.0, 0.4])
    assert surface["from"] == list(RATES)
    assert surface["noise_of"] == "labels that are wrong"


def test_without_the_true_labels_noise_that_was_added_says_what_noise_costs():
    variants = ("raw", "polluted:10", "polluted:25")
    (surface,) = grown(cells(lambda v, n, m: law(n, RATES[v]), variants), variants)["surface"]

    assert surface["g"] == pytest.approx(2.0, abs=0.3)  # raw's own 20 % do not disturb it
    assert surface["noise"] == [0.0, 0.25]
    assert surface["noise_of"] == "labels made wrong beside those that were"


def test_repaired_and_augmented_rows_say_nothing_of_what_noise_costs():
    variants = ("raw", "pruned", "relabelled", "polluted:10+augmented")
    (surface,) = grown(cells(lambda v, n, m: law(n), variants), variants)["surface"]

    assert (
        surface["refused"]
        == "a surface needs 3 noise rates, there are 1; versions polluted:10 and polluted:20 would add two"
    )


def test_a_version_whose_models_all_failed_is_left_out():
    variants = ("raw", "polluted:10", "polluted:20", "polluted:25")
    results = cells(lambda v, n, m: law(n, {"polluted:20": 0.36}.get(v, RATES.get(v, 0.0))), variants)
    failed = {c: failure({}, "no") if c.variant == "polluted:20" else r for c, r in results.items()}
    (surface,) = grown(failed, variants)["surface"]

    assert surface["from"] == ["raw", "polluted:10", "polluted:25"]


# -- the model's size --------------------------------------------------------------------------------------------------

WIDTHS = {"mlp:width=16": 1000, "mlp:width=64": 4000, "mlp:width=256": 16_000, "mlp:width=1024": 64_000}


def sized(error, models=WIDTHS, luck=0.0):
    return cells(error, ["raw"], models, luck=luck, parameters=lambda v, n, m: WIDTHS.get(m, 9 * len(m)))


def test_what_a_larger_model_brings_is_found_and_covered():
    truth = 2.0 * 64_000**-0.4 * (1 - 2**-0.4)
    results = sized(lambda v, n, m: law(n) + 2.0 * WIDTHS[m] ** -0.4, luck=0.01)
    (found,) = model_size(results, ["raw"], SIZES, list(WIDTHS), SEEDS)

    assert found["architecture"] == "mlp"
    assert found["parameters"] == sorted(WIDTHS.values())
    assert np.array(found["errors"]).shape == (5, 4)
    assert found["doubled"]["low"] <= truth <= found["doubled"]["high"]
    assert found["b"] == pytest.approx(0.4, abs=0.15)


def test_models_of_one_architecture_are_brought_together_and_other_knobs_keep_them_apart():
    models = ["mlp:width=64", "linear", "mlp:width=128:lr=1e-3", "mlp:width=16", "mlp:lr=1e-3:width=64"]
    results = sized(lambda v, n, m: 0.2, models)
    found = model_size(results, ["raw"], SIZES, models, SEEDS)

    assert {f["architecture"]: f["models"] for f in found} == {
        "mlp": ["mlp:width=16", "mlp:width=64"],
        "mlp:lr=1e-3": ["mlp:lr=1e-3:width=64", "mlp:width=128:lr=1e-3"],
    }


@pytest.mark.parametrize(
    ("models", "error", "why"),
    [
        (list(WIDTHS)[:2], lambda v, n, m: 0.2, "needs 3 sizes of it, there are 2"),
        (list(WIDTHS), lambda v, n, m: 0.1 + 0.05 * math.log10(WIDTHS[m]), "does not fall with the size of the model"),
    ],
)
def test_a_law_of_the_models_size_is_refused_with_its_reason(models, error, why):
    (found,) = model_size(sized(error, models), ["raw"], SIZES, models, SEEDS)

    assert why in found["refused"]
    assert len(found["errors"]) == 5


def test_one_size_of_a_model_is_no_axis():
    assert model_size(sized(lambda v, n, m: 0.2, ["mlp:width=16"]), ["raw"], SIZES, ["mlp:width=16"], SEEDS) == []


# -- costs and budgets -------------------------------------------------------------------------------------------------


def test_costs_are_means_over_the_models_that_finished():
    results = cells(lambda v, n, m: 0.2, ["raw"], sizes=(500,), seconds=lambda v, n, m: 2.0, steps=lambda v, n, m: 7)
    results[Cell("raw", 500, 1, "linear")] = failure({"seconds": 99.0}, "no")

    assert costs(results, ["raw"], (500,), ["linear"], SEEDS) == [
        {"variant": "raw", "model": "linear", "size": 500, "seconds": 2.0, "steps": 7.0}
    ]


def test_budgets_that_disagree_are_told_and_single_budgets_are_not():
    models = ("linear", "linear:budget=steps", "mlp")
    error = {("up", "linear"): 0.2, ("up", "linear:budget=steps"): 0.3}
    results = cells(lambda v, n, m: error.get((v, m), 0.3), ("raw", "up"), models, sizes=(500,), luck=0.005)
    (found,) = budgets(contrasts(results, ("raw", "up"), (500,), models, SEEDS), models, 500)

    assert (found["model"], found["epochs"], found["agree"]) == ("linear", "helps", False)
    assert found["diff_epochs"] == pytest.approx(0.1, abs=0.02)
    assert found["diff_steps"] == pytest.approx(0.0, abs=0.02)
