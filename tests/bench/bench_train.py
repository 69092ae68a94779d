"""What training many small models costs together, against a loop over them: CPU seconds of one thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from tests.bench.goals import Goal, at_least, at_most
from train.models import Drop, build
from train.plan import train_jobs
from train.recipe import Recipe
from train.vmapped import Job, fit_group

COMMAND = "python -m tests.bench train"
CELLS, ROWS, FEATURES, CLASSES, STEPS = 30, 10_000, 54, 7, 100
RECIPE = Recipe("mlp", width=64, batch=64, steps=STEPS, lr=3e-3, l2=0.3)
DROPPING = Recipe("mlp", width=64, batch=64, steps=STEPS, lr=3e-3, l2=0.3, dropout=0.3)
WHAT = f"{CELLS} MLPs {FEATURES}-64-64-{CLASSES}, batch 64, CPU a step:"
REPEATS = 5


def run() -> list[Goal]:
    torch.set_num_threads(1)
    x, y = _data()
    jobs = [Job(torch.arange(ROWS), y, torch.ones(ROWS), seed) for seed in range(CELLS)]
    ways: dict[str, Callable[[], object]] = {
        "group": lambda: fit_group(x, jobs, CLASSES, RECIPE),
        "loop": lambda: [_plain(x, y, RECIPE, s) for s in range(CELLS)],
        "loader": lambda: [_loader(x, y, RECIPE, s) for s in range(CELLS)],
        "group, dropout": lambda: fit_group(x, jobs, CLASSES, DROPPING),
        "loop, dropout": lambda: [_plain(x, y, DROPPING, s) for s in range(CELLS)],
        "alone": lambda: train_jobs(x, jobs, CLASSES, RECIPE, mode="alone"),
        "planned": lambda: train_jobs(x, jobs, CLASSES, RECIPE),
    }
    took = _cpu(ways)
    note = f"{1000 * took['group'] / STEPS:.1f} ms, {1000 * took['loop'] / STEPS:.1f} ms by the loop"
    better = min(took["group"], took["alone"])
    return [
        at_least(f"{WHAT} a plain loop against a group", took["loop"] / took["group"], 2, "x", COMMAND, note),
        at_least("the same, the bar for compiled groups, not compiled", took["loop"] / took["group"], 4, "x", COMMAND),
        at_least("the same with dropout", took["loop, dropout"] / took["group, dropout"], 2, "x", COMMAND),
        at_least("DataLoader(TensorDataset) against a group", took["loader"] / took["group"], 6, "x", COMMAND),
        at_most(
            "the planner, its probe included, against the better mode", took["planned"] / better, 1.05, "x", COMMAND
        ),
    ]


def _data() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    x = torch.randn((ROWS, FEATURES), generator=g)
    return x, (x @ torch.randn((FEATURES, CLASSES), generator=g)).argmax(dim=1)


def _cpu(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of each, taken in turns so that what else the machine does falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(REPEATS + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if turn:  # the first fills caches
                seconds[name].append(time.process_time() - start)
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
