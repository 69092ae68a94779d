"""What training many small models costs together, against a loop over them: CPU seconds of one thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from tests.bench.goals import Goal, at_least, at_most
from train.fit.loop import predict
from train.fit.models import Drop, build
from train.fit.plan import train_jobs
from train.fit.recipe import Recipe
from train.fit.vmapped import Job, fit_group, train_group

COMMAND = "python -m tests.bench train"
CELLS, ROWS, FEATURES, CLASSES, STEPS = 30, 10_000, 54, 7, 100
RECIPE = Recipe("mlp", width=64, batch=64, steps=STEPS, lr=3e-3, l2=0.3)
DROPPING = Recipe("mlp", width=64, batch=64, steps=STEPS, lr=3e-3, l2=0.3, dropout=0.3)
WHAT = f"{CELLS} MLPs {FEATURES}-64-64-{CLASSES}, batch 64, CPU a step:"
REPEATS = 5
LONG = 1000
"""Steps after which last bits have had time to grow."""


def run() -> list[Goal]:
    torch.set_num_threads(1)
    x, y = _data()
    jobs = [Job(torch.arange(ROWS), y, torch.ones(ROWS), seed) for seed in range(CELLS)]
    compiling = [_compiling(x, jobs, recipe) for recipe in (RECIPE, DROPPING)]
    ways: dict[str, Callable[[], object]] = {
        "group": lambda: fit_group(x, jobs, CLASSES, RECIPE),
        "loop": lambda: [_plain(x, y, RECIPE, s) for s in range(CELLS)],
        "loader": lambda: [_loader(x, y, RECIPE, s) for s in range(CELLS)],
        "group, dropout": lambda: fit_group(x, jobs, CLASSES, DROPPING),
        "loop, dropout": lambda: [_plain(x, y, DROPPING, s) for s in range(CELLS)],
        "alone": lambda: train_jobs(x, jobs, CLASSES, RECIPE, mode="alone"),
        "planned": lambda: train_jobs(x, jobs, CLASSES, RECIPE),
    }
    steady: dict[str, Callable[[], float]] = {
        "compiled": lambda: _steady(x, jobs, RECIPE),
        "compiled, dropout": lambda: _steady(x, jobs, DROPPING),
    }
    took = {name: seconds / STEPS for name, seconds in _cpu(ways, steady).items()}
    return [*_speed(took, compiling), _agreement(x, y, jobs), _planner(took)]


def _speed(took: dict[str, float], compiling: list[float]) -> list[Goal]:
    """Ratios of CPU seconds a step, as `took` has them."""

    def against(name: str, loop: str, group: str, bar: float, after: float | None = None) -> Goal:
        note = f"{1000 * took[group]:.2f} ms, {1000 * took[loop]:.1f} ms by the loop"
        note += "" if after is None else f"; once {after:.0f} CPU s of compiling are over"
        return at_least(name, took[loop] / took[group], bar, "x", COMMAND, note)

    return [
        against(f"{WHAT} a plain loop against a group", "loop", "group", 2),
        against("the same, the group compiled", "loop", "compiled", 4, compiling[0]),
        against("the same with dropout", "loop, dropout", "group, dropout", 2),
        against("the same with dropout, the group compiled", "loop, dropout", "compiled, dropout", 4, compiling[1]),
        against("DataLoader(TensorDataset) against a group", "loader", "group", 6),
        against("the same, the group compiled", "loader", "compiled", 6, compiling[0]),
    ]


def _planner(took: dict[str, float]) -> Goal:
    ratio = took["planned"] / min(took["group"], took["alone"])
    return at_most("the planner, its probe included, against the better mode", ratio, 1.05, "x", COMMAND)


def _agreement(x: torch.Tensor, y: torch.Tensor, jobs: list[Job]) -> Goal:
    """How far a cell's accuracy on rows it has not seen moves by compiling, after longer trainings."""
    half = [replace(job, rows=job.rows[::2], labels=job.labels[::2], weights=job.weights[::2]) for job in jobs]
    recipe = replace(DROPPING, steps=LONG)
    plain, compiled = (fit_group(x, half, CLASSES, recipe, compiled=c) for c in (False, True))
    right = [
        [float((predict(f.model, x[1::2]).argmax(1) == y[1::2]).double().mean()) for f in fits]
        for fits in (plain, compiled)
    ]
    worst = 100 * max(abs(a - b) for a, b in zip(*right, strict=True))
    return at_most(f"accuracy compiled and not, the worst of {CELLS}, {LONG} steps", worst, 0.2, "points", COMMAND)


