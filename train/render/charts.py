"""The comparison's charts, drawn by hand: fluid SVG whose words keep their size on every screen.

Colours are the stylesheet's roles, so that one drawing serves light, dark and paper. Every number drawn is also text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from audit.render import words
from train.comparison import BASELINE, Comparison, Contrast, Point
from train.render import phrases
from train.render.table import Line, lines, mean, point

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
    ground = _ground(marks, comparison.delta * 100)
    blocks = [_block(comparison, line, marks, ground) for line in shown]
    places = 0 if all(float(round(m, 6)).is_integer() for m in marks) else 1 if marks[1] - marks[0] >= 0.0999 else 2
    axis = Markup("").join(
        Markup('<i style="left:{:.2f}%">{}</i>').format(
            _across(m, marks), words.signed(m, places) if abs(m) > 1e-9 else "0"
        )
        for m in marks
    )
    zero = _across(0, marks)
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
        '<div class="forest{}"><div class="line sides"><span></span><span class="over">{}{}</span></div>{}'
        '<div class="line scale"><span></span><span class="over">{}</span></div></div>'
    ).format(" some-failed" if any(x.failures for x in shown) else "", worse, better, Markup("").join(blocks), axis)


def _extent(c: Contrast) -> tuple[float, ...]:
    if c.verdict == "failed":
        return ()
    ends = (c.diff, c.low, c.high) if phrases.has_interval(c) else (c.diff,)
    return tuple(x * 100 for x in ends if x is not None and math.isfinite(x))


def _across(value: float, marks: Sequence[float]) -> float:
    return (value - marks[0]) / (marks[-1] - marks[0]) * 100


def _ground(marks: Sequence[float], worth: float) -> Markup:
    left, right = (min(max(_across(x, marks), 0), 100) for x in (-worth, worth))
    rules = [
        Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y2="100%" stroke="var(--line)"/>').format(_across(m, marks))
        for m in marks
    ]
    return Markup(
        '<rect x="{:.2f}%" width="{:.2f}%" height="100%" fill="var(--line)" opacity=".55"/>{}'
        '<line x1="{zero:.2f}%" x2="{zero:.2f}%" y2="100%" stroke="var(--ink)" stroke-width="1.5"/>'
    ).format(left, right - left, Markup("").join(rules), zero=_across(0, marks))


def _block(comparison: Comparison, line: Line, marks: Sequence[float], ground: Markup) -> Markup:
    note = role(line)
    head = Markup("<h3>{}{}</h3>").format(
        phrases.name(line.variant), Markup(' <span class="small">{}</span>').format(note) if note else ""
    )
    drawn = [_contrast(comparison, c, marks, ground) for c in line.contrasts]
    return head + Markup("").join(drawn)


def role(line: Line) -> str:
    """What a version that nobody would choose is there for."""
    if line.control:
        return "control: drops as many rows as pruned, at random"
    return "ceiling: the true labels, which you do not have" if line.known_truth else ""


def _contrast(comparison: Comparison, c: Contrast, marks: Sequence[float], ground: Markup) -> Markup:
    ends = phrases.interval(c, comparison.delta)
    failed = phrases.failed_models(c.failed, comparison.seeds) if c.failed else ""
    aside = " · ".join(x for x in (ends, failed) if x) or c.verdict
    return Markup(
        '<div class="line"><span class="size">{}<span class="wide"> rows</span></span>'
        '<svg aria-hidden="true">{}{}</svg>'
        '<span class="word {}"><i aria-hidden="true">{}</i> {}<span class="spoken">, {}</span></span>'
        '<span class="ends-text{}">{}</span></div>'
    ).format(
        words.count(c.size), ground, _mark(c, marks), phrases.STATES[c.verdict], phrases.MARKS[c.verdict],
        phrases.difference(c), c.verdict, " kept" if c.failed else "", aside,
    )  # fmt: skip


def _mark(c: Contrast, marks: Sequence[float]) -> Markup:
    places = [_across(x, marks) for x in _extent(c)]
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


# -- curves ------------------------------------------------------------------------------------------------------------


def curves(comparison: Comparison, model: str) -> tuple[tuple[Line, Markup], ...]:
    """One panel a version against raw, all on one scale: accuracy in % against rows, doubling each step."""
    shown = lines(comparison, model)
    names = [BASELINE, *(line.variant for line in shown)]
    paths = {v: [point(comparison, v, s, model) for s in comparison.sizes] for v in names}
    banded = comparison.seeds >= phrases.FEWEST_SEEDS
    ends = [x * 100 for path in paths.values() for p in path for x in _band(p, banded=banded)]
    if not ends:
        return ()
    marks = ticks(min(ends), max(ends), 6)
    ground = _curve_ground(comparison.sizes, marks)
    raw = _curve(paths[BASELINE], comparison.sizes, marks, "raw", banded=banded)
    return tuple(
        (
            line,
            _panel(line, ground + raw + _curve(paths[line.variant], comparison.sizes, marks, "accent", banded=banded)),
        )
        for line in shown
    )


def _panel(line: Line, drawn: Markup) -> Markup:
    return Markup('<svg class="curve" role="img" aria-label="{}">{}</svg>').format(
        f"Test accuracy against training rows, {phrases.name(line.variant)} and raw", drawn
    )


def _band(p: Point | None, *, banded: bool) -> tuple[float, ...]:
    """Low end, mean and high end; only the mean, thrice, where there are too few seeds for an interval."""
    value = mean(p)
    if p is None or value is None:
        return ()
    low, high = (ends.get("accuracy", value) for ends in (p.low, p.high)) if banded else (value, value)
    if not (math.isfinite(low) and math.isfinite(high)):
        return (value, value, value)
    return (max(low, 0.0), value, min(high, 1.0))  # a t interval of a share may reach beyond what a share can be


def _along(size: int, sizes: Sequence[int]) -> float:
    return math.log2(size / sizes[0]) / math.log2(sizes[-1] / sizes[0]) * 100


def _up(value: float, marks: Sequence[float]) -> float:
    return 100 - _across(value, marks)


def _curve_ground(sizes: Sequence[int], marks: Sequence[float]) -> Markup:
    whole = all(float(round(m, 6)).is_integer() for m in marks)
    rules = [
        Markup(
            '<line x2="100%" y1="{0:.2f}%" y2="{0:.2f}%" stroke="var(--line)"/>'
            '<text class="axis" x="-8" y="{0:.2f}%" dy=".35em" text-anchor="end">{1}</text>'
        ).format(_up(m, marks), f"{m:.0f}" if whole else f"{m:.1f}")
        for m in marks
    ]
    named = [k for k in range(len(sizes)) if _room(k, sizes)]
    below = [
        Markup('<text class="axis" x="{:.2f}%" y="100%" dy="18" text-anchor="{}">{}</text>').format(
            _along(sizes[k], sizes), "end" if k == len(sizes) - 1 else "start" if k == 0 else "middle", short(sizes[k])
        )
        for k in named
    ]
    return Markup("").join([*rules, *below])


def _room(k: int, sizes: Sequence[int]) -> bool:
    """Whether a size's name fits: the first, the last, and others a sixth of the width away from both."""
    at = _along(sizes[k], sizes)
    if k in (0, len(sizes) - 1):
        return True
    earlier = [_along(s, sizes) for s in sizes[1:k] if 16 <= _along(s, sizes) <= 84]
    return 16 <= at <= 84 and all(at - e >= 14 or e == at for e in earlier[-1:])


