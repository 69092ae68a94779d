"""What a comparison says by the true labels, where a few hundred test rows were verified: the accuracies and the
differences of the labels as given, corrected (`train.judge.truth`).

With verified rows these are the comparison's accuracies and verdicts at every size, since a wrong test label pays the
model that repeats it; the other metrics, the curves and the exchange rates remain those of the labels as given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.dataset import Dataset
from audit.errors import AssayError
from audit.render.words import count, share
from audit.report import Report
from train.comparison import BASELINE, METRICS, Contrast, Point
from train.grid.draws import audited, light
from train.grid.grid import Cell
from train.grid.ledger import Result
from train.judge.contrasts import Judge, Pair, contrasts
from train.judge.statistics import FEWEST_SEEDS, Difference, one_more_row
from train.judge.truth import (
    Verified,
    chosen_in_words,
    corrected_accuracies,
    corrected_differences,
    noise_in_words,
)

ACCURACY = METRICS[0]


@dataclass(frozen=True)
class Corrected:
    """A comparison's contrasts and points with corrected accuracies, in the same order, and what was corrected."""

    contrasts: tuple[Contrast, ...]
    points: tuple[Point, ...]
    block: Mapping[str, Any]
    """`corrected` of comparison.json."""


def by_verified(truth: Verified, labels: np.ndarray) -> Judge:
    """How differences in accuracy are judged by verified rows of a test set with these given labels (T,)."""

    def judge(pairs: Sequence[Pair]) -> list[Difference]:
        predicted = [(_predicted(a), _predicted(b)) for a, b in pairs]
        found = corrected_differences(predicted, labels, truth)
        seen = [np.asarray(a == labels, dtype=float) - (b == labels) for a, b in predicted]
        return [one_more_row(f, d) for f, d in zip(found, seen, strict=True)]

    return judge


def corrected(
    results: Mapping[Cell, Result],
    points: Sequence[Point],
    truth: Verified,
    labels: np.ndarray,
    variants: Sequence[str],
    sizes: Sequence[int],
    models: Sequence[str],
    seeds: int,
) -> Corrected:
    """Contrasts and points by verified rows.

    Args:
        results: every cell's.
        points: those of the labels as given.
        truth: the verified rows.
        labels: (T,) the test set's given class numbers.
        variants: raw among them.
        sizes: growing.
        models: names.
        seeds: how many.
    """
    found = contrasts(results, variants, sizes, models, seeds, by_verified(truth, labels))
    accuracies: dict[tuple[str, int, str], Difference] = {}
    for model in models:
        for size in sizes:
            here = _accuracies(results, truth, labels, variants, size, model, seeds)
            accuracies |= {(v, size, model): a for v, a in here.items()}
    block = {
        "rows": len(truth),
        "noise": truth.noise,
        "contrasts": [_told(c) for c in found if c.metric == ACCURACY],
        "accuracy": [
            {"variant": v, "model": m, "size": n, "value": a.mean, "low": _ends(a)[0], "high": _ends(a)[1]}
            for (v, n, m), a in accuracies.items()
        ],
    }
    moved = [_moved(p, accuracies.get((p.variant, p.size, p.model))) for p in points]
    return Corrected(tuple(found), tuple(moved), block)


def _accuracies(
    results: Mapping[Cell, Result],
    truth: Verified,
    labels: np.ndarray,
    variants: Sequence[str],
    size: int,
    model: str,
    seeds: int,
) -> dict[str, Difference]:
    """Each variant's, over the seeds that raw has too; none of those with fewer than `FEWEST_SEEDS`, whose differences
    are not corrected either."""
    raw = {s: r for s in range(seeds) if not (r := results[Cell(BASELINE, size, s, model)]).failed}
    pairs: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for variant in variants:
        own = {s: r for s in raw if not (r := results[Cell(variant, size, s, model)]).failed}
        if len(own) >= FEWEST_SEEDS:
            pairs[variant] = _predicted(list(own.values())), _predicted([raw[s] for s in own])
    return dict(zip(pairs, corrected_accuracies(list(pairs.values()), labels, truth), strict=True)) if pairs else {}


def _predicted(results: Sequence[Result]) -> np.ndarray:
    return np.stack([r.predicted for r in results])


def _told(contrast: Contrast) -> dict[str, Any]:
    names = ("variant", "model", "size", "diff", "low", "high", "p", "p_holm", "verdict")
    return {name: getattr(contrast, name) for name in names}


def _ends(found: Difference) -> tuple[float, float]:
    low, high = found.interval()
    return max(low, 0.0), min(high, 1.0)


def _moved(point: Point, found: Difference | None) -> Point:
    if found is None:
        return point
    low, high = _ends(found)
    metrics = [
        {**old, ACCURACY: new} for old, new in ((point.metrics, found.mean), (point.low, low), (point.high, high))
    ]
    return replace(point, metrics=metrics[0], low=metrics[1], high=metrics[2])


# -- in words ----------------------------------------------------------------------------------------------------------


def corrected_in_words(truth: Verified) -> str:
    """What verified rows changed, for the protocol."""
    return (
        f"Accuracies, and verdicts on them, are corrected by {count(len(truth))} verified test rows, of which "
        f"{share(truth.noise)} had a wrong label; other metrics, curves and exchange rates are by the labels as given."
    )


def doubts(test: Dataset, vectors: np.ndarray, truth: Verified | None) -> str:
    """What an audit of the test set says of its labels, or of the rows that were verified; '' when there is nothing to
    say.

    Args:
        test: the test set.
        vectors: (T, d) its embeddings.
        truth: the verified rows, if there are.
    """
    report, why = _audited(test, vectors)
    if truth is not None:
        return chosen_in_words(truth, test, report) if report is not None else ""
    if report is None:
        return f"Nobody could check the labels of the test set ({why}); wrong ones make differences look smaller."
    return noise_in_words(report)


def _audited(test: Dataset, vectors: np.ndarray) -> tuple[Report | None, str]:
    try:
        return audited(light(test), vectors, np.arange(len(test)), seed=0).report, ""
    except AssayError as refused:
        return None, str(refused)
