"""From finished cells to contrasts with raw, and to the points of each variant's curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from train.comparison import BASELINE, METRICS, Contrast, Judgement, Point
from train.grid import Cell
from train.ledger import Result
from train.statistics import ALPHA, FEWEST_SEEDS, UNTOUCHED, Difference, crossed_shares, holm, over_seeds

DELTA = 0.003
"""Differences of accuracy within this are not worth having."""


def contrasts(
    results: Mapping[Cell, Result], variants: Sequence[str], sizes: Sequence[int], models: Sequence[str], seeds: int
) -> list[Contrast]:
    """Every variant but raw against raw, at every size, with every model, by every metric. At the largest size the
    contrasts of one model by one metric are a family."""
    out = []
    others = [v for v in variants if v != BASELINE]
    for model in models:
        for metric in METRICS:
            for size in sizes:
                found = [_difference(results, v, size, model, metric, seeds) for v in others]
                levels = _levels([d for d, _ in found], corrected=size == sizes[-1])
                out += [
                    _contrast(v, size, model, metric, d, failed, level, seeds)
                    for v, (d, failed), level in zip(others, found, levels, strict=True)
                ]
    return out


def _difference(
    results: Mapping[Cell, Result], variant: str, size: int, model: str, metric: str, seeds: int
) -> tuple[Difference | float | None, int]:
    """The paired difference over the seeds that have both models; only its mean below `FEWEST_SEEDS`, None without
    any; and how many seeds failed. A variant that changed nothing in any draw is raw itself."""
    pairs = [(results[Cell(variant, size, s, model)], results[Cell(BASELINE, size, s, model)]) for s in range(seeds)]
    whole = [(a, b) for a, b in pairs if not a.failed and not b.failed]
    failed = len(pairs) - len(whole)
    if not whole:
        return None, failed
    values = np.array([a.record["metrics"][metric] - b.record["metrics"][metric] for a, b in whole])
    if len(whole) < FEWEST_SEEDS:
        return float(values.mean()), failed
    if all(a.record.get("edits") == 0 and not a.record.get("augmented") for a, _ in whole):
        return replace(UNTOUCHED, seeds=len(whole)), failed
    if metric != "accuracy":
        return over_seeds(values), failed
    return crossed_shares(np.stack([a.correct.astype(float) - b.correct for a, b in whole])), failed


def _levels(found: Sequence[Difference | float | None], *, corrected: bool) -> list[tuple[float | None, float]]:
    """(Holm's p-value, level of the interval) of each; without correction at the smaller sizes."""
    tested = [i for i, d in enumerate(found) if isinstance(d, Difference)]
    out: list[tuple[float | None, float]] = [(None, ALPHA)] * len(found)
    if corrected:
        p_values = [d.p for d in found if isinstance(d, Difference)]
        for i, judged in zip(tested, holm(p_values), strict=True):
            out[i] = (judged.p_holm, judged.alpha)
    return out


def _contrast(
    variant: str,
    size: int,
    model: str,
    metric: str,
    found: Difference | float | None,
    failed: int,
    level: tuple[float | None, float],
    seeds: int,
) -> Contrast:
    if not isinstance(found, Difference):
        verdict: Judgement = "failed" if found is None else "not enough seeds"
        return Contrast(
            variant, BASELINE, size, model, metric, found or 0.0, None, None, None, None, verdict, seeds, failed, None,
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
        variant, BASELINE, size, model, metric, found.mean, low, high, found.p, p_holm, verdict, seeds, failed,
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
