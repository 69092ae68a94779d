"""The journal of a review: `decisions.jsonl` in the report's folder, appended to and never rewritten.

The first line says what was reviewed, every other line is one event. A line is written whole under a lock and is on
the disk (`fsync`) before anybody is told so: a process that is killed leaves at most half a line that nobody was told
of, and the next writer cuts it off. Several processes may append to one journal at the same time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.errors import InputError, OutputError, StaleError, UnknownName
from audit.review.decisions import Decision, Event, Held, Settled, event_of, hear, settle, standing

FOLDER, NAME = "review", "decisions.jsonl"
VERSION = 1


@dataclass(frozen=True)
class Reviewed:
    """What a journal is about, as its first line says."""

    data: str
    """The fingerprint of the data."""
    queue: str
    """The hash of what the audit says of its labels; '' where that does not matter."""


@dataclass(eq=False)
class Journal:
    """An open journal: what all writers have put into it so far. It grows; what it has said stays said."""

    path: Path
    about: Reviewed
    _held: Held = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _read_to: int = 0
    _lines: int = 0

    def refresh(self) -> None:
        """Read what others have appended meanwhile."""
        if self.path.exists():
            with self.path.open("rb") as file:
                self._take_in(file.fileno())

    def append(self, events: Iterable[Event]) -> int:
        """Write events that are not there yet, by their ids; on return they are on the disk. Returns how many."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path) as handle:
                self._take_in(handle)
                os.ftruncate(handle, self._read_to)  # what follows is half a line of a process that was killed
                new = {e.id: e for e in events if e.id not in self._ids}
                lines = [*([] if self._read_to else [self._header()]), *(e.to_dict() for e in new.values())]
                _write(handle, b"".join(_line(values) for values in lines))
                self._take_in(handle)
                return len(new)
        except OSError as refused:
            raise OutputError(f"{self.path}: cannot write: {refused.strerror}") from None

    def _header(self) -> dict[str, Any]:
        return {"assay_review": VERSION, "data": self.about.data, "queue": self.about.queue}

    def _take_in(self, handle: int) -> None:
        os.lseek(handle, self._read_to, os.SEEK_SET)
        new = b"".join(iter(lambda: os.read(handle, 1 << 20), b""))
        for line in new[: new.rfind(b"\n") + 1].splitlines(keepends=True):
            values = _parsed(line, f"{self.path}, line {self._lines + 1}")
            if self._read_to == 0:
                self._check(values)
            else:
                self._hear(values)
            self._read_to += len(line)
            self._lines += 1

    def _hear(self, values: dict[str, Any]) -> None:
        try:
            event = event_of(values)
        except (InputError, UnknownName) as wrong:
            raise InputError(f"{self.path}, line {self._lines + 1}: {wrong}") from None
        if event.id not in self._ids:
            self._ids.add(event.id)
            hear(self._held, event)

    def _check(self, header: dict[str, Any]) -> None:
        if header.get("assay_review") != VERSION:
            raise InputError(
                f"{self.path}: not a journal of this assay; its first line must say assay_review {VERSION}"
            )
        if header.get("data") != self.about.data:
            raise StaleError(
                f"{self.path}: decisions about data {str(header.get('data'))[:12]}…, this is {self.about.data[:12]}…"
            )
        if self.about.queue and header.get("queue") != self.about.queue:
            raise StaleError(
                f"{self.path}: decisions made by another audit of this data; move the file away and take it in again: "
                "assay review REPORT --import FILE"
            )

    @property
    def standing(self) -> list[Decision]:
        """The decisions that stand, one for each reviewer and row."""
        return standing(self._held)

    def by(self, reviewer: str, row: str) -> Decision | None:
        """What stands of one reviewer on one row."""
        stack = self._held.get((reviewer, row))
        return stack[-1] if stack else None


def journal_of(report: Path, about: Reviewed) -> Journal:
    """The journal in a report's folder, read as far as it goes. StaleError if it is of other data or another audit."""
    journal = Journal(report / FOLDER / NAME, about)
    journal.refresh()
    return journal


def settled_in(report: Path, data: str) -> dict[str, Settled]:
    """What was decided of every row, out of a report's folder. InputError if nobody decided anything there."""
    journal = journal_of(report, Reviewed(data, ""))
    if not journal.standing:
        raise InputError(f"{journal.path}: nobody has decided anything yet: assay review {report}/")
    return settle(journal.standing)


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as broken:
        raise InputError(f"{where}: not JSON: {broken}") from None
    if not isinstance(values, dict):
        raise InputError(f"{where}: a JSON object is expected, this is a {type(values).__name__}")
    return values


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, allow_nan=False).encode() + b"\n"  # ASCII: no other line ends can get in


def _write(handle: int, content: bytes) -> None:
    os.lseek(handle, 0, os.SEEK_END)
    while content:
        content = content[os.write(handle, content) :]
    os.fsync(handle)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    fresh = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if fresh:
            _sync_folder(path.parent)
        yield handle
    finally:
        os.close(handle)  # which unlocks


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
