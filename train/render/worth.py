"""What one repaired row is worth in raw rows, and what wrong labels cost, in words and as a chart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audit.render import words
from train.comparison import Comparison
from train.render import extra, phrases
from train.render.charts import across
from train.render.extra import number
from train.render.table import Line, lines

ROUND = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
NEARLY = 5e-4
"""Nearer to 1 than can be printed."""
TOLD_NOISE = 0.2
"""Wrong labels for which a row's worth is told, where they were measured that far."""


@dataclass(frozen=True)
class Rate:
    """One row of a version is worth `rate` raw rows at this size."""

    size: int
    rate: float
    low: float | None
    """None: fewer than the raw curve speaks of."""
    high: float | None
    forecast: bool
    """Whether that many raw rows lie beyond those measured."""

    @property
    def state(self) -> str:
        """Whether a row gained or lost worth for certain."""
        if self.low is not None and self.low > 1:
            return "pass"
        return "fail" if self.high is not None and self.high < 1 else "muted"

    @property
    def value(self) -> str:
        """`1.9`."""
        return plain(self.rate)

    @property
    def span(self) -> str:
        """`1.4 to 2.6`, `at least 1.4`, `at most 2.6`."""
        if self.low is None or self.high is None:
            return f"at most {plain(self.high)}" if self.high is not None else f"at least {plain(self.low or 0)}"
        return f"{plain(self.low)} to {plain(self.high)}"


def plain(value: float) -> str:
    """A rate with two figures or more, and as many decimals as keep it on its side of 1."""
    if abs(value - 1) < NEARLY:
        return "1.0"
    for places in (1, 2, 3) if value >= 1 else (2, 3):
        near = round(value, places)
        if (near > 1) == (value > 1) and (near < 1) == (value < 1):
            return f"{value:.{places}f}"
    return f"{value:.3f}"


def rate(comparison: Comparison, variant: str, size: int, model: str) -> Rate | None:
    """What a row is worth at one size, if anybody can say."""
    found = extra.entry(comparison, "exchange", variant=variant, size=size, model=model)
    value = number(found.get("rate")) if found else None
    if found is None or value is None or value <= 0:
        return None
    return Rate(size, value, number(found.get("low")), number(found.get("high")), bool(found.get("forecast")))


def sentence(comparison: Comparison, variant: str, size: int, model: str) -> str:
    """`At 16,000 rows, with relabelling, one row is worth 1.9 raw rows (1.4 to 2.6).`; empty when nobody can say."""
    found = rate(comparison, variant, size, model)
    if found is None:
        return ""
    told = "raw row" if found.value == "1.0" else "raw rows"
    aside = "; beyond the rows measured, a forecast" if found.forecast else ""
    doing = phrases.deed(variant).doing
    return f"At {phrases.rows(size)}, with {doing}, one row is worth {found.value} {told} ({found.span}{aside})."


# -- chart -------------------------------------------------------------------------------------------------------------


def worth_lines(comparison: Comparison, model: str) -> list[tuple[Line, list[Rate | None]]]:
    """The versions for which a rate is known at any size, but for the controls and what was made worse on purpose."""
    shown = [x for x in lines(comparison, model) if not x.control and not x.polluted]
    found = [(x, [rate(comparison, x.variant, s, model) for s in comparison.sizes]) for x in shown]
    return [(x, rates) for x, rates in found if any(rates)]


