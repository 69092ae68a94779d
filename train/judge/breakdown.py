"""Where a repair helps and where it hurts: its change in accuracy within every class and every group of the test set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.dataset import Dataset
from audit.render.words import count, plural
from train.comparison import BASELINE
from train.grid.grid import Cell
from train.grid.ledger import Result
from train.grid.metrics import BINS
from train.judge.statistics import FEWEST_SEEDS, Difference, Judged, crossed_shares, holm

MOST_VALUES = 50
"""Classes or groups told of, those with most test rows."""
FEWEST_ROWS = 10
"""With fewer test rows a class gets no interval."""


@dataclass(frozen=True)
class Breakdown:
    """Changes by class and by group."""

    lines: tuple[Mapping[str, Any], ...]
    """`breakdown` of comparison.json."""
    left_out: Mapping[str, int]
    """How many classes and how many groups are not told of."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know of it."""
        names = {"class": ("class", "classes"), "group": ("group", "groups")}
        return tuple(
            f"changes are told of the {count(MOST_VALUES)} {names[by][1]} with most test rows, not of "
            f"{plural(left, *names[by])} more"
            for by, left in self.left_out.items()
            if left
        )


@dataclass(frozen=True, eq=False)
class _Part:
    """The test rows of one class or group."""

    by: str
    value: str
    rows: np.ndarray


def breakdown(
    results: Mapping[Cell, Result],
    test: Dataset,
    variants: Sequence[str],
    size: int,
    models: Sequence[str],
    seeds: int,
) -> Breakdown:
    """Each variant against raw within each class (its recall) and each group of the test set, at one size. Intervals
    cross seeds and the part's rows; the classes of one variant and model are a family (Holm), its groups another.

    Args:
        results: every cell's.
        test: the test set; groups are told of when it has a column of them.
        variants: raw among them.
        size: the largest.
        models: names.
        seeds: how many.
    """
    found = {by: _parts(test, by) for by in ("class", "group")}
    lines: list[dict[str, Any]] = []
    for model in models:
        for variant in (v for v in variants if v != BASELINE):
            pairs = [
                (results[Cell(variant, size, s, model)], results[Cell(BASELINE, size, s, model)]) for s in range(seeds)
            ]
            whole = [(a.correct, b.correct) for a, b in pairs if not a.failed and not b.failed]
            if not whole:
                continue
            own, raw = (np.stack([pair[i] for pair in whole]).astype(float) for i in (0, 1))
            for parts in found.values():
                told = _changes(parts[:MOST_VALUES], own, raw)
                lines += [{**line, "variant": variant, "model": model, "size": size} for line in told]
    return Breakdown(tuple(lines), {by: max(len(parts) - MOST_VALUES, 0) for by, parts in found.items()})


def _parts(test: Dataset, by: str) -> list[_Part]:
    """The classes or groups of the test set, those with most rows first."""
    values, names = test.labels, [str(c) for c in test.classes]
    if by == "group":
        if test.roles.group is None:
            return []
        values, names = _numbered(test.table[test.roles.group].to_numpy())
    rows = [np.flatnonzero(values == k) for k in range(len(names))]
    order = np.argsort([-len(r) for r in rows], kind="stable")
    return [_Part(by, names[k], rows[k]) for k in order if len(rows[k])]


def _numbered(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    names, numbers = np.unique(np.array([str(v) for v in values], dtype=object), return_inverse=True)
    return numbers, names.tolist()


def _changes(parts: Sequence[_Part], own: np.ndarray, raw: np.ndarray) -> Iterator[dict[str, Any]]:
    """A line a part; own and raw are (S, T), whether each model is right on each row."""
    judged = [crossed_shares((own - raw)[:, p.rows]) if _enough(p, own) else None for p in parts]
    levels = iter(holm([d.p for d in judged if d is not None]))
    for part, difference in zip(parts, judged, strict=True):
        line = {
            "by": part.by,
            "value": part.value,
            "rows": len(part.rows),
            "baseline": float(raw[:, part.rows].mean()),
            "accuracy": float(own[:, part.rows].mean()),
            "diff": float((own - raw)[:, part.rows].mean()),
        }
        yield {**line, **_interval(difference, next(levels) if difference is not None else None)}


def _enough(part: _Part, own: np.ndarray) -> bool:
    return len(part.rows) >= FEWEST_ROWS and len(own) >= FEWEST_SEEDS


def _interval(difference: Difference | None, judged: Judged | None) -> dict[str, float | None]:
    if difference is None or judged is None:
        return {"low": None, "high": None, "p_holm": None}
    low, high = difference.interval(judged.alpha)
    return {"low": max(low, -1.0), "high": min(high, 1.0), "p_holm": judged.p_holm}


def calibration(
    results: Mapping[Cell, Result], variants: Sequence[str], size: int, models: Sequence[str], seeds: int
) -> list[dict[str, Any]]:
    """A reliability diagram of each variant and model at one size, its models of all seeds together: for every bin of
    confidence that has rows their mean confidence, their accuracy and how many they are."""
    out = []
    for model in models:
        for variant in variants:
            cells = [results[Cell(variant, size, s, model)] for s in range(seeds)]
            sums = [c.record["reliability"] for c in cells if not c.failed]
            rows, confident, right = np.sum(sums, axis=0).T if sums else np.zeros((3, BINS))
            bins = [
                {
                    "confidence": float(confident[k] / rows[k]),
                    "accuracy": float(right[k] / rows[k]),
                    "rows": int(rows[k]),
                }
                for k in np.flatnonzero(rows)
            ]
            out.append({"variant": variant, "model": model, "size": size, "bins": bins})
    return out
