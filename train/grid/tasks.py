"""What there is to do of a grid, piece by piece, and doing one piece. Where it is done is an executor's business.

A `Draw` is audited once for all that trains on it; a `Training` is some cells of one seed and model. `attempt` does a
piece, writes each finished cell to the ledger itself, at once, and tells what happened as events. The last event of a
piece is `Ended` or `Lost`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from audit.dataset import Dataset
from audit.errors import AssayError
from audit.expected import spread
from train.fit.groups.cells import Job, groupable
from train.fit.loop import Fit, predict
from train.fit.models import NOT_TORCH, build, looks_at_pictures
from train.fit.plan import train_jobs
from train.fit.recipe import Recipe
from train.fit.stacked import stackable
from train.grid.draws import Audited, Rows, rows_of
from train.grid.ledger import Ledger, Result, failure
from train.grid.metrics import metrics, reliability
from train.grid.variants import Variant


@dataclass(frozen=True)
class Cell:
    """One training."""

    variant: str
    size: int
    seed: int
    model: str


# -- pieces of work ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draw:
    """To audit one draw and make of it what some variants train on."""

    seed: int
    size: int
    variants: tuple[str, ...]
    tries: int = 0
    """How often a worker has died of it."""

    def __str__(self) -> str:
        return f"the audit of {self.size:,} rows, seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Training:
    """To train some cells of one seed and model."""

    model: str
    keys: Mapping[Cell, str]
    """Each cell's key in the ledger."""
    rows: Mapping[Cell, Rows]
    tries: int = 0

    def __str__(self) -> str:
        return f"{len(self.keys)} cell{'s' * (len(self.keys) != 1)} of {self.model}"

    def only(self, cells: Sequence[Cell], tries: int) -> Training:
        """The same for some of its cells."""
        return Training(self.model, {c: self.keys[c] for c in cells}, {c: self.rows[c] for c in cells}, tries)


Task = Draw | Training


@dataclass(frozen=True, eq=False)
class Setting:
    """What every piece of a grid needs, in arrays that can be shared between processes."""

    light: Dataset
    """The training rows with their labels; what draws are taken from."""
    vectors: np.ndarray
    inputs: Mapping[str, tuple[np.ndarray, np.ndarray]]
    """What models look at, of training rows and of test rows: `vectors` and, where a model wants them, `pictures`."""
    test_labels: np.ndarray
    variants: Mapping[str, Variant]
    recipes: Mapping[str, Recipe]
    truth: str | None = None
    whole: Audited | None = None
    device: str = "cpu"
    """Where models train."""

    @cached_property
    def tensors(self) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """The inputs on the device, taken there once; on a CPU they are no copies."""
        there = {kind: tuple(_tensor(v).to(self.device) for v in pair) for kind, pair in self.inputs.items()}
        return {kind: (own, other) for kind, (own, other) in there.items()}

    def looks_at(self, model: str) -> tuple[torch.Tensor, torch.Tensor]:
        """(training, test) examples as a model sees them."""
        return self.tensors[look_of(self.recipes[model])]

    def operations(self, model: str) -> float | None:
        """Floating-point operations of one cell's step, forwards and backwards (at least: convolutions take more), if
        cells of this model train side by side on the device; None if they do not."""
        recipe = self.recipes[model]
        if recipe.model in NOT_TORCH:
            return None
        own, _ = self.inputs[look_of(recipe)]
        with torch.random.fork_rng(devices=[]):
            made = build(recipe, own.shape[1:], len(self.light.classes))
        stacks = self.device.startswith("cuda") and stackable(made, own.shape[1:])
        if not (groupable(made) or stacks):
            return None
        return 6.0 * recipe.batch * sum(p.numel() for p in made.parameters())


def look_of(recipe: Recipe) -> str:
    """What a recipe's model looks at: `pictures` or `vectors`."""
    return "pictures" if looks_at_pictures(recipe.model) else "vectors"


def _tensor(values: np.ndarray) -> torch.Tensor:
    """The array's own memory as a tensor. It may be shared and read-only; nothing writes into what cells train on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable", category=UserWarning)
        return torch.from_numpy(values)


# -- what happened -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Started:
    """An executor is ready."""

    lanes: int
    """How many pieces it works on at a time."""
    what: str
    """A sentence for the reader; '' where there is nothing to say."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What each variant trains on of a draw."""

    task: Draw
    rows: Mapping[str, Rows]


@dataclass(frozen=True, eq=False)
class Finished:
    """One cell."""

    cell: Cell
    key: str
    result: Result
    written: bool
    """Whether the worker has written it to the ledger's folder."""


@dataclass(frozen=True, eq=False)
class Ended:
    """A piece is done."""

    choices: tuple[str, ...] = ()
    """What the planner chose for it."""
    notes: tuple[str, ...] = ()
    """What did not go as asked."""
    seconds: float = 0.0
    """What it took where it was done."""


@dataclass(frozen=True, eq=False)
class Lost:
    """A piece is not done: its worker died, or the training broke."""

    task: Task
    why: str


@dataclass(frozen=True, eq=False)
class Refused:
    """An error that the user must see."""

    error: AssayError