def _compiling(x: torch.Tensor, jobs: list[Job], recipe: Recipe) -> float:
    """CPU seconds of a first step, the compiler's own included."""
    before = _all_cpu()
    training = train_group(x, jobs, CLASSES, recipe, compiled=True)
    next(training)
    training.close()
    return _all_cpu() - before


def _all_cpu() -> float:
    """CPU seconds of this process and of those it has waited for."""
    return sum(u.ru_utime + u.ru_stime for u in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def _steady(x: torch.Tensor, jobs: list[Job], recipe: Recipe) -> float:
    """CPU seconds of a compiled training of so many steps and one before them, which is not timed."""
    training = train_group(x, jobs, CLASSES, replace(recipe, steps=STEPS + 1), compiled=True)
    next(training)
    start = time.process_time()
    steps = sum(1 for _ in training)
    if steps != STEPS:
        raise RuntimeError(f"{STEPS} steps were to be timed, and {steps} were")
    return time.process_time() - start


def _data() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.randn((ROWS, FEATURES), generator=g)
    return x, (x @ torch.randn((FEATURES, CLASSES), generator=g)).argmax(dim=1)


def _cpu(ways: dict[str, Callable[[], object]], steady: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Median CPU seconds of each, taken in turns so that what else the machine does falls on all alike.

    Those of `steady` say themselves what they took.
    """
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, *steady)}
    for turn in range(REPEATS + 1):
        taken = {name: way() for name, way in steady.items()}
        for name, way in ways.items():
            start = time.process_time()
            way()
            taken[name] = time.process_time() - start
        if turn:  # the first fills caches
            for name, value in taken.items():
                seconds[name].append(value)
    return {name: median(values) for name, values in seconds.items()}


def _usual(recipe: Recipe) -> nn.Module:
    """The recipe's model with torch's own dropout, as anybody would write it."""
    layers = [nn.Dropout(m.p) if isinstance(m, Drop) else m for m in build(recipe, (FEATURES,), CLASSES).children()]
    return nn.Sequential(*layers)


def _plain(x: torch.Tensor, y: torch.Tensor, recipe: Recipe, seed: int) -> nn.Module:
    """One model as a plain loop over resident tensors trains it."""
    torch.manual_seed(seed)
    model = _usual(recipe)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.l2)
    order, place = torch.randperm(len(x)), 0
    for step in range(STEPS):
        if place + recipe.batch > len(x):
            order, place = torch.randperm(len(x)), 0
        chosen = order[place : place + recipe.batch]
        place += recipe.batch
        _update(model, optimiser, recipe, step, x[chosen], y[chosen])
    return model


def _loader(x: torch.Tensor, y: torch.Tensor, recipe: Recipe, seed: int) -> nn.Module:
    """One model as a loop over torch's own loader trains it."""
    torch.manual_seed(seed)
    model = _usual(recipe)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.l2)
    batches = DataLoader(TensorDataset(x, y), batch_size=recipe.batch, shuffle=True, drop_last=True)
    step = 0
    while step < STEPS:
        for inputs, labels in batches:
            if step == STEPS:
                break
            _update(model, optimiser, recipe, step, inputs, labels)
            step += 1
    return model


def _update(
    model: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, x: torch.Tensor, y: torch.Tensor
) -> None:
    optimiser.param_groups[0]["lr"] = recipe.lr * 0.5 * (1 + math.cos(math.pi * step / STEPS))
    optimiser.zero_grad(set_to_none=True)
    functional.cross_entropy(model(x), y).backward()
    optimiser.step()
