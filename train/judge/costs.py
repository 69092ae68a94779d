"""What models cost, whether budgets agree, and what larger models bring: parts of comparison.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from train.comparison import BASELINE, METRICS, Contrast
from train.grid.grid import Cell
from train.grid.ledger import Result

STEPS = ":budget=steps"
COSTS = ("seconds", "repair_seconds", "examples_seen", "steps", "epochs", "parameters")


def costs(
    results: Mapping[Cell, Result], variants: Sequence[str], sizes: Sequence[int], models: Sequence[str], seeds: int
) -> list[dict[str, Any]]:
    """What one training of each variant, model and size took, mean over the seeds that finished: seconds, of training
    and of the repair before it, examples seen, steps, epochs; and the model's parameters."""
    out = []
    for model in models:
        for variant in variants:
            for size in sizes:
                cells = [results[Cell(variant, size, s, model)] for s in range(seeds)]
                records = [c.record for c in cells if not c.failed]
                if records:
                    means = {k: float(np.mean([r[k] for r in records])) for k in COSTS if all(k in r for r in records)}
                    out.append({"variant": variant, "model": model, "size": size, **means})
    return out


def budgets(contrasts: Sequence[Contrast], models: Sequence[str], size: int) -> list[dict[str, Any]]:
    """Where models were trained on both budgets (`NAME` and `NAME:budget=steps`), the verdicts on accuracy at this size
    by each and whether they agree: a repair that drops rows trains for fewer steps when epochs are held equal."""
    found = {
        (c.variant, c.model): c
        for c in contrasts
        if c.metric == METRICS[0] and c.baseline == BASELINE and c.size == size
    }
    out = []
    for (variant, model), by_epochs in found.items():
        by_steps = found.get((variant, model + STEPS))
        if model in models and by_steps is not None:
            out.append(
                {
                    "variant": variant,
                    "model": model,
                    "size": size,
                    "epochs": by_epochs.verdict,
                    "steps": by_steps.verdict,
                    "diff_epochs": by_epochs.diff,
                    "diff_steps": by_steps.diff,
                    "agree": by_epochs.verdict == by_steps.verdict,
                }
            )
    return out