Event = Started | Drawn | Finished | Ended | Lost | Refused
Feed = Callable[[], Task | None]
"""The next piece of work, or None if there is none at the moment."""
Executor = Callable[[Setting, Ledger, Feed, int], Generator[Event, None, None]]
"""(setting, ledger, feed, the most pieces that can be worked on at a time) → what happens, as it happens. It ends when
there is nothing to do and nothing under way; what one event leads to may be fed after it."""


# -- doing one piece ---------------------------------------------------------------------------------------------------


def attempt(setting: Setting, ledger: Ledger, task: Task) -> Iterator[Event]:
    """Do one piece of work, telling what happens. Errors of the user's making and trainings that break become events;
    whatever else goes wrong is a fault in the program, and ends the worker."""
    start = time.perf_counter()
    try:
        if isinstance(task, Draw):
            yield Drawn(task, _drawn(setting, task))
            said: Said = (), ()
        else:
            said = yield from _trained(setting, ledger, task)
        yield Ended(*said, seconds=time.perf_counter() - start)
    except AssayError as error:
        yield Refused(error)
    except (RuntimeError, MemoryError, ArithmeticError) as broken:
        first = next(iter(str(broken).splitlines()), "")
        yield Lost(task, f"{type(broken).__name__}: {first}".rstrip(": "))


def _drawn(setting: Setting, task: Draw) -> dict[str, Rows]:
    variants = [setting.variants[name] for name in task.variants]
    where = (setting.light, setting.vectors, task.size, task.seed)
    return rows_of(*where, variants, setting.whole, setting.truth)


Said = tuple[tuple[str, ...], tuple[str, ...]]


def _trained(setting: Setting, ledger: Ledger, task: Training) -> Generator[Event, None, Said]:
    """Train the cells and judge each on the test set. A cell without rows, or whose loss is no number, has failed.
    Returns what the planner chose, and what did not go as asked."""

    def kept(cell: Cell, result: Result) -> Finished:
        ledger.put(task.keys[cell], result)
        return Finished(cell, task.keys[cell], result, written=ledger.folder is not None)

    records = {cell: record_of(setting, cell, rows) for cell, rows in task.rows.items()}
    full = [cell for cell, rows in task.rows.items() if (rows.weights > 0).any()]
    for cell in task.rows.keys() - set(full):
        yield kept(cell, failure(records[cell], "no row was left to train on"))
    if not full:
        return (), ()
    x, x_test = setting.looks_at(task.model)
    start = time.perf_counter()
    jobs = [_job(setting, cell, task.rows[cell], x.device) for cell in full]
    trained = train_jobs(x, jobs, len(setting.light.classes), setting.recipes[task.model])
    each = (time.perf_counter() - start) / max(1, sum(f.steps for f in trained.fits))
    for cell, fitted, mode in zip(full, trained.fits, trained.modes, strict=True):
        record = {**records[cell], "seconds": round(each * fitted.steps, 3)}
        if x.is_cuda:  # on a CPU a cell is the same however it was trained
            record["mode"] = mode
        yield kept(cell, _judged(record, fitted, x_test, setting.test_labels))
    notes = dict.fromkeys(note for fitted in trained.fits for note in fitted.notes)
    return tuple(f"{task.model}: {said}" for said in trained.choices), tuple(f"{task.model}: {note}" for note in notes)


def _job(setting: Setting, cell: Cell, rows: Rows, device: torch.device) -> Job:
    positions, labels, weights = (_tensor(v).to(device) for v in (rows.positions, rows.labels, rows.weights))
    recipe = setting.recipes[cell.model]
    if recipe.budget == "steps":
        # of the rows drawn, so that a variant that drops some takes as many steps as the others
        recipe = replace(recipe, steps=recipe.steps_for(cell.size))
    augment = setting.variants[cell.variant].augment
    return Job(positions, labels, weights.float(), cell.seed, augment, recipe)


def _judged(record: Mapping[str, Any], fitted: Fit, x_test: torch.Tensor, labels: np.ndarray) -> Result:
    probabilities = predict(fitted.model, x_test).cpu().numpy()
    taken = {"steps": fitted.steps, "epochs": round(fitted.epochs, 2), "examples_seen": fitted.examples_seen}
    taken["parameters"] = sum(p.numel() for p in fitted.model.parameters())
    if not np.isfinite(probabilities).all():
        return failure({**record, **taken}, "the loss was no number")
    said = {"metrics": metrics(probabilities, labels), "reliability": reliability(probabilities, labels)}
    predicted = probabilities.argmax(axis=1)
    return Result({**record, **taken, **said}, predicted == labels, predicted.astype(np.uint16))


def record_of(setting: Setting, cell: Cell, rows: Rows | None) -> dict[str, Any]:
    """What is known of a cell before it is trained; without rows, of one whose draw could not be audited."""
    variant = setting.variants[cell.variant]
    counts: dict[str, Any] = {"rows": 0, "edits": 0, "unaudited": 0, "noise": None, "repair_seconds": 0.0}
    if rows is not None:
        counts = {"rows": len(rows.positions), "edits": rows.edits, "unaudited": rows.unaudited, "noise": rows.noise}
        counts["repair_seconds"] = round(rows.repair_seconds, 3)
    counts |= spread(None if rows is None else rows.flags)
    known = {"test_rows": len(setting.test_labels), "augmented": variant.augment is not None, "noise_of": setting.truth}
    return {**cell.__dict__, **counts, **known, "cleaner": variant.cleaner}
