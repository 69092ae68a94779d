"""`Action`: one thing to do next, what it would bring, what it costs, and whether that is known well enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from train.advice.prices import Bill

Kind = Literal["review", "repair", "collect", "augment", "grow", "longer", "stop"]
Verdict = Literal["do it", "cannot tell", "not worth it"]
VERDICTS: tuple[Verdict, ...] = ("do it", "cannot tell", "not worth it")


@dataclass(frozen=True)
class Estimate:
    """A gain of accuracy, a share; None: that side is open."""

    gain: float
    low: float | None
    high: float | None

    def scaled(self, by: float, least: float | None = None, most: float | None = None) -> Estimate:
        """The gain of a part of what this is the gain of; `least` and `most` bound a part that is not known exactly."""
        parts = (by if least is None else least, by if most is None else most)
        low = None if self.low is None else min(self.low * p for p in parts)
        high = None if self.high is None else max(self.high * p for p in parts)
        return Estimate(self.gain * by, low, high)


@dataclass(frozen=True)
class Action:
    """One thing to do next. Gains are shares of accuracy against the data and the model as they are."""

    kind: Kind
    name: str
    """As an order: `review 120 doubtful labels`."""
    model: str
    amount: float | None
    """Labels to review or rows to collect."""
    gain: float | None
    """None: not measured."""
    low: float | None
    high: float | None
    """95 %; None: open on that side."""
    cost: float | None
    """In the prices' currency; None: a price that it takes was not said."""
    missing: tuple[str, ...]
    """The prices that were not said."""
    per_cost: float | None
    """Gain per unit of cost; None where there is no cost, or it is 0."""
    per_cost_low: float | None
    per_cost_high: float | None
    verdict: Verdict
    why: str = ""
    """Why nobody can tell, where nobody can."""
    command: str = ""
    """What to run to be able to."""
    evidence: tuple[str, ...] = ()
    """The numbers it rests on, a sentence each."""
    over_repair: float | None = None
    """Of a review: the low end of what it brings beyond the best automatic repair of the same labels, where known."""

    @property
    def measured(self) -> bool:
        """Whether there is any number on what it would bring."""
        return self.gain is not None

    @property
    def free(self) -> bool:
        """Whether it costs nothing."""
        return self.cost == 0

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Action:
        """What `to_dict` gave."""
        known = {f.name: values[f.name] for f in fields(cls)}
        return cls(**(known | {k: tuple(known[k]) for k in ("missing", "evidence")}))


def make_action(
    kind: Kind,
    name: str,
    model: str,
    estimate: Estimate | None,
    bill: Bill,
    delta: float,
    *,
    amount: float | None = None,
    why: str = "",
    command: str = "",
    evidence: Sequence[str] = (),
    over_repair: float | None = None,
) -> Action:
    """An action with its verdict and its gain per unit of cost; `why` and `command` are kept where nobody can tell."""
    verdict = judge(estimate, delta)
    known = estimate or Estimate(0.0, None, None)
    open_question = verdict == "cannot tell"
    return Action(
        kind=kind,
        name=name,
        model=model,
        amount=amount,
        gain=None if estimate is None else estimate.gain,
        low=known.low,
        high=known.high,
        cost=bill.cost,
        missing=bill.missing,
        per_cost=None if estimate is None else _each(known.gain, bill.cost),
        per_cost_low=_each(known.low, bill.cost),
        per_cost_high=_each(known.high, bill.cost),
        verdict=verdict,
        why=why if open_question else "",
        command=command if open_question else "",
        evidence=tuple(evidence),
        over_repair=over_repair,
    )


def judge(estimate: Estimate | None, delta: float) -> Verdict:
    """`do it`: better beyond doubt, and by `delta` as far as one can see. `not worth it`: less than `delta` beyond
    doubt. Prices have no say in it: they decide between actions that are worth having."""
    if estimate is None:
        return "cannot tell"
    if estimate.low is not None and estimate.low > 0 and estimate.gain >= delta:
        return "do it"
    if estimate.high is not None and estimate.high < delta:
        return "not worth it"
    return "cannot tell"


def _each(value: float | None, cost: float | None) -> float | None:
    if value is None or not cost:
        return None
    each = value / cost
    return each if math.isfinite(each) else None


SMALL_CHANGE = 20.0
"""What costs less than one part in so many of another is no rival for the same money: both can be had."""
PAID = ("review", "collect")
"""What people are paid for."""


def small_change(actions: Sequence[Action]) -> float:
    """Up to which cost an action is as good as free: a `SMALL_CHANGE`th of the cheapest that people are paid for."""
    paid = [a.cost for a in actions if a.kind in PAID and a.cost]
    return min(paid) / SMALL_CHANGE if paid else 0.0


def ranked(actions: Sequence[Action], *, priced: bool) -> tuple[Action, ...]:
    """Worth doing first, then undecided, then not worth it. Within these what is as good as free comes first, by its
    gain; then by gain per unit of cost; then what has no price, by its gain. What brings nothing is not made better by
    being dear: it is ranked by its loss."""
    free = small_change(actions)

    def place(action: Action) -> tuple[float, ...]:
        verdict, sure = VERDICTS.index(action.verdict), -math.inf if action.low is None else action.low
        if action.gain is None:
            return (verdict, 4, 0.0, -sure)
        if action.gain <= 0:
            return (verdict, 3, -action.gain, -sure)
        if not priced or action.cost is None:
            return (verdict, 2, -action.gain, -sure)
        if action.cost <= free or action.per_cost is None:
            return (verdict, 0, -action.gain, -sure)
        return (verdict, 1, -action.per_cost, -sure)

    return tuple(sorted(actions, key=place))


Ends = tuple[float | None, float | None, float | None]
"""An estimate and its interval."""


def gains(action: Action) -> Ends:
    """What it brings."""
    return action.gain, action.low, action.high


def per_cost(action: Action) -> Ends:
    """What it brings for a unit of money."""
    return action.per_cost, action.per_cost_low, action.per_cost_high


def clearly_more(one: Ends, other: Ends) -> bool:
    """Whether the first exceeds the second beyond doubt: the lower end of the interval of their difference, recovered
    from the two intervals (Zou and Donner, Statistics in Medicine, 2008), lies above 0."""
    a, low, _ = one
    b, _, high = other
    if a is None or low is None or b is None or high is None:
        return False
    return a - b > math.hypot(a - low, high - b)
