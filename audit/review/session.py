"""One reviewer's way through the queue: which row comes next, what is decided, how far it is."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audit.errors import InputError, UnknownName
from audit.render import words
from audit.review.decisions import DROP, KEEP, RELABEL, UNSURE, Decision, Undo, event_of
from audit.review.journal import Journal
from audit.review.rows import Desk

PACE = 5.0
"""Seconds a row is taken to need as long as nobody has looked at one."""
RECENT = 50
"""Looks whose median is the pace."""


@dataclass(eq=False)
class Session:
    """A queue, a reviewer and a journal. Everything that lasts is in the journal."""

    desk: Desk
    journal: Journal
    queue: list[int]
    """Positions in the plan, first to last."""
    reviewer: str
    again: frozenset[str] = frozenset()
    """Rows that reviewers disagree about, to be looked at again: open until this reviewer decides anew."""
    steps: tuple[tuple[str, str], ...] = ()
    """What to do when all is settled: in words, and the command."""
    _pace: list[float] = field(default_factory=list)
    _anew: set[str] = field(default_factory=set)

    @property
    def classes(self) -> list[str]:
        """The labels there are, as text."""
        return [str(c) for c in self.desk.data.classes]

    def state(self) -> dict[str, Any]:
        """What the page needs once: labels, reviewer, progress, and the first open row."""
        self.journal.refresh()
        steps = [{"text": text, "command": command} for text, command in self.steps]
        classes = [{"label": c, "shown": words.visible(c)} for c in self.classes]
        known = {"reviewer": self.reviewer, "classes": classes, "steps": steps, "last": self._last()}
        return {**known, **self._now()}

    def decide(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write a decision down, and only then say which row is next. A decision that is there already is not written
        twice, so that a page that heard no answer may ask again."""
        row = values.get("row")
        if not isinstance(row, str) or row not in self.desk.design.place:
            raise InputError(f"no row {row!r} in this data")
        decision = event_of({**values, "reviewer": self.reviewer, "at": _now()})
        if not isinstance(decision, Decision):
            raise InputError("a decision is expected")
        decision = self._meant(decision)
        if self.journal.append([decision]) and decision.seconds:
            self._pace.append(decision.seconds)
        self._anew.add(decision.row)
        return self._now()

    def _meant(self, decision: Decision) -> Decision:
        """A new label must be one there is; the label that the row has already is kept."""
        if decision.verdict != RELABEL:
            return decision
        if decision.label not in self.classes:
            raise UnknownName.of("class", decision.label, self.classes, where=f"row {decision.row}")
        if decision.label != self.desk.design.given[self.desk.design.place[decision.row]]:
            return decision
        return Decision(decision.id, decision.row, decision.reviewer, KEEP, "", decision.at, decision.seconds)

    def undo(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Take back this reviewer's decision on a row, which is then shown again."""
        undone = event_of({**values, "reviewer": self.reviewer, "at": _now()})
        if not isinstance(undone, Undo) or undone.row not in self.desk.design.place:
            raise InputError("an undo names a row and a decision")
        self.journal.append([undone])
        self._anew.discard(undone.row)
        return {**self._progress(), "last": self._last(), "row": self._row(self.desk.design.place[undone.row])}

    # -- where we are --------------------------------------------------------------------------------------------------

    def _now(self) -> dict[str, Any]:
        return {**self._progress(), "row": self._next()}

    def _last(self) -> dict[str, str] | None:
        """What this reviewer would take back, before anything was decided on the page that asks."""
        own = [d for d in self.journal.standing if d.reviewer == self.reviewer and d.row in self.desk.design.place]
        latest = max(own, key=lambda d: d.at, default=None)
        return None if latest is None else {"id": latest.id, "row": latest.row}

    def _is_open(self, position: int) -> bool:
        row = self.desk.design.ids[position]
        if row in self.again and row not in self._anew:
            return True
        return self.journal.by(self.reviewer, row) is None

    def _next(self) -> dict[str, Any] | None:
        position = next((p for p in self.queue if self._is_open(p)), None)
        return None if position is None else self._row(position)

    def _row(self, position: int) -> dict[str, Any]:
        shown = self.desk.show(position)
        row = shown["row"]
        others = [d for d in self.journal.standing if d.row == row] if row in self.again else []
        said = [{"what": d.reviewer, "said": _said(d)} for d in others]
        return {**shown, "facts": [*said, *shown["facts"]]}

    def _progress(self) -> dict[str, Any]:
        left = sum(map(self._is_open, self.queue))
        pace = statistics.median(self._pace[-RECENT:]) if self._pace else self._pace_so_far()
        return {"done": len(self.queue) - left, "total": len(self.queue), "seconds_left": round(left * pace)}

    def _pace_so_far(self) -> float:
        seen = [d.seconds for d in self.journal.standing if d.reviewer == self.reviewer and d.seconds]
        return statistics.median(seen) if seen else PACE


def _said(decision: Decision) -> str:
    return {KEEP: "keep", DROP: "drop", UNSURE: "not sure", RELABEL: f"should be {decision.label}"}[decision.verdict]


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
