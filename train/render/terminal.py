"""A comparison in a terminal: one table a model, one line a version, the answer last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.render import words
from audit.render.terminal import notes
from train.comparison import Comparison, Contrast, Judgement
from train.render import phrases
from train.render.extra import with_corrections
from train.render.headline import Headline, better_elsewhere, headline
from train.render.remarks import short
from train.render.table import Line, best_model, failed_words, lines

WIDEST = 80
NARROWEST = 40
MANY_SIZES = 5
INDENT = 2
GAP = 2
SHORTEST_NAME = 13
NUMBER = 5
"""Columns of a difference, with the space before its sign: ` +2.0`."""
COLOURS: dict[Judgement, str] = {
    "helps": "32", "hurts": "1;31", "no difference": "2", "cannot tell": "2", "not enough seeds": "2", "failed": "1;35",
}  # fmt: skip

Say = Callable[[object], str]


def terminal(comparison: Comparison, *, colour: bool = False, unicode: bool = True, width: int = WIDEST) -> str:
    """The comparison as lines of at most `width` columns (40 to 80), ending in one sentence that answers.

    Colour is on the verdict's word only. Where not every size fits, the first, middle and last are shown, and it says
    so. Without `unicode` everything is ASCII.
    """

    def say(text: object) -> str:
        return words.plain_text(words.visible(text), unicode=unicode)

    comparison = with_corrections(comparison)
    width = min(max(width, NARROWEST), WIDEST)
    out = _identity(comparison, width, say)
    for model in comparison.models:
        out += ["", *_table(comparison, model, width, say, colour=colour)]
    said = headline(comparison)
    out += ["", *words.wrap(say(_judged_by(comparison, said)), width)] if len(comparison.models) > 1 else []
    beside = [line for text in short(comparison) for line in words.wrap(say(text), width)]
    out += ["", *beside] if beside else []
    out += notes(comparison.notes, width, say)
    out += ["", *words.wrap(say(said.text), width)]
    return "\n".join(line.rstrip() for line in out) + "\n"


def _identity(comparison: Comparison, width: int, say: Say) -> list[str]:
    left, right = f"assay compare {say(words.called(comparison.dataset))}", say(phrases.design(comparison))
    space = width - words.columns(left) - words.columns(right)
    if space >= GAP:
        return [left + " " * space + right]
    return [words.shorten(left, width, say("…")), *words.wrap(right, width)]


def _judged_by(comparison: Comparison, said: Headline) -> str:
    """Which of several models the answer is about, and what is better with another where that one has no help."""
    others = better_elsewhere(comparison) if said.verdict != "helps" else []
    by = f"judged by model {best_model(comparison)}, which does best on the raw data."
    return " ".join(words.sentence(s) for s in (by, *others))


# -- one table ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """Which sizes are shown, by position, and how wide each column is."""

    sizes: tuple[int, ...]
    name: int
    size: int
    interval: int
    """0 where intervals have no column: then each has a line of its own."""


def _table(comparison: Comparison, model: str, width: int, say: Say, *, colour: bool) -> list[str]:
    shown = lines(comparison, model)
    if not shown:
        return words.wrap(say(f"{model}: nothing to compare with raw"), width)
    lay = _layout(comparison, shown, width, say)
    out = _head(comparison, model, lay, width, say)
    whole = next((line for line in shown if line.saw_pool), None)
    for line in shown:
        if line is whole:
            out += [
                " " * INDENT + x
                for x in words.wrap(say(f"{phrases.SAW}, which nobody with so few rows has:"), width - INDENT)
            ]
        ends = say(phrases.interval(line.last, comparison.delta, " and "))
        beside = f"{ends:<{lay.interval}}" if lay.interval else ""
        numbers = "".join(_cell(line.contrasts[k], lay.size, say) for k in lay.sizes)
        out.append(_name(line, lay, say) + numbers + " " * GAP + beside + _painted(line.last.verdict, colour=colour))
        below = [f"between {ends}" if ends and not lay.interval else "", say(failed_words(comparison, line))]
        out += [" " * 2 * INDENT + x for text in below if text for x in words.wrap(text, width - 2 * INDENT)]
    notes = _notes(comparison, shown, lay.sizes)
    return out + [" " * INDENT + x for note in notes for x in words.wrap(say(note), width - INDENT)]


def _name(line: Line, lay: Layout, say: Say) -> str:
    cut = words.shorten(say(_called(line)), lay.name, say("…"))
    return " " * INDENT + cut + " " * (lay.name - words.columns(cut))


def _called(line: Line) -> str:
    """A version whose cleaner saw the whole pool as it is written, since a heading says what that means."""
    return words.visible(line.variant) if line.saw_pool else phrases.name(line.variant)


def _layout(comparison: Comparison, shown: Sequence[Line], width: int, say: Say) -> Layout:
    """All sizes or a few of them, as many as leave room for the names; the interval's column goes last of all."""
    last = len(comparison.sizes) - 1
    few = tuple(sorted({0, last // 2, last}))
    all_or_few = tuple(range(last + 1)) if last < MANY_SIZES else few
    size = GAP + max(
        *(len(words.count(s)) for s in comparison.sizes),
        *(max(NUMBER, len(phrases.difference(c)) + 1) + 1 for line in shown for c in line.contrasts),
    )
    longest = max(words.columns(say(_called(line))) for line in shown)
    ends = max(len(phrases.interval(line.last, comparison.delta, " and ")) for line in shown)
    column = max(ends, len("between")) + GAP if ends else 0
    verdict = max(len("verdict"), *(len(line.last.verdict) for line in shown))
    for sizes, interval in ((all_or_few, column), (few, column), ((0, last), column), ((last,), column), ((last,), 0)):
        room = width - INDENT - size * len(sizes) - GAP - interval - verdict
        if room >= min(longest, SHORTEST_NAME):
            break
    return Layout(sizes, max(min(longest, room), 1), size, interval)


def _head(comparison: Comparison, model: str, lay: Layout, width: int, say: Say) -> list[str]:
    what = words.shorten(f"points of accuracy{f', {say(model)}' if len(comparison.models) > 1 else ''}", width)
    numbers = "".join(_right(words.count(comparison.sizes[k]), lay.size) for k in lay.sizes)
    start = " " * (INDENT + lay.name) + numbers + " " * GAP + (f"{'between':<{lay.interval}}" if lay.interval else "")
    at = f"at {phrases.rows(comparison.sizes[-1])}"
    row = start + (at if len(start) + len(at) <= width else "verdict")
    # the caption shares the line with the sizes where there is room before the first of them
    free = len(row) - len(row.lstrip()) - GAP
    return [what + row[words.columns(what) :]] if words.columns(what) <= free else [what, row]


def _right(text: str, width: int) -> str:
    return " " * (width - words.columns(text)) + text


def _cell(c: Contrast, width: int, say: Say) -> str:
    """The mark and the difference, each in its own column."""
    number = say(phrases.difference(c))
    return _right(say(phrases.MARKS[c.verdict]) + _right(number, max(NUMBER, words.columns(number) + 1)), width)


def _painted(verdict: Judgement, *, colour: bool) -> str:
    return f"\x1b[{COLOURS[verdict]}m{verdict}\x1b[0m" if colour else verdict


def _notes(comparison: Comparison, shown: Sequence[Line], sizes: Sequence[int]) -> list[str]:
    notes = [
        f"{phrases.name(line.variant)} is the control: it drops as many rows, at random"
        for line in shown
        if line.control and not line.saw_pool
    ]
    notes += [
        f"{phrases.name(line.variant)} had the true labels, which you do not have" for line in shown if line.known_truth
    ]
    hidden = [words.count(s) for k, s in enumerate(comparison.sizes) if k not in sizes]
    if hidden:
        notes.append(f"not shown here: {words.listing(hidden, 8)} rows")
    return notes
