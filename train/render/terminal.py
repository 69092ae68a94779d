"""A comparison in a terminal: one table a model, one line a version, the answer last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audit.render import words
from train.comparison import Comparison, Contrast, Judgement
from train.render import phrases
from train.render.headline import headline
from train.render.table import Line, failed_words, lines

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

    width = min(max(width, NARROWEST), WIDEST)
    out = _identity(comparison, width, say)
    for model in comparison.models:
        out += ["", *_table(comparison, model, width, say, colour=colour)]
    out += ["", *words.wrap(say(headline(comparison).text), width)]
    return "\n".join(line.rstrip() for line in out) + "\n"


def _identity(comparison: Comparison, width: int, say: Say) -> list[str]:
    left, right = f"assay compare {say(words.called(comparison.dataset))}", say(phrases.design(comparison))
    space = width - words.columns(left) - words.columns(right)
    if space >= GAP:
        return [left + " " * space + right]
    return [words.shorten(left, width, say("…")), *words.wrap(right, width)]


# -- one table ---------------------------------------------------------------------------------------------------------


def _table(comparison: Comparison, model: str, width: int, say: Say, *, colour: bool) -> list[str]:
    shown = lines(comparison, model)
    if not shown:
        return [say(f"{model}: nothing to compare with raw")]
    ends = [say(phrases.interval(line.last, comparison.delta, " and ")) for line in shown]
    names = [say(phrases.name(line.variant)) for line in shown]
    sizes, cell, name = _layout(comparison, shown, ends, names, width)
    span = max(map(len, ends))
    if span:
        span = max(span, len("between")) + GAP
    out = [_head(comparison, model, sizes, cell, name, span, say, width)]
    for line, interval, called in zip(shown, ends, names, strict=True):
        numbers = "".join(_cell(line.contrasts[k], cell, say) for k in sizes)
        cut = words.shorten(called, name, say("…"))
        row = " " * INDENT + cut + " " * (name - words.columns(cut)) + numbers + " " * GAP + f"{interval:<{span}}"
        out.append(row + _painted(line.last.verdict, colour=colour))
        out += [" " * (INDENT * 2) + x for x in words.wrap(say(failed_words(comparison, line)), width - 4) if x]
    return out + [
        " " * INDENT + x for note in _notes(comparison, shown, sizes) for x in words.wrap(say(note), width - 2)
    ]


def _layout(
    comparison: Comparison, shown: Sequence[Line], ends: Sequence[str], names: Sequence[str], width: int
) -> tuple[list[int], int, int]:
    """Which sizes fit beside interval and verdict, how wide a size's column is, how wide the name's."""
    last = len(comparison.sizes) - 1
    every = list(range(last + 1))
    few = sorted({0, last // 2, last})
    cell = GAP + max(
        *(len(words.count(s)) for s in comparison.sizes),
        *(max(NUMBER, len(phrases.difference(c))) + 1 for line in shown for c in line.contrasts),
    )
    span = max(map(len, ends))
    right = (max(span, len("between")) + GAP if span else 0) + GAP + max(len(line.last.verdict) for line in shown)
    longest = max(map(words.columns, names))
    for sizes in (every if len(every) <= MANY_SIZES else few, few, [0, last] if last else [0], [last]):
        room = width - INDENT - right - cell * len(sizes)
        if room >= min(longest, SHORTEST_NAME):
            break
    return sizes, cell, max(min(longest, room), 1)


def _head(
    comparison: Comparison, model: str, sizes: Sequence[int], cell: int, name: int, span: int, say: Say, width: int
) -> str:
    what = f"points of accuracy{f', {say(model)}' if len(comparison.models) > 1 else ''}"
    numbers = "".join(_right(words.count(comparison.sizes[k]), cell) for k in sizes)
    at = f"at {phrases.rows(comparison.sizes[-1])}"
    between = f"{'between' if span else '':<{span}}"
    left = INDENT + name
    row = f"{' ' * left}{numbers}{' ' * GAP}{between}{at}"
    row = row if len(row) <= width else f"{' ' * left}{numbers}{' ' * GAP}{between}verdict"
    cut = words.shorten(what, width)
    # the caption shares the line with the sizes where there is room before the first of them
    free = len(row) - len(row.lstrip()) - GAP
    return cut + row[words.columns(cut) :] if words.columns(cut) <= free else f"{cut}\n{row}"


def _right(text: str, width: int) -> str:
    return " " * (width - words.columns(text)) + text


def _cell(c: Contrast, width: int, say: Say) -> str:
    """The mark and the difference, each in its own column."""
    number = say(phrases.difference(c))
    return _right(say(phrases.MARKS[c.verdict]) + _right(number, max(NUMBER, words.columns(number))), width)


def _painted(verdict: Judgement, *, colour: bool) -> str:
    return f"\x1b[{COLOURS[verdict]}m{verdict}\x1b[0m" if colour else verdict


def _notes(comparison: Comparison, shown: Sequence[Line], sizes: Sequence[int]) -> list[str]:
    notes = [
        f"{phrases.name(line.variant)} is the control: it drops as many rows, at random"
        for line in shown
        if line.control
    ]
    notes += [
        f"{phrases.name(line.variant)} had the true labels, which you do not have" for line in shown if line.known_truth
    ]
    hidden = [words.count(s) for k, s in enumerate(comparison.sizes) if k not in sizes]
    if hidden:
        notes.append(f"not shown here: {words.listing(hidden, 8)} rows")
    return notes
