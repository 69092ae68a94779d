"""What every face shows of a comparison: for each model a line a version, the control last."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from train.comparison import BASELINE, CONTROL, Comparison, Contrast, Point
from train.render import phrases

ORACLE = "oracle"
STEPS = ":budget=steps"
"""Ends the name of a model that was trained a second time, on equal steps."""


@dataclass(frozen=True)
class Line:
    """One version against the raw data, with one model."""

    variant: str
    contrasts: tuple[Contrast, ...]
    """One a size, smallest first."""

    @property
    def last(self) -> Contrast:
        """The contrast at the largest size, on which the verdict rests."""
        return self.contrasts[-1]

    @property
    def control(self) -> bool:
        """Whether this is the control, which drops rows at random."""
        return phrases.base(self.variant) == CONTROL

    @property
    def known_truth(self) -> bool:
        """Whether this had the true labels: a ceiling, which nobody could choose."""
        return phrases.base(self.variant) == ORACLE

    @property
    def saw_pool(self) -> bool:
        """Whether its cleaner saw the whole pool, which nobody with so few rows has."""
        return phrases.saw_pool(self.variant)

    @property
    def polluted(self) -> bool:
        """Whether labels were made wrong on purpose."""
        return phrases.polluted(self.variant)

    @property
    def to_choose(self) -> bool:
        """Whether somebody could choose it."""
        return not (self.control or self.known_truth or self.saw_pool or self.polluted)

    @property
    def role(self) -> str:
        """What a version that nobody would choose is there for; empty for the others."""
        if self.control:
            return "control: drops as many rows at random"
        if self.saw_pool:
            return "flatters: not to be had with so few rows"
        if self.polluted:
            return "made worse on purpose"
        return "ceiling: the true labels, which you do not have" if self.known_truth else ""

    @property
    def failures(self) -> tuple[Contrast, ...]:
        """The contrasts whose means miss models that failed."""
        return tuple(c for c in self.contrasts if c.failed)


def lines(comparison: Comparison, model: str, metric: str = "accuracy") -> tuple[Line, ...]:
    """A line a version in the order asked for, then those that nobody would choose: true labels, the control, versions
    made worse on purpose, versions whose cleaner saw the whole pool. Without a contrast at a size, a version is left out.
    """
    found = {
        (c.variant, c.size): c
        for c in comparison.contrasts
        if c.model == model and c.metric == metric and c.baseline == BASELINE and c.variant != BASELINE
    }
    wanted = sorted((v for v in comparison.variants if v != BASELINE), key=_place)
    rows = [(v, tuple(found[v, s] for s in comparison.sizes if (v, s) in found)) for v in wanted]
    return tuple(Line(v, contrasts) for v, contrasts in rows if len(contrasts) == len(comparison.sizes))


def _place(variant: str) -> int:
    place = {ORACLE: 1, CONTROL: 2}.get(phrases.base(variant), 3 if phrases.polluted(variant) else 0)
    return place + 4 * phrases.saw_pool(variant)


def treatments(comparison: Comparison, model: str) -> tuple[Line, ...]:
    """The lines one could choose: no control, no true labels, no cleaner that saw the whole pool, nothing polluted."""
    return tuple(line for line in lines(comparison, model) if line.to_choose)


def point(comparison: Comparison, variant: str, size: int, model: str) -> Point | None:
    """Where a curve passes, if any of its models finished."""
    same = (p for p in comparison.points if (p.variant, p.size, p.model) == (variant, size, model))
    return next(same, None)


def mean(found: Point | None, metric: str = "accuracy") -> float | None:
    """A point's value of a metric; None where there is none."""
    value = None if found is None else found.metrics.get(metric)
    return None if value is None or not math.isfinite(value) else value


def best_model(comparison: Comparison) -> str:
    """The model that does best on the raw data at the largest size, the first of equals.

    Chosen by the raw data, so that no treatment picks the model it is judged by; not among those trained a second time
    on equal steps.
    """

    def raw(model: str) -> float:
        value = mean(point(comparison, BASELINE, comparison.sizes[-1], model))
        return -math.inf if value is None else value

    own = [m for m in comparison.models if not m.endswith(STEPS) or m.removesuffix(STEPS) not in comparison.models]
    return max(own, key=raw)


def failures(comparison: Comparison) -> Mapping[str, int]:
    """Why models failed, and how many did for each reason; commonest first."""
    counts: dict[str, int] = {}
    for cell in comparison.cells:
        why = cell.get("failed")
        if why:
            said = why if isinstance(why, str) else "no reason was kept"
            counts[said] = counts.get(said, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def failed_words(comparison: Comparison, line: Line) -> str:
    """`3 of 8 models failed at 4,000 rows, 1 of 8 models failed at 16,000 rows`; empty when all finished."""
    return ", ".join(
        f"{phrases.failed_models(c.failed, comparison.seeds)} at {phrases.rows(c.size)}" for c in line.failures
    )
