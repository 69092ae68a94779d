"""The comparison's charts, drawn by hand: fluid SVG whose words keep their size on every screen.

Colours are the stylesheet's roles, so that one drawing serves light, dark and paper. Every number drawn is also text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from audit.render import words
from train.comparison import Comparison, Contrast
from train.render import phrases
from train.render.extra import given_difference
from train.render.table import Line, lines

MOST_TICKS = 7
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
COLOURS = {"helps": "pass", "hurts": "fail"}
SHAPES = {
    "helps": '<path d="M0-6.5l6.5 11h-13z" fill="var(--pass)"/>',
    "hurts": '<path d="M0 6.5l6.5-11h-13z" fill="var(--fail)"/>',
    "no difference": '<rect x="-4.5" y="-4.5" width="9" height="9" fill="var(--page)" stroke="var(--muted)" stroke-width="1.5"/>',
    "cannot tell": '<circle r="4.5" fill="var(--page)" stroke="var(--muted)" stroke-width="1.5"/>',
    "not enough seeds": '<circle r="4.5" fill="var(--page)" stroke="var(--muted)" stroke-width="1.5" stroke-dasharray="2 2"/>',
    "failed": "",
}


def ticks(low: float, high: float, most: int = MOST_TICKS) -> tuple[float, ...]:
    """Round numbers that enclose low and high, at most `most` of them where the steps allow."""
    for step in STEPS:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < most:
            break
    return tuple(k * step for k in range(first, max(last, first + 1) + 1))


# -- forest ------------------------------------------------------------------------------------------------------------


def forest(comparison: Comparison, model: str) -> Markup:
    """A block a version, a line a size: the difference from raw in points, its interval, zero, and what is too small."""
    shown = lines(comparison, model)
    values = [x for line in shown for c in line.contrasts for x in _extent(c)]
    marks = ticks(min([*values, -comparison.delta * 100]), max([*values, comparison.delta * 100]))
    ground = f"ground-{comparison.models.index(model)}"
    blocks = [_block(comparison, line, marks, ground) for line in shown]
    places = 0 if all(float(round(m, 6)).is_integer() for m in marks) else 1 if marks[1] - marks[0] >= 0.0999 else 2
    axis = Markup("").join(
        Markup('<i style="left:{:.2f}%">{}</i>').format(
            across(m, marks), words.signed(m, places) if abs(m) > 1e-9 else "0"
        )
        for m in marks
    )
    zero = across(0, marks)
    # the words stand on their side of zero; a side too narrow for its word goes without
    worse = (
        Markup('<b style="right:{:.2f}%">◀ worse<span class="wide"> than raw</span></b>').format(100 - zero)
        if zero > 33
        else Markup("")
    )
    better = (
        Markup('<b style="left:{:.2f}%">better<span class="wide"> than raw</span> ▶</b>').format(zero)
        if zero < 67
        else Markup("")
    )
    return Markup(
        '<div class="forest{}"><svg class="defs" aria-hidden="true"><defs><g id="{}">{}</g></defs></svg>'
        '<div class="line sides"><span></span><span class="over">{}{}</span></div>{}'
        '<div class="line scale"><span></span><span class="over">{}</span></div></div>'
    ).format(
        " some-failed" if any(x.failures for x in shown) else "", ground, _ground(marks, comparison.delta * 100), worse,
        better, Markup("").join(blocks), axis,
    )  # fmt: skip


def _extent(c: Contrast) -> tuple[float, ...]:
    if c.verdict == "failed":
        return ()
    ends = (c.diff, c.low, c.high) if phrases.has_interval(c) else (c.diff,)
    return tuple(x * 100 for x in ends if x is not None and math.isfinite(x))


def across(value: float, marks: Sequence[float]) -> float:
    """Where a value lies between the first and the last tick, in percent."""
    return (value - marks[0]) / (marks[-1] - marks[0]) * 100


def _ground(marks: Sequence[float], worth: float) -> Markup:
    left, right = (min(max(across(x, marks), 0), 100) for x in (-worth, worth))
    rules = [
        Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y2="100%" stroke="var(--line)"/>').format(across(m, marks))
        for m in marks
    ]
    return Markup(
        '<rect x="{:.2f}%" width="{:.2f}%" height="100%" fill="var(--line)" opacity=".55"/>{}'
        '<line x1="{zero:.2f}%" x2="{zero:.2f}%" y2="100%" stroke="var(--ink)" stroke-width="1.5"/>'
    ).format(left, right - left, Markup("").join(rules), zero=across(0, marks))


def _block(comparison: Comparison, line: Line, marks: Sequence[float], ground: str) -> Markup:
    note = Markup(' <span class="small">{}</span>').format(line.role) if line.role else ""
    head = Markup("<h3>{}{}</h3>").format(phrases.name(line.variant), note)
    drawn = [_contrast(comparison, c, marks, ground) for c in line.contrasts]
    return head + Markup("").join(drawn)


def _contrast(comparison: Comparison, c: Contrast, marks: Sequence[float], ground: str) -> Markup:
    ends = phrases.interval(c, comparison.delta)
    failed = phrases.failed_models(c.failed, comparison.seeds) if c.failed else ""
    aside = " · ".join(x for x in (ends, failed) if x) or c.verdict
    return Markup(
        '<div class="line"><span class="size">{}<span class="wide"> rows</span></span>'
        '<svg aria-hidden="true"><use href="#{}"/>{}{}</svg>'
        '<span class="word {}"><i aria-hidden="true">{}</i> {}<span class="spoken">, {}</span></span>'
        '<span class="ends-text{}">{}</span></div>'
    ).format(
        words.count(c.size), ground, _given(comparison, c, marks), _mark(c, marks), phrases.STATES[c.verdict], phrases.MARKS[c.verdict],
        phrases.difference(c), c.verdict, " kept" if c.failed else "", aside,
    )  # fmt: skip


def _given(comparison: Comparison, c: Contrast, marks: Sequence[float]) -> Markup:
    """A grey tick where the difference lies by the test labels as they are given, where it was corrected."""
    given = given_difference(comparison, c)
    if given is None or not marks[0] <= given * 100 <= marks[-1]:
        return Markup("")
    return Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y1="3" y2="19" stroke="var(--raw)" stroke-width="3"/>').format(
        across(given * 100, marks)
    )


def _mark(c: Contrast, marks: Sequence[float]) -> Markup:
    places = [across(x, marks) for x in _extent(c)]
    if not places:
        return Markup("")
    colour = COLOURS.get(c.verdict, "muted")
    span = Markup("")
    if len(places) == 3:
        span = Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="11" y2="11" stroke="var(--{})" stroke-width="2.5"/>').format(
            places[1], places[2], colour
        )
    shape = Markup(SHAPES[c.verdict])  # noqa: S704  our own constants
    return span + Markup('<svg x="{:.2f}%" y="11" overflow="visible">{}</svg>').format(places[0], shape)


def points(places: Sequence[tuple[float, float]]) -> str:
    """Corners of a line or an area, in percent."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def short(size: float) -> str:
    """Rows or parameters on an axis: `500`, `1k`, `1.5k`, `2M`."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:.3g}{letter}"
    return f"{size:.4g}"
