"""Advice in a terminal: a line an action, what to run where nobody can tell, the answer last."""

from __future__ import annotations

from collections.abc import Callable

from audit.render import words
from audit.render.terminal import command_lines, notes
from train.advice.advise import Advice
from train.render.advice import Row, rows_of, to_settle, told_of

WIDEST = 80
NARROWEST = 40
INDENT = 2
GAP = 2
SHORTEST_NAME = 16
HEADS = ("gain", "between", "cost", "per 1.00", "verdict")
COLOURS = {"do it": "32", "cannot tell": "2", "not worth it": "2", "not yet": "2"}

Say = Callable[[object], str]


def advice_terminal(advice: Advice, *, colour: bool = False, unicode: bool = True, width: int = WIDEST) -> str:
    """The advice as lines of at most `width` columns (40 to 80), ending in one sentence that answers.

    Colour is on the verdict's word only. Without `unicode` everything is ASCII.
    """

    def say(text: object) -> str:
        return words.plain_text(words.visible(text), unicode=unicode)

    width = min(max(width, NARROWEST), WIDEST)
    told = told_of(advice)
    cut = "…" if unicode else "..."
    out = [*_identity(advice, width, say), "", *_table(advice, width, say, cut, colour=colour)]
    out += _open(advice, width, say)
    out += notes(advice.notes, width, say)
    for text in (told.aside, told.lead, told.text):
        out += ["", *words.wrap(say(text), width)] if text else []
    return "\n".join(line.rstrip() for line in out) + "\n"


def _open(advice: Advice, width: int, say: Say) -> list[str]:
    """What nobody can tell and why; the command only of what the answer hangs on, the others are on the page."""
    out = []
    for action in [a for a in to_settle(advice) if a.measured or a.name in advice.rivals]:
        out += words.wrap(say(f"cannot tell whether to {action.name}: {action.why}"), width)
    if advice.run:
        out += command_lines("run:", say(advice.run), width)
    return ["", *out] if out else []


def _identity(advice: Advice, width: int, say: Say) -> list[str]:
    left = f"assay advise {say(words.called(advice.dataset))}"
    right = say(f"{advice.model}, {words.count(advice.largest)} rows, {words.plural(advice.seeds, 'seed')}")
    space = width - words.columns(left) - words.columns(right)
    return [left + " " * space + right] if space >= GAP else [*words.wrap(left, width), *words.wrap(right, width)]


def _table(advice: Advice, width: int, say: Say, cut: str, *, colour: bool) -> list[str]:
    rows = rows_of(advice)
    values = {row.name: _values(row, say) for row in rows}
    # where not everything fits, the interval goes first, then the gain per cost: the pages have both
    for shown in ((0, 1, 2, 3, 4), (0, 2, 3, 4), (0, 2, 4), (0, 4)):
        lengths = {k: max(len(HEADS[k]), *(words.columns(v[k]) for v in values.values())) for k in shown}
        room = width - INDENT - sum(n + GAP for n in lengths.values())
        if room >= SHORTEST_NAME:
            break
    longest = max(words.columns(say(row.name)) for row in rows)
    name = max(min(longest, room), 1)
    head = [_cell(HEADS[k], lengths[k], k) for k in shown]
    out = [_fit("points", INDENT + name) + "".join(head)]
    for row in rows:
        cells = [_cell(v, lengths[k], k) for k in shown for v in [values[row.name][k]]]
        if colour:
            cells[-1] = " " * GAP + f"\x1b[{COLOURS[row.verdict]}m{row.verdict}\x1b[0m"
        out.append(_fit(" " * INDENT + words.shorten(say(row.name), name, cut), INDENT + name) + "".join(cells))
    return out


def _values(row: Row, say: Say) -> tuple[str, ...]:
    return tuple(say(x) for x in (row.gain, row.ends, row.cost, row.per_cost, row.verdict))


def _fit(text: str, width: int) -> str:
    return text + " " * (width - words.columns(text))


def _cell(text: str, width: int, k: int) -> str:
    """Numbers to the right, words to the left."""
    space = " " * (width - words.columns(text))
    return " " * GAP + (space + text if HEADS[k] in ("gain", "cost", "per 1.00") else text + space)
