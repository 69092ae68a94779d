"""Learning curves: what was measured, the law fitted to it, and the forecast as far as it may be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from audit.render import words
from train.comparison import BASELINE, Comparison, Point
from train.render import extra, phrases
from train.render.charts import across, points, short, ticks
from train.render.table import Line, lines, mean, point

STRETCHED = Markup(
    '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">'
)
THINNED = 2
"""Of so many points of a fitted curve one is drawn."""


@dataclass(frozen=True)
class Passing:
    """Where a fitted curve passes at so many rows: accuracy and its band, shares."""

    rows: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Path:
    """One version's measured accuracies, (size, low, mean, high) each, and the curve fitted to them, if any."""

    measured: tuple[tuple[float, float, float, float] | None, ...]
    fitted: tuple[Passing, ...]


@dataclass(frozen=True)
class Scale:
    """Rows and accuracy to percent across and down."""

    fewest: float
    most: float
    marks: tuple[float, ...]

    def x(self, rows: float) -> float:
        """Across, on a logarithmic scale."""
        return math.log(rows / self.fewest) / math.log(self.most / self.fewest) * 100

    def y(self, share: float) -> float:
        """Down."""
        return 100 - across(share * 100, self.marks)


def curves(comparison: Comparison, model: str) -> tuple[tuple[Line, Markup], ...]:
    """One panel a version against raw, all on one scale: accuracy in % against rows, doubling each step."""
    shown = lines(comparison, model)
    paths = {v: path(comparison, v, model) for v in (BASELINE, *(line.variant for line in shown))}
    ends = [x for p in paths.values() for m in p.measured if m for x in m[1:]]
    ends += [x for p in paths.values() for f in p.fitted for x in (f.low, f.high)]
    if not ends:
        return ()
    most = max([comparison.sizes[-1], *(f.rows for p in paths.values() for f in p.fitted)])
    scale = Scale(comparison.sizes[0], most, ticks(min(ends) * 100, max(ends) * 100, 8))
    largest = comparison.sizes[-1]
    # what all panels share is written once
    ident = f"raw-{comparison.models.index(model)}"
    shared = _ground(comparison.sizes, scale) + _drawn(paths[BASELINE], largest, scale, "raw")
    used = Markup('<use href="#{}"/>').format(ident)
    first = Markup('<defs><g id="{}">{}</g></defs>').format(ident, shared) + used
    drawn = [_drawn(paths[line.variant], largest, scale, "accent") for line in shown]
    return tuple(
        (line, _panel(line, (used if k else first) + own))
        for k, (line, own) in enumerate(zip(shown, drawn, strict=True))
    )


def _panel(line: Line, drawn: Markup) -> Markup:
    return Markup('<svg class="curve" role="img" aria-label="{}">{}</svg>').format(
        f"Test accuracy against training rows, {phrases.name(line.variant)} and raw", drawn
    )


# -- what is drawn -----------------------------------------------------------------------------------------------------


def path(comparison: Comparison, variant: str, model: str) -> Path:
    """What is known of a version's curve."""
    banded = comparison.seeds >= phrases.FEWEST_SEEDS
    measured = [
        (size, *ends) if (ends := _band(point(comparison, variant, size, model), banded=banded)) else None
        for size in comparison.sizes
    ]
    # the fitted curve follows the test labels as they are given, which corrected accuracies do not
    fitted = () if extra.verified_rows(comparison) else passing(comparison, variant, model)
    return Path(tuple(measured), fitted)


def passing(comparison: Comparison, variant: str, model: str) -> tuple[Passing, ...]:
    """Where the fitted curve passes, by growing rows; empty where there is none."""
    found = extra.entry(comparison, "curves", variant=variant, model=model) or {}
    told = [
        Passing(p["rows"], 1 - p["error"], max(1 - p["high"], 0.0), min(1 - p["low"], 1.0))
        for p in found.get("beyond", ())
    ]
    return tuple(sorted(told, key=lambda p: p.rows)) if len(told) > 1 else ()


def at(fitted: Sequence[Passing], rows: float) -> Passing | None:
    """Where a curve passes at so many rows, between two points by the logarithm of rows; None outside."""
    for a, b in pairwise(fitted):
        if a.rows <= rows * (1 + 1e-9) and rows <= b.rows * (1 + 1e-9):
            t = min(max(math.log(rows / a.rows) / math.log(b.rows / a.rows), 0.0), 1.0) if b.rows > a.rows else 0.0
            values = [x + t * (y - x) for x, y in ((a.accuracy, b.accuracy), (a.low, b.low), (a.high, b.high))]
            return Passing(rows, *values)
    return None


def _band(p: Point | None, *, banded: bool) -> tuple[float, float, float] | None:
    """Low end, mean and high end; only the mean, thrice, where there are too few seeds for an interval."""
    value = mean(p)
    if p is None or value is None:
        return None
    low, high = (ends.get("accuracy", value) for ends in (p.low, p.high)) if banded else (value, value)
    if not (math.isfinite(low) and math.isfinite(high)):
        return value, value, value
    return max(low, 0.0), value, min(high, 1.0)  # a t interval of a share may reach beyond what a share can be


