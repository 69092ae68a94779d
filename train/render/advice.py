"""Advice in words: the answer in one sentence, why, what to do next, and a line an action."""

from __future__ import annotations

from dataclasses import dataclass

from audit.render import words
from train.advice.actions import Action, small_change
from train.advice.advise import Advice
from train.render.phrases import signed

MARKS = {"do it": "▲", "cannot tell": "?", "not worth it": "="}
STATES = {"do it": "helps", "cannot tell": "cannot_tell", "not worth it": "no_difference"}
"""Verdict to the stylesheet's name for how it looks."""
UNSEEN_COST = 0.005


@dataclass(frozen=True)
class Told:
    """The first screen in words."""

    state: str
    glyph: str
    badge: str
    text: str
    lead: str
    aside: str


@dataclass(frozen=True)
class Row:
    """An action as every face shows it."""

    action: Action
    name: str
    gain: str
    ends: str
    cost: str
    per_cost: str
    per_cost_ends: str
    verdict: str


# -- numbers -----------------------------------------------------------------------------------------------------------


def money(cost: float | None) -> str:
    """`7.50`, `1,296`, `0`; a dash where a price is missing."""
    if cost is None:
        return words.UNKNOWN
    if cost == 0:
        return "0"
    return "<0.01" if cost < UNSEEN_COST else words.count(cost) if cost >= 1000 else f"{cost:.2f}"


def gain_of(action: Action) -> str:
    """`+2.0`, in points; a dash where nothing was measured."""
    if action.gain is None:
        return words.UNKNOWN
    return signed(action.gain * 100, (0.0,) if action.verdict == "do it" else ())


def ends_of(action: Action, joint: str = " to ") -> str:
    """`+1.7 to +2.3`; what is open is said."""
    if action.gain is None:
        return "not measured"
    if action.kind == "stop":
        return ""
    low, high = (None if x is None else signed(x * 100, (0.0,)) for x in (action.low, action.high))
    if low is None and high is None:
        return "no interval"
    if low is None or high is None:
        return f"{low} or more" if low is not None else f"{high} or less"
    return f"{low}{joint}{high}"


def points(value: float | None) -> str:
    """A gain per unit of cost, in points: `0.83`."""
    return words.number(None if value is None else value * 100)


def per_cost_ends(action: Action) -> str:
    """`0.54 to 1.1`, in points; empty where an end is open."""
    if action.per_cost_low is None or action.per_cost_high is None:
        return ""
    return f"{points(action.per_cost_low)} to {points(action.per_cost_high)}"


def rows_of(advice: Advice) -> tuple[Row, ...]:
    """A line an action, as ranked."""
    free = small_change(advice.actions) if priced(advice) else -1.0
    return tuple(_row(a, advice, free) for a in advice.actions)


def _row(action: Action, advice: Advice, free: float) -> Row:
    each = _per_cost(action, free)
    known = each not in ("", "free", words.UNKNOWN)
    return Row(
        action,
        words.visible(action.name),
        gain_of(action),
        ends_of(action),
        money(action.cost),
        each,
        per_cost_ends(action) if known else "",
        verdict_of(action, advice),
    )


def _per_cost(action: Action, free: float) -> str:
    if action.kind == "stop" or action.gain is None:
        return ""
    if action.cost is not None and action.cost <= free:
        return "free"
    return points(action.per_cost)


def verdict_of(action: Action, advice: Advice) -> str:
    """The verdict in words; to stop is either the answer or it is not."""
    if action.kind != "stop":
        return action.verdict
    return {"stop": "do it", "cannot tell": "cannot tell", "do it": "not yet"}[advice.answer]


# -- the answer --------------------------------------------------------------------------------------------------------


