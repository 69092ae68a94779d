"""The planner: packs cells into groups, picks how they train, and says so.

alone     one after another (train/fit/loop.py); trees always (train/fit/boosting.py)
grouped   linear layers in a row side by side (train/fit/vmapped.py)
stacked   any other network side by side (train/fit/stacked.py)

No choice may change what a cell comes to beyond what its device allows, whatever the clock says:

On a CPU linear layers train grouped or alone, whichever a few timed steps find the quicker: both come out the same to
the last bit. Every other network trains alone there, by rule: a stacked group rounds otherwise than its cells alone, so
that a clock would choose a cell's last bits. The rule costs little: many convolutions as one are slower on a CPU, but
for tiny ones (a cnn of width 8 with batches of 16), which a caller may force. Groups are compiled only where asked.

On a GPU no two ways are the same to the last bit, nor two groups of different size, since its libraries choose their
kernels by the size of the whole: a cell is the same there within a tolerance (0.2 points of accuracy), however it was
trained. So there the clock decides, once for all cells alike. `Trained.modes` says how each cell was trained, to be
kept with it; given back as `mode`, it makes a resumed run train as the first did.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Literal

import torch
from torch import nn

from train.fit.boosting import boost
from train.fit.device import one_thread, ways_for
from train.fit.groups.cells import Job, groupable, shape_of
from train.fit.loop import Fit, fit
from train.fit.models import NOT_TORCH, Drop, build
from train.fit.recipe import Recipe
from train.fit.stacked import stackable, train_stacked
from train.fit.vmapped import SPAN, train_group

Mode = Literal["grouped", "stacked", "alone"]
Training = Generator[int, None, list[Fit]]
Trainer = Callable[[torch.Tensor, Sequence[Job], int, Recipe], Training]
Kind = tuple[int, bool, float]
Done = list[tuple[Fit, Mode]]
PROBE = 4
"""Steps that are timed; the two before them also fill caches and are not."""
WARM = 2
SHARE = 0.5
"""Of the memory that is free on a GPU, what a group may take."""
MEMORY = 1 << 30
"""Bytes that a group may take on a CPU."""
COMPILING = 12.0
"""Seconds that compiling a group takes on a CPU."""
GAIN = 1.3
"""How many times quicker a group's step is there once compiled, at least."""
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
    compiled: bool = False

    def __str__(self) -> str:
        how = f"{self.mode}{' and compiled' if self.compiled else ''}"
        return f"{self.cells:,} cell{'s' if self.cells != 1 else ''} {how}: {self.why}"


@dataclass(frozen=True, eq=False)
class Trained:
    """The fits in the jobs' order, and how they were come by."""

    fits: tuple[Fit, ...]
    choices: tuple[Choice, ...]
    modes: tuple[Mode, ...] = ()
    """How each was trained, in the jobs' order."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What all cells of a call share."""

    x: torch.Tensor
    classes: int
    recipe: Recipe
    together: Mode
    """How its cells train in a group; "alone" if they do not."""
    trainer: Trainer | None
    compiled: bool


@one_thread()
def train_jobs(
    x: torch.Tensor,
    jobs: Sequence[Job],
    classes: int,
    recipe: Recipe,
    *,
    mode: Mode | None = None,
    memory: int | None = None,
    trainer: Trainer | None = None,
    compiled: bool = False,
) -> Trained:
    """Train cells of one recipe, or of recipes that share its model, width and batch, in whichever way is the faster.

    Args:
        x: (N, ...), the pool, on the device to train on.
        jobs: the cells.
        classes: how many classes there are.
        recipe: model, budget, optimiser.
        mode: force it, untimed; what an earlier `Trained` says of such cells may be given here.
        memory: bytes that a group may take; by default a share of what is free.
        trainer: what trains a group, instead of what its mode has.
        compiled: on a CPU, compile groups that are long enough for it to pay, and give up their last bits.
    """
    if recipe.model in NOT_TORCH:
        return _boosted(x, jobs, classes, recipe)
    work = _Work(x, classes, recipe, together(x, classes, recipe, mode), trainer, compiled)
    limit = _free(x) if memory is None else memory
    done: dict[int, tuple[Fit, Mode]] = {}
    choices: list[Choice] = []
    found: dict[Kind, Mode] = {}
    for group in pack(x, jobs, classes, recipe, limit):
        alike = _alike(jobs[group[0]], recipe)
        fitted, chosen = _train(work, [jobs[i] for i in group], mode or found.get(alike))
        choices += chosen
        if chosen[-1].grouped is not None:
            found[alike] = chosen[-1].mode  # for groups of the same kind one probe is enough
        done |= dict(zip(group, fitted, strict=True))
    own = [done[i] for i in range(len(jobs))]
    return Trained(tuple(one for one, _ in own), tuple(choices), tuple(how for _, how in own))


