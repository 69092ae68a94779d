"""Groups of any network: the weights of many models stacked, one `torch.func.vmap` over all of them.

The sibling of train/fit/vmapped.py for what is not linear layers in a row: convolutions, BatchNorm (its running statistics
are stacked too, and each model updates its own), residuals, keyed dropout. Forward runs under vmap over
`functional_call`; the gradient of the sum of all losses is, for each model, the gradient of its own, so that one plain
backward serves the group. The optimiser is `train.fit.loop.fit`'s AdamW over one flat buffer.

What is equal to what: the order of a cell's rows, its augmentation, dropout, learning rates and number of steps are
those it has alone, exactly. The numbers are not: a convolution of many models is one grouped convolution, which sums in
another order. In float64 the weights agree with training alone to about 1e-9 (relative), in float32 each cell's accuracy
on a test set to 0.2 points. A cell that turns NaN stays by itself: nothing is summed over cells but losses, whose
gradient is 1 each.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from audit.errors import InputError
from train.augment import floats, take_each
from train.fit.device import PLAIN, Runner, Ways, one_thread
from train.fit.groups.cells import Cell, Job, cells_of
from train.fit.groups.spans import BETA1, BETA2, EPSILON, SPAN, rows_at
from train.fit.loop import Fit
from train.fit.masks import dropout_keys
from train.fit.models import Drop
from train.fit.recipe import Recipe
from train.fit.rng import generator
from train.fit.stopping import Patience, looks, mean_loss

Tensors = dict[str, torch.Tensor]
Forward = Callable[[Tensors, Tensors, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class _Watched:
    """How a cell that may stop early fares, and its best weights and buffers so far."""

    patience: Patience
    best: Tensors | None = None


@dataclass(frozen=True, eq=False)
class _Group:
    """The cells still training, and their state."""

    cells: tuple[Cell, ...]
    flat: torch.Tensor
    """Every weight of every cell: parameter after parameter, within one cell after cell."""
    weights: Tensors
    """(cells, *shape) each, views of it that the gradient is taken by."""
    buffers: Tensors
    """(cells, *shape) each."""
    first: torch.Tensor
    second: torch.Tensor
    owner: torch.Tensor
    """Whose each element of `flat` is."""


@dataclass(frozen=True, eq=False)
class _Span:
    """What a few steps take in: (steps, cells, ...) each."""

    rows: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    keys: torch.Tensor
    """(steps, cells, layers with dropout)."""
    decay: torch.Tensor
    """(steps, cells): what the weights are multiplied by."""
    rate: torch.Tensor
    """(steps, cells): minus the step's size."""


@one_thread()
def fit_stacked(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> list[Fit]:
    """Train every job from its seed's initialisation; the fits come in the jobs' order.

    Args:
        x: (N, ...), the pool: floats, or uint8 pictures taken as 0 to 1. It stays where it is; the group trains there.
        jobs: what to train; all must agree in the size of their batches and in their dropout.
        classes: how many classes there are, seen or not.
        recipe: model, budget, optimiser; a job's own recipe takes its place for that job.
    """
    training = train_stacked(x, jobs, classes, recipe)
    while True:
        try:
            next(training)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]


def train_stacked(
    x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, *, ways: Ways = PLAIN
) -> Generator[int, None, list[Fit]]:
    """The same a step at a time, on the caller's threads: yields how many cells took each step, and returns the fits.

    `ways` may ask for bf16 and for compiling; where nothing can be compiled, the fits' notes say so.
    """
    cells = cells_of(x, jobs, classes, recipe)
    if len(rates := {c.recipe.dropout for c in cells}) != 1:
        raise InputError(f"a stacked group has one dropout, and these jobs have {', '.join(map(str, sorted(rates)))}")
    group = _group(cells, x.device)
    runner = Runner(_forward_of(cells[0].model), x.device, ways, list(group.buffers.values()))
    shares = torch.eye(classes, dtype=torch.float32, device=x.device)
    watched = {c.place: _Watched(Patience()) for c in cells if c.recipe.patience is not None}
    fits: dict[int, Fit] = {}
    step = 0
    while len(fits) < len(jobs):
        start, stop = step, min(step + SPAN, *(c.steps for c in group.cells if c.place not in fits))
        span = _span(group, start, stop, x.device)
        done: list[int] = []
        while step < stop and not done:
            active = [m for m, c in enumerate(group.cells) if c.place not in fits]
            _step(group, runner, span, shares, step, step - start, x)
            yield len(active)
            watched |= _looked(group, active, watched, x, step)
            step += 1
            done = [m for m in active if group.cells[m].steps == step or _is_out(group.cells[m], watched)]
        fits |= {group.cells[m].place: _fit_of(group, m, step, watched, runner.notes) for m in done}
        left = len(jobs) - len(fits)
        # another number of cells is another program to compile: done ones train on, unread, until half the group is
        if left and (not ways.compiled or 2 * left <= len(group.cells)):
            group = _without(group, {m for m, c in enumerate(group.cells) if c.place in fits})
    return [fits[i] for i in range(len(fits))]


