"""What people decided, as events, and what stands when all of them have been heard.

A decision is never changed: a later one of the same reviewer on the same row stands in its place, and taking one back
is an event of its own. Several reviewers are heard by majority.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audit.errors import InputError, UnknownName

KEEP, RELABEL, DROP, UNSURE = "keep", "relabel", "drop", "unsure"
VERDICTS = (KEEP, RELABEL, DROP, UNSURE)
LONGEST = 3600.0
"""Seconds that a look is taken to have lasted at most: beyond that nobody was looking."""


@dataclass(frozen=True)
class Decision:
    """What one reviewer decided about one row."""

    id: str
    row: str
    """The row's id as text, which is what JSON keeps of it."""
    reviewer: str
    verdict: str
    label: str = ""
    """The label that is right instead, as text; only of `relabel`."""
    at: str = ""
    """When, in ISO 8601."""
    seconds: float = 0.0
    """How long the reviewer looked; 0 where nobody measured it."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        said = {"label": self.label} if self.verdict == RELABEL else {}
        head = {"id": self.id, "row": self.row, "reviewer": self.reviewer, "verdict": self.verdict}
        return {**head, **said, "at": self.at, "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class Undo:
    """A reviewer takes a decision back."""

    id: str
    decision: str
    row: str
    reviewer: str
    at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        said = {"id": self.id, "undo": self.decision, "row": self.row}
        return {**said, "reviewer": self.reviewer, "at": self.at}


Event = Decision | Undo
Outcome = Literal["keep", "relabel", "drop", "unsure", "disputed"]


def event_of(values: Mapping[str, Any]) -> Event:
    """The inverse of `to_dict`. InputError or UnknownName where a value is missing, of another kind or unknown."""
    if "undo" in values:
        id_, undone, row, who = (_text(values, name) for name in ("id", "undo", "row", "reviewer"))
        return Undo(id_, undone, row, who, _text(values, "at", ""))
    verdict = _text(values, "verdict")
    if verdict not in VERDICTS:
        raise UnknownName.of("verdict", verdict, VERDICTS)
    label = _text(values, "label") if verdict == RELABEL else ""
    seconds = values.get("seconds", 0.0)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= sys.float_info.max:
        raise InputError(f"seconds must be a number from 0 on, this is {seconds!r:.40}")
    return Decision(
        _text(values, "id"),
        _text(values, "row"),
        _text(values, "reviewer"),
        verdict,
        label,
        _text(values, "at", ""),
        min(float(seconds), LONGEST),
    )


def _text(values: Mapping[str, Any], name: str, missing: str | None = None) -> str:
    value = values.get(name, missing)
    if not isinstance(value, str) or (missing is None and not value) or _is_cut(value):
        raise InputError(f"{name} must be a text, this is {value!r}")
    return value


def _is_cut(value: str) -> bool:
    """Whether half of a surrogate pair is in it, which can neither be shown nor sent."""
    return any("\ud800" <= letter <= "\udfff" for letter in value)


Held = dict[tuple[str, str], list[Decision]]
"""(reviewer, row) → what was decided and not taken back, oldest first."""


def hear(held: Held, event: Event) -> None:
    """Take an event into account, in place: journals grow line by line."""
    if isinstance(event, Decision):
        held.setdefault((event.reviewer, event.row), []).append(event)
        return
    mine = held.get((event.reviewer, event.row), [])
    mine[:] = [d for d in mine if d.id != event.decision]


def standing(held: Held) -> list[Decision]:
    """The decisions that stand, one for each reviewer and row, in the order in which rows were first decided."""
    return [stack[-1] for stack in held.values() if stack]


@dataclass(frozen=True)
class Settled:
    """What becomes of one row when all its reviewers have been heard."""

    row: str
    outcome: Outcome
    label: str
    """The new label, of `relabel`."""
    votes: tuple[Decision, ...]

    @property
    def reason(self) -> str:
        """Who said so, for the patch."""
        agreed = (v.reviewer for v in self.votes if (v.verdict, v.label) == (self.outcome, self.label))
        return f"decided by {', '.join(agreed)}"


def settle(decisions: Iterable[Decision]) -> dict[str, Settled]:
    """Row → what more than half of those say who were sure; `disputed` where no answer has more than half."""
    by_row: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_row.setdefault(decision.row, []).append(decision)
    return {row: _settle(row, tuple(said)) for row, said in by_row.items()}


def _settle(row: str, said: tuple[Decision, ...]) -> Settled:
    sure = Counter((d.verdict, d.label) for d in said if d.verdict != UNSURE)
    if not sure:
        return Settled(row, "unsure", "", said)
    (verdict, label), votes = sure.most_common(1)[0]
    if 2 * votes <= sure.total():
        return Settled(row, "disputed", "", said)
    return Settled(row, verdict, label, said)  # type: ignore[arg-type]  # one of VERDICTS


def disputed(settled: Mapping[str, Settled]) -> list[str]:
    """Rows on which those who were sure do not all say the same, outvoted or not."""
    return [
        row for row, s in settled.items() if len({(v.verdict, v.label) for v in s.votes if v.verdict != UNSURE}) > 1
    ]
