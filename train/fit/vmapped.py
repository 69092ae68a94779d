"""Many models at once: cells of one architecture train side by side on one pool, each exactly as it would alone.

For every step there is one gather, one softmax and one optimiser for the whole group (train/fit/groups/eager.py); all
randomness is keyed by the cell. So a cell is the same to the last bit alone, in any group and in any order, on a CPU,
and one that turns NaN touches no other. A cell that is done, or stops early, leaves its group. Compiled, a group gives
up the last bits for speed (train/fit/groups/compiled.py; on a GPU: train/fit/groups/captured.py).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch

from train.fit.device import one_thread
from train.fit.groups.buffers import buffers_of
from train.fit.groups.captured import Captured, captured_of
from train.fit.groups.cells import Cell, Job, cells_of, groupable, shape_of
from train.fit.groups.compiled import CannotCompile, Compiled, compiled_of
from train.fit.groups.eager import Eager
from train.fit.groups.spans import SPAN, span_of
from train.fit.groups.watch import Watch, is_out_of_patience, looked, put, watch_of
from train.fit.loop import Fit
from train.fit.recipe import Recipe

__all__ = ["SPAN", "Job", "fit_group", "groupable", "shape_of", "train_group"]

Engine = Eager | Compiled | Captured


@one_thread()
def fit_group(
    x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, *, compiled: bool = False
) -> list[Fit]:
    """Train every job from its seed's initialisation; each comes out as `train.fit.loop.fit` on its rows alone.

    Args:
        x: (N, d) floats, the pool; it stays where it is, and the group trains there.
        jobs: what to train; those with more rows than a batch take `recipe.batch` at a time, and all must agree.
        classes: how many classes there are, seen or not.
        recipe: model, budget, optimiser of every job that brings none of its own.
        compiled: give up the last bits for speed, after seconds of compiling; see `train_group`.
    """
    training = train_group(x, jobs, classes, recipe, compiled=compiled)
    while True:
        try:
            next(training)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]


def train_group(
    x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, *, compiled: bool = False
) -> Generator[int, None, list[Fit]]:
    """The same a step at a time, on the caller's threads: yields how many cells took each step, and returns the fits.

    With `compiled`, the first step takes as long as compiling does (about ten seconds on a CPU), and the rest are
    quicker. A cell's last bits then depend on the group it trains in. Where nothing can be compiled, the group trains
    as it would have without, and each fit's `notes` say so.
    """
    active: Sequence[Cell] = cells_of(x, jobs, classes, recipe)
    engine, notes = _engine(x, active, classes, compiled=compiled), tuple[str, ...]()
    watch, fits, start = watch_of(active), dict[int, Fit](), 0
    while active:
        stop = min(start + SPAN, active[-1].steps)
        span = span_of(engine.buffers, active, start, stop)
        for step in range(start, stop):
            try:
                engine.step(active, span, step, step - start)
            except CannotCompile as error:
                engine, notes = engine.eager(), (f"trained without compiling: {error}",)
                engine.step(active, span, step, step - start)
            watch = looked(watch, active, engine.parameters, x, step)
            yield len(active)
            stay = _staying(active, watch, step) if watch or step + 1 == stop else list(range(len(active)))
            if len(stay) == len(active):
                continue
            for m in set(range(len(active))) - set(stay):
                fits[active[m].place] = _fit(active[m], m, engine, watch, step + 1, notes)
            active = [active[m] for m in stay]
            if not active:
                break
            engine, span = engine.keep(stay), span.keep(stay)
        start = stop
    return [fits[i] for i in range(len(fits))]


def _staying(cells: Sequence[Cell], watch: Watch, step: int) -> list[int]:
    """Which cells train on after step `step`."""
    return [m for m, c in enumerate(cells) if step + 1 < c.steps and not is_out_of_patience(watch, c)]


def _engine(x: torch.Tensor, cells: Sequence[Cell], classes: int, *, compiled: bool) -> Engine:
    buffers = buffers_of(x, cells, classes)
    if not compiled:
        return Eager(buffers, x)
    return captured_of(buffers, x, span_of(buffers, cells, 0, 1)) if x.is_cuda else compiled_of(buffers, x)


def _fit(cell: Cell, m: int, engine: Engine, watch: Watch, steps: int, notes: tuple[str, ...]) -> Fit:
    """The cell's model with its last weights, or its best where it may stop early, and what its training took."""
    best = watch[cell.place].best if cell.place in watch else None
    put(cell, [p[m] for p in engine.parameters] if best is None else best)
    return Fit(cell.model.eval(), steps, steps / cell.per_epoch, steps * cell.batch, notes)
