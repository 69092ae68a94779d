"""What finished cells say: contrasts, points and every further block of a comparison, from results alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.dataset import Dataset
from train.comparison import Contrast, Point
from train.grid.grid import Cell
from train.grid.ledger import Result
from train.judge.breakdown import breakdown, calibration
from train.judge.contrasts import against_control, by_labels, contrasts, points
from train.judge.corrected import by_verified, corrected, corrected_in_words
from train.judge.costs import budgets, costs
from train.judge.growth import growth
from train.judge.model_size import model_size
from train.judge.truth import Verified


@dataclass(frozen=True)
class Conclusions:
    """What goes into a `Comparison`."""

    contrasts: tuple[Contrast, ...]
    """With raw, by every metric; then those of accuracy with the control."""
    points: tuple[Point, ...]
    extra: Mapping[str, Any]
    protocol: Mapping[str, Any]
    """`verified_rows`, and what they corrected."""
    notes: tuple[str, ...]


def conclude(
    results: Mapping[Cell, Result],
    test: Dataset,
    variants: Sequence[str],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
    verified: Verified | None = None,
) -> Conclusions:
    """All that a grid's results say.

    With verified rows the accuracies and the contrasts of accuracy, with raw and with the control, are the corrected
    ones at every size. Curves, exchange rates, breakdown and the other metrics are by the test labels as they are given:
    a curve and the gains that are laid onto it must be of one kind.

    Args:
        results: every cell's.
        test: the test set, its labels numbered as the results' predictions are.
        variants: raw among them.
        sizes: growing.
        models: names.
        seeds: how many.
        verified: adjudicated test rows.
    """
    design = variants, sizes, models, seeds
    seen, where = tuple(contrasts(results, *design)), tuple(points(results, *design))
    judge = by_labels if verified is None else by_verified(verified, test.labels)
    parts = breakdown(results, test, variants, sizes[-1], models, seeds)
    extra: dict[str, Any] = growth(results, seen, *design)
    extra |= {
        "breakdown": [dict(line) for line in parts.lines],
        "calibration": calibration(results, variants, sizes[-1], models, seeds),
        "costs": costs(results, *design),
        "model_size": model_size(results, *design),
    }
    protocol: dict[str, Any] = {"verified_rows": None}
    if verified is not None:
        right = corrected(results, where, verified, test.labels, *design)
        seen, where, extra["corrected"] = right.contrasts, right.points, right.block
        protocol = {"verified_rows": len(verified), "corrected": corrected_in_words(verified)}
    if twice := budgets(seen, models, sizes[-1]):
        extra["budgets"] = twice
    return Conclusions((*seen, *against_control(results, *design, judge)), where, extra, protocol, parts.notes)
