"""The one training loop: one model, resident tensors, a weight a row. Reads downward; no callbacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from train.augment import Augment, floats, take
from train.fit.device import Runner, one_thread, prepared, ways_for
from train.fit.masks import dropout_keys
from train.fit.models import Drop, build
from train.fit.recipe import Recipe
from train.fit.rng import generator, key
from train.fit.stopping import Patience, looks, mean_loss, parted


@dataclass(frozen=True, eq=False)
class Fit:
    """A trained model and what its training took."""

    model: nn.Module
    steps: int
    """Those really taken: fewer than the budget where a training stopped early."""
    epochs: float
    examples_seen: int
    notes: tuple[str, ...] = ()
    """What did not go as asked, a sentence each: a compiler that failed."""


@one_thread()
def fit(
    x: torch.Tensor,
    labels: torch.Tensor,
    weights: torch.Tensor,
    classes: int,
    recipe: Recipe,
    seed: int,
    augment: Augment | None = None,
) -> Fit:
    """Train the recipe's model from this seed's initialisation.

    The loss of a batch is the weighted mean of its rows' cross-entropies. Rows of weight 0 are left out beforehand, so
    that weighing by 0 is the same as dropping. Each epoch is a permutation of the rows by its own generator. With
    `recipe.patience`, a share of the rows is held out, and the weights with the smallest loss on it are returned.

    Args:
        x: (n, ...) floats, or uint8 pictures (n, c, h, w), taken as 0 to 1.
        labels: (n,) class numbers.
        weights: (n,) at least 0, not all 0.
        classes: how many classes there are, seen or not.
        recipe: model, budget, optimiser.
        seed: initialisation, order, dropout and augmentation follow from it.
        augment: changes a batch before the model sees it.
    """
    kept, held = parted(weights, recipe, seed)
    rows, batch = len(kept), min(recipe.batch, len(kept))
    steps, per_epoch = recipe.steps_for(rows), max(1, rows // batch)
    patience, best, taken = Patience(), None, 0
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(key(seed, "init"))  # that of the CPU alone
        model = build(recipe, tuple(x.shape[1:]), classes).train()
        ways = ways_for(model, x.device, steps)
        runner = Runner(prepared(model, x.device, ways), x.device, ways, list(model.buffers()))
        drops = [m for m in model.modules() if isinstance(m, Drop) and m.p]
        optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.l2, fused=x.is_cuda or None)
        masks = dropout_keys(seed, 0, steps, len(drops)).to(x.device)
        order = kept
        for taken in range(1, steps + 1):
            step = taken - 1
            epoch, place = divmod(step, per_epoch)
            if place == 0:
                order = kept[torch.randperm(rows, generator=generator(seed, "order", epoch)).to(kept.device)]
            chosen = order[place * batch : (place + 1) * batch]
            targets = functional.one_hot(labels[chosen], classes).float()
            if augment is None:
                inputs = floats(x.index_select(0, chosen))
            else:
                inputs, targets = take(augment, x, chosen, targets, generator(seed, "augment", step))
            for drop, mask in zip(drops, masks[step], strict=True):
                drop.key = mask
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate_at(step, steps)
            runner(_backward, optimiser, inputs, targets, weights[chosen])
            optimiser.step()
            if recipe.patience is not None and looks(step, per_epoch, steps):
                patience = patience.after(_held_out_loss(model, x, labels, weights, held))
                best = _state(model) if patience.improved else best
                if patience.waited >= recipe.patience:
                    break
    if best is not None:
        model.load_state_dict(best)
    return Fit(model.eval(), taken, taken / per_epoch, taken * batch, runner.notes)


def _backward(
    forward: Callable[..., torch.Tensor],
    optimiser: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss = -(targets * forward(inputs).log_softmax(dim=1)).sum(dim=1)
    ((loss * weights).sum() / weights.sum()).backward()  # type: ignore[no-untyped-call]


def _held_out_loss(
    model: nn.Module, x: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, held: torch.Tensor
) -> float:
    loss = mean_loss(model.eval(), floats(x[held]), labels[held], weights[held])
    model.train()
    return float(loss)


def _state(model: nn.Module) -> dict[str, torch.Tensor]:
    """The model's parameters and buffers as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


@one_thread()
@torch.inference_mode()
def predict(model: nn.Module, x: torch.Tensor, batch: int = 2048) -> torch.Tensor:
    """(n, classes) float64 probabilities."""
    return torch.cat([model(floats(part)).double().softmax(dim=1) for part in torch.split(x, batch)])
