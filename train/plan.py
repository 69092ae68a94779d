"""The planner: packs cells into groups, finds out whether a group or one after another is the faster, and says so.

On a CPU the choice changes no result, only the time: a group equals each of its cells alone (train/vmapped.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Literal

import torch

from train.loop import Fit, fit
from train.models import build
from train.recipe import Recipe
from train.vmapped import SPAN, Job, groupable, train_group

Mode = Literal["grouped", "alone"]
Trainer = Callable[[torch.Tensor, Sequence[Job], int, Recipe], Generator[int, None, list[Fit]]]
PROBE = 4
"""Steps that are timed; the two before them also fill caches and are not."""
WARM = 2
SHARE = 0.5
"""Of the memory that is free on a GPU, what a group may take."""
MEMORY = 1 << 30
"""Bytes that a group may take on a CPU."""
TICK = 1e-9
AS_ASKED = "as asked, or as timed before"
EXHAUSTED = ("out of memory", "can't allocate memory", "not enough memory")
"""How a RuntimeError says that memory ran out; CPU allocators have no exception of their own."""


@dataclass(frozen=True)
class Choice:
    """How some cells were trained, and why."""

    cells: int
    mode: Mode
    why: str
    grouped: float | None = None
    """Seconds a cell and step, as timed; None: not timed."""
    alone: float | None = None

    def __str__(self) -> str:
        return f"{self.cells:,} cell{'s' if self.cells != 1 else ''} {self.mode}: {self.why}"


@dataclass(frozen=True, eq=False)
class Trained:
    """The fits in the jobs' order, and how they were come by."""

    fits: tuple[Fit, ...]
    choices: tuple[Choice, ...]


def train_jobs(
    x: torch.Tensor,
    jobs: Sequence[Job],
    classes: int,
    recipe: Recipe,
    *,
    mode: Mode | None = None,
    memory: int | None = None,
    trainer: Trainer = train_group,
) -> Trained:
    """Train cells of one recipe in whichever way is the faster.

    Args:
        x: (N, ...), the pool.
        jobs: the cells.
        classes: how many classes there are.
        recipe: model, budget, optimiser.
        mode: force it, untimed; what an earlier `Choice` on the same recipe and pool found may be given here.
        memory: bytes that a group may take; by default a share of what is free.
        trainer: what trains a group.
    """
    torch.set_num_threads(1)
    limit = _free(x) if memory is None else memory
    fits: dict[int, Fit] = {}
    choices: list[Choice] = []
    found: dict[tuple[int, bool], Mode] = {}
    for group in pack(x, jobs, classes, recipe, limit):
        alike = _alike(jobs[group[0]], recipe)
        own, chosen = _train(x, [jobs[i] for i in group], classes, recipe, mode or found.get(alike), trainer)
        choices += chosen
        if chosen[-1].grouped is not None:
            found[alike] = chosen[-1].mode  # for groups of the same kind one probe is enough
        fits |= dict(zip(group, own, strict=True))
    return Trained(tuple(fits[i] for i in range(len(jobs))), tuple(choices))


