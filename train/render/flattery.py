"""By how much a cleaner that saw the whole pool flatters its repair, against one that saw the draw alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.render import words
from train.comparison import Comparison, Contrast
from train.judge.statistics import FEWEST_SEEDS, over_seeds
from train.render import phrases
from train.render.extra import paired, verified_rows
from train.render.table import lines

CLEAR = ("helps", "hurts")


@dataclass(frozen=True)
class Flattery:
    """One repair at one size, by both cleaners."""

    variant: str
    """The version with the honest cleaner."""
    size: int
    honest: Contrast
    pool: Contrast
    diff: float
    """Accuracy with the whole-pool cleaner less that with the honest one, a share."""
    low: float | None
    """95 % interval over seeds, paired; None with too few, and where differences are corrected."""
    high: float | None

    @property
    def flips(self) -> bool:
        """Whether the two verdicts say opposite things."""
        return {self.honest.verdict, self.pool.verdict} == set(CLEAR)

    @property
    def misleads(self) -> bool:
        """Whether the verdict is another one, and clear with one of the two."""
        clear = self.honest.verdict in CLEAR or self.pool.verdict in CLEAR
        return clear and self.honest.verdict != self.pool.verdict

    @property
    def value(self) -> str:
        """`+3.9`."""
        bounds = (0.0,) if self.low is not None and (self.low > 0 or (self.high or 0) < 0) else ()
        return phrases.signed(self.diff * 100, bounds)

    @property
    def span(self) -> str:
        """`+3.1 to +4.7`; empty without an interval."""
        if self.low is None or self.high is None:
            return ""
        return " to ".join(phrases.signed(x * 100, (0.0,)) for x in (self.low, self.high))

    @property
    def said(self) -> str:
        """What somebody would have believed wrongly; empty when the verdict is the same."""
        return "the sign flips" if self.flips else "another verdict" if self.misleads else ""


def flattery(comparison: Comparison, model: str) -> tuple[tuple[str, tuple[Flattery, ...]], ...]:
    """A block a repair that was trained with both cleaners, a line a size; controls use no labels' cleaner and are
    left out."""
    shown = {line.variant: line for line in lines(comparison, model)}
    out = []
    for variant, line in shown.items():
        twin = shown.get(phrases.own(variant))
        if line.saw_pool and twin is not None and not line.control:
            pairs = zip(twin.contrasts, line.contrasts, strict=True)
            out.append(
                (
                    twin.variant,
                    tuple(_one(comparison, a, b) for a, b in pairs if "failed" not in (a.verdict, b.verdict)),
                )
            )
    return tuple(block for block in out if block[1])


def _one(comparison: Comparison, honest: Contrast, pool: Contrast) -> Flattery:
    by_seed = (
        [] if verified_rows(comparison) else paired(comparison, pool.variant, honest.variant, honest.size, honest.model)
    )
    low = high = None
    if len(by_seed) >= FEWEST_SEEDS:
        low, high = over_seeds(np.array(by_seed)).interval()
    return Flattery(honest.variant, honest.size, honest, pool, pool.diff - honest.diff, low, high)


def remark(comparison: Comparison, model: str) -> str:
    """The worst of it in one sentence, where a verdict is turned first; empty without a whole-pool cleaner."""
    found = [f for _, block in flattery(comparison, model) for f in block]
    if not found:
        return ""
    # a verdict that another cleaner only makes less sure of is no flattery
    worst = max(found, key=lambda f: (f.diff > 0 and f.flips, f.diff > 0 and f.misleads, f.diff))
    doing = phrases.deed(worst.variant).doing
    at = f"at {phrases.rows(worst.size)}"
    if worst.diff <= 0:
        return f"A cleaner that saw the whole pool does not flatter: {at} it changes {doing} by {worst.value} points."
    if worst.flips:
        return (
            f"A cleaner that saw the whole pool turns the verdict: {at} {phrases.does(worst.variant, worst.honest.verdict)} "
            f"({phrases.difference(worst.honest)}), with the whole pool it would seem to "
            f"{worst.pool.verdict.rstrip('s') if worst.pool.verdict == 'helps' else 'hurt'} ({phrases.difference(worst.pool)})."
        )
    turned = f", from “{worst.honest.verdict}” to “{worst.pool.verdict}”" if worst.misleads else ""
    return (
        f"A cleaner that saw the whole pool flatters {doing} by up to {phrases.gain(worst.diff)} points ({at}){turned}."
    )


def totals(comparison: Comparison, model: str) -> str:
    """How many verdicts change, in words."""
    found = [f for _, block in flattery(comparison, model) for f in block]
    flips, misled = sum(f.flips for f in found), sum(f.misleads for f in found)
    told = [words.count(n) if n else "none" for n in (misled, flips)]
    return f"Of {words.plural(len(found), 'verdict')}, {told[0]} would be another one and {told[1]} would have the opposite sign."
