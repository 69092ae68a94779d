"""What more rows would bring, or what it takes to tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np

from audit.render import words
from train.advice.actions import Action, Estimate, make_action
from train.advice.measured import Measured
from train.advice.prices import Prices
from train.advice.readings import BETTER_SEEDS, FEWEST_SEEDS, MOST_SEEDS, in_points
from train.advice.rerun import rerun
from train.comparison import BASELINE
from train.grid.draws import FEWEST_OF_A_CLASS
from train.judge.curves import FEWEST_RANGE, FEWEST_SIZES, FLOOR, REACH, Curve, Refused
from train.judge.statistics import ALPHA

HALVINGS = 4
"""Sizes for a curve: the largest and so many halvings of it."""


def collect_options(measured: Measured, model: str, prices: Prices, horizon: int | None) -> list[Action]:
    """To double the rows, and to go as far as the curve reaches or the horizon says; none where that is no further."""
    if horizon is not None and horizon <= measured.rows:
        return []
    curve = measured.raw_curves[model]
    if isinstance(curve, Refused):
        return [_no_curve(measured, model, prices, horizon, curve.why)]
    if curve.reach[1] <= measured.rows:
        reached = f"{curve.reach[1]:,.0f} rows, {REACH:g} times the most compared"
        why = f"a curve is followed to {reached}, and there are {measured.rows:,}"
        return [_no_curve(measured, model, prices, horizon, why)]
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
    forecast = (
        f"Forecast: the raw curve goes from {now} at {measured.rows:,} rows to {then} at {end:,}, "
        f"{in_points(estimate)}; fitted to {len(set(curve.sizes))} sizes from {curve.sizes[0]:,.0f} to "
        f"{curve.largest:,.0f} rows."
    )
    alike = "New rows are taken to be like the old ones, with as many wrong labels."
    return _rows(
        measured,
        model,
        prices,
        more,
        estimate,
        why="the curve's band is too wide" if enough else few,
        command=rerun(measured, _narrower(measured, curve)),
        evidence=(forecast, alike),
    )


def _rows(measured: Measured, model: str, prices: Prices, more: int, estimate: Estimate | None, **said: Any) -> Action:
    """So many more rows, each of them labelled."""
    bill = prices.bill({"row": more, "label": more})
    name = f"collect {more:,} more rows"
    return make_action("collect", name, model, estimate, bill, measured.delta, amount=float(more), **said)


def _narrower(measured: Measured, curve: Curve) -> dict[str, object]:
    """What makes a curve's band narrower: more seeds, until the points are as exact as the law itself; then more sizes."""
    noisy = curve.standard_errors[-1] > FLOOR * curve.errors[-1]
    if measured.seeds < BETTER_SEEDS or (noisy and measured.seeds < MOST_SEEDS):
        return {"--seeds": min(MOST_SEEDS, max(BETTER_SEEDS, 2 * measured.seeds))}
    between = [round(math.sqrt(a * b)) for a, b in pairwise(measured.sizes)]
    return {"--sizes": ",".join(map(str, sorted({*measured.sizes, *between})))}


def _no_curve(measured: Measured, model: str, prices: Prices, horizon: int | None, why: str) -> Action:
    error = measured.average(BASELINE, model, "accuracy")
    left = 1.0 if error is None else 1 - error
    more = (horizon or 2 * measured.rows) - measured.rows
    # where hardly an error is left no curve is needed to see that rows cannot bring what is worth having
    estimate = Estimate(0.0, 0.0, left) if left < measured.delta else None
    sizes = _sizes_for_a_curve(measured)
    if not sizes:
        fewest = round(FEWEST_RANGE * _fewest_drawn(measured))
        why = f"{why}; of {measured.classes:,} classes one takes at least {fewest:,} rows"
    command = _to_draw_one(measured, sizes)
    return _rows(measured, model, prices, more, estimate, why=why, command=command, evidence=(f"No forecast: {why}.",))


def _to_draw_one(measured: Measured, sizes: Sequence[int]) -> str:
    """The command after which there may be a curve: with these sizes, or with more seeds where they are measured."""
    if sizes and sizes != measured.sizes:
        seeds = max(measured.seeds, BETTER_SEEDS)
        return rerun(measured, {"--sizes": ",".join(map(str, sizes)), "--seeds": seeds})
    seeds = min(MOST_SEEDS, max(2 * measured.seeds, BETTER_SEEDS))
    return rerun(measured, {"--seeds": seeds}) if sizes and seeds > measured.seeds else ""


def _sizes_for_a_curve(measured: Measured) -> tuple[int, ...]:
    """The sizes measured, and those that a curve lacks which goes beyond the rows there are; none where these are too
    few for one. The largest is kept where it can be, and halved; where that comes to draws too small to audit, the
    sizes lie as close together as a curve allows."""
    reaches = REACH * measured.largest > measured.rows
    if reaches and len(measured.sizes) >= FEWEST_SIZES and measured.largest >= FEWEST_RANGE * measured.sizes[0]:
        return measured.sizes
    tops = (measured.largest, measured.rows) if reaches else (-(-measured.rows // 2), measured.rows)
    for top, step in product(tops, (2.0, FEWEST_RANGE ** (1 / HALVINGS))):
        wanted = [int(top / step**k) for k in range(HALVINGS + 1)]
        if wanted[-1] >= _fewest_drawn(measured):
            return tuple(sorted({*measured.sizes, *wanted}))
    return ()


def _fewest_drawn(measured: Measured) -> int:
    """Of the smallest draw: rows of a class to audit, for each class."""
    return FEWEST_OF_A_CLASS * measured.classes