def stackable(model: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether a network's forward pass, while training, can be taken for many models at once."""
    models = [copy.deepcopy(model).train() for _ in range(2)]
    group = stack_module_state(models)
    drops = len(_drops(model))
    keys = torch.zeros((2, drops), dtype=torch.int32)
    like = next(model.parameters())
    try:
        with torch.no_grad():
            _forward_of(model)(*group, keys, torch.zeros((2, 2, *shape), dtype=like.dtype))
    except RuntimeError:  # how vmap says that a layer is random, or looks at its own numbers
        return False
    return True


# -- before the first step ---------------------------------------------------------------------------------------------


def _drops(model: nn.Module) -> list[tuple[str, Drop]]:
    """The layers with dropout, by name."""
    return [(name, m) for name, m in model.named_modules() if isinstance(m, Drop) and m.p]


def _forward_of(model: nn.Module) -> Forward:
    """(weights, buffers, keys (cells, drops), inputs (cells, batch, ...)) to logits (cells, batch, classes)."""
    base = copy.deepcopy(model).to("meta").train()
    drops = [f"{name}.key" for name, _ in _drops(base)]
    for _, drop in _drops(base):
        drop.register_buffer("key", torch.zeros((), dtype=torch.int32, device="meta"), persistent=False)

    def one(weights: Tensors, buffers: Tensors, keys: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        own = dict(zip(drops, keys.unbind(), strict=True))
        out: torch.Tensor = functional_call(base, (weights, buffers, own), (inputs,))
        return out

    stacked: Forward = vmap(one)
    return stacked


def _group(cells: tuple[Cell, ...], device: torch.device) -> _Group:
    weights, buffers = stack_module_state([c.model for c in cells])
    flat = torch.cat([w.detach().flatten() for w in weights.values()]).to(device)
    shapes = {name: tuple(w.shape[1:]) for name, w in weights.items()}
    moments = torch.zeros_like(flat), torch.zeros_like(flat)
    return _laid_out(cells, shapes, {n: b.to(device) for n, b in buffers.items()}, flat, *moments)


def _laid_out(
    cells: tuple[Cell, ...],
    shapes: dict[str, tuple[int, ...]],
    buffers: Tensors,
    flat: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
) -> _Group:
    count = len(cells)
    parts = torch.split(flat, [count * math.prod(s) for s in shapes.values()])
    weights = {
        name: part.view(count, *shape).detach().requires_grad_()
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }
    each = torch.arange(count, device=flat.device, dtype=torch.int32)
    owner = torch.cat([each.repeat_interleave(math.prod(s)) for s in shapes.values()])
    return _Group(cells, flat, weights, buffers, first, second, owner)


def _without(group: _Group, done: set[int]) -> _Group:
    """The group without the cells that are done."""
    if not done:
        return group
    stays = torch.tensor([m not in done for m in range(len(group.cells))], device=group.flat.device)
    shapes = {name: tuple(w.shape[1:]) for name, w in group.weights.items()}
    buffers = {name: b[stays] for name, b in group.buffers.items()}
    state = (t[stays[group.owner]] for t in (group.flat, group.first, group.second))
    cells = tuple(c for m, c in enumerate(group.cells) if m not in done)
    return _laid_out(cells, shapes, buffers, *state)


# -- what a span takes in ----------------------------------------------------------------------------------------------


def _span(group: _Group, start: int, stop: int, device: torch.device) -> _Span:
    cells = group.cells
    chosen = [rows_at(c, start, stop) for c in cells]
    drops = len(_drops(cells[0].model))
    rates = [[c.recipe.rate_at(step, c.steps) for c in cells] for step in range(start, stop)]
    first = [1 - BETA1 ** (step + 1) for step in range(start, stop)]
    decay = [[1 - lr * c.recipe.l2 for lr, c in zip(row, cells, strict=True)] for row in rates]
    sizes = [[-(lr / f) for lr in row] for row, f in zip(rates, first, strict=True)]

    def stacked(of: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.stack([t[c.to(t.device)] for t, c in zip(of, chosen, strict=True)], dim=1).to(device)

    return _Span(
        stacked([c.rows for c in cells]),
        stacked([c.labels for c in cells]),
        stacked([c.weights for c in cells]),
        torch.stack([dropout_keys(c.seed, start, stop, drops) for c in cells], dim=1).to(device),
        torch.tensor(decay, dtype=group.flat.dtype, device=device),
        torch.tensor(sizes, dtype=group.flat.dtype, device=device),
    )


# -- one step ----------------------------------------------------------------------------------------------------------


def _step(
    group: _Group, runner: Runner, span: _Span, shares: torch.Tensor, step: int, at: int, x: torch.Tensor
) -> None:
    inputs, targets = _inputs(group, span, shares, step, at, x)
    slopes = runner(_slopes, group, inputs, targets, span.weights[at], span.keys[at])
    _adamw(group, slopes, span.decay[at], span.rate[at], step)


def _slopes(
    forward: Callable[..., torch.Tensor],
    group: _Group,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    keys: torch.Tensor,
) -> torch.Tensor:
    """The gradient of each cell's loss, the weighted mean of its rows' cross-entropies, laid out as the weights are."""
    logits = forward(group.weights, group.buffers, keys, inputs)
    losses = -(targets * logits.log_softmax(dim=-1)).sum(dim=-1)
    each = (losses * weights).sum(dim=1) / weights.sum(dim=1)
    slopes = torch.autograd.grad(each.sum(), list(group.weights.values()))
    return torch.cat([s.flatten() for s in slopes])


def _taken(table: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """table[rows]; one flat selection is much the quicker."""
    return table.index_select(0, rows.flatten()).view(*rows.shape, *table.shape[1:])


def _inputs(
    group: _Group, span: _Span, shares: torch.Tensor, step: int, at: int, x: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Every cell's batch, changed by its own augmentation and generator, as it would be alone."""
    targets = _taken(shares, span.labels[at])
    if not any(c.augment for c in group.cells):
        return floats(_taken(x, span.rows[at])), targets
    generators = [generator(c.seed, "augment", step) for c in group.cells]
    return take_each([c.augment for c in group.cells], x, span.rows[at], targets, generators)


@torch.no_grad()
def _adamw(group: _Group, slopes: torch.Tensor, decay: torch.Tensor, rate: torch.Tensor, step: int) -> None:
    """torch.optim.AdamW's step, operation by operation, with a learning rate and a decay for each cell."""
    group.flat.mul_(decay[group.owner])
    group.first.lerp_(slopes, 1 - BETA1)
    group.second.mul_(BETA2).addcmul_(slopes, slopes, value=1 - BETA2)
    below = group.second.sqrt().div_((1 - BETA2 ** (step + 1)) ** 0.5).add_(EPSILON)
    group.flat.addcdiv_(group.first * rate[group.owner], below)


# -- stopping and finishing --------------------------------------------------------------------------------------------


def _looked(
    group: _Group, active: Sequence[int], watched: dict[int, _Watched], x: torch.Tensor, step: int
) -> dict[int, _Watched]:
    """What has become of those watched cells whose held-out rows are looked at after this step."""
    seen = {}
    for m, cell in ((m, group.cells[m]) for m in active):
        if cell.place not in watched or not looks(step, cell.per_epoch, cell.steps):
            continue
        before, state = watched[cell.place], _state(group, m)
        rows, labels, weights = (t.to(x.device) for t in cell.held)
        loss = mean_loss(_model(cell, state, x.device), floats(x.index_select(0, rows)), labels, weights)
        patience = before.patience.after(float(loss))
        seen[cell.place] = _Watched(patience, state if patience.improved else before.best)
    return seen


def _is_out(cell: Cell, watched: dict[int, _Watched]) -> bool:
    patience = cell.recipe.patience
    return patience is not None and watched[cell.place].patience.waited >= patience


def _state(group: _Group, m: int) -> Tensors:
    """A cell's weights and buffers, as they stand."""
    return {name: t[m].detach().clone() for name, t in (*group.weights.items(), *group.buffers.items())}


def _model(cell: Cell, state: Tensors, device: torch.device) -> nn.Module:
    model = cell.model.to(device)
    model.load_state_dict(state)
    return model.eval()


def _fit_of(group: _Group, m: int, taken: int, watched: dict[int, _Watched], notes: tuple[str, ...]) -> Fit:
    cell = group.cells[m]
    best = watched[cell.place].best if cell.place in watched else None
    model = _model(cell, _state(group, m) if best is None else best, group.flat.device)
    return Fit(model, taken, taken / cell.per_epoch, taken * cell.batch, notes)
