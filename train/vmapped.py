"""Many models at once: cells of one recipe train side by side on one pool, each exactly as it would alone.

For every step there is one gather, one softmax and one optimiser for the whole group; only the matrix products are
taken cell by cell on a CPU, because a batched product rounds otherwise than a single one does (on a GPU they are
batched: there a launch costs more than the product). All randomness is keyed by the cell. So a cell is the same
to the last bit alone, in any group and in any order, on a CPU, and one that turns NaN touches no other.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from audit.errors import InputError
from train.loop import Augment, Fit
from train.masks import dropout_keys, dropout_mask
from train.models import build
from train.recipe import Recipe
from train.rng import generator, key

ALIGNED = 16
"""Each cell's matrix starts at a multiple of so many elements: products of unaligned matrices round otherwise."""
SPAN = 128
"""Steps whose rows are chosen in one go."""
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""AdamW's, as torch has them."""


@dataclass(frozen=True, eq=False)
class Job:
    """One cell: which rows of the pool it trains on, a label and a weight for each, and its seed."""

    rows: torch.Tensor
    """(n,) positions in the pool."""
    labels: torch.Tensor
    weights: torch.Tensor
    """(n,) at least 0, not all 0; rows of weight 0 are left out."""
    seed: int
    augment: Augment | None = None


