"""Whether a model's confidence may be believed: small reliability diagrams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audit.render import words
from train.comparison import Comparison
from train.render import extra, phrases

FEWEST = 20
"""Bins with fewer predictions are drawn small: they say little."""


@dataclass(frozen=True)
class Reliability:
    """One version's diagram and what it says."""

    variant: str
    drawing: Markup
    said: str


def reliability(comparison: Comparison, model: str, variants: Sequence[str]) -> list[Reliability]:
    """A diagram a version, at the largest size, models of all seeds together."""
    out = []
    for variant in variants:
        found = extra.entry(comparison, "calibration", variant=variant, model=model, size=comparison.sizes[-1])
        bins = [b for b in (found or {}).get("bins", ()) if b["rows"]]
        if bins:
            out.append(Reliability(variant, _drawing(bins, phrases.name(variant)), _said(bins)))
    return out


def _said(bins: Sequence[extra.Entry]) -> str:
    """`On average 82.4 % sure and 79.0 % right: 3.4 points too sure.`"""
    rows = sum(b["rows"] for b in bins)
    sure = sum(b["rows"] * b["confidence"] for b in bins) / rows
    right = sum(b["rows"] * b["accuracy"] for b in bins) / rows
    gap = sure - right
    how = "too sure" if gap > 0 else "not sure enough"
    told = f"{phrases.gain(gap)} points {how}" if abs(gap) >= 0.0005 else "as sure as it should be"
    return f"On average {words.share(sure, 1)} sure and {words.share(right, 1)} right: {told}."


def _drawing(bins: Sequence[extra.Entry], called: str) -> Markup:
    marks = [
        Markup('<line x2="100%" y1="{0}%" y2="{0}%" stroke="var(--line)"/><text class="axis" x="-8" y="{0}%" dy=".35em" '
               'text-anchor="end">{1}</text><text class="axis" x="{1}%" y="100%" dy="18" text-anchor="{2}">{1}</text>').format(
            100 - m, m, "start" if m == 0 else "end" if m == 100 else "middle"
        )
        for m in (0, 50, 100)
    ]  # fmt: skip
    gaps = [
        Markup('<line x1="{0:.1f}%" x2="{0:.1f}%" y1="{1:.1f}%" y2="{2:.1f}%" class="w-accent"/>').format(
            b["confidence"] * 100, 100 - b["confidence"] * 100, 100 - b["accuracy"] * 100
        )
        for b in bins
    ]
    dots = [
        Markup('<circle cx="{:.1f}%" cy="{:.1f}%" r="{}" class="d-accent"/>').format(
            b["confidence"] * 100, 100 - b["accuracy"] * 100, "4" if b["rows"] >= FEWEST else "2"
        )
        for b in bins
    ]
    return Markup(
        '<svg class="reliability" role="img" aria-label="{}">{}<line x1="0" y1="100%" x2="100%" y2="0" '
        'stroke="var(--raw)" stroke-dasharray="5 4"/>{}{}</svg>'
    ).format(
        f"How often {called} is right against how sure it is", Markup("").join(marks), Markup("").join(gaps),
        Markup("").join(dots),
    )  # fmt: skip
