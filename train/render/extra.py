"""The further blocks of a comparison (`Comparison.extra`), each of which may be absent or refused, as the faces read
them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from train.comparison import BASELINE, Comparison, Contrast, Point

ACCURACY = "accuracy"
Entry = Mapping[str, Any]


def entries(comparison: Comparison, block: str, **wanted: object) -> list[Entry]:
    """A block's entries that hold an answer, those alone whose values are the wanted ones."""
    return [e for e in _all(comparison, block, wanted) if not e.get("refused")]


def entry(comparison: Comparison, block: str, **wanted: object) -> Entry | None:
    """The first of them; None without any."""
    return next(iter(entries(comparison, block, **wanted)), None)


def refusals(comparison: Comparison, block: str, **wanted: object) -> dict[str, list[Entry]]:
    """Why a block has no answer: reason to the entries it stands for; the whole block's own refusal stands for none."""
    found = comparison.extra.get(block)
    if isinstance(found, Mapping) and found.get("refused"):
        return {str(found["refused"]): []}
    out: dict[str, list[Entry]] = {}
    for e in _all(comparison, block, wanted):
        if e.get("refused"):
            out.setdefault(str(e["refused"]), []).append(e)
    return out


def _all(comparison: Comparison, block: str, wanted: Mapping[str, object]) -> list[Entry]:
    found = comparison.extra.get(block)
    listed = found if isinstance(found, Sequence) and not isinstance(found, str) else []
    return [e for e in listed if isinstance(e, Mapping) and all(e.get(k) == v for k, v in wanted.items())]


def number(value: object) -> float | None:
    """A finite number, or None."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def sentences(comparison: Comparison, block: str) -> list[str]:
    """A block of sentences."""
    found = comparison.extra.get(block)
    return [str(s) for s in found] if isinstance(found, Sequence) and not isinstance(found, str) else []


# -- test labels -------------------------------------------------------------------------------------------------------


def test_noise(comparison: Comparison) -> str:
    """What is known of wrong labels in the test set, a sentence; empty when nothing is."""
    return str(comparison.protocol.get("test_noise") or "")


def verified_rows(comparison: Comparison) -> int:
    """By how many test rows, checked by people, the differences are corrected; 0 when they are not."""
    found = comparison.extra.get("corrected")
    return int(number(found.get("rows")) or 0) if isinstance(found, Mapping) and not found.get("refused") else 0


def with_corrections(comparison: Comparison) -> Comparison:
    """The comparison with the corrected differences and accuracies in place of those by doubtful test labels.

    A wrong test label pays the model that repeats it, so where both are known the corrected ones decide.
    """
    if not verified_rows(comparison):
        return comparison
    block = comparison.extra["corrected"]
    found = {_key(e): e for e in block.get("contrasts", ())}
    levels = {_key(e): e for e in block.get("accuracy", ())}
    return replace(
        comparison,
        contrasts=tuple(_corrected(c, found) for c in comparison.contrasts),
        points=tuple(_moved(p, levels.get((p.variant, p.model, p.size))) for p in comparison.points),
    )


def _key(e: Entry) -> tuple[Any, Any, Any]:
    return e["variant"], e["model"], e["size"]


def _corrected(c: Contrast, found: Mapping[tuple[Any, Any, Any], Entry]) -> Contrast:
    e = found.get((c.variant, c.model, c.size)) if (c.metric, c.baseline) == (ACCURACY, BASELINE) else None
    if e is None or math.isclose(e["diff"], c.diff, abs_tol=1e-12):
        return c
    told: dict[str, Any] = {k: e.get(k) for k in ("diff", "low", "high", "p", "p_holm", "verdict")}
    return replace(c, **told, smallest_detectable=None, seeds_needed=None)


def _moved(p: Point, e: Entry | None) -> Point:
    if e is None or not p.metrics:
        return p
    metrics, low, high = (
        {**old, ACCURACY: e[k]} for old, k in ((p.metrics, "value"), (p.low, "low"), (p.high, "high"))
    )
    return replace(p, metrics=metrics, low=low, high=high)


def given_difference(comparison: Comparison, c: Contrast) -> float | None:
    """Where a difference was corrected, what it is by the test labels as they are given; None elsewhere."""
    if not verified_rows(comparison) or c.metric != ACCURACY:
        return None
    by_seed = paired(comparison, c.variant, c.baseline, c.size, c.model)
    return sum(by_seed) / len(by_seed) if by_seed else None


def paired(comparison: Comparison, variant: str, other: str, size: int, model: str) -> list[float]:
    """Accuracy of one version less that of another, seed by seed, where both models finished."""
    seen: dict[tuple[str, int], float] = {}
    for cell in comparison.cells:
        value = number((cell.get("metrics") or {}).get(ACCURACY))
        if value is not None and (cell["size"], cell["model"]) == (size, model) and not cell.get("failed"):
            seen[cell["variant"], cell["seed"]] = value
    return [seen[variant, s] - seen[other, s] for v, s in sorted(seen) if v == variant and (other, s) in seen]