def pack(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, memory: int) -> list[list[int]]:
    """Which jobs go together: those of one batch size, augmented or not, longest first, as many as fit into `memory`
    bytes. A job that is done leaves its group, so different lengths waste nothing; like ones keep groups full."""
    kinds: dict[tuple[int, bool], list[int]] = {}
    for i in sorted(range(len(jobs)), key=lambda i: -_steps(jobs[i], recipe)):
        kinds.setdefault(_alike(jobs[i], recipe), []).append(i)
    packed = []
    for (batch, _), members in kinds.items():
        each = max(1, memory // bytes_per_cell(x, classes, recipe, batch))
        count = -(-len(members) // each)
        share = -(-len(members) // count)  # even groups instead of full ones and a rest
        packed += [members[k : k + share] for k in range(0, len(members), share)]
    return packed


def _steps(job: Job, recipe: Recipe) -> int:
    return recipe.steps_for(int((job.weights > 0).sum()))


def _alike(job: Job, recipe: Recipe) -> tuple[int, bool]:
    """(batch size, whether it is augmented): cells that agree in these cost about the same a step."""
    return min(recipe.batch, int((job.weights > 0).sum())), job.augment is not None


def bytes_per_cell(x: torch.Tensor, classes: int, recipe: Recipe, batch: int) -> int:
    """What one cell adds to its group's memory, in bytes: five of each weight (the model's own, the group's, the
    gradient, AdamW's two moments and a spare), batches in and out of every layer, and the rows of a span of steps."""
    with torch.random.fork_rng(devices=[]):
        model = build(recipe, tuple(x.shape[1:]), classes)
    parameters = list(model.parameters())
    width = x.shape[1] + sum(len(p) for p in parameters if p.dim() > 1)
    floats = 6 * sum(p.numel() for p in parameters) + batch * (4 * width + 4 * classes)
    return floats * parameters[0].element_size() + SPAN * batch * 3 * 8


def _free(x: torch.Tensor) -> int:
    return int(SHARE * torch.cuda.mem_get_info(x.device)[0]) if x.is_cuda else MEMORY


def _train(
    x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, mode: Mode | None, trainer: Trainer
) -> tuple[list[Fit], list[Choice]]:
    if mode == "alone":
        return _one_by_one(x, jobs, classes, recipe), [Choice(len(jobs), "alone", AS_ASKED)]
    if not _can_be_grouped(x, classes, recipe):
        why = f"a {recipe.model} has layers that do not train in a group"
        return _one_by_one(x, jobs, classes, recipe), [Choice(len(jobs), "alone", why)]
    if len(jobs) == 1:
        return _one_by_one(x, jobs, classes, recipe), [Choice(1, "alone", "nothing to group it with")]
    try:
        return _grouped_if_faster(x, jobs, classes, recipe, mode, trainer)
    except (RuntimeError, MemoryError) as error:
        if not _is_exhaustion(error):
            raise
    # outside of the except: the traceback would keep the failed group's tensors alive
    half = len(jobs) // 2
    fits, choices = [], [Choice(len(jobs), "grouped", "given up, out of memory: split in two")]
    for part in (jobs[:half], jobs[half:]):
        own, chosen = _train(x, part, classes, recipe, mode, trainer)
        fits += own
        choices += chosen
    return fits, choices


def _grouped_if_faster(
    x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, mode: Mode | None, trainer: Trainer
) -> tuple[list[Fit], list[Choice]]:
    training = trainer(x, jobs, classes, recipe)
    if mode == "grouped":
        return _rest(training), [Choice(len(jobs), "grouped", AS_ASKED)]
    if min(_steps(j, recipe) for j in jobs) <= WARM + PROBE:
        return _rest(training), [Choice(len(jobs), "grouped", "too few steps to time")]
    grouped, alone = _time_group(training, x), _time_alone(x, jobs[-1], classes, recipe)
    if alone < grouped:
        training.close()
        why = f"{grouped / max(alone, TICK):.1f} times quicker one after another"
        return _one_by_one(x, jobs, classes, recipe), [Choice(len(jobs), "alone", why, grouped, alone)]
    why = f"{alone / max(grouped, TICK):.1f} times quicker together"
    return _rest(training), [Choice(len(jobs), "grouped", why, grouped, alone)]


def _one_by_one(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> list[Fit]:
    return [_alone(x, job, classes, recipe) for job in jobs]


def _alone(x: torch.Tensor, job: Job, classes: int, recipe: Recipe) -> Fit:
    return fit(x[job.rows], job.labels, job.weights, classes, recipe, job.seed, job.augment)


def _can_be_grouped(x: torch.Tensor, classes: int, recipe: Recipe) -> bool:
    with torch.random.fork_rng(devices=[]):
        return x.dim() == 2 and groupable(build(recipe, tuple(x.shape[1:]), classes))


def _is_exhaustion(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error) for words in EXHAUSTED)


# -- timing ------------------------------------------------------------------------------------------------------------


def _now(x: torch.Tensor) -> float:
    """Seconds: of this process's CPU, which others on the machine do not disturb, or of a GPU that is done."""
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
        return time.perf_counter()
    return time.process_time()


def _time_group(training: Generator[int, None, list[Fit]], x: torch.Tensor) -> float:
    """Seconds a cell and step, the middle of a few; the steps taken are not lost."""
    for _ in range(WARM):
        next(training)
    each = []
    for _ in range(PROBE):
        start = _now(x)
        cells = next(training)
        each.append((_now(x) - start) / cells)
    return median(each)


def _time_alone(x: torch.Tensor, job: Job, classes: int, recipe: Recipe) -> float:
    """Seconds a step of one cell, the middle of a few; the clock is read where the loop augments its batches."""
    seen: list[float] = []

    def clocked(
        inputs: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(_now(x))
        return (inputs, targets) if job.augment is None else job.augment(inputs, targets, generator)

    _alone(x, replace(job, augment=clocked), classes, replace(recipe, steps=WARM + 2 * PROBE + 1))
    return median(after - before for before, after in pairwise(seen[WARM:]))


def _rest(training: Generator[int, None, list[Fit]]) -> list[Fit]:
    while True:
        try:
            next(training)
        except StopIteration as finished:
            return list(finished.value)
