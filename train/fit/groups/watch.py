"""Early stopping in a group: each cell is looked at when it would be alone, and by the same sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from train.augment import floats
from train.fit.groups.cells import Cell, plan_of
from train.fit.stopping import Patience, looks, mean_loss


@dataclass(frozen=True, eq=False)
class Watched:
    """A cell's patience, and its weights where the loss on its rows held out was smallest."""

    patience: Patience
    best: tuple[torch.Tensor, ...] | None = None


Watch = Mapping[int, Watched]
"""By a cell's place among the jobs; of the cells that may stop early."""


def watch_of(cells: Sequence[Cell]) -> Watch:
    """What is known of the cells before the first step."""
    return {c.place: Watched(Patience()) for c in cells if c.recipe.patience is not None}


def looked(
    watch: Watch, cells: Sequence[Cell], parameters: Sequence[torch.Tensor], x: torch.Tensor, step: int
) -> Watch:
    """What is known after step `step`; the device is waited for once, and only where a cell's epoch ends."""
    due = [(m, c) for m, c in enumerate(cells) if c.place in watch and looks(step, c.per_epoch, c.steps)]
    if not due:
        return watch
    losses = torch.stack([_held_out_loss(c, [p[m] for p in parameters], x) for m, c in due]).tolist()
    known = dict(watch)
    for (m, cell), loss in zip(due, losses, strict=True):
        patience = watch[cell.place].patience.after(loss)
        best = tuple(p[m].clone() for p in parameters) if patience.improved else watch[cell.place].best
        known[cell.place] = Watched(patience, best)
    return known


def is_out_of_patience(watch: Watch, cell: Cell) -> bool:
    """Whether a cell stops early."""
    limit = cell.recipe.patience
    return limit is not None and watch[cell.place].patience.waited >= limit


def put(cell: Cell, values: Sequence[torch.Tensor]) -> None:
    """Copy weights, in the order of the model's parameters, into the cell's model."""
    own = [p for layer, _, _ in plan_of(cell.model) for p in (layer.weight, layer.bias)]
    with torch.no_grad():
        for parameter, value in zip(own, values, strict=True):
            parameter.copy_(value)


def _held_out_loss(cell: Cell, values: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    put(cell, values)
    rows, labels, weights = (t.to(x.device) for t in cell.held)
    return mean_loss(cell.model.eval(), floats(x.index_select(0, rows)), labels, weights)