def short(size: int) -> str:
    """Rows on an axis: `500`, `1k`, `1.5k`, `2M`."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:.3g}{letter}"
    return str(size)


def _curve(
    path: Sequence[Point | None], sizes: Sequence[int], marks: Sequence[float], colour: str, *, banded: bool
) -> Markup:
    """Band and line, broken where every model of a size failed; the dots lie outside the stretched part."""
    runs: list[list[tuple[float, float, float, float]]] = [[]]
    for size, p in zip(sizes, path, strict=True):
        ends = _band(p, banded=banded)
        if ends:
            runs[-1].append((_along(size, sizes), *(_up(x * 100, marks) for x in ends)))  # type: ignore[arg-type]
        elif runs[-1]:
            runs.append([])
    band = "raw-band" if colour == "raw" else "band"
    how = ' stroke-dasharray="5 4"' if colour == "raw" else ""
    parts = [
        Markup('<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">')
    ]
    for run in runs:
        ring = [(x, high) for x, _, _, high in run] + [(x, low) for x, low, _, _ in reversed(run)]
        parts.append(
            Markup(
                '<polygon points="{}" fill="var(--{})"/><polyline points="{}" fill="none" stroke="var(--{})" '
                'stroke-width="2.2" vector-effect="non-scaling-stroke"{}/>'
            ).format(_points(ring), band, _points([(x, y) for x, _, y, _ in run]), colour, Markup(how))  # noqa: S704  ours
        )
    dots = [
        Markup('<circle cx="{:.2f}%" cy="{:.2f}%" r="3" fill="var(--{})"/>').format(x, y, colour)
        for run in runs
        for x, _, y, _ in run
    ]
    return Markup("").join([*parts, Markup("</svg>"), *dots])


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
