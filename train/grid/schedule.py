"""`Schedule`: a grid's missing cells cut into pieces of work, handed out as they become ready, and again where a worker
died: once whole, then cell by cell, until the cell that kills its worker is found and the others are done."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from train.grid.draws import Rows
from train.grid.ledger import Result, failure
from train.grid.tasks import (
    Cell,
    Draw,
    Drawn,
    Ended,
    Event,
    Finished,
    Refused,
    Setting,
    Started,
    Task,
    Training,
    record_of,
)

TRIES = 2
"""A worker that dies of a piece may have been unlucky; one that dies of it again was not."""
LARGEST = 128
"""Cells of one piece: what is lost at most when a worker dies."""
WORTH = 20e6
"""Floating-point operations a step that each part of a group must have for cutting it in parts to pay: below, the
step's own overhead, paid in each part, is most of its time."""


@dataclass(eq=False)
class Schedule:
    """What is to be done of a grid, and what has become of it so far. The one value here that changes."""

    setting: Setting
    keys: Mapping[Cell, str]
    """The missing cells, each with its key in the ledger."""
    choices: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lost: int = 0
    """Cells that failed with their workers."""
    lanes: int = 1

    def __post_init__(self) -> None:
        self._left = set(self.keys)
        self._rows: dict[Cell, Rows] = {}
        draws: dict[tuple[int, int], dict[str, None]] = {}
        for cell in self.keys:
            draws.setdefault((cell.seed, cell.size), {})[cell.variant] = None
        self._queue: deque[Task] = deque(Draw(*draw, tuple(variants)) for draw, variants in draws.items())
        self._to_audit = Counter(seed for seed, _ in draws)
        self.draws = len(draws)

    @property
    def audited(self) -> int:
        """Draws whose audits are done."""
        return self.draws - self._to_audit.total()

    def feed(self) -> Task | None:
        """The next piece of work, if one is ready."""
        return self._queue.popleft() if self._queue else None

    def take(self, event: Event) -> Iterator[tuple[Cell, Result]]:
        """Draw the consequences of what has happened; the cells that have a result by it."""
        if isinstance(event, Refused):
            raise event.error
        if isinstance(event, Started):
            self.lanes = event.lanes
            self.choices += [event.what] if event.what else []
        elif isinstance(event, Finished):
            if event.cell in self._left:
                self._left.remove(event.cell)
                yield event.cell, event.result
        elif isinstance(event, Drawn):
            self._drawn(event.task, event.rows)
        elif isinstance(event, Ended):
            self.choices += event.choices
            self.notes += [note for note in event.notes if note not in self.notes]
        elif isinstance(event.task, Draw):
            yield from self._lost_draw(event.task, event.why)
        else:
            yield from self._lost_training(event.task, event.why)

    # -- cutting into pieces -------------------------------------------------------------------------------------------

    def _drawn(self, task: Draw, rows: Mapping[str, Rows]) -> None:
        """The trainings of a seed are ready when all its draws are audited."""
        mine = [c for c in self.keys if c in self._left and c.seed == task.seed]
        self._rows |= {c: rows[c.variant] for c in mine if c.size == task.size}
        self._to_audit[task.seed] -= 1
        if not self._to_audit[task.seed]:
            pieces = [t for m in self.setting.recipes for t in self._trainings([c for c in mine if c.model == m], m)]
            # before any other draw: what is trained is safe, what is only audited is not
            self._queue.extendleft(reversed(pieces))

    def _trainings(self, cells: Sequence[Cell], model: str) -> list[Training]:
        if not cells:
            return []
        whole = Training(model, {c: self.keys[c] for c in cells}, {c: self._rows.pop(c) for c in cells})
        parts = self._parts(len(cells), model)
        # every so-many-th, so that the parts have sizes and variants, and with them steps, in like shares
        return [whole.only(cells[k::parts], 0) for k in range(parts)]

    def _parts(self, cells: int, model: str) -> int:
        """In how many pieces to train cells. Those that cannot train side by side go one by one, so that a kill loses
        one; a group is cut only for lanes that would stand idle, and where its parts are work enough."""
        operations = self.setting.operations(model)
        if operations is None:
            return cells
        idle = -(-self.lanes // (len(self._to_audit) * len(self.setting.recipes)))
        return max(-(-cells // LARGEST), min(idle, int(cells * operations / WORTH), cells), 1)

    # -- what went wrong -----------------------------------------------------------------------------------------------

    def _lost_draw(self, task: Draw, why: str) -> Iterator[tuple[Cell, Result]]:
        if task.tries + 1 < TRIES:
            self._queue.appendleft(replace(task, tries=task.tries + 1))
            self.notes.append(f"{task} was begun anew: {why}")
            return
        for cell in [c for c in self.keys if (c.seed, c.size) == (task.seed, task.size)]:
            yield self._fails(cell, None, f"its rows could not be audited: {why}")
        self._drawn(task, {})

    def _lost_training(self, task: Training, why: str) -> Iterator[tuple[Cell, Result]]:
        left = [c for c in task.keys if c in self._left]
        if task.tries + 1 < TRIES:
            self._queue.appendleft(task.only(left, task.tries + 1))
            self.notes.append(f"{len(left)} of {task} were begun anew: {why}")
        elif len(left) > 1:
            self._queue.extendleft(task.only([c], task.tries) for c in reversed(left))
            self.notes.append(f"{len(left)} of {task} were trained one by one: {why}")
        else:
            for cell in left:
                yield self._fails(cell, task.rows[cell], why)

    def _fails(self, cell: Cell, rows: Rows | None, why: str) -> tuple[Cell, Result]:
        """Not for the ledger: what kills a worker may be the machine's state, and the next run tries the cell again."""
        self._left.remove(cell)
        self.lost += 1
        return cell, failure(record_of(self.setting, cell, rows), f"{why} ({TRIES} times)")
