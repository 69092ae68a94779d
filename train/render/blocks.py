"""What the page shows beyond verdicts and curves, where it was measured: for one model, ready for the templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audit.render import words
from train.comparison import BASELINE, Comparison
from train.render import extra, phrases, worth
from train.render.calibration import Reliability, reliability
from train.render.changes import Changes, changes
from train.render.costs import Budget, budgets, cost_rows, heads
from train.render.flattery import Flattery, flattery, totals
from train.render.growth_charts import Forecast, forecast_rows, forecasts
from train.render.model_size import Sized, size_panels
from train.render.remarks import told_first, why_no_forecast
from train.render.table import Line, treatments

MOST_FOLDED = 6
"""Versions whose classes and confidence are told beside the first one's."""


@dataclass(frozen=True)
class Blocks:
    """One model's further blocks; each is empty where nothing was measured."""

    forecast_rows: tuple[int, ...]
    forecasts: tuple[Forecast, ...]
    no_forecast: tuple[tuple[str, str], ...]
    rates: Markup
    rates_said: tuple[str, ...]
    rates_refused: tuple[str, ...]
    noise_cost: str
    noise_refused: str
    flattery: tuple[tuple[str, tuple[Flattery, ...]], ...]
    flattery_said: str
    changes: tuple[Changes, ...]
    reliability: tuple[Reliability, ...]
    cost_heads: tuple[str, ...]
    costs: tuple[tuple[str, list[str]], ...]
    budgets: tuple[Budget, ...]
    sizes: tuple[tuple[Sized, Markup], ...]


def blocks(comparison: Comparison, model: str) -> Blocks:
    """All of them, for the model that the verdict is about."""
    first = in_turn(comparison, model)
    return Blocks(
        forecast_rows=forecast_rows(comparison),
        forecasts=forecasts(comparison, model),
        no_forecast=tuple(why_no_forecast(comparison, model)),
        rates=worth.chart(comparison, model),
        rates_said=tuple(rates_said(comparison, model, [x.variant for x in first])),
        rates_refused=tuple(_rates_refused(comparison, model)),
        noise_cost=worth.noise_cost(comparison, model),
        noise_refused=_reason(comparison, "surface", model),
        flattery=flattery(comparison, model),
        flattery_said=totals(comparison, model),
        changes=tuple(changes(comparison, model, [x.variant for x in first])),
        reliability=tuple(reliability(comparison, model, [BASELINE, *(x.variant for x in first)])),
        cost_heads=tuple(heads(comparison)),
        costs=tuple(cost_rows(comparison, model)),
        budgets=tuple(budgets(comparison, model)),
        sizes=tuple(size_panels(comparison)),
    )


def in_turn(comparison: Comparison, model: str) -> list[Line]:
    """The version of which most is told, then the others that one could choose."""
    first = told_first(comparison, model)
    others = [x for x in treatments(comparison, model) if first is None or x.variant != first.variant]
    return ([first] if first else []) + others[:MOST_FOLDED]


def rates_said(comparison: Comparison, model: str, variants: Sequence[str]) -> list[str]:
    """The first version's worth at every size where it is known, smallest first."""
    return (
        [s for size in comparison.sizes if (s := worth.sentence(comparison, variants[0], size, model))]
        if variants
        else []
    )


def _rates_refused(comparison: Comparison, model: str) -> list[str]:
    """For which versions, at which sizes where not at all of them, nobody can say what a row is worth, and why."""
    out = []
    for why, found in extra.refusals(comparison, "exchange", model=model).items():
        sizes: dict[str, list[int]] = {}
        for e in found:
            if not phrases.polluted(str(e["variant"])):
                sizes.setdefault(str(e["variant"]), []).append(int(e["size"]))
        names = [
            phrases.name(v) + (f" (at {words.listing([words.count(s) for s in at], 5)} rows)" if len(at) < len(comparison.sizes) else "")
            for v, at in sizes.items()
        ]  # fmt: skip
        told = f"Nobody can say for {words.listing(names, 6)}" if names else "Nobody can say"
        out.append(f"{told}: {_in_plain_words(why)}.")
    return out


def _in_plain_words(why: str) -> str:
    """A reason as `train.judge.curves` gives it, for a reader who does not know what reaches what."""
    beyond = re.match(r"([\d,]+) rows, .* are expected to reach", why)
    if beyond:
        return f"raw data would need more than {beyond[1]} rows to do as well, and no forecast goes further"
    return words.visible(why)


def _reason(comparison: Comparison, block: str, model: str) -> str:
    why = next(iter(extra.refusals(comparison, block, model=model)), "")
    return f"{words.visible(why)}." if why else ""
