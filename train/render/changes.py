"""Which classes and groups of the test set gain and which lose: a bar each, those that lose first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audit.render import words
from train.comparison import Comparison, Judgement
from train.render import extra, phrases
from train.render.charts import COLOURS, across, ticks
from train.render.extra import Entry, number

OPEN, FOLDED = 16, 8
"""Bars shown of the version told of first, and of each of the others."""
NAMES = {"class": ("class", "classes"), "group": ("group", "groups")}


@dataclass(frozen=True)
class Part:
    """One class or group: its accuracy with raw and its change, shares."""

    value: str
    rows: int
    baseline: float
    accuracy: float
    diff: float
    low: float | None
    high: float | None

    @property
    def verdict(self) -> Judgement:
        """Whether it gains or loses for certain."""
        if self.low is None or self.high is None:
            return "not enough seeds"
        return "helps" if self.low > 0 else "hurts" if self.high < 0 else "cannot tell"

    @property
    def change(self) -> str:
        """`−3.1`."""
        return phrases.signed(self.diff * 100, (0.0,) if self.verdict in ("helps", "hurts") else ())

    @property
    def span(self) -> str:
        """`−4.0 to −2.2`; empty without an interval."""
        if self.low is None or self.high is None:
            return ""
        return " to ".join(phrases.signed(x * 100, (0.0,)) for x in (self.low, self.high))


@dataclass(frozen=True)
class Changes:
    """All classes or all groups with one version, and a drawing of those that change most."""

    by: str
    variant: str
    parts: tuple[Part, ...]
    """Those that lose most first."""
    drawing: Markup
    left_out: int

    @property
    def said(self) -> str:
        """`2 classes lose: cat and dog; 5 gain; 3 cannot be told.`"""
        one, many = NAMES[self.by]
        lose = [p for p in self.parts if p.verdict == "hurts"]
        gain = [p for p in self.parts if p.verdict == "helps"]
        rest = len(self.parts) - len(lose) - len(gain)
        told = words.listing([words.visible(p.value) for p in lose], 5)
        start = (
            f"{words.plural(len(lose), one, many)} {'loses' if len(lose) == 1 else 'lose'}: {told}"
            if lose
            else f"no {one} loses for certain"
        )
        middle = (
            f"{words.count(len(gain))} {'gains' if len(gain) == 1 else 'gain'}" if gain else "none gains for certain"
        )
        end = f"; of {words.count(rest)} nobody can tell" if rest else ""
        return words.sentence(f"{start}; {middle}{end}.")


def changes(comparison: Comparison, model: str, variants: Sequence[str]) -> list[Changes]:
    """For each version by class and by group, in this order; the first version's are shown at more length."""
    out = []
    for k, variant in enumerate(variants):
        for by in NAMES:
            found = extra.entries(comparison, "breakdown", by=by, variant=variant, model=model)
            parts = tuple(sorted((_part(e) for e in found), key=lambda p: p.diff))
            if parts:
                shown = _ends(parts, OPEN if k == 0 else FOLDED)
                out.append(Changes(by, variant, parts, _drawing(shown), len(parts) - len(shown)))
    return out


def _part(e: Entry) -> Part:
    return Part(
        str(e["value"]), int(e["rows"]), float(e["baseline"]), float(e["accuracy"]), float(e["diff"]),
        number(e.get("low")), number(e.get("high")),
    )  # fmt: skip


def _ends(parts: Sequence[Part], most: int) -> list[Part]:
    """Those that lose most and those that gain most, losers first."""
    return list(parts) if len(parts) <= most else [*parts[: most // 2], *parts[-most // 2 :]]


def _drawing(parts: Sequence[Part]) -> Markup:
    values = [x * 100 for p in parts for x in (p.diff, p.low, p.high) if x is not None]
    marks = ticks(min([*values, 0]), max([*values, 0]), 6)
    rows = [_row(p, marks) for p in parts]
    places = 0 if all(float(round(m, 6)).is_integer() for m in marks) else 1
    axis = [
        Markup('<i style="left:{:.1f}%">{}</i>').format(
            across(m, marks), words.signed(m, places) if abs(m) > 1e-9 else "0"
        )
        for m in marks
    ]
    return Markup(
        '<div class="forest changes">{}<div class="line scale"><span></span><span class="over">{}</span></div></div>'
    ).format(Markup("").join(rows), Markup("").join(axis))


def _row(p: Part, marks: Sequence[float]) -> Markup:
    zero, end = across(0, marks), across(p.diff * 100, marks)
    colour = COLOURS.get(p.verdict, "raw")
    whisker = Markup("")
    if p.low is not None and p.high is not None:
        whisker = Markup('<line x1="{:.1f}%" x2="{:.1f}%" y1="11" y2="11" stroke="var(--ink)"/>').format(
            across(p.low * 100, marks), across(p.high * 100, marks)
        )
    return Markup(
        '<div class="line"><span class="size name">{}</span><svg aria-hidden="true"><rect x="{:.1f}%" width="{:.1f}%" y="5" '
        'height="12" fill="var(--{})"/>{}<line x1="{zero:.1f}%" x2="{zero:.1f}%" y2="100%" stroke="var(--ink)"/></svg>'
        '<span class="word {}"><i aria-hidden="true">{}</i> {}<span class="spoken">, {}</span></span>'
        '<span class="ends-text">{}</span></div>'
    ).format(
        words.visible(p.value), min(zero, end), abs(end - zero), colour, whisker, phrases.STATES[p.verdict],
        phrases.MARKS[p.verdict], p.change, p.verdict,
        f"{p.baseline * 100:.1f} to {words.share(p.accuracy, 1)}, {words.plural(p.rows, 'row')}", zero=zero,
    )  # fmt: skip
