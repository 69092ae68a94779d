"""What automatic repairs would bring."""

from __future__ import annotations

from audit.render import words
from train.advice.actions import Action, make_action
from train.advice.measured import Measured
from train.advice.prices import SECONDS_AN_HOUR, Bill, Prices
from train.advice.readings import extra_seconds, more_seeds, seeds_why, seen, told

REPAIRS = {"pruned": "prune", "relabelled": "relabel", "reweighted": "reweight", "deduplicated": "deduplicate"}


def repair_options(measured: Measured, model: str, prices: Prices) -> list[Action]:
    """Every repair that was compared and whose cleaner saw no more than its draw."""
    return [
        _repair(measured, model, prices, variant)
        for variant in measured.variants
        if (parts := variant.split("+"))[0] in REPAIRS and set(parts[1:]) <= {"augmented"}
        if measured.contrast(variant, model) is not None
    ]


def _repair(measured: Measured, model: str, prices: Prices, variant: str) -> Action:
    contrast = measured.contrast(variant, model) or {}
    base, *more = variant.split("+")
    took = (measured.average(variant, model, "repair_seconds") or 0.0) + extra_seconds(measured, model, variant)
    bill = Bill(0.0) if prices.gpu_hour is None else prices.bill({"gpu_hour": took / SECONDS_AN_HOUR})
    unpriced = "" if prices.gpu_hour is not None else ", which is not counted: gpu_hour has no price"
    return make_action(
        "repair",
        f"{REPAIRS[base]} automatically" + (" and augment" if more else ""),
        model,
        seen(contrast),
        bill,
        measured.delta,
        amount=measured.average(variant, model, "edits"),
        why=seeds_why(contrast),
        command=more_seeds(measured, contrast),
        evidence=(*told(measured, variant, model), f"It takes {words.duration(took)} of computing{unpriced}."),
    )