def together(x: torch.Tensor, classes: int, recipe: Recipe, mode: Mode | None = None) -> Mode:
    """How cells of a recipe train in a group on this pool; "alone" if they do not.

    On a CPU networks that are not linear layers in a row do so only where `mode` asks for it; see above.
    """
    if recipe.model in NOT_TORCH or mode == "alone":
        return "alone"
    model = _sample(x, classes, recipe)
    if mode != "stacked" and x.dim() == 2 and groupable(model):
        return "grouped"
    wanted = mode == "stacked" or (mode is None and x.is_cuda)
    return "stacked" if wanted and stackable(model, tuple(x.shape[1:])) else "alone"


def pack(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, memory: int) -> list[list[int]]:
    """Which jobs go together: those of one batch size and dropout, augmented or not, longest first, as many as fit into
    `memory` bytes. A job that is done leaves its group, so different lengths waste nothing; like ones keep groups
    full."""
    kinds: dict[Kind, list[int]] = {}
    for i in sorted(range(len(jobs)), key=lambda i: -shape_of(jobs[i], recipe)[1]):
        kinds.setdefault(_alike(jobs[i], recipe), []).append(i)
    packed = []
    for (batch, _, _), members in kinds.items():
        each = max(1, memory // bytes_per_cell(x, classes, recipe, batch))
        count = -(-len(members) // each)
        share = -(-len(members) // count)  # even groups instead of full ones and a rest
        packed += [members[k : k + share] for k in range(0, len(members), share)]
    return packed


def _alike(job: Job, recipe: Recipe) -> Kind:
    """(batch size, whether it is augmented, dropout): cells that agree in these cost about the same a step."""
    return shape_of(job, recipe)[0], job.augment is not None, (job.recipe or recipe).dropout


def bytes_per_cell(x: torch.Tensor, classes: int, recipe: Recipe, batch: int) -> int:
    """What one cell adds to its group's memory, in bytes: six of each weight (the model's own, the group's, the
    gradient, AdamW's two moments and a spare), a batch in and out of every layer, and the rows of a span of steps."""
    model = _sample(x, classes, recipe)
    weights, size = sum(p.numel() for p in model.parameters()), next(model.parameters()).element_size()
    outputs = _outputs(model, tuple(x.shape[1:]), batch)
    return (6 * weights + 2 * outputs) * size + SPAN * batch * 3 * 8


def _outputs(model: nn.Module, shape: tuple[int, ...], batch: int) -> int:
    """Numbers that a batch and its way through all layers consist of. Taken on the meta device, which computes none, but
    takes seconds to wake up; linear layers in a row need it not."""
    if groupable(model):
        return 2 * batch * (shape[0] + sum(len(p) for p in model.parameters() if p.dim() > 1))
    seen = [batch * torch.Size(shape).numel()]

    def count(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, torch.Tensor):
            seen.append(output.numel())

    inner = [m for m in model.modules() if not list(m.children()) and not isinstance(m, Drop)]
    hooks = [m.register_forward_hook(count) for m in inner]
    with torch.no_grad():
        dtype = next(model.parameters()).dtype
        model.to("meta").eval()(torch.empty((batch, *shape), dtype=dtype, device="meta"))
    for hook in hooks:
        hook.remove()
    return sum(seen)


def _sample(x: torch.Tensor, classes: int, recipe: Recipe) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        return build(recipe, tuple(x.shape[1:]), classes)


def _free(x: torch.Tensor) -> int:
    return int(SHARE * torch.cuda.mem_get_info(x.device)[0]) if x.is_cuda else MEMORY


# -- training ----------------------------------------------------------------------------------------------------------


def _boosted(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> Trained:
    fits = tuple(boost(*_given(x, j), classes, j.recipe or recipe, j.seed, j.augment) for j in jobs)
    return Trained(fits, (Choice(len(jobs), "alone", "trees grow in no group"),), tuple("alone" for _ in jobs))


def _train(work: _Work, jobs: Sequence[Job], mode: Mode | None) -> tuple[Done, list[Choice]]:
    if mode == "alone":
        return _one_by_one(work, jobs), [Choice(len(jobs), "alone", AS_ASKED)]
    if len(jobs) == 1 and mode != "stacked":
        return _one_by_one(work, jobs), [Choice(1, "alone", "nothing to group it with")]
    if work.together == "alone":
        return _one_by_one(work, jobs), [Choice(len(jobs), "alone", _why_alone(work, mode))]
    try:
        return _grouped_if_faster(work, jobs, mode)
    except (RuntimeError, MemoryError) as error:
        if not _is_exhaustion(error) or len(jobs) == 1:
            raise
    # outside of the except: the traceback would keep the failed group's tensors alive
    half = len(jobs) // 2
    done, choices = [], [Choice(len(jobs), work.together, "given up, out of memory: split in two")]
    for part in (jobs[:half], jobs[half:]):
        own, chosen = _train(work, part, mode)
        done += own
        choices += chosen
    return done, choices


def _why_alone(work: _Work, mode: Mode | None) -> str:
    if work.x.is_cuda or mode is not None:
        return f"a {work.recipe.model} has layers that do not train in a group"
    return f"a group of {work.recipe.model} would round otherwise than each by itself"


def _grouped_if_faster(work: _Work, jobs: Sequence[Job], mode: Mode | None) -> tuple[Done, list[Choice]]:
    count, how = len(jobs), work.together
    training = _training(work, jobs, compiled=False)
    if mode is not None:
        return _rest(training, how), [Choice(count, how, AS_ASKED)]
    steps = [shape_of(j, work.recipe)[1] for j in jobs]
    if min(steps) <= WARM + PROBE:
        return _rest(training, how), [Choice(count, how, "too few steps to time")]
    grouped, alone = _time_group(training, work.x), _time_alone(work, jobs[-1])
    if alone < grouped:
        training.close()
        why = f"{grouped / max(alone, TICK):.1f} times quicker one after another"
        return _one_by_one(work, jobs), [Choice(count, "alone", why, grouped, alone)]
    why = f"{alone / max(grouped, TICK):.1f} times quicker together"
    if work.compiled and how == "grouped" and sum(steps) * grouped * (1 - 1 / GAIN) > COMPILING:
        training.close()
        own = _rest(_training(work, jobs, compiled=True), how)
        return own, [Choice(count, how, why, grouped, alone, compiled=not any(f.notes for f, _ in own))]
    return _rest(training, how), [Choice(count, how, why, grouped, alone)]


def _training(work: _Work, jobs: Sequence[Job], *, compiled: bool) -> Training:
    """A group of these jobs, not yet begun. On a GPU its steps are captured, where nothing in them is drawn on the CPU;
    a stacked group is run as one model of its kind would be."""
    trainer = work.trainer
    if trainer is None and work.together == "grouped":
        captured = work.x.is_cuda and not any(j.augment for j in jobs)
        trainer = partial(train_group, compiled=compiled or captured)
    if trainer is None:
        steps = max(shape_of(j, work.recipe)[1] for j in jobs)
        ways = ways_for(_sample(work.x, work.classes, work.recipe), work.x.device, steps)
        trainer = partial(train_stacked, ways=replace(ways, channels_last=False))
    return trainer(work.x, jobs, work.classes, work.recipe)


def _one_by_one(work: _Work, jobs: Sequence[Job]) -> Done:
    return [(_alone(work, job), "alone") for job in jobs]


def _alone(work: _Work, job: Job) -> Fit:
    return fit(*_given(work.x, job), work.classes, job.recipe or work.recipe, job.seed, job.augment)


def _given(x: torch.Tensor, job: Job) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A job's own examples, labels and weights, on the pool's device."""
    return x[job.rows.to(x.device)], job.labels.to(x.device), job.weights.to(x.device)


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


def _time_group(training: Training, x: torch.Tensor) -> float:
    """Seconds a cell and step, the middle of a few; the steps taken are not lost."""
    for _ in range(WARM):
        next(training)
    each = []
    for _ in range(PROBE):
        start = _now(x)
        cells = next(training)
        each.append((_now(x) - start) / cells)
    return median(each)


def _time_alone(work: _Work, job: Job) -> float:
    """Seconds a step of one cell, the middle of a few; the clock is read where the loop augments its batches."""
    seen: list[float] = []

    def clocked(
        inputs: torch.Tensor, targets: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(_now(work.x))
        return (inputs, targets) if job.augment is None else job.augment(inputs, targets, generator)

    few = replace(job.recipe or work.recipe, steps=WARM + PROBE + 1, patience=None)
    _alone(work, replace(job, augment=clocked, recipe=few))
    return median(after - before for before, after in pairwise(seen[WARM:]))


def _rest(training: Training, mode: Mode) -> Done:
    while True:
        try:
            next(training)
        except StopIteration as finished:
            return [(own, mode) for own in finished.value]
