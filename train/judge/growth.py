"""What more rows would bring, what a repair is worth in rows and what wrong labels cost: the curves of a finished
comparison, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from train.comparison import BASELINE, Contrast
from train.grid.grid import Cell
from train.grid.ledger import Result
from train.grid.pollution import PREFIX, percent_of
from train.grid.variants import ORACLE
from train.judge.curves import REACH, Curve, Refused, fit_curve
from train.judge.exchange import SurfacePoint, exchange, fit_surface

INSIDE, BEYOND = 24, 13
"""Points of a drawn curve: from the smallest size to the largest, and on to `REACH` times that."""
LEVEL = 0.8


def growth(
    results: Mapping[Cell, Result],
    contrasts: Sequence[Contrast],
    variants: Sequence[str],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
) -> dict[str, Any]:
    """`curves`: for each variant and model its fitted curve of error against rows and where it passes with its band, or
    why there is none. `exchange`: for each contrast of accuracy with raw that has an interval, how many raw rows one row
    of that version equals, or why nobody can say. `surface`: for each model what wrong labels cost, or why nobody can
    say.

    Contrasts, like the curves, are those by the test labels as they are given.
    """
    measured = {(v, m): errors(results, v, sizes, m, seeds) for m in models for v in variants}
    curves = {key: fit_curve(*points) for key, points in measured.items()}
    lines = [{"variant": v, "model": m, **_told(c)} for (v, m), c in curves.items()]
    worth = [
        {"variant": c.variant, "size": c.size, "model": c.model, **_worth(curves[BASELINE, c.model], c)}
        for c in contrasts
        if c.metric == "accuracy" and c.baseline == BASELINE and c.low is not None and c.high is not None
    ]
    surfaces = [{"model": m, **_surface(results, variants, sizes, m, seeds)} for m in models]
    return {"curves": lines, "exchange": worth, "surface": surfaces}


def errors(
    results: Mapping[Cell, Result], variant: str, sizes: Sequence[int], model: str, seeds: int
) -> tuple[list[int], list[float], list[float]]:
    """The sizes at which any model finished, their mean errors and the standard errors of those, NaN with one seed."""
    used, means, spreads = [], [], []
    for size in sizes:
        cells = [results[Cell(variant, size, s, model)] for s in range(seeds)]
        seen = np.array([1 - c.record["metrics"]["accuracy"] for c in cells if not c.failed])
        if len(seen):
            used.append(size)
            means.append(float(seen.mean()))
            spreads.append(float(seen.std(ddof=1) / np.sqrt(len(seen))) if len(seen) > 1 else float("nan"))
    return used, means, spreads


def _told(curve: Curve | Refused) -> dict[str, Any]:
    if isinstance(curve, Refused):
        return {"refused": curve.why}
    return {**curve.to_dict(), "level": LEVEL, "beyond": _drawn(curve)}


def _drawn(curve: Curve) -> list[dict[str, float]]:
    """Where the curve passes and between what, from the smallest size to `REACH` times the largest."""
    inside = np.geomspace(curve.sizes[0], curve.largest, INSIDE)
    out = []
    for n in [*inside[:-1].tolist(), *np.geomspace(curve.largest, REACH * curve.largest, BEYOND).tolist()]:
        error, band = curve.at(n), curve.band(n, LEVEL)
        if not isinstance(error, Refused) and not isinstance(band, Refused):
            out.append({"rows": n, "error": error, "low": band[0], "high": band[1]})
    return out


def _worth(raw: Curve | Refused, contrast: Contrast) -> dict[str, Any]:
    if isinstance(raw, Refused):
        return {"refused": raw.why}
    assert contrast.low is not None
    assert contrast.high is not None
    found = exchange(raw, contrast.size, contrast.diff, contrast.low, contrast.high)
    return {"refused": found.why} if isinstance(found, Refused) else asdict(found)


# -- what wrong labels cost --------------------------------------------------------------------------------------------


def _surface(
    results: Mapping[Cell, Result], variants: Sequence[str], sizes: Sequence[int], model: str, seeds: int
) -> dict[str, Any]:
    """The surface over the variants whose share of wrong labels is known and whose rows are otherwise raw's. A repair's
    rows are not: what it leaves wrong is what was hard to see."""
    known, true = _rates(results, variants, sizes, model, seeds)
    points = []
    for variant, rate in known.items():
        points += [
            SurfacePoint(n, rate, e, s) for n, e, s in zip(*errors(results, variant, sizes, model, seeds), strict=True)
        ]
    found = fit_surface(points)
    if isinstance(found, Refused):
        return {"refused": _with_a_remedy(found.why, known)}
    of = "labels that are wrong" if true else "labels made wrong beside those that were"
    return {**found.to_dict(), "from": list(known), "noise_of": of}


def _rates(
    results: Mapping[Cell, Result], variants: Sequence[str], sizes: Sequence[int], model: str, seeds: int
) -> tuple[dict[str, float], bool]:
    """The share of wrong labels of raw, polluted and oracle rows, and whether it is all of them. Where the true labels are not known, of polluted rows
    beside raw's own, and raw's is 0: since 1 - r of both together is the product of 1 - r of each, a rate r that all have
    makes each row worth (1 - r)^g, which is a part of the law's a, and g is what it is."""
    cells = {v: [results[Cell(v, n, s, model)] for n in sizes for s in range(seeds)] for v in variants}
    shares = {v: [c.record.get("noise") for c in found if not c.failed] for v, found in cells.items() if _usable(v)}
    if all(n is not None for found in shares.values() for n in found):
        return {v: float(np.mean([float(n or 0) for n in found])) for v, found in shares.items() if found}, True
    return {v: (percent_of(v) or 0.0) / 100 for v, found in shares.items() if found and v != ORACLE}, False


def _usable(variant: str) -> bool:
    return variant in (BASELINE, ORACLE) or (variant.startswith(PREFIX) and "+" not in variant)


def _with_a_remedy(why: str, known: Mapping[str, float]) -> str:
    if len(set(known.values())) >= 3:
        return why
    return f"{why}; versions {PREFIX}10 and {PREFIX}20 would add two"
