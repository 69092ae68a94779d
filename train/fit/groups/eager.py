"""One step of a group, operation by operation: to the last bit what each of its cells does alone, on a CPU.

Products are taken cell by cell there, because a batched product rounds otherwise than a single one does; on a GPU they
are batched, since a launch costs more than the product. Nothing waits for the device, and nothing is read from Python
that changes between steps but the `Moment`, so that a step can be captured as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch

from train.augment import take_each
from train.fit.groups.buffers import Buffers, Layer, Product
from train.fit.groups.cells import Cell
from train.fit.groups.spans import BETA1, BETA2, EPSILON, Moment, Span
from train.fit.masks import mask_of
from train.fit.rng import generator

Batch = tuple[torch.Tensor, torch.Tensor]
"""Inputs (cells, batch, d) and targets (cells, batch, classes), shares of each class."""
WHOLE = 64
"""Columns by this number fill whole vector registers; what is left over would be summed otherwise."""
TRIED = 4096
"""Rows on which two orders of summation must agree to be taken for one."""


@dataclass(frozen=True, eq=False)
class Eager:
    """A group that trains in its buffers."""

    buffers: Buffers
    x: torch.Tensor

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """(cells, *shape) each, those still training in front."""
        return self.buffers.parameters

    def step(self, cells: Sequence[Cell], span: Span, step: int, i: int) -> None:
        """Take step `step`, the i-th of the span, with the cells of the span."""
        moment = span.moment(i)
        take_step(self.buffers, moment, self.x, augmented_batch(cells, self.buffers, moment, self.x, step))

    def keep(self, places: Sequence[int]) -> Eager:
        """The same with only the cells at these places, which ascend."""
        self.buffers.keep(places)
        return self

    def eager(self) -> Eager:
        """Itself: what a group trains in where nothing can be compiled."""
        return self


def take_step(buffers: Buffers, moment: Moment, x: torch.Tensor, augmented: Batch | None = None) -> None:
    """Take a step with the cells of this moment: a batch of the pool `x`, or the one that was augmented."""
    active = len(moment.rows)
    slope = buffers.slopes[:active]
    if augmented is None:
        _take(x, moment.rows, buffers.inputs[:active])
        slope.fill_(-0.0).scatter_(2, moment.labels[..., None], moment.each[..., None].to(slope.dtype))
    else:
        buffers.inputs[:active], slope[:] = augmented[0], moment.each[..., None] * augmented[1]
    masks = _masks(buffers, moment)
    _forward(buffers, masks, active)
    _loss_gradient(buffers.layers[-1], slope)
    _backward(buffers, masks, active)
    _adamw(buffers, moment, active)


def augmented_batch(cells: Sequence[Cell], buffers: Buffers, moment: Moment, x: torch.Tensor, at: int) -> Batch | None:
    """Each cell's batch at step `at`, changed by its own augmentation and generator; None where no cell has any."""
    if not any(c.augment for c in cells):
        return None
    own = cells[: len(moment.rows)]
    generators = [generator(c.seed, "augment", at) for c in own]
    return take_each([c.augment for c in own], x, moment.rows, buffers.shares[moment.labels], generators)


def _take(table: torch.Tensor, rows: torch.Tensor, out: torch.Tensor) -> None:
    """Put table[rows] into `out`; one flat selection, straight to where it belongs, is much the quicker."""
    if out.is_contiguous() and out.dtype == table.dtype:
        torch.index_select(table, 0, rows.flatten(), out=out.view(-1, table.shape[1]))
    else:
        out.copy_(table.index_select(0, rows.flatten()).view(out.shape))


def _masks(buffers: Buffers, moment: Moment) -> list[torch.Tensor | None]:
    own = iter(moment.keys)
    return [
        mask_of(next(own), layer.outputs.shape[1:], moment.least, moment.scale, layer.outputs.dtype)
        if layer.drops
        else None
        for layer in buffers.layers
    ]


def _forward(buffers: Buffers, masks: Sequence[torch.Tensor | None], active: int) -> None:
    for layer, mask in zip(buffers.layers, masks, strict=True):
        _multiply(layer.forward, active)
        outputs = layer.outputs[:active]
        if layer.relu:
            outputs.relu_()
        if mask is not None:
            outputs.mul_(mask)


def _loss_gradient(last: Layer, slope: torch.Tensor) -> None:
    """Of the weighted mean of the rows' cross-entropies, by the logits."""
    shares = _log_shares(last.outputs[: len(slope)])
    last.gradient[: len(slope)] = torch._log_softmax_backward_data(slope, shares, -1, shares.dtype)  # noqa: SLF001


def _log_shares(logits: torch.Tensor) -> torch.Tensor:
    """log_softmax over the classes, by columns where that is the same: of few classes it takes a tenth of the time."""
    classes = logits.shape[-1]
    if logits.is_cuda or logits.numel() // classes % WHOLE or not _columns_agree(classes, logits.dtype):
        return logits.log_softmax(dim=-1)
    columns = logits.reshape(-1, classes).t().contiguous().log_softmax(dim=0)
    return columns.t().contiguous().view(logits.shape)


@cache
def _columns_agree(classes: int, dtype: torch.dtype) -> bool:
    """Whether this processor's log_softmax sums a row of so few classes as it sums a column: tried, not assumed."""
    logits = torch.randn((TRIED, classes), generator=generator("log_softmax"), dtype=dtype) * 8
    return torch.equal(logits.log_softmax(dim=1), logits.t().contiguous().log_softmax(dim=0).t())


def _backward(buffers: Buffers, masks: Sequence[torch.Tensor | None], active: int) -> None:
    for layer, mask in zip(reversed(buffers.layers), reversed(masks), strict=True):
        gradient = layer.gradient[:active]
        if mask is not None:
            gradient.mul_(mask)
        if layer.relu:
            torch.ops.aten.threshold_backward.grad_input(gradient, layer.outputs[:active], 0, grad_input=gradient)
        torch.sum(gradient, dim=1, out=layer.bias_gradient[:active])
        _multiply(layer.by_weight, active)
        if layer.by_inputs is not None:
            _multiply(layer.by_inputs, active)


def _multiply(product: Product, active: int) -> None:
    a, b, out, start = product.a, product.b, product.out, product.start
    if out.is_cuda:
        batched = torch.bmm(a[:active], b[:active])
        out[:active] = batched if start is None else batched + start[:active, None]
    elif start is None:
        mm = torch.mm
        for one, other, result in product.each[:active]:
            mm(one, other, out=result)
    else:
        addmm = torch.addmm
        for first, one, other, result in product.each[:active]:
            addmm(first, one, other, out=result)


def _adamw(buffers: Buffers, moment: Moment, active: int) -> None:
    """torch.optim.AdamW's step, operation by operation, with a learning rate for each cell."""
    values, slopes, first, second, spare = (
        t[:active] for t in (buffers.values, buffers.gradients, buffers.first, buffers.second, buffers.spare)
    )
    if not isinstance(moment.decay, float) or moment.decay != 1:
        values.mul_(moment.decay)
    first.lerp_(slopes, 1 - BETA1)
    second.mul_(BETA2).addcmul_(slopes, slopes, value=1 - BETA2)
    torch.sqrt(second, out=slopes).div_(moment.root).add_(EPSILON)
    if isinstance(moment.rate, float):
        values.addcdiv_(first, slopes, value=moment.rate)
    else:
        values.addcdiv_(torch.mul(first, moment.rate, out=spare), slopes)
