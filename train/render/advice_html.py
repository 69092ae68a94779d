"""Advice as one self-contained page: the answer, each action, how sure, what would tell more, what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from audit.render import words
from audit.render.page.environment import environment
from train.advice.actions import Action
from train.advice.advise import Advice
from train.render.advice import MARKS, STATES, Row, rows_of, to_settle, told_of, worth
from train.render.advice_steps import steps_of
from train.render.charts import ticks

TEMPLATES = Path(__file__).parent / "templates"
COLOURS = {"do it": "pass"}
DOT = '<circle r="4.5" fill="var(--{fill})" stroke="var(--{edge})" stroke-width="1.5"/>'


def advice_html(advice: Advice) -> str:
    """The advice as one HTML file that asks for nothing else and needs no script."""
    told = told_of(advice)
    rows = rows_of(advice)
    page = environment(TEMPLATES)
    page.globals |= {"MARKS": MARKS, "STATES": STATES}
    css = (TEMPLATES / "advice.css").read_text(encoding="utf-8")
    return page.get_template("advice.html").render(
        a=advice,
        title=f"{told.badge} · {words.called(advice.dataset)} · assay advise",
        more_style=Markup(" ".join(css.split())),  # noqa: S704  our own file
        identity=_identity(advice),
        told=told,
        steps=steps_of(advice),
        rows=rows,
        chosen=[words.visible(n) for n in (advice.choice, advice.then) if n],
        worth=worth(advice),
        chart=_chart(rows, advice),
        settle=to_settle(advice),
        doubts=_doubts(advice),
        made=_made(advice),
    )


def _identity(advice: Advice) -> tuple[str, ...]:
    """Dataset, what was trained, test set and date, in words."""
    trained = (
        f"{words.count(advice.largest)} rows, {words.plural(advice.seeds, 'seed')}, model {words.visible(advice.model)}"
    )
    date = [advice.created[:10]] if advice.created else []
    return (words.called(advice.dataset), trained, f"tested on {words.called(advice.test)}", *date)


# -- chart -------------------------------------------------------------------------------------------------------------


def _chart(rows: Sequence[Row], advice: Advice) -> Markup:
    """A line an action: its gain in points, the interval, zero, and what is too small; '' where nothing was measured."""
    shown = [row for row in rows if row.action.measured and row.action.kind != "stop"]
    if not shown:
        return Markup("")
    small = advice.delta * 100
    values = [x for row in shown for x in _places(row.action)]
    marks = ticks(min([*values, -small]), max([*values, small]))
    ground = _ground(marks, small)
    lines = Markup("").join(_line(row, marks, ground) for row in shown)
    axis = Markup("").join(
        Markup('<i style="left:{:.2f}%">{}</i>').format(_across(m, marks), "0" if abs(m) < 1e-9 else words.number(m))
        for m in marks
    )
    empty = Markup('<span class="what"></span>')
    return Markup('<div class="weigh">{}<div class="line scale">{}<span class="over">{}</span></div></div>').format(
        lines, empty, axis
    )


def _places(action: Action) -> tuple[float, ...]:
    """The gain and its ends in points; an end that is open is the gain."""
    gain = action.gain or 0.0
    return tuple(100 * (gain if x is None else x) for x in (gain, action.low, action.high))


def _across(value: float, marks: Sequence[float]) -> float:
    return (value - marks[0]) / (marks[-1] - marks[0]) * 100


def _ground(marks: Sequence[float], small: float) -> Markup:
    left, right = (min(max(_across(x, marks), 0), 100) for x in (-small, small))
    rules = Markup("").join(
        Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y2="100%" stroke="var(--line)"/>').format(_across(m, marks))
        for m in marks
    )
    return Markup(
        '<rect x="{:.2f}%" width="{:.2f}%" height="100%" fill="var(--line)" opacity=".55"/>{}'
        '<line x1="{zero:.2f}%" x2="{zero:.2f}%" y2="100%" stroke="var(--ink)" stroke-width="1.5"/>'
    ).format(left, right - left, rules, zero=_across(0, marks))


def _line(row: Row, marks: Sequence[float], ground: Markup) -> Markup:
    gain, low, high = (_across(x, marks) for x in _places(row.action))
    colour = COLOURS.get(row.verdict, "muted")
    span = Markup("")
    if row.action.low is not None or row.action.high is not None:
        span = Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="11" y2="11" stroke="var(--{})" stroke-width="2.5"/>').format(
            low, high, colour
        )
    dot = Markup(DOT.format(fill=colour if row.verdict == "do it" else "page", edge=colour))  # noqa: S704  our own
    mark = Markup('<svg x="{:.2f}%" y="11" overflow="visible">{}</svg>').format(gain, dot)
    return Markup(
        '<div class="line"><span class="what">{}</span><svg aria-hidden="true">{}{}{}</svg>'
        '<span class="word {}">{}<span class="spoken">, {}</span></span><span class="ends-text">{}</span></div>'
    ).format(
        words.sentence(row.name), ground, span, mark, STATES.get(row.verdict, "no_difference"), row.gain, row.verdict,
        row.ends,
    )  # fmt: skip


# -- when not to trust it, and how it was made -------------------------------------------------------------------------


def _doubts(advice: Advice) -> list[str]:
    """What this does not show, a sentence each."""
    kinds = {a.kind for a in advice.actions if a.measured}
    told = {
        "review": "Reviewers are taken to make no mistakes, and each label to cost the same.",
        "collect": "A forecast beyond the rows measured holds if new rows are like the old ones, wrong labels included.",
        "repair": "Repairs and review mend the same labels: what one has brought the other will not bring again.",
        "grow": "Only the model sizes measured are weighed; larger ones may do better or worse.",
    }
    said = [sentence for kind, sentence in told.items() if kind in kinds]
    said.append("Prices are taken as exact. An action is weighed by accuracy alone, not by which rows it helps.")
    said.append(
        "Not covered: other models and recipes, and data gathered in another way. The test labels are taken as right."
    )
    return said


def _made(advice: Advice) -> list[tuple[str, str, bool]]:
    """How this came about: (what, words, whether it is code)."""
    prices = ", ".join(f"{name} {p:g}" for name, p in advice.prices.items() if p is not None) or "none given"
    horizon = "" if advice.horizon is None else f"at most {words.count(advice.horizon)} rows in all"
    lines = [
        ("Repeat it", words.visible(advice.command), True),
        ("Prices", prices, False),
        ("Horizon", horizon, False),
        ("From", words.visible(", ".join(advice.folders)), False),
        ("Intervals", "95 %: of what was measured those of the comparison, of forecasts by refitting the curve to its "
         "own noise; differences of two intervals as Zou and Donner (2008).", False),
        ("Notes", "; ".join(words.visible(n) for n in advice.notes), False),
    ]  # fmt: skip
    return [line for line in lines if line[1]]
