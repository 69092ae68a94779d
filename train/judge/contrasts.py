"""From finished cells to contrasts with raw and with the control, and to the points of each variant's curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from train.comparison import BASELINE, METRICS, Contrast, Judgement, Point
from train.grid.grid import Cell
from train.grid.ledger import Result
from train.judge.intervals import family
from train.judge.statistics import ALPHA, FEWEST_SEEDS, UNTOUCHED, Difference, holm, one_more_row, over_seeds

DELTA = 0.003
"""Differences of accuracy within this are not worth having."""
CONTROLLED = "random-"
"""Before a variant's name: its control."""

Pair = tuple[Sequence[Result], Sequence[Result]]
"""A variant's results and its baseline's, seed by seed."""
Judge = Callable[[Sequence[Pair]], list[Difference]]
"""From pairs over the same seeds to their differences in accuracy: a family, judged together."""
Found = Difference | float | None
"""A difference, or only its mean below `FEWEST_SEEDS`, or None where no seed has both models."""


def by_labels(pairs: Sequence[Pair]) -> list[Difference]:
    """The differences in accuracy against the test labels as they are given, crossing seeds and test rows; what seeds
    matter is judged over all pairs together (`train.judge.intervals`)."""
    matrices = [np.stack([a.correct.astype(float) - b.correct for a, b in zip(*p, strict=True)]) for p in pairs]
    return [one_more_row(found, m) for found, m in zip(family(matrices), matrices, strict=True)]


def contrasts(
    results: Mapping[Cell, Result],
    variants: Sequence[str],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
    judge: Judge = by_labels,
) -> list[Contrast]:
    """Every variant but raw against raw, at every size, with every model, by every metric. At the largest size the
    contrasts of one model by one metric are a family (Holm).

    Args:
        results: every cell's.
        variants: raw among them.
        sizes: growing.
        models: names.
        seeds: how many.
        judge: how differences in accuracy are judged; the other metrics are judged over seeds alone.
    """
    pairs = [(v, BASELINE) for v in variants if v != BASELINE]
    return _contrasts(results, pairs, sizes, models, seeds, METRICS, judge)


def against_control(
    results: Mapping[Cell, Result],
    variants: Sequence[str],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
    judge: Judge = by_labels,
) -> list[Contrast]:
    """The accuracy of every variant against that of its control, where it has one: as many rows dropped at random as
    the cleaner dropped. A family (Holm) of its own at the largest size."""
    pairs = [(v, CONTROLLED + v) for v in variants if CONTROLLED + v in variants]
    return _contrasts(results, pairs, sizes, models, seeds, METRICS[:1], judge)


def _contrasts(
    results: Mapping[Cell, Result],
    pairs: Sequence[tuple[str, str]],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
    metrics: Sequence[str],
    judge: Judge,
) -> list[Contrast]:
    out = []
    for model in models:
        for metric in metrics:
            for size in sizes:
                whole = [_whole(results, pair, size, model, seeds) for pair in pairs]
                found = _differences(whole, metric, judge)
                levels = _levels(found, corrected=size == sizes[-1])
                out += [
                    _contrast(pair, size, model, metric, d, seeds - len(had), level, seeds)
                    for pair, d, had, level in zip(pairs, found, whole, levels, strict=True)
                ]
    return out


def _whole(
    results: Mapping[Cell, Result], pair: tuple[str, str], size: int, model: str, seeds: int
) -> dict[int, tuple[Result, Result]]:
    """The seeds that have both models, and those."""
    both = {s: (results[Cell(pair[0], size, s, model)], results[Cell(pair[1], size, s, model)]) for s in range(seeds)}
    return {s: (a, b) for s, (a, b) in both.items() if not a.failed and not b.failed}