def chart(comparison: Comparison, model: str) -> Markup:
    """A block a version, a line a size, on a logarithmic scale with 1 marked; empty when no rate is known."""
    found = worth_lines(comparison, model)
    values = [v for _, rates in found for r in rates if r for v in (r.rate, r.low, r.high) if v]
    if not values:
        return Markup("")
    marks = _marks(min(values), max(values))
    logs = [math.log(m) for m in marks]
    ident = f"rates-{comparison.models.index(model)}"
    rules = [
        Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y2="100%" stroke="var(--{1})"/>').format(
            across(x, logs), "ink" if m == 1 else "line"
        )
        for m, x in zip(marks, logs, strict=True)
    ]
    axis = [
        Markup('<i style="left:{:.2f}%">{}</i>').format(across(x, logs), f"{m:g}")
        for m, x in zip(marks, logs, strict=True)
    ]
    return Markup(
        '<div class="forest rates"><svg class="defs" aria-hidden="true"><defs><g id="{}">{}</g></defs></svg>{}'
        '<div class="line scale"><span></span><span class="over">{}</span></div></div>'
    ).format(
        ident, Markup("").join(rules), Markup("").join(_block(x, rates, logs, ident) for x, rates in found),
        Markup("").join(axis),
    )  # fmt: skip


def _marks(low: float, high: float) -> list[float]:
    """Round rates around all of them and 1, at most 50 times more or less."""
    first = max((m for m in ROUND if m <= min(low, 1 / 1.5)), default=ROUND[0])
    last = min((m for m in ROUND if m >= max(high, 1.5)), default=ROUND[-1])
    return [m for m in ROUND if first <= m <= last]


def _block(line: Line, rates: Sequence[Rate | None], logs: Sequence[float], ident: str) -> Markup:
    note = Markup(' <span class="small">{}</span>').format(line.role) if line.role else ""
    head = Markup("<h3>{}{}</h3>").format(phrases.name(line.variant), note)
    return head + Markup("").join(_line(r, logs, ident) for r in rates if r)


def _line(r: Rate, logs: Sequence[float], ident: str) -> Markup:
    ends = [_at(v, logs) if v else side for v, side in ((r.low, 0.0), (r.high, 100.0))]
    shape = 'fill="var(--{})"' if not r.forecast else 'fill="var(--page)" stroke="var(--{})" stroke-width="2"'
    return Markup(
        '<div class="line"><span class="size">{}<span class="wide"> rows</span></span><svg aria-hidden="true">'
        '<use href="#{}"/><line x1="{:.2f}%" x2="{:.2f}%" y1="11" y2="11" stroke="var(--{state})" stroke-width="2.5"/>'
        '<circle cx="{:.2f}%" cy="11" r="4.5" {}/></svg><span class="word {state}">{}</span>'
        '<span class="ends-text">{}</span></div>'
    ).format(
        words.count(r.size), ident, ends[0], ends[1], _at(r.rate, logs), Markup(shape).format(r.state),  # noqa: S704  ours
        r.value, r.span, state=r.state,
    )  # fmt: skip


def _at(value: float, logs: Sequence[float]) -> float:
    return min(max(across(math.log(value), logs), 0.0), 100.0)


# -- what wrong labels cost --------------------------------------------------------------------------------------------


def noise_cost(comparison: Comparison, model: str) -> str:
    """The surface's g in words: `noise costs 2.4 times its share`; empty when none was fitted."""
    found = extra.entry(comparison, "surface", model=model)
    g = number(found.get("g")) if found else None
    if found is None or g is None:
        return ""
    low, high = (number(found.get(k)) for k in ("g_low", "g_high"))
    share = _told_share(found)
    ends = f" ({low:.1f} to {high:.1f})" if low is not None and high is not None else ""
    worth = f"{(1 - share) ** g:.2f}"
    spread = f" ({(1 - share) ** high:.2f} to {(1 - share) ** low:.2f})" if low is not None and high is not None else ""
    return (
        f"Noise costs {g:.1f} times its share{ends}: a row of data with {words.share(share, 0)} wrong labels is worth "
        f"{worth} clean rows{spread}."
    )


def _told_share(found: Mapping[str, object]) -> float:
    noise = found.get("noise")
    most = number(noise[-1]) if isinstance(noise, Sequence) and noise else None
    return TOLD_NOISE if most is None or most >= TOLD_NOISE else max(round(most, 2), 0.01)
