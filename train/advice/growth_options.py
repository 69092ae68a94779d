"""What more rows, augmentation, a larger model or a longer training would bring."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
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
from train.judge.curves import FLOOR, REACH, Curve, Refused
from train.judge.statistics import ALPHA, over_seeds

AUGMENTED = "augmented"
BUDGET = ("epochs", "steps", "fewest_steps")
"""The knobs of a recipe that say how long is trained."""
HALVINGS = 4
"""Sizes for a curve: the largest and so many halvings of it."""


# -- rows --------------------------------------------------------------------------------------------------------------


def collect_options(measured: Measured, model: str, prices: Prices, horizon: int | None) -> list[Action]:
    """To double the rows, and to go as far as the curve reaches or the horizon says; none where that is no further."""
    if horizon is not None and horizon <= measured.rows:
        return []
    curve = measured.raw_curves[model]
    if isinstance(curve, Refused):
        return [_no_curve(measured, model, prices, horizon, curve.why)]
    most = curve.reach[1] if horizon is None else min(horizon, curve.reach[1])
    ends = sorted({round(min(2 * measured.rows, most)), round(min(REACH * measured.rows, most))})
    return [_collect(measured, model, prices, curve, end) for end in ends if end > measured.rows]


def _collect(measured: Measured, model: str, prices: Prices, curve: Curve, end: int) -> Action:
    more = end - measured.rows
    gain = float((curve.laws.errors(measured.rows) - curve.laws.errors(end))[0])
    drawn = curve.draws.errors(measured.rows) - curve.draws.errors(end)
    low, high = np.quantile(drawn, [ALPHA / 2, 1 - ALPHA / 2])
    enough = measured.seeds >= FEWEST_SEEDS
    estimate = Estimate(gain, min(float(low), gain), max(float(high), gain)) if enough else Estimate(gain, None, None)
    now, then = (words.share(1 - float(curve.laws.errors(n)[0]), 1) for n in (measured.rows, end))
    few = f"too few seeds: it takes at least {FEWEST_SEEDS}"
    return make_action(
        "collect",
        f"collect {more:,} more rows",
        model,
        estimate,
        prices.bill({"row": more, "label": more}),
        measured.delta,
        amount=float(more),
        why="the curve's band is too wide" if enough else few,
        command=rerun(measured, _narrower(measured, curve)),
        evidence=(
            f"Forecast: the raw curve goes from {now} at {measured.rows:,} rows to {then} at {end:,}, "
            f"{in_points(estimate)}; fitted to {len(set(curve.sizes))} sizes from {curve.sizes[0]:,.0f} to "
            f"{curve.largest:,.0f} rows.",
            "New rows are taken to be like the old ones, with as many wrong labels.",
        ),
    )


def _narrower(measured: Measured, curve: Curve) -> dict[str, object]:
    """What makes a curve's band narrower: more seeds, until the points are as exact as the law itself; then more sizes."""
    if not measured.seeds >= BETTER_SEEDS or curve.standard_errors[-1] > FLOOR * curve.errors[-1]:
        return {"--seeds": min(MOST_SEEDS, max(BETTER_SEEDS, 2 * measured.seeds))}
    between = [round(math.sqrt(a * b)) for a, b in pairwise(measured.sizes)]
    return {"--sizes": ",".join(map(str, sorted({*measured.sizes, *between})))}


def _no_curve(measured: Measured, model: str, prices: Prices, horizon: int | None, why: str) -> Action:
    error = measured.average(BASELINE, model, "accuracy")
    left = 1.0 if error is None else 1 - error
    halved = [measured.largest >> k for k in range(HALVINGS + 1)]
    sizes = sorted({*measured.sizes, *(n for n in halved if n >= 2 * measured.classes)})
    wanted = (
        {"--sizes": ",".join(map(str, sizes)), "--seeds": max(measured.seeds, BETTER_SEEDS)}
        if sizes != list(measured.sizes)
        else {"--seeds": min(MOST_SEEDS, max(2 * measured.seeds, BETTER_SEEDS))}
    )
    more = (horizon or 2 * measured.rows) - measured.rows
    # where hardly an error is left no curve is needed to see that rows cannot bring what is worth having
    estimate = Estimate(0.0, 0.0, left) if left < measured.delta else None
    return make_action(
        "collect",
        f"collect {more:,} more rows",
        model,
        estimate,
        prices.bill({"row": more, "label": more}),
        measured.delta,
        amount=float(more),
        why=why,
        command=rerun(measured, wanted),
        evidence=(f"No curve: {why}.",),
    )


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