@dataclass(frozen=True, eq=False)
class _Cell:
    """A job with its budget: rows of weight 0 gone, its model initialised."""

    place: int
    job: Job
    model: nn.Module
    batch: int
    steps: int

    @property
    def per_epoch(self) -> int:
        return max(1, len(self.job.rows) // self.batch)


@dataclass(frozen=True, eq=False)
class _Product:
    """out = a · b, or start + a · b, for each cell: batched tensors, and the same a cell at a time."""

    a: torch.Tensor
    b: torch.Tensor
    out: torch.Tensor
    start: torch.Tensor | None = None

    @cached_property
    def each(self) -> list[tuple[torch.Tensor, ...]]:
        """Slicing anew at every step would cost a third of the products themselves."""
        parts = (self.a, self.b, self.out) if self.start is None else (self.a, self.b, self.out, self.start)
        return list(zip(*(p.unbind() for p in parts), strict=True))


@dataclass(frozen=True, eq=False)
class _Layer:
    """A linear layer of every cell, with what follows it; all tensors have the cells in front."""

    weight: torch.Tensor
    bias: torch.Tensor
    bias_gradient: torch.Tensor
    outputs: torch.Tensor
    """(cells, batch, out), after what follows."""
    gradient: torch.Tensor
    """(cells, batch, out): of the loss, by the outputs before what follows."""
    forward: _Product
    by_weight: _Product
    by_inputs: _Product | None
    """None for the first layer."""
    relu: bool
    rate: float


@dataclass(frozen=True, eq=False)
class _Group:
    """The buffers of a group. The cells with the most steps come first, so those still training are a prefix."""

    cells: tuple[_Cell, ...]
    layers: tuple[_Layer, ...]
    values: torch.Tensor
    """(cells, parameters), padded; the layers' weights and biases are views of it."""
    gradients: torch.Tensor
    inputs: torch.Tensor
    shares: torch.Tensor
    """(classes, classes): a label as a row of class shares."""
    first: torch.Tensor
    second: torch.Tensor
    spare: torch.Tensor


@dataclass(frozen=True, eq=False)
class _Span:
    """What a few steps take in: (steps, cells, ...) each."""

    rows: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    keys: torch.Tensor
    """(steps, layers with dropout, cells)."""
    decay: torch.Tensor
    """(steps, cells, 1): what the weights are multiplied by."""
    rate: torch.Tensor
    """(steps, cells, 1): minus the step's size."""


def fit_group(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> list[Fit]:
    """Train every job from its seed's initialisation; each comes out as `train.loop.fit` on its rows alone.

    Args:
        x: (N, d) floats, the pool; it stays where it is, and the group trains there.
        jobs: what to train; those with more rows than a batch take `recipe.batch` at a time, and all must agree.
        classes: how many classes there are, seen or not.
        recipe: model, budget, optimiser.
    """
    training = train_group(x, jobs, classes, recipe)
    while True:
        try:
            next(training)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]


def train_group(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> Generator[int, None, list[Fit]]:
    """The same a step at a time: yields how many cells took each step, and returns the fits."""
    torch.set_num_threads(1)
    cells = _cells(x, jobs, classes, recipe)
    group = _group(x, cells, classes)
    for start, stop, active in _spans(cells):
        span = _span(group, recipe, start, stop, active, x.device)
        for step in range(start, stop):
            _step(group, recipe, span, step, step - start, x)
            yield active
    return _fits(group)


def groupable(model: nn.Module) -> bool:
    """Whether a model can train in a group: linear layers in a row, each followed by at most ReLU and dropout."""
    try:
        _plan_of(model)
    except InputError:
        return False
    return True


# -- before the first step ---------------------------------------------------------------------------------------------


def _cells(x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe) -> tuple[_Cell, ...]:
    """The jobs with the most steps first."""
    cells = []
    for place, job in enumerate(jobs):
        kept = torch.nonzero(job.weights > 0).squeeze(1)
        if not len(kept):
            raise InputError(f"job {place}: no row has a weight above 0")
        own = Job(job.rows[kept], job.labels[kept], job.weights[kept], job.seed, job.augment)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(key(job.seed, "init"))
            model = build(recipe, tuple(x.shape[1:]), classes)
        cells.append(_Cell(place, own, model, min(recipe.batch, len(kept)), recipe.steps_for(len(kept))))
    if len(sizes := sorted({c.batch for c in cells})) != 1:
        raise InputError(f"a group has one batch size, and these jobs have {sizes or 'none'}")
    return tuple(sorted(cells, key=lambda c: -c.steps))


def _plan_of(model: nn.Module) -> list[tuple[nn.Linear, bool, float]]:
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


def _aligned(
    count: int, shapes: Sequence[Sequence[int]], like: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """One buffer (count, size) of zeros, and a view (count, *shape) of it for each shape; each matrix is aligned."""
    sizes = [-(-math.prod(s) // ALIGNED) * ALIGNED for s in shapes]
    whole = torch.zeros((count, sum(sizes)), dtype=like.dtype, device=like.device)
    views, start = [], 0
    for shape, size in zip(shapes, sizes, strict=True):
        views.append(whole[:, start : start + math.prod(shape)].view(count, *shape))
        start += size
    return whole, views


def _group(x: torch.Tensor, cells: tuple[_Cell, ...], classes: int) -> _Group:
    plans = [_plan_of(c.model) for c in cells]
    count, batch = len(cells), cells[0].batch
    shapes = [p.shape for layer, _, _ in plans[0] for p in (layer.weight, layer.bias)]
    like = plans[0][0][0].weight.detach().to(x.device)
    values, parameters = _aligned(count, shapes, like)
    gradients, slopes = _aligned(count, shapes, like)
    for m, plan in enumerate(plans):
        for i, (layer, _, _) in enumerate(plan):
            parameters[2 * i][m] = layer.weight.detach()
            parameters[2 * i + 1][m] = layer.bias.detach()
    inputs = below = _aligned(count, [(batch, x.shape[1])], like)[1][0]
    shares = torch.eye(classes, dtype=torch.float32, device=x.device)
    by_below: torch.Tensor | None = None
    layers = []
    for i, (layer, relu, rate) in enumerate(plans[0]):
        weight, bias = parameters[2 * i : 2 * i + 2]
        outputs, gradient = (_aligned(count, [(batch, layer.out_features)], like)[1][0] for _ in range(2))
        forward = _Product(below, weight.transpose(1, 2), outputs, bias)
        by_weight = _Product(gradient.transpose(1, 2), below, slopes[2 * i])
        by_inputs = None if by_below is None else _Product(gradient, weight, by_below)
        layers.append(
            _Layer(weight, bias, slopes[2 * i + 1], outputs, gradient, forward, by_weight, by_inputs, relu, rate)
        )
        below, by_below = outputs, gradient
    return _Group(
        cells, tuple(layers), values, gradients, inputs, shares, *(torch.zeros_like(values) for _ in range(3))
    )


def _spans(cells: Sequence[_Cell]) -> Iterator[tuple[int, int, int]]:
    """(first step, step after the last, how many cells train in them), at most `SPAN` steps each."""
    start = 0
    for active in range(len(cells), 0, -1):
        while start < cells[active - 1].steps:
            stop = min(start + SPAN, cells[active - 1].steps)
            yield start, stop, active
            start = stop


# -- what a span takes in ----------------------------------------------------------------------------------------------


def _span(group: _Group, recipe: Recipe, start: int, stop: int, active: int, device: torch.device) -> _Span:
    cells = group.cells[:active]
    chosen = [_chosen(c, start, stop) for c in cells]
    dropping = sum(layer.rate > 0 for layer in group.layers)
    rates = [[_learning_rate(recipe, c, step) for c in cells] for step in range(start, stop)]
    first = [1 - BETA1 ** (step + 1) for step in range(start, stop)]
    decay = [[1 - lr * recipe.l2 for lr in row] for row in rates]
    sizes = [[-(lr / f) for lr in row] for row, f in zip(rates, first, strict=True)]

    def numbers(values: list[list[float]]) -> torch.Tensor:
        return torch.tensor(values, dtype=group.values.dtype, device=device)[..., None]

    def stacked(of: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.stack([t[c] for t, c in zip(of, chosen, strict=True)], dim=1).to(device)

    return _Span(
        stacked([c.job.rows for c in cells]),
        stacked([c.job.labels for c in cells]),
        stacked([c.job.weights for c in cells]),
        torch.stack([dropout_keys(c.job.seed, start, stop, dropping) for c in cells], dim=2).to(device),
        numbers(decay),
        numbers(sizes),
    )


def _chosen(cell: _Cell, start: int, stop: int) -> torch.Tensor:
    """(steps, batch): which of its rows a cell takes at each step; each epoch is a permutation by its own generator."""
    parts, step = [], start
    while step < stop:
        epoch, place = divmod(step, cell.per_epoch)
        until = min(stop, (epoch + 1) * cell.per_epoch)
        order = torch.randperm(len(cell.job.rows), generator=generator(cell.job.seed, "order", epoch))
        parts.append(order[place * cell.batch : (place + until - step) * cell.batch])
        step = until
    return torch.cat(parts).view(-1, cell.batch)


def _learning_rate(recipe: Recipe, cell: _Cell, step: int) -> float:
    return recipe.lr * 0.5 * (1 + math.cos(math.pi * step / cell.steps))


# -- one step ----------------------------------------------------------------------------------------------------------


def _step(group: _Group, recipe: Recipe, span: _Span, step: int, at: int, x: torch.Tensor) -> None:
    active = span.rows.shape[1]
    cells = group.cells[:active]
    inputs, targets = _taken(x, span.rows[at]), _taken(group.shares, span.labels[at])
    if any(c.job.augment for c in cells):
        inputs, targets = _augmented(cells, inputs, targets, step)
    group.inputs[:active] = inputs
    masks = _masks(group, span.keys[at])
    _forward(group, masks, active)
    _loss_gradient(group.layers[-1], targets, span.weights[at], active)
    _backward(group, masks, active)
    _adamw(group, recipe, span.decay[at], span.rate[at], step)


def _taken(table: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """table[rows]; one flat selection is much the quicker."""
    return table.index_select(0, rows.flatten()).view(*rows.shape, *table.shape[1:])


def _augmented(
    cells: Sequence[_Cell], inputs: torch.Tensor, targets: torch.Tensor, step: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each cell's batch changed by its own augmentation and generator, as it would be alone."""
    pairs = [
        c.job.augment(i, t, generator(c.job.seed, "augment", step)) if c.job.augment else (i, t)
        for c, i, t in zip(cells, inputs, targets, strict=True)
    ]
    return torch.stack([i for i, _ in pairs]), torch.stack([t for _, t in pairs])


def _masks(group: _Group, keys: torch.Tensor) -> list[torch.Tensor | None]:
    own = iter(keys)
    return [
        dropout_mask(next(own), layer.outputs.shape[1:], layer.rate, layer.outputs.dtype) if layer.rate else None
        for layer in group.layers
    ]


def _forward(group: _Group, masks: Sequence[torch.Tensor | None], active: int) -> None:
    for layer, mask in zip(group.layers, masks, strict=True):
        _multiply(layer.forward, active)
        outputs = layer.outputs[:active]
        if layer.relu:
            outputs.relu_()
        if mask is not None:
            outputs.mul_(mask)


def _loss_gradient(last: _Layer, targets: torch.Tensor, weights: torch.Tensor, active: int) -> None:
    """Of the weighted mean of the rows' cross-entropies, by the logits."""
    shares = last.outputs[:active].log_softmax(dim=-1)
    total = weights.sum(dim=1).to(shares.dtype)
    each = (1 / total)[:, None] * weights
    slope = -each[..., None] * targets
    last.gradient[:active] = torch._log_softmax_backward_data(slope.to(shares.dtype), shares, -1, shares.dtype)  # noqa: SLF001


def _backward(group: _Group, masks: Sequence[torch.Tensor | None], active: int) -> None:
    for layer, mask in zip(reversed(group.layers), reversed(masks), strict=True):
        gradient = layer.gradient[:active]
        if mask is not None:
            gradient.mul_(mask)
        if layer.relu:
            torch.ops.aten.threshold_backward.grad_input(gradient, layer.outputs[:active], 0, grad_input=gradient)
        torch.sum(gradient, dim=1, out=layer.bias_gradient[:active])
        _multiply(layer.by_weight, active)
        if layer.by_inputs is not None:
            _multiply(layer.by_inputs, active)


def _multiply(product: _Product, active: int) -> None:
    a, b, out, start = product.a, product.b, product.out, product.start
    if out.is_cuda:
        batched = torch.bmm(a[:active], b[:active])
        out[:active] = batched if start is None else batched + start[:active, None]
    elif start is None:
        for one, other, result in product.each[:active]:
            torch.mm(one, other, out=result)
    else:
        for one, other, result, first in product.each[:active]:
            torch.addmm(first, one, other, out=result)


def _adamw(group: _Group, recipe: Recipe, decay: torch.Tensor, rate: torch.Tensor, step: int) -> None:
    """torch.optim.AdamW's step, operation by operation, with a learning rate for each cell."""
    values, slopes, first, second, spare = (
        t[: len(rate)] for t in (group.values, group.gradients, group.first, group.second, group.spare)
    )
    if recipe.l2:
        values.mul_(decay)
    first.lerp_(slopes, 1 - BETA1)
    second.mul_(BETA2).addcmul_(slopes, slopes, value=1 - BETA2)
    torch.sqrt(second, out=slopes).div_((1 - BETA2 ** (step + 1)) ** 0.5).add_(EPSILON)
    values.addcdiv_(torch.mul(first, rate, out=spare), slopes)


def _fits(group: _Group) -> list[Fit]:
    fits: dict[int, Fit] = {}
    for m, cell in enumerate(group.cells):
        model = cell.model.to(group.values.device)
        with torch.no_grad():
            for own, (layer, _, _) in zip(group.layers, _plan_of(model), strict=True):
                layer.weight.copy_(own.weight[m])
                layer.bias.copy_(own.bias[m])
        fits[cell.place] = Fit(model.eval(), cell.steps, cell.steps / cell.per_epoch, cell.steps * cell.batch)
    return [fits[i] for i in range(len(fits))]
