"""Cells of a group: jobs with their budgets, their rows held out and their models initialised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from audit.errors import InputError
from train.augment import Augment
from train.fit.models import build
from train.fit.recipe import Recipe
from train.fit.rng import key
from train.fit.stopping import rows_trained, split

SHARED = ("model", "width", "batch")
"""Knobs in which all cells of a group must agree."""


@dataclass(frozen=True, eq=False)
class Job:
    """One cell: which rows of the pool it trains on, a label and a weight for each, its seed, its knobs."""

    rows: torch.Tensor
    """(n,) positions in the pool."""
    labels: torch.Tensor
    weights: torch.Tensor
    """(n,) at least 0, not all 0; rows of weight 0 are left out."""
    seed: int
    augment: Augment | None = None
    recipe: Recipe | None = None
    """Its own, where it differs from the group's: in anything but model, width and batch."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A job with its budget: rows of weight 0 gone, those held out set apart, its model initialised."""

    place: int
    """Among the jobs given."""
    rows: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    held: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    """Rows, labels and weights to stop early by; empty without patience."""
    seed: int
    augment: Augment | None
    recipe: Recipe
    model: nn.Module
    batch: int
    steps: int

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return max(1, len(self.rows) // self.batch)


def shape_of(job: Job, recipe: Recipe) -> tuple[int, int]:
    """(rows in a batch, most steps) of a job, where `recipe` is the group's; jobs of one group agree in the first."""
    own = job.recipe or recipe
    rows = rows_trained(int((job.weights > 0).sum()), own)
    return min(own.batch, rows), own.steps_for(rows)


def cells_of(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> tuple[Cell, ...]:
    """The jobs as cells, those with the most steps first."""
    cells = [_cell(x, place, job, classes, recipe) for place, job in enumerate(jobs)]
    if len(sizes := sorted({c.batch for c in cells})) != 1:
        raise InputError(f"a group has one batch size, and these jobs have {sizes or 'none'}")
    return tuple(sorted(cells, key=lambda c: -c.steps))


def _cell(x: torch.Tensor, place: int, job: Job, classes: int, recipe: Recipe) -> Cell:
    own = job.recipe or recipe
    for knob in SHARED:
        if getattr(own, knob) != getattr(recipe, knob):
            values = f"{getattr(recipe, knob)} and {getattr(own, knob)}"
            raise InputError(
                f"job {place}: a group has one {knob}, and this recipe's differs from its group's: {values}"
            )
    given = job.rows.cpu(), job.labels.cpu(), job.weights.cpu()  # where the batches are chosen
    kept = torch.nonzero(given[2] > 0).squeeze(1)
    if not len(kept):
        raise InputError(f"job {place}: no row has a weight above 0")
    parts = [kept[part] for part in split(len(kept), own, job.seed)]
    (rows, labels, weights), held = ((given[0][part], given[1][part], given[2][part]) for part in parts)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(key(job.seed, "init"))  # that of the CPU alone
        model = build(own, tuple(x.shape[1:]), classes).to(x.device)
    batch, steps = min(own.batch, len(rows)), own.steps_for(len(rows))
    return Cell(place, rows, labels, weights, held, job.seed, job.augment, own, model, batch, steps)


def groupable(model: nn.Module) -> bool:
    """Whether a model can train in a group: linear layers in a row, each followed by at most ReLU and dropout."""
    try:
        plan_of(model)
    except InputError:
        return False
    return True


def plan_of(model: nn.Module) -> list[tuple[nn.Linear, bool, float]]:
    """(layer, whether ReLU follows, rate of the dropout that follows) of each linear layer."""
    plan: list[tuple[nn.Linear, bool, float]] = []
    for module in model.children() if isinstance(model, nn.Sequential) else [model]:
        if isinstance(module, nn.Linear) and module.bias is not None:
            plan.append((module, False, 0.0))
        elif isinstance(module, nn.ReLU) and plan and plan[-1][1:] == (False, 0.0):
            plan[-1] = (plan[-1][0], True, 0.0)
        elif isinstance(module, nn.Dropout) and plan and plan[-1][2] == 0.0:
            plan[-1] = (*plan[-1][:2], module.p)
        else:
            raise InputError(f"a group cannot train {type(module).__name__} in this place")
    if not plan or plan[-1][1:] != (False, 0.0):
        raise InputError("the last layer of a group's model must be a linear one")
    return plan