def _ground(sizes: Sequence[int], scale: Scale) -> Markup:
    whole = all(float(round(m, 6)).is_integer() for m in scale.marks)
    left = scale.x(sizes[-1])
    forecast = (
        Markup(
            '<rect x="{0:.1f}%" width="{1:.1f}%" height="100%" fill="var(--panel)"/><line x1="{0:.1f}%" x2="{0:.1f}%" '
            'y2="100%" stroke="var(--muted)" stroke-dasharray="1 3"/>'
        ).format(left, 100 - left)
        if left < 99
        else Markup("")
    )
    rules = [
        Markup(
            '<line x2="100%" y1="{0:.1f}%" y2="{0:.1f}%" stroke="var(--line)"/>'
            '<text class="axis" x="-8" y="{0:.1f}%" dy=".35em" text-anchor="end">{1}</text>'
        ).format(scale.y(m / 100), f"{m:.0f}" if whole else f"{m:.1f}")
        for m in scale.marks
    ]
    below = [
        Markup('<text class="axis" x="{:.1f}%" y="100%" dy="18" text-anchor="{}">{}</text>').format(
            x, "end" if x > 99 else "start" if x < 1 else "middle", short(rows)
        )
        for rows, x in _named([*sizes, *({round(scale.most)} - set(sizes))], scale)
    ]
    return Markup("").join([forecast, *rules, *below])


def _named(sizes: Sequence[int], scale: Scale) -> list[tuple[int, float]]:
    """The sizes whose names fit: the first and last of the scale, the largest measured, others where there is room."""
    places = [(s, scale.x(s)) for s in sizes]
    kept: list[tuple[int, float]] = []
    for s, x in [places[0], places[-1], *reversed(places[1:-1])]:
        if all(abs(x - other) >= 15 for _, other in kept):
            kept.append((s, x))
    return sorted(kept)


def _drawn(known: Path, largest: int, scale: Scale, colour: str) -> Markup:
    """The fitted curve with its band where there is one, else a line through the means with theirs; then the means."""
    parts = [STRETCHED]
    if known.fitted:
        parts += _fitted(known.fitted, largest, scale, colour)
    else:
        parts += _joined(known.measured, scale, colour)
    return Markup("").join([*parts, Markup("</svg>"), *_dots(known, scale, colour)])


def _fitted(found: Sequence[Passing], largest: int, scale: Scale, colour: str) -> list[Markup]:
    fitted = [p for k, p in enumerate(found) if k % THINNED == 0 or k == len(found) - 1]  # smooth enough to the eye
    ring = [(scale.x(p.rows), scale.y(p.high)) for p in fitted]
    ring += [(scale.x(p.rows), scale.y(p.low)) for p in reversed(fitted)]
    corner = at(found, largest)
    middle = [corner] if corner else []
    inside = [*(p for p in fitted if p.rows < largest), *middle]
    beyond = [*middle, *(p for p in fitted if p.rows > largest)]
    runs = [
        _line([(scale.x(p.rows), scale.y(p.accuracy)) for p in run], colour, dashed=d)
        for run, d in ((inside, False), (beyond, True))
        if len(run) > 1
    ]
    return [_area(ring, colour), *runs]


def _joined(measured: Sequence[tuple[float, float, float, float] | None], scale: Scale, colour: str) -> list[Markup]:
    """Band and line, broken where every model of a size failed."""
    runs: list[list[tuple[float, float, float, float]]] = [[]]
    for m in measured:
        if m:
            runs[-1].append((scale.x(m[0]), scale.y(m[1]), scale.y(m[2]), scale.y(m[3])))
        elif runs[-1]:
            runs.append([])
    out = []
    for run in runs:
        ring = [(x, high) for x, _, _, high in run] + [(x, low) for x, low, _, _ in reversed(run)]
        out += [_area(ring, colour), _line([(x, y) for x, _, y, _ in run], colour)] if run else []
    return out


def _area(ring: Sequence[tuple[float, float]], colour: str) -> Markup:
    band = "raw-band" if colour == "raw" else "band"
    return Markup('<polygon points="{}" fill="var(--{})"/>').format(points(ring), band)


def _line(run: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> Markup:
    return Markup('<polyline points="{}" class="l-{}{}"/>').format(points(run), colour, " forecast" if dashed else "")


def _dots(known: Path, scale: Scale, colour: str) -> list[Markup]:
    """The means, filled, raw's hollow; with whiskers where a fitted curve has the band."""
    out = []
    for m in known.measured:
        if not m:
            continue
        x, low, y, high = scale.x(m[0]), *(scale.y(v) for v in m[1:])
        if known.fitted and high < low:
            out.append(
                Markup('<line x1="{0:.1f}%" x2="{0:.1f}%" y1="{1:.1f}%" y2="{2:.1f}%" class="w-{3}"/>').format(
                    x, low, high, colour
                )
            )
        out.append(Markup('<circle cx="{:.1f}%" cy="{:.1f}%" r="3" class="d-{}"/>').format(x, y, colour))
    return out


# -- the same in words -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """One version's expected accuracies at twice and at four times the rows measured, in words."""

    variant: str
    now: str
    later: tuple[str, ...]


def forecast_rows(comparison: Comparison) -> tuple[int, ...]:
    """The rows that forecasts are told for."""
    return tuple(comparison.sizes[-1] * k for k in (2, 4))


def forecasts(comparison: Comparison, model: str) -> tuple[Forecast, ...]:
    """A line a version whose curve could be fitted."""
    out = []
    for variant in (BASELINE, *(line.variant for line in lines(comparison, model))):
        fitted = passing(comparison, variant, model)
        told = [_told(at(fitted, rows)) for rows in forecast_rows(comparison)]
        if any(told):
            now = mean(point(comparison, variant, comparison.sizes[-1], model))
            out.append(Forecast(phrases.name(variant), words.share(now, 1), tuple(t or words.UNKNOWN for t in told)))
    return tuple(out)


def _told(p: Passing | None) -> str:
    if p is None:
        return ""
    return f"{words.share(p.accuracy, 1)} ({p.low * 100:.1f} to {p.high * 100:.1f})"
