"""The buffers of a group: every cell's weights, gradients, moments and activations, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from train.fit.groups.cells import Cell, plan_of

ALIGNED = 16
"""Each cell's matrix starts at a multiple of so many elements: products of unaligned matrices round otherwise."""


@dataclass(frozen=True, eq=False)
class Product:
    """out = a · b, or start + a · b, for each cell: batched tensors, and the same a cell at a time."""

    a: torch.Tensor
    b: torch.Tensor
    out: torch.Tensor
    start: torch.Tensor | None = None

    @cached_property
    def each(self) -> list[tuple[torch.Tensor, ...]]:
        """Slicing anew at every step would cost a third of the products themselves."""
        parts = (self.a, self.b, self.out) if self.start is None else (self.start, self.a, self.b, self.out)
        return list(zip(*(p.unbind() for p in parts), strict=True))


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer of every cell, with what follows it; all tensors have the cells in front."""

    bias_gradient: torch.Tensor
    outputs: torch.Tensor
    """(cells, batch, out), after what follows."""
    gradient: torch.Tensor
    """(cells, batch, out): of the loss, by the outputs before what follows."""
    forward: Product
    by_weight: Product
    by_inputs: Product | None
    """None for the first layer."""
    relu: bool
    drops: bool
    """Whether dropout follows in any of the cells."""


@dataclass(frozen=True, eq=False)
class Buffers:
    """A group's memory. The cells still training are a prefix of it."""

    layers: tuple[Layer, ...]
    parameters: tuple[torch.Tensor, ...]
    """(cells, *shape) each, in the model's order: views of `values`."""
    values: torch.Tensor
    """(cells, parameters), padded."""
    gradients: torch.Tensor
    inputs: torch.Tensor
    slopes: torch.Tensor
    """(cells, batch, classes): of the loss, by the logarithms of the shares."""
    shares: torch.Tensor
    """(classes, classes): a label as a row of class shares."""
    first: torch.Tensor
    second: torch.Tensor
    spare: torch.Tensor

    def views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """Views of `values`, or of what lies as it does, one a parameter."""
        return _views(flat, [p.shape[1:] for p in self.parameters])

    def keep(self, places: Sequence[int]) -> None:
        """Move the cells at these places, ascending, to the front."""
        if list(places) != list(range(len(places))):
            index = torch.tensor(places, device=self.values.device)
            for tensor in (self.values, self.first, self.second):
                tensor[: len(places)] = tensor.index_select(0, index)


def aligned(count: int, shapes: Sequence[Sequence[int]], like: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """One buffer (count, size) of zeros, and a view (count, *shape) of it for each shape; each matrix is aligned."""
    whole = torch.zeros((count, sum(map(_size, shapes))), dtype=like.dtype, device=like.device)
    return whole, _views(whole, shapes)


def _views(whole: torch.Tensor, shapes: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    views, start = [], 0
    for shape in shapes:
        views.append(whole[:, start : start + math.prod(shape)].view(len(whole), *shape))
        start += _size(shape)
    return views


def _size(shape: Sequence[int]) -> int:
    """Elements that a matrix takes up, with what keeps the next one aligned."""
    return -(-math.prod(shape) // ALIGNED) * ALIGNED


def buffers_of(x: torch.Tensor, cells: Sequence[Cell], classes: int) -> Buffers:
    """Buffers for these cells, their models' weights in them."""
    plans = [plan_of(c.model) for c in cells]
    count, batch = len(cells), cells[0].batch
    shapes = [p.shape for layer, _, _ in plans[0] for p in (layer.weight, layer.bias)]
    like = plans[0][0][0].weight.detach().to(x.device)
    values, parameters = aligned(count, shapes, like)
    gradients, slopes = aligned(count, shapes, like)
    for m, plan in enumerate(plans):
        for i, (layer, _, _) in enumerate(plan):
            parameters[2 * i][m] = layer.weight.detach()
            parameters[2 * i + 1][m] = layer.bias.detach()
    inputs = aligned(count, [(batch, x.shape[1])], like)[1][0]
    drops = [any(plan[i][2] for plan in plans) for i in range(len(plans[0]))]
    follow = [(relu, drop) for (_, relu, _), drop in zip(plans[0], drops, strict=True)]
    layers = _layers(inputs, parameters, slopes, follow)
    shares = torch.eye(classes, dtype=torch.float32, device=x.device)
    by_shares = like.new_zeros((count, batch, classes))
    moments = [torch.zeros_like(values) for _ in range(3)]
    return Buffers(layers, tuple(parameters), values, gradients, inputs, by_shares, shares, *moments)


def _layers(
    inputs: torch.Tensor,
    parameters: Sequence[torch.Tensor],
    slopes: Sequence[torch.Tensor],
    follow: Sequence[tuple[bool, bool]],
) -> tuple[Layer, ...]:
    """The layers, each with the products that lead through it and back."""
    below = inputs
    by_below: torch.Tensor | None = None
    layers = []
    for i, (relu, drops) in enumerate(follow):
        weight, bias = parameters[2 * i : 2 * i + 2]
        shape = (inputs.shape[1], weight.shape[1])
        outputs, gradient = (aligned(len(weight), [shape], weight)[1][0] for _ in range(2))
        forward = Product(below, weight.transpose(1, 2), outputs, bias)
        by_weight = Product(gradient.transpose(1, 2), below, slopes[2 * i])
        by_inputs = None if by_below is None else Product(gradient, weight, by_below)
        layers.append(Layer(slopes[2 * i + 1], outputs, gradient, forward, by_weight, by_inputs, relu, drops))
        below, by_below = outputs, gradient
    return tuple(layers)
