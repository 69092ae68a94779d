"""What augmentation, a larger model or a longer training would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.render import words
from train.advice.actions import Action, Estimate, make_action
from train.advice.measured import Measured
from train.advice.prices import SECONDS_AN_HOUR, Bill, Prices
from train.advice.readings import (
    BETTER_SEEDS,
    FEWEST_SEEDS,
    MOST_SEEDS,
    extra_seconds,
    in_points,
    more_seeds,
    seeds_why,
    seen,
    told,
)
from train.advice.rerun import listed, models_with, rerun
from train.comparison import BASELINE
from train.judge.statistics import over_seeds

AUGMENTED = "augmented"
BUDGET = ("epochs", "steps", "fewest_steps")
"""The knobs of a recipe that say how long is trained."""


# -- augmentation ------------------------------------------------------------------------------------------------------


def augment_options(measured: Measured, model: str, prices: Prices) -> list[Action]:
    """To augment while training, by the version that did."""
    contrast = measured.contrast(AUGMENTED, model)
    if contrast is None:
        command = rerun(measured, {"--variants": listed(measured.variants, [AUGMENTED])})
        return [_not_measured(measured, "augment", "augment while training", model, "no version augments", command)]
    took = extra_seconds(measured, model, AUGMENTED)
    return [
        make_action(
            "augment",
            "augment while training",
            model,
            seen(contrast),
            prices.bill({"gpu_hour": took / SECONDS_AN_HOUR}),
            measured.delta,
            why=seeds_why(contrast),
            command=more_seeds(measured, contrast),
            evidence=(*told(measured, AUGMENTED, model), _longer(took)),
        )
    ]


def _longer(seconds: float) -> str:
    return f"One training takes {seconds:,.2g} s longer." if seconds else "One training takes no longer."


def _not_measured(measured: Measured, kind: Any, name: str, model: str, why: str, command: str) -> Action:
    return make_action(kind, name, model, None, Bill(None), measured.delta, why=why, command=command)


# -- the model ---------------------------------------------------------------------------------------------------------


def grow_options(measured: Measured, model: str, prices: Prices) -> list[Action]:
    """Each larger model that was measured, against this one, on the raw data; nothing is said of larger ones still."""
    own = measured.average(BASELINE, model, "parameters")
    sizes = {m: measured.average(BASELINE, m, "parameters") for m in measured.models if m != model}
    larger = [
        m
        for m, size in sizes.items()
        if own is not None and size is not None and size > own and _budget(measured, m) == _budget(measured, model)
    ]
    if not larger:
        command = rerun(measured, {"--models": models_with(measured, _suggested_larger(measured, model))})
        why = "no model with more parameters was measured"
        return [_not_measured(measured, "grow", "train a larger model", model, why, command)]
    return [
        _instead(measured, "grow", f"train {m} instead of {model}", model, m, prices,
                 f"{m} has {sizes[m] or 0:,.0f} parameters, {model} has {own or 0:,.0f}. Only these sizes were measured.")
        for m in larger
    ]  # fmt: skip


def longer_options(measured: Measured, model: str, prices: Prices) -> list[Action]:
    """The same model trained longer, where recipes that differ in nothing else were measured."""
    steps = {m: measured.average(BASELINE, m, "steps") for m in measured.models}
    own = steps[model]
    longer = [
        m
        for m, taken in steps.items()
        if taken is not None and own is not None and taken > own and _same_but_budget(measured, model, m)
    ]
    if not longer:
        command = rerun(measured, {"--models": models_with(measured, _suggested_longer(measured, model))})
        why = "no longer training of the same model was measured"
        return [_not_measured(measured, "longer", "train longer", model, why, command)]
    return [
        _instead(measured, "longer", f"train {words.number((steps[m] or 0) / (own or 1))} times as long", model, m, prices,
                 f"{m} takes {steps[m] or 0:,.0f} steps, {model} {own or 0:,.0f}.")
        for m in longer
    ]  # fmt: skip


def _instead(measured: Measured, kind: Any, name: str, model: str, other: str, prices: Prices, about: str) -> Action:
    """Another model on the raw data at the largest size, paired by seed: Student's t over the seeds."""
    own, its = (measured.by_seed(BASELINE, m, "accuracy") for m in (model, other))
    seeds = sorted(set(own) & set(its))
    differences = np.array([its[s] - own[s] for s in seeds])
    if not seeds:
        estimate = None
    elif len(seeds) < FEWEST_SEEDS:
        estimate = Estimate(float(differences.mean()), None, None)
    else:
        estimate = Estimate(float(differences.mean()), *over_seeds(differences).interval())
    times = [measured.average(BASELINE, m, "seconds") or 0.0 for m in (model, other)]
    took = max(0.0, times[1] - times[0])
    told_of = "nothing" if estimate is None else in_points(estimate)
    return make_action(
        kind,
        name,
        model,
        estimate,
        prices.bill({"gpu_hour": took / SECONDS_AN_HOUR}),
        measured.delta,
        why="the interval is too wide"
        if len(seeds) >= FEWEST_SEEDS
        else f"too few seeds: it takes at least {FEWEST_SEEDS}",
        command=rerun(measured, {"--seeds": min(MOST_SEEDS, max(BETTER_SEEDS, 2 * measured.seeds))}),
        evidence=(
            f"Measured: on the raw data at {measured.largest:,} rows {other} changes accuracy by {told_of}, "
            f"{words.plural(len(seeds), 'seed')}.",
            about,
            _longer(took),
        ),
    )


def _budget(measured: Measured, model: str) -> object:
    """What is held equal between versions: passes over the rows, or steps."""
    return measured.recipes.get(model, {}).get("budget")


def _same_but_budget(measured: Measured, model: str, other: str) -> bool:
    one, two = (measured.recipes.get(m, {}) for m in (model, other))
    return bool(one) and _rest(one) == _rest(two)


def _rest(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in recipe.items() if k not in BUDGET}


def _suggested_larger(measured: Measured, model: str) -> str:
    """A model with more parameters by the name that the command line knows: twice the width, or hidden units at all."""
    architecture = model.split(":", maxsplit=1)[0]
    width = measured.recipes.get(model, {}).get("width")
    return "mlp" if architecture == "linear" or not width else _with_knob(model, "width", 2 * width)


def _suggested_longer(measured: Measured, model: str) -> str:
    recipe = measured.recipes.get(model, {})
    if steps := recipe.get("steps"):
        return _with_knob(model, "steps", 2 * steps)
    return _with_knob(model, "epochs", 2 * recipe.get("epochs", 20))


def _with_knob(model: str, knob: str, value: object) -> str:
    """`mlp:lr=1e-3` with one knob set to another value."""
    kept: Sequence[str] = [part for part in model.split(":") if not part.startswith(f"{knob}=")]
    return ":".join([*kept, f"{knob}={value}"])
