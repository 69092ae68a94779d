"""Advice on comparisons whose answer is planted."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.errors import UnknownName
from train.advice.advise import Advice, advise
from train.advice.prices import Prices, parse_prices

PRICES = parse_prices("label=0.08,review=0.02,row=0.10,gpu_hour=2.5")
SIZES = (500, 1000, 2000, 4000, 8000)
JITTER = (0.0, 0.001, -0.001, 0.0005, -0.0005, 0.0015, -0.0015, 0.0)
WITHIN = 0.0015
"""What seeds differ by from one another in a paired difference."""
Effect = tuple[float, float | None, float | None]
"""Points: gain and its interval."""


def falling(n: float) -> float:
    return 2.0 * n**-0.3


def flat(_: float) -> float:
    return 0.05


def planted(
    folder: Path,
    effects: Mapping[str, Effect],
    *,
    error: Callable[[float], float] = falling,
    sizes: Sequence[int] = SIZES,
    seeds: int = 5,
    models: Mapping[str, tuple[float, int, int]] | None = None,
    flagged: int = 800,
    noise: Mapping[str, float] | None = None,
    rows: int | None = None,
    **also: Any,
) -> Path:
    """A comparison.json that says `effects` at the largest size for every model.

    Args:
        folder: where to.
        effects: version to gain, low and high in points; no interval stands for too few seeds.
        error: of the raw data by rows.
        sizes: that were compared.
        seeds: how many.
        models: name to its gain in points over the first, its parameters and its steps.
        flagged: labels that look wrong at the largest size.
        noise: version to the share of labels that is wrong, where that is known.
        rows: there are; by default the largest size.
        also: other keys of the file.
    """
    models = models or {"linear": (0.0, 650, 1000)}
    largest = sizes[-1]
    cells = [
        {
            "variant": v, "size": largest, "seed": s, "model": m, "rows": largest - (flagged if v == "pruned" else 0),
            "edits": 0 if v == "raw" else flagged, "noise": (noise or {}).get(v), "repair_seconds": 3.6,
            "seconds": 36.0 * steps / 1000, "steps": steps, "parameters": parameters,
            "metrics": {"accuracy": 1 - error(largest) + better / 100 + effects.get(v, (0,))[0] / 100 + JITTER[s]
                        + (WITHIN * (s - 2) / 2 if better else 0)},
        }
        for m, (better, parameters, steps) in models.items() for v in ("raw", *effects) for s in range(seeds)
    ]  # fmt: skip
    values = {
        "schema_version": 1, "dataset": "reviews.csv", "test": "reviews-test.csv", "rows": rows or largest, "test_rows": 2000,
        "classes": 4, "kind": "text", "variants": ["raw", *effects], "sizes": list(sizes), "models": list(models),
        "seeds": seeds, "delta": 0.003, "cells": cells,
        "contrasts": [contrast(v, largest, m, e, seeds) for m in models for v, e in effects.items()],
        "curves": [curve(m, sizes, error) for m in models], "exchange": [],
        "protocol": {"data_fingerprint": "a", "test_fingerprint": "b",
                     "recipe": {m: {"model": m.split(":")[0], "width": 64, "epochs": steps // 50, "steps": None, "fewest_steps": 100}
                                for m, (_, _, steps) in models.items()}},
        "command": f"assay compare reviews.csv --label mood --test reviews-test.csv --seeds {seeds} -o runs/",
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comparison.json").write_text(json.dumps(values | also), encoding="utf-8")
    return folder


def contrast(variant: str, size: int, model: str, effect: Effect, seeds: int) -> dict[str, Any]:
    gain, low, high = (None if x is None else x / 100 for x in effect)
    verdict = "not enough seeds" if low is None else "helps" if low > 0 else "hurts" if high < 0 else "cannot tell"
    return {
        "variant": variant, "baseline": "raw", "size": size, "model": model, "metric": "accuracy", "diff": gain, "low": low,
        "high": high, "verdict": verdict, "seeds": seeds, "failed": 0, "seeds_needed": 12 if verdict == "cannot tell" else None,
    }  # fmt: skip


def curve(model: str, sizes: Sequence[int], error: Callable[[float], float]) -> dict[str, Any]:
    if len(sizes) < 5:
        return {"variant": "raw", "model": model, "refused": f"a curve needs 5 sizes, there are {len(sizes)}"}
    errors = [error(n) for n in sizes]
    return {
        "variant": "raw", "model": model, "sizes": list(sizes), "errors": errors,
        "standard_errors": [0.005 * e for e in errors],
    }  # fmt: skip


NOISY = {
    "pruned": (1.0, 0.4, 1.6),
    "reweighted": (1.2, 0.6, 1.8),
    "augmented": (0.0, -0.2, 0.2),
    "oracle": (8.0, 7.0, 9.0),
}
KNOWN = {"raw": 0.2, "pruned": 0.11, "oracle": 0.0}
CLEAN = {
    "pruned": (-0.1, -0.2, 0.1),
    "reweighted": (0.0, -0.1, 0.1),
    "augmented": (0.0, -0.2, 0.2),
    "oracle": (0.1, 0.0, 0.2),
}


@pytest.fixture(scope="session")
def noisy_runs(tmp_path_factory) -> Path:
    return planted(tmp_path_factory.mktemp("noisy") / "runs", NOISY, noise=KNOWN)


@pytest.fixture(scope="session")
def noisy_advice(noisy_runs) -> Advice:
    return advise([noisy_runs], PRICES)


# -- what is planted is found ------------------------------------------------------------------------------------------


def test_where_noise_is_high_and_review_cheap_it_says_review(noisy_advice):
    assert noisy_advice.answer == "do it"
    assert noisy_advice.choice == "review 800 doubtful labels"
    assert noisy_advice.action(noisy_advice.choice).cost == pytest.approx(16.0)


def test_a_repair_for_next_to_nothing_is_advised_beside_a_paid_action_that_clearly_brings_more(noisy_advice):
    assert noisy_advice.anyway == ("reweight automatically",)


def test_a_repair_for_next_to_nothing_comes_first_where_paying_does_not_clearly_bring_more(tmp_path):
    runs = planted(tmp_path, {**NOISY, "reweighted": (4.5, 3.5, 5.5)}, noise=KNOWN)
    found = advise([runs], PRICES)

    assert (found.answer, found.choice) == ("do it", "reweight automatically")
    assert found.then == ""  # a review of the same labels may add nothing to it


def test_what_to_pay_for_after_a_free_gain_is_what_adds_to_it(tmp_path):
    effects = {**CLEAN, "augmented": (3.0, 2.0, 4.0)}
    found = advise([planted(tmp_path, effects, flagged=40)], Prices(label=0.08, review=0.02, row=0.1, gpu_hour=0.0))

    assert (found.choice, found.then) == ("augment while training", "collect 8,000 more rows")


def test_review_is_held_against_a_repair_of_the_same_labels_seed_by_seed(tmp_path):
    # 4.0 points of 8.0 can be reached: the intervals overlap, the seeds agree
    runs = planted(tmp_path, {**NOISY, "reweighted": (3.0, 1.5, 4.5), "oracle": (8.0, 6.0, 10.0)}, noise=KNOWN)
    found = advise([runs], PRICES)

    assert found.choice == "review 800 doubtful labels"
    assert 0 < found.action(found.choice).over_repair < 0.012


def test_review_of_what_looks_wrong_brings_the_part_of_the_gain_that_it_can_reach(noisy_advice):
    flagged = noisy_advice.action("review 800 doubtful labels")
    everything = noisy_advice.action("review all 8,000 labels")
    recall = 1 - 0.11 * 7200 / (0.2 * 8000)

    assert flagged.gain == pytest.approx(0.08 * recall)
    assert (flagged.low, flagged.high) == (pytest.approx(0.07 * recall), pytest.approx(0.09 * recall))
    assert everything.gain == pytest.approx(0.08)
    assert everything.cost == pytest.approx(160.0)


def test_on_clean_data_and_a_falling_curve_it_says_collect(tmp_path):
    found = advise([planted(tmp_path, CLEAN, flagged=40, noise={"raw": 0.0, "pruned": 0.0, "oracle": 0.0})], PRICES)

    assert (found.answer, found.choice) == ("do it", "collect 8,000 more rows")


def test_the_gain_of_more_rows_is_what_the_curve_falls(tmp_path):
    found = advise([planted(tmp_path, CLEAN)], PRICES).action("collect 8,000 more rows")

    assert found.gain == pytest.approx(falling(8000) - falling(16000), rel=0.1)
    assert found.low <= falling(8000) - falling(16000) <= found.high
    assert found.cost == pytest.approx(8000 * 0.18)


def test_where_everything_is_flat_it_says_stop(tmp_path):
    found = advise([planted(tmp_path, CLEAN, error=flat, flagged=40)], PRICES)

    assert (found.answer, found.choice) == ("stop", "")
    assert found.actions[0].name == "stop here"
    assert {a.verdict for a in found.actions if a.measured and a.kind != "stop"} == {"not worth it"}


@pytest.mark.parametrize("effects", [NOISY, CLEAN])
def test_two_seeds_are_too_few_to_tell(tmp_path, effects):
    unknown = {v: (gain, None, None) for v, (gain, _, _) in effects.items()}
    found = advise([planted(tmp_path, unknown, seeds=2, noise=KNOWN)], PRICES)

    assert (found.answer, found.choice) == ("cannot tell", "")
    assert "--seeds 5" in found.run


@pytest.mark.parametrize("effects", [NOISY, CLEAN])
def test_three_sizes_are_too_few_to_tell_however_sure_the_repairs_are(tmp_path, effects):
    found = advise([planted(tmp_path, effects, sizes=(2000, 4000, 8000), noise=KNOWN)], PRICES)
    collect = next(a for a in found.actions if a.kind == "collect")

    assert found.answer == "cannot tell"
    assert collect.name in found.rivals
    assert "--sizes 500,1000,2000,4000,8000" in collect.command


def test_two_actions_whose_gains_per_cost_overlap_leave_it_open(tmp_path):
    # about 4 points for 2,400 against 2.5 for 1,440
    dear = Prices(label=0.08, row=0.10, review=3.0, gpu_hour=2.5)
    found = advise([planted(tmp_path, {**CLEAN, "oracle": (8.0, 2.0, 14.0)}, noise=KNOWN)], dear)

    assert found.answer == "cannot tell"
    assert {found.action(name).kind for name in found.rivals} == {"collect", "review"}
    assert "--seeds 10" in found.run


def test_one_command_trains_all_that_it_takes_to_tell(tmp_path):
    unknown = {v: (gain, None, None) for v, (gain, _, _) in NOISY.items()}
    found = advise([planted(tmp_path, unknown, seeds=2, sizes=(2000, 4000, 8000))], PRICES)

    assert "--seeds 5" in found.run
    assert "--sizes 500,1000,2000,4000,8000" in found.run
    assert found.run.count("--") == len({part for part in found.run.split() if part.startswith("--")})


@pytest.mark.parametrize("prices", [None, Prices(gpu_hour=2.5), Prices(label=0.08), Prices(row=0.1, gpu_hour=2.5)])
def test_a_price_for_something_else_settles_nothing(tmp_path, prices):
    runs = planted(tmp_path, {**CLEAN, "oracle": (8.0, 2.0, 14.0)}, noise=KNOWN)
    found = advise([runs], prices, horizon=16_000)

    assert found.answer == "cannot tell"
    assert {found.action(name).kind for name in found.rivals} == {"collect", "review"}


# -- what is not known -------------------------------------------------------------------------------------------------


def test_without_true_labels_review_brings_at_least_what_the_best_repair_does(tmp_path):
    effects = {v: e for v, e in NOISY.items() if v != "oracle"}
    review = next(a for a in advise([planted(tmp_path, effects)], PRICES).actions if a.kind == "review")

    assert (review.gain, review.low) == (0.012, 0.006)
    assert review.high > 0.018
    assert any("least" in line for line in review.evidence)


def test_where_wrong_labels_were_added_review_is_read_backwards_from_what_they_cost(tmp_path):
    # flipping x of the labels costs 30 x points, and 800 of 8,000 labels look wrong
    effects = {
        "reweighted": (0.5, -0.5, 1.5),
        **{f"polluted:{p}": (-0.3 * p, -0.3 * p - 0.2, -0.3 * p + 0.2) for p in (5, 10, 20)},
    }
    review = next(a for a in advise([planted(tmp_path, effects)], PRICES).actions if a.kind == "review")
    perfect = 0.3 * 0.1 / 0.9

    assert review.gain == pytest.approx(0.75 * perfect, rel=0.25)
    assert review.low < 0.75 * perfect < review.high
    assert any("backwards" in line for line in review.evidence)


def test_an_undecided_review_asks_for_polluted_versions(tmp_path):
    found = advise([planted(tmp_path, {"pruned": (0.4, -0.5, 1.3)})], PRICES)
    review = next(a for a in found.actions if a.kind == "review")

    assert review.verdict == "cannot tell"
    assert "--variants raw,pruned,polluted:5,polluted:10,polluted:20" in review.command


def test_without_any_repair_nobody_knows_what_review_would_bring(tmp_path):
    found = advise([planted(tmp_path, {"augmented": (0.0, -0.1, 0.1)})], PRICES)

    assert found.answer == "cannot tell"
    assert "review doubtful labels" in found.rivals


def test_a_repair_whose_cleaner_saw_the_whole_pool_is_not_advised_and_that_is_said(tmp_path):
    found = advise([planted(tmp_path, {**CLEAN, "pruned@pool": (9.0, 8.0, 10.0)})], PRICES)

    assert not [a for a in found.actions if a.gain and a.gain > 0.085]
    assert any("pruned@pool" in note for note in found.notes)


# -- models ------------------------------------------------------------------------------------------------------------


def test_a_larger_model_is_weighed_by_its_paired_gain_and_the_time_it_takes(tmp_path):
    models = {"mlp": (0.0, 5_000, 1000), "mlp:width=128": (2.0, 20_000, 3000)}
    found = advise([planted(tmp_path, CLEAN, models=models)], PRICES).action("train mlp:width=128 instead of mlp")

    assert found.kind == "grow"
    assert found.gain == pytest.approx(0.02)
    assert 0 < found.low < 0.02 < found.high
    assert found.cost == pytest.approx(2.5 * 72 / 3600)


def test_the_same_model_with_more_steps_is_training_longer(tmp_path):
    models = {"mlp": (0.0, 5_000, 1000), "mlp:epochs=40": (1.0, 5_000, 2000)}
    found = advise([planted(tmp_path, CLEAN, models=models)], PRICES)

    assert found.action("train 2 times as long").kind == "longer"
    assert found.action("train 2 times as long").gain == pytest.approx(0.01)


def test_sizes_and_budgets_that_were_not_measured_are_not_guessed(tmp_path):
    found = advise([planted(tmp_path, CLEAN, models={"mlp": (0.0, 5_000, 1000)})], PRICES)
    grow, longer = found.action("train a larger model"), found.action("train longer")

    assert (grow.gain, longer.gain) == (None, None)
    assert "--models mlp,mlp:width=128" in grow.command
    assert "--models mlp,mlp:epochs=40" in longer.command


def test_models_that_differ_in_the_budget_alone_are_no_larger_models_and_are_not_named_twice(tmp_path):
    models = {"mlp": (0.0, 5_000, 1000), "mlp:budget=steps": (0.0, 5_000, 1000)}
    said = "assay compare a.csv --label b --test c.csv --models mlp --budget both"
    found = advise([planted(tmp_path, CLEAN, models=models, command=said)], PRICES)

    assert "--models mlp,mlp:width=128" in found.action("train a larger model").command


def test_advice_is_on_the_first_model_unless_another_is_named(tmp_path):
    runs = planted(tmp_path, CLEAN, models={"linear": (0.0, 650, 1000), "mlp": (2.0, 5_000, 1000)})

    assert advise([runs], PRICES).model == "linear"
    assert advise([runs], PRICES, model="mlp").accuracy == pytest.approx(1 - falling(8000) + 0.02, abs=0.002)
    with pytest.raises(UnknownName, match="no model 'cnn'"):
        advise([runs], PRICES, model="cnn")


# -- rows --------------------------------------------------------------------------------------------------------------


def test_a_horizon_bounds_how_many_rows_are_collected(tmp_path):
    runs = planted(tmp_path, CLEAN)
    ends = [
        [a.amount for a in advise([runs], PRICES, horizon=h).actions if a.kind == "collect"]
        for h in (8000, 12_000, 20_000)
    ]

    assert ends == [[], [4000], [8000, 12_000]]


def test_a_curve_is_never_followed_beyond_four_times_its_rows(tmp_path):
    found = advise([planted(tmp_path, CLEAN)], PRICES, horizon=100_000)

    assert max(a.amount for a in found.actions if a.kind == "collect") == 24_000
    assert any("32,000" in note for note in found.notes)


def test_of_a_flat_curve_at_a_high_error_nobody_can_tell_and_more_sizes_are_asked_for_since_seeds_are_exact(tmp_path):
    found = advise([planted(tmp_path, CLEAN, error=lambda n: 0.4)], PRICES)
    collect = next(a for a in found.actions if a.kind == "collect")

    assert (collect.verdict, found.answer) == ("cannot tell", "cannot tell")
    assert "--sizes 500,707,1000,1414,2000,2828,4000,5657,8000" in collect.command


def test_where_no_error_is_left_rows_are_not_worth_collecting_even_without_a_curve(tmp_path):
    found = advise([planted(tmp_path, CLEAN, error=lambda n: 0.001, sizes=(2000, 4000, 8000), flagged=0)], PRICES)

    assert next(a for a in found.actions if a.kind == "collect").verdict == "not worth it"


def test_gains_corrected_by_verified_test_rows_count_instead_of_those_seen(tmp_path):
    better = {
        "variant": "reweighted",
        "model": "linear",
        "size": 8000,
        "diff": 0.03,
        "low": 0.02,
        "high": 0.04,
        "verdict": "helps",
    }
    found = advise([planted(tmp_path, CLEAN, corrected={"rows": 300, "contrasts": [better]})], PRICES)

    assert found.action("reweight automatically").gain == 0.03
    assert any("300 verified test rows" in note for note in found.notes)
