"""Early stopping (Prechelt, 1998): patience with the loss on a share of a cell's own rows, best weights kept."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from audit.errors import InputError
from train.fit.recipe import Recipe
from train.fit.rng import generator

PART = 1024
"""Rows whose loss is taken in one go."""


@dataclass(frozen=True)
class Patience:
    """How a cell fares on the rows held out from it."""

    best: float = math.inf
    waited: int = 0
    """Looks in a row without a smaller loss."""

    def after(self, loss: float) -> Patience:
        """Patience after one more look. A loss that is NaN is no smaller one."""
        return Patience(loss) if loss < self.best else Patience(self.best, self.waited + 1)

    @property
    def improved(self) -> bool:
        """Whether the last look brought the smallest loss so far."""
        return self.waited == 0 and self.best < math.inf


def rows_trained(rows: int, recipe: Recipe) -> int:
    """How many of a cell's rows (those of weight above 0) are left to train on."""
    return rows if recipe.patience is None else rows - _count(rows, recipe)


def split(rows: int, recipe: Recipe, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions (of `rows` rows) to train on, and those held out to stop early by; both ascend.

    Which are held out follows from the seed alone; none are without `patience`.
    """
    if recipe.patience is None:
        return torch.arange(rows), torch.arange(0)
    held = torch.zeros(rows, dtype=torch.bool)
    held[torch.randperm(rows, generator=generator(seed, "held out"))[: _count(rows, recipe)]] = True
    return torch.nonzero(~held).squeeze(1), torch.nonzero(held).squeeze(1)


def parted(weights: torch.Tensor, recipe: Recipe, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows of a weight above 0 as `split` has them, on the weights' device."""
    positive = torch.nonzero(weights > 0).squeeze(1)
    kept, held = (positive[part.to(positive.device)] for part in split(len(positive), recipe, seed))
    return kept, held


def _count(rows: int, recipe: Recipe) -> int:
    if rows < 2:
        raise InputError(f"early stopping needs 2 rows, one to train on and one held out; there is {rows}")
    return min(rows - 1, max(1, round(recipe.held_out * rows)))


def looks(step: int, per_epoch: int, steps: int) -> bool:
    """Whether the rows held out are looked at after this step, counted from 0: at the end of every epoch and of all."""
    return (step + 1) % per_epoch == 0 or step + 1 == steps


@torch.no_grad()
def mean_loss(model: nn.Module, x: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The weighted mean cross-entropy of these rows under a model in evaluation mode, a float64 scalar on its device.

    Args:
        model: maps (n, ...) inputs to logits.
        x: (n, ...) floats.
        labels: (n,) class numbers.
        weights: (n,) above 0.
    """
    parts = zip(*(torch.split(t, PART) for t in (x, labels, weights)), strict=True)
    each = [(nn.functional.cross_entropy(model(i), t, reduction="none").double() * w).sum() for i, t, w in parts]
    return torch.stack(each).sum() / weights.double().sum()
