"""What more rows would bring and what a repair is worth in rows: the curves of a finished comparison, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from train.comparison import BASELINE, Contrast
from train.curves import Curve, Refused, fit_curve
from train.exchange import exchange
from train.grid import Cell
from train.ledger import Result


def growth(
    results: Mapping[Cell, Result],
    contrasts: Sequence[Contrast],
    variants: Sequence[str],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
) -> dict[str, Any]:
    """`curves`: for each variant and model its fitted curve of error against rows, or why there is none.
    `exchange`: for each contrast of accuracy with an interval, how many raw rows one row of that version equals, or
    why nobody can say."""
    curves = {(v, m): _curve(results, v, sizes, m, seeds) for m in models for v in variants}
    lines = [{"variant": v, "model": m, **_told(c)} for (v, m), c in curves.items()]
    worth = [
        {"variant": c.variant, "size": c.size, "model": c.model, **_worth(curves[BASELINE, c.model], c)}
        for c in contrasts
        if c.metric == "accuracy" and c.low is not None and c.high is not None
    ]
    return {"curves": lines, "exchange": worth}


def _curve(
    results: Mapping[Cell, Result], variant: str, sizes: Sequence[int], model: str, seeds: int
) -> Curve | Refused:
    errors, spreads, used = [], [], []
    for size in sizes:
        cells = [results[Cell(variant, size, s, model)] for s in range(seeds)]
        seen = np.array([1 - c.record["metrics"]["accuracy"] for c in cells if not c.failed])
        if len(seen):
            used.append(size)
            errors.append(float(seen.mean()))
            spreads.append(float(seen.std(ddof=1) / np.sqrt(len(seen))) if len(seen) > 1 else float("nan"))
    return fit_curve(used, errors, spreads)


def _told(curve: Curve | Refused) -> dict[str, Any]:
    return {"refused": curve.why} if isinstance(curve, Refused) else curve.to_dict()


def _worth(raw: Curve | Refused, contrast: Contrast) -> dict[str, Any]:
    if isinstance(raw, Refused):
        return {"refused": raw.why}
    assert contrast.low is not None
    assert contrast.high is not None
    found = exchange(raw, contrast.size, contrast.diff, contrast.low, contrast.high)
    return {"refused": found.why} if isinstance(found, Refused) else asdict(found)
