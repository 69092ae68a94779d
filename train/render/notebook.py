"""Comparisons and advice as cards in a notebook."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from audit.render import words
from audit.render.card import badge, card, says, small, steps, table
from audit.render.steps import Step
from train.advice.advise import Advice
from train.comparison import Comparison
from train.render import advice as advised
from train.render import phrases
from train.render.advice_steps import steps_of
from train.render.extra import with_corrections
from train.render.headline import headline
from train.render.steps import next_steps
from train.render.table import lines

ACTIONS = 10


def comparison(made: Comparison) -> str:
    """The answer, and for each model a line a version: the verdict, the difference and its interval."""
    said = headline(made)
    shown = with_corrections(made)
    of = [words.called(made.dataset), phrases.design(made), f"tested on {words.called(made.test)}"]
    answer = says(phrases.STATES[said.verdict], said.badge, said.text, said.lead)
    tables = Markup("").join(_verdicts(shown, model) for model in shown.models)
    return card("assay comparison", of, answer, tables, small(said.aside), _steps(next_steps(made)))


def advice(given: Advice) -> str:
    """The answer, and a line an action, best first."""
    told = advised.told_of(given)
    rows = advised.rows_of(given)
    listed = [
        (
            words.sentence(r.name),
            badge(advised.STATES.get(r.verdict, "no_difference"), r.verdict),
            r.gain,
            r.ends,
            r.cost,
        )
        for r in rows[:ACTIONS]
    ]
    head = ("Action", "Verdict", "Points of accuracy", "Between", "Cost")
    of = [words.called(given.dataset), f"model {words.visible(given.model)}", f"{words.count(given.largest)} rows"]
    left = len(rows) - ACTIONS
    more = small(f"and {words.count(left)} more" if left > 0 else "")
    answer = says(told.state, told.badge, told.text, told.lead)
    return card(
        "assay advice", of, answer, table(head, listed, (2, 3, 4)), more, small(told.aside), _steps(steps_of(given))
    )


def _verdicts(shown: Comparison, model: str) -> Markup:
    rows = lines(shown, model)
    if not rows:
        return small("Nothing to compare with raw.")
    listed = [
        (
            phrases.name(x.variant) + (f" ({x.role})" if x.role else ""),
            badge(phrases.STATES[x.last.verdict], x.last.verdict),
            phrases.difference(x.last),
            phrases.interval(x.last, shown.delta) or words.UNKNOWN,
        )
        for x in rows
    ]
    largest = phrases.rows(shown.sizes[-1])
    about = small(f"Model {words.visible(model)}, change in test accuracy against raw at {largest}, in points.")
    return Markup("{}{}").format(about, table(("Version", "Verdict", "Change", "Between"), listed, (2, 3)))


def _steps(listed: Iterable[Step]) -> Markup:
    return steps((step.text, [words.visible(c) for c in (step.command, step.then)]) for step in listed)
