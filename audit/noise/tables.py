"""What the pages show of the labels as a whole: class by class, which is taken for which, how scores are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.noise.judge import Judged
from audit.noise.rate import widened
from audit.statistics import wilson

MATRIX_CLASSES = 20
PAIRS = 15
BINS = 20


def tables(said: Judged, labels: np.ndarray, classes: Sequence[Any]) -> dict[str, Any]:
    """All of them, as JSON values."""
    return {
        "classes": list(classes),
        "per_class": _per_class(said, labels, classes),
        **_pairs(said, labels, classes),
        **_histogram(said),
    }


def _per_class(said: Judged, labels: np.ndarray, classes: Sequence[Any]) -> list[dict[str, Any]]:
    """A line a class: its rows, flags and wrong labels, and what is expected of the flags."""
    rows = np.bincount(labels, minlength=len(classes))
    wrong = said.pairs.sum(axis=1)
    lines = []
    for k, name in enumerate(classes):
        mine = labels == k
        rate = min(1.0, float(wrong[k]) / rows[k]) if rows[k] else 0.0
        low, high = _interval(said, rate, int(rows[k]))
        here = said.of(mine)
        lines.append(
            {
                "class": name,
                "rows": int(rows[k]),
                "flagged": int((mine & said.flagged).sum()),
                "count": round(float(wrong[k])),
                "rate": rate,
                "rate_low": low,
                "rate_high": high,
                "expected_precision": here.precision,
                "expected_recall": here.recall,
            }
        )
    return lines


def _interval(said: Judged, rate: float, rows: int) -> tuple[float, float]:
    """The data's own interval moved to the class's rate, as odds, and widened by the sampling error of the class's rows:
    what the views cannot see is taken to be alike in all classes."""
    if not rows:
        return 0.0, 1.0
    if said.wrong is None:
        return wilson(round(rate * rows), rows)
    low, high = min(rate, moved(rate, said.rate, said.rate_low)), max(rate, moved(rate, said.rate, said.rate_high))
    return widened(low, high, rows)


def moved(rate: float, centre: float, end: float) -> float:
    """What `rate` becomes when its odds are multiplied as those of `centre` are to become those of `end`."""
    if not 0 < centre < 1 or not 0 < rate < 1:
        return rate if rate > 0 else end
    if end >= 1:
        return 1.0
    odds = rate / (1 - rate) * (end / (1 - end)) / (centre / (1 - centre))
    return odds / (1 + odds)


def _pairs(said: Judged, labels: np.ndarray, classes: Sequence[Any]) -> Mapping[str, Any]:
    """The commonest mix-ups by expected number, with the flags among them; all flags by pair where classes are few."""
    k = len(classes)
    flags = np.zeros((k, k), dtype=int)
    np.add.at(flags, (labels[said.flagged], said.suggested[said.flagged]), 1)
    order = np.argsort(-said.pairs, axis=None, kind="stable")[:PAIRS]
    scale = (said.rate_low / said.rate, said.rate_high / said.rate) if said.rate > 0 else (1.0, 1.0)
    lines = [
        {
            "given": classes[a],
            "suggested": classes[b],
            "count": round(float(said.pairs[a, b]), 1),
            "low": round(float(said.pairs[a, b]) * scale[0], 1),
            "high": round(float(said.pairs[a, b]) * scale[1], 1),
            "flagged": int(flags[a, b]),
        }
        for a, b in zip(*np.unravel_index(order, said.pairs.shape), strict=True)
        if said.pairs[a, b] >= 0.5 or flags[a, b]
    ]
    return {"pairs": lines, **({"confusion": flags.tolist()} if k <= MATRIX_CLASSES else {})}


def _histogram(said: Judged) -> Mapping[str, Any]:
    edges = np.linspace(0, 1, BINS + 1)
    fine, bad = (np.histogram(said.score[mask], edges)[0].tolist() for mask in (~said.flagged, said.flagged))
    return {"histogram": {"edges": [round(float(e), 4) for e in edges], "fine": fine, "flagged": bad}}
