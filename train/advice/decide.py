"""`decide`: which one action a ranked list comes to, or between which nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from train.advice.actions import PAID, SMALL_CHANGE, Action, clearly_more, gains, per_cost, small_change

ESSENTIAL = ("collect", "review")
"""Without knowing what these would bring, nothing else can be called the best use of money."""
Answer = Literal["do it", "stop", "cannot tell"]


@dataclass(frozen=True)
class Decision:
    """The answer, and the names of the actions it rests on; see `train.advice.advise.Advice`."""

    answer: Answer
    choice: str = ""
    then: str = ""
    anyway: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()


def decide(actions: Sequence[Action], *, priced: bool) -> Decision:
    """Name one action if it is worth it beyond doubt and no other can be the better use of the money.

    What is as good as free is no use of money: it is the answer unless the best paid action clearly brings more, and is
    to be done in any case.

    Args:
        actions: ranked (`train.advice.actions.ranked`).
        priced: whether gains are weighed against costs.
    """
    sure = [a for a in actions if a.verdict == "do it"]
    if not sure:
        open_ones = _names([a for a in actions if a.verdict == "cannot tell" and (a.measured or a.kind in ESSENTIAL)])
        return Decision("cannot tell", rivals=open_ones) if open_ones else Decision("stop")
    most = small_change(actions) if priced else -1.0
    free = [a for a in sure if a.cost is not None and a.cost <= most]
    paid = [a for a in sure if a not in free]
    rivals = _rivals(paid[0], [a for a in actions if a not in free], priced=priced) if paid else []
    unknown = [a for a in actions if not a.measured and a.kind in ESSENTIAL]
    if unknown:
        return Decision("cannot tell", anyway=_one_a_kind(free), rivals=_names([*paid[:1], *rivals, *unknown]))
    if free and not (paid and _worth_paying(paid[0], free[0])):
        # a review of labels that a repair has already dealt with may add nothing to it
        adds = paid and not rivals and (free[0].kind, paid[0].kind) != ("repair", "review")
        then = paid[0].name if adds else ""
        return Decision("do it", free[0].name, then, _one_a_kind(free, but=free[0].kind))
    if rivals:
        return Decision("cannot tell", anyway=_one_a_kind(free), rivals=_names([paid[0], *rivals]))
    return Decision("do it", paid[0].name, anyway=_one_a_kind(free, but=paid[0].kind))


def _worth_paying(paid: Action, free: Action) -> bool:
    """Whether what is paid for clearly brings more; a review beside a repair of the same labels paired, where it can be."""
    if (free.kind, paid.kind) == ("repair", "review") and paid.over_repair is not None:
        return paid.over_repair > 0
    return clearly_more(gains(paid), gains(free))


def _names(actions: Sequence[Action]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.name for a in actions))


def _one_a_kind(actions: Sequence[Action], but: str = "") -> tuple[str, ...]:
    """The best of each kind, since those of a kind are alternatives."""
    best = {a.kind: a for a in reversed(actions) if a.kind != but}
    return _names([a for a in actions if a in best.values()])


def _rivals(top: Action, actions: Sequence[Action], *, priced: bool) -> list[Action]:
    return [a for a in actions if a.measured and a.kind != top.kind and not _loses(a, top, priced=priced)]


def _loses(rival: Action, top: Action, *, priced: bool) -> bool:
    """Whether a rival cannot be the better use of the money, or is none for the same money."""
    if rival.verdict == "not worth it":
        return True
    if not priced:
        return clearly_more(gains(top), gains(rival))
    if top.cost is None or rival.cost is None:
        # computing without a price is no rival of work that has one; else only what they bring can be compared
        return (top.cost is not None and rival.kind not in PAID) or clearly_more(gains(top), gains(rival))
    if rival.kind not in PAID and rival.cost * SMALL_CHANGE < top.cost:
        return True
    return clearly_more(per_cost(top), per_cost(rival))