def told_of(advice: Advice) -> Told:
    """What the advice comes to."""
    if advice.answer == "do it":
        return _do(advice, advice.action(advice.choice))
    aside = " ".join([*_anyway(advice), *_not_measured(advice)])
    if advice.answer == "stop":
        tried = sum(a.measured and a.kind != "stop" for a in advice.actions)
        text = f"Stop here: nothing that was measured is worth more than {worth(advice)} points."
        return Told("no_difference", "=", "STOP HERE", text, f"{words.plural(tried, 'action')} were weighed.", aside)
    asked = "where the next money should go" if priced(advice) else "what would bring most"
    text = f"Cannot tell yet {asked}."
    return Told("cannot_tell", "?", "CANNOT TELL YET", text, _open(advice), aside)


def priced(advice: Advice) -> bool:
    """Whether anybody said what anything costs."""
    return any(p is not None for p in advice.prices.values())


def worth(advice: Advice) -> str:
    """The smallest gain worth having, in points: `0.3`."""
    return f"{advice.delta * 100:.3g}"


def _do(advice: Advice, choice: Action) -> Told:
    text = f"{words.sentence(words.visible(choice.name))}: about {gain_of(choice).lstrip('+')} points better{_for(advice, choice)}."
    lead = f"With {words.count(advice.largest)} rows and model {words.visible(advice.model)}, "
    lead += (
        f"accuracy rises by {gain_of(choice).lstrip('+')} points (between {ends_of(choice, ' and ').replace('+', '')})."
    )
    if choice.per_cost is not None and not _as_good_as_free(advice, choice):
        ends = per_cost_ends(choice)
        lead += f" One unit of your prices buys {points(choice.per_cost)} points{f' ({ends})' if ends else ''}, "
        lead += "more than any other use of money that was measured."
    if advice.then:
        then = advice.action(advice.then)
        lead += f" Then, for money: {words.visible(then.name)}, {gain_of(then)} points{_for(advice, then)}."
    elif choice.kind == "repair" and any(a.kind == "review" and a.verdict != "not worth it" for a in advice.actions):
        lead += " What a review by people would add to that is not known: compare again on the repaired data."
    return Told("helps", "▲", "DO THIS", text, lead, " ".join([*_anyway(advice), *_not_measured(advice)]))


def _as_good_as_free(advice: Advice, action: Action) -> bool:
    return action.cost is not None and action.cost <= small_change(advice.actions)


def _for(advice: Advice, action: Action) -> str:
    if action.cost is None:
        return ""
    return " at next to no cost" if _as_good_as_free(advice, action) else f" for {money(action.cost)}"


def _open(advice: Advice) -> str:
    rivals = [advice.action(name) for name in advice.rivals]
    sure = [words.visible(a.name) for a in rivals if a.verdict == "do it"]
    unsure = [a for a in rivals if a.verdict == "cannot tell"]
    said = []
    if sure:
        said.append(f"worth it by {'itself' if len(sure) == 1 else 'themselves'}: {words.listing(sure)}.")
    if unsure:
        said += [f"nobody can tell what this would bring: {_reasons(unsure)}."]
    elif len(sure) > 1:
        said.append("Which of them buys most is open: their intervals overlap.")
    return " ".join(words.sentence(s) for s in said)


def _reasons(unsure: list[Action]) -> str:
    shown = [f"{words.visible(a.name)} ({words.visible(a.why)})" if a.why else words.visible(a.name) for a in unsure]
    return words.listing(shown)


def _anyway(advice: Advice) -> list[str]:
    named = [f"{words.visible(n)} ({gain_of(advice.action(n))} points)" for n in advice.anyway]
    return [f"Costs as good as nothing and is worth it too: {words.listing(named)}."] if named else []


def _not_measured(advice: Advice) -> list[str]:
    named = [words.visible(a.name) for a in advice.actions if not a.measured]
    return [f"Not measured: {words.listing(named, 6)}."] if named else []


def to_settle(advice: Advice) -> list[Action]:
    """The undecided actions that a command would settle, those first on which the answer hangs; a command once."""
    undecided = [a for a in advice.actions if a.command]
    first = sorted(undecided, key=lambda a: a.name not in advice.rivals)
    return list({a.command: a for a in reversed(first)}.values())[::-1]
