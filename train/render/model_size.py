"""What a larger model brings: accuracy against parameters, where a model was trained in several sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audit.render import words
from train.comparison import BASELINE, Comparison
from train.render import phrases
from train.render.charts import across, points, short, ticks
from train.render.extra import Entry, number
from train.render.growth_charts import STRETCHED
from train.render.table import best_model, lines

STANDARD_95 = 1.96


@dataclass(frozen=True)
class Sized:
    """One version's accuracy (low, mean, high; shares) by parameters, at the largest size measured."""

    variant: str
    architecture: str
    parameters: tuple[float, ...]
    ends: tuple[tuple[float, float, float], ...]
    rows: int | None
    doubled: str
    """What twice the largest model would bring, or why nobody can say."""


def sized(comparison: Comparison) -> list[Sized]:
    """A line a version and architecture, raw first, then as everywhere."""
    order = [BASELINE, *(line.variant for line in lines(comparison, best_model(comparison)))]
    block = comparison.extra.get("model_size")
    listed = [e for e in block if isinstance(e, dict) and e.get("errors")] if isinstance(block, list) else []
    known = [e for e in listed if e["variant"] in order and len(e.get("parameters", ())) > 1]
    return [_sized(e) for e in sorted(known, key=lambda e: order.index(e["variant"]))]


def _sized(e: Entry) -> Sized:
    nested = isinstance(e["errors"][0], Sequence)
    errors = e["errors"][-1] if nested else e["errors"]
    if e.get("low") and e.get("high"):
        low, high = ((e[k][-1] if nested else e[k]) for k in ("low", "high"))
    else:
        spreads = e.get("standard_errors") or [None]
        spread = [STANDARD_95 * (number(s) or 0) for s in (spreads[-1] if nested else spreads)]
        low, high = ([x + sign * s for x, s in zip(errors, spread, strict=False)] for sign in (-1, 1))
    ends = tuple((1 - h, 1 - x, 1 - lo) for x, lo, h in zip(errors, low, high, strict=True))
    rows = e["sizes"][-1] if e.get("sizes") else None
    return Sized(e["variant"], str(e.get("architecture", "")), tuple(e["parameters"]), ends, rows, _doubled(e))


def _doubled(e: Entry) -> str:
    if e.get("refused"):
        return words.sentence(f"{words.visible(e['refused'])}.")
    found = e.get("doubled")
    if not isinstance(found, dict):
        return ""
    gain, low, high = (phrases.signed(found[k] * 100) for k in ("gain", "low", "high"))
    return f"Twice the largest model: {gain} points expected ({low} to {high})."


def size_panels(comparison: Comparison) -> list[tuple[Sized, Markup]]:
    """A panel a version with raw beside it, on one scale."""
    found = sized(comparison)
    if not found:
        return []
    values = [x * 100 for s in found for ends in s.ends for x in ends]
    marks = ticks(min(values), max(values), 5)
    sizes = [p for s in found for p in s.parameters]
    span = math.log(min(sizes)), math.log(max(sizes))
    shown = [s for s in found if s.variant != BASELINE] or found
    raws = {s.architecture: s for s in found if s.variant == BASELINE}
    out = []
    for s in shown:
        raw = raws.get(s.architecture)
        drawn = [_ground(s.parameters, span, marks)]
        drawn += [_drawn(raw, span, marks, "raw")] if raw is not None and raw is not s else []
        label = f"Test accuracy against the model's parameters, {phrases.name(s.variant)} and raw"
        drawing = Markup('<svg class="curve" role="img" aria-label="{}">{}{}</svg>').format(
            label, Markup("").join(drawn), _drawn(s, span, marks, "accent")
        )
        out.append((s, drawing))
    return out


def _x(parameters: float, span: tuple[float, float]) -> float:
    return (math.log(parameters) - span[0]) / (span[1] - span[0]) * 100 if span[1] > span[0] else 50.0


def _ground(parameters: Sequence[float], span: tuple[float, float], marks: Sequence[float]) -> Markup:
    rules = [
        Markup(
            '<line x2="100%" y1="{0:.1f}%" y2="{0:.1f}%" stroke="var(--line)"/>'
            '<text class="axis" x="-8" y="{0:.1f}%" dy=".35em" text-anchor="end">{1}</text>'
        ).format(100 - across(m, marks), f"{m:g}")
        for m in marks
    ]
    below = []
    last = -math.inf
    for p in sorted(set(parameters)):
        x = _x(p, span)
        if x - last >= 15:
            anchor = "start" if x < 1 else "end" if x > 99 else "middle"
            below.append(
                Markup('<text class="axis" x="{:.1f}%" y="100%" dy="18" text-anchor="{}">{}</text>').format(
                    x, anchor, short(p)
                )
            )
            last = x
    return Markup("").join([*rules, *below])


def _drawn(s: Sized, span: tuple[float, float], marks: Sequence[float], colour: str) -> Markup:
    places = [
        (_x(p, span), *(100 - across(v * 100, marks) for v in ends))
        for p, ends in zip(s.parameters, s.ends, strict=True)
    ]
    line = Markup('{}<polyline points="{}" class="l-{}"/></svg>').format(
        STRETCHED, points([(x, y) for x, _, y, _ in places]), colour
    )
    marked = [
        Markup(
            '<line x1="{0:.1f}%" x2="{0:.1f}%" y1="{1:.1f}%" y2="{2:.1f}%" class="w-{3}"/><circle cx="{0:.1f}%" cy="{4:.1f}%" r="3" class="d-{3}"/>'
        ).format(x, low, high, colour, y)
        for x, low, y, high in places
    ]
    return line + Markup("").join(marked)