def _differences(whole: Sequence[Mapping[int, tuple[Result, Result]]], metric: str, judge: Judge) -> list[Found]:
    """Each pair's difference. A variant that changed nothing in any draw is its baseline itself; of the others, those
    whose models all finished for the same seeds are judged together."""
    out: list[Found] = []
    families: dict[tuple[int, ...], list[int]] = {}
    for i, pairs in enumerate(whole):
        values = np.array([a.record["metrics"][metric] - b.record["metrics"][metric] for a, b in pairs.values()])
        if len(pairs) < FEWEST_SEEDS:
            out.append(float(values.mean()) if len(pairs) else None)
        elif all(_untouched(a) and _untouched(b, default=0) for a, b in pairs.values()):
            out.append(UNTOUCHED)
        else:
            out.append(over_seeds(values))
            families.setdefault(tuple(pairs), []).append(i)
    for members in families.values() if metric == "accuracy" else ():
        judged = judge([([a for a, _ in whole[i].values()], [b for _, b in whole[i].values()]) for i in members])
        for i, difference in zip(members, judged, strict=True):
            out[i] = difference
    return out


def _untouched(result: Result, default: int | None = None) -> bool:
    return result.record.get("edits", default) == 0 and not result.record.get("augmented")


def _levels(found: Sequence[Found], *, corrected: bool) -> list[tuple[float | None, float]]:
    """(Holm's p-value, level of the interval) of each; without correction at the smaller sizes."""
    tested = [i for i, d in enumerate(found) if isinstance(d, Difference)]
    out: list[tuple[float | None, float]] = [(None, ALPHA)] * len(found)
    if corrected:
        p_values = [d.p for d in found if isinstance(d, Difference)]
        for i, judged in zip(tested, holm(p_values), strict=True):
            out[i] = (judged.p_holm, judged.alpha)
    return out


def _contrast(
    pair: tuple[str, str],
    size: int,
    model: str,
    metric: str,
    found: Found,
    failed: int,
    level: tuple[float | None, float],
    seeds: int,
) -> Contrast:
    if not isinstance(found, Difference):
        verdict: Judgement = "failed" if found is None else "not enough seeds"
        return Contrast(
            *pair, size, model, metric, found or 0.0, None, None, None, None, verdict, seeds, failed, None,
            FEWEST_SEEDS,
        )  # fmt: skip
    p_holm, alpha = level
    # two shares are never further apart than 1
    most = math.inf if metric == "log_loss" else 1.0
    low, high = (min(max(end, -most), most) for end in found.interval(alpha))
    verdict = _verdict(low, high, metric)
    worth = DELTA if metric == "accuracy" else 0.0
    needed = found.seeds_needed(alpha, worth) if verdict == "cannot tell" else None
    return Contrast(
        *pair, size, model, metric, found.mean, low, high, found.p, p_holm, verdict, seeds, failed,
        min(found.smallest_detectable(alpha), most), needed,
    )  # fmt: skip


def _verdict(low: float, high: float, metric: str) -> Judgement:
    if low == high == 0:
        return "no difference"
    better, worse = ("hurts", "helps") if metric in ("log_loss", "calibration_error") else ("helps", "hurts")
    if low > 0:
        return better  # type: ignore[return-value]
    if high < 0:
        return worse  # type: ignore[return-value]
    if metric == "accuracy" and low >= -DELTA and high <= DELTA:
        return "no difference"
    return "cannot tell"


def points(
    results: Mapping[Cell, Result], variants: Sequence[str], sizes: Sequence[int], models: Sequence[str], seeds: int
) -> list[Point]:
    """Where each variant's curve passes."""
    out = []
    for model in models:
        for variant in variants:
            for size in sizes:
                cells = [results[Cell(variant, size, s, model)] for s in range(seeds)]
                out.append(_point(variant, size, model, [c for c in cells if not c.failed]))
    return out


def _point(variant: str, size: int, model: str, cells: Sequence[Result]) -> Point:
    if not cells:
        return Point(variant, size, model, 0.0, {}, {}, {})
    mean, low, high = {}, {}, {}
    for metric in METRICS:
        values = np.array([c.record["metrics"][metric] for c in cells])
        mean[metric] = float(values.mean())
        ends = over_seeds(values).interval() if len(values) > 1 else (mean[metric], mean[metric])
        low[metric], high[metric] = ends
    return Point(variant, size, model, float(np.mean([c.record["rows"] for c in cells])), mean, low, high)
