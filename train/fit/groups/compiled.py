"""One step of a group as a single compiled function, for long runs on a CPU: batched products, everything else fused.

torch.compile turns what lies between the products (gather, ReLU, dropout's hash, the loss's gradient, AdamW) into a few
passes of C++ each. Batched products and fused sums round otherwise than train/fit/groups/eager.py does, so weights agree
with it to the last bits only at first, and metrics in the end. The same cell in another group may differ likewise.

A compiler killed half-way leaves a truncated library in its cache, and loading one kills the process (SIGBUS: nothing
to catch). So every process compiles into a folder of its own, whatever TORCHINDUCTOR_CACHE_DIR says, and removes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import torch

from audit.errors import AssayError
from train.fit.device import compiler_errors, own_cache
from train.fit.groups.buffers import Buffers
from train.fit.groups.cells import Cell
from train.fit.groups.eager import Batch, Eager, augmented_batch
from train.fit.groups.spans import BETA1, BETA2, EPSILON, Moment, Span
from train.fit.masks import hashed_counters, mixed

OPTIONS: dict[str, str | int | bool | Callable[..., Any]] = {"cpp.vec_isa_ok": True}
"""Trust /proc/cpuinfo: building a program for each vector width, to see, takes longer than building the step."""
HALF = 16
"""Bits of a hash for each unit."""
Tensors = Sequence[torch.Tensor]


class CannotCompile(AssayError):
    """Nothing could be compiled, or captured, here."""

    @classmethod
    def of(cls, error: BaseException) -> CannotCompile:
        """The first line of what a compiler, or a driver, had to say."""
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
        return cls(f"{type(error).__name__}: {said[0]}" if said else type(error).__name__)


@dataclass(frozen=True, eq=False)
class Compiled:
    """The state of a group in tensors of their own, one a parameter, and at least two cells in each: a size of 1 would
    be compiled anew. A single cell is trained twice, side by side."""

    buffers: Buffers
    x: torch.Tensor
    parameters: tuple[torch.Tensor, ...]
    first: tuple[torch.Tensor, ...]
    second: tuple[torch.Tensor, ...]

    def step(self, cells: Sequence[Cell], span: Span, step: int, i: int) -> None:
        """Take step `step`, the i-th of the span; raises CannotCompile before anything is changed."""
        moment = span.moment(i)
        batch = augmented_batch(cells, self.buffers, moment, self.x, step)
        table, shares, rows, labels = _source(self.x, self.buffers.shares, moment, batch)
        own = [rows, labels, moment.each, span.decay[i], span.rate[i], span.least, span.scale]
        keys = moment.keys
        if len(cells) == 1:
            own, keys = [t.repeat(2, 1) for t in own], keys.repeat(1, 2)
        layers = tuple((layer.relu, layer.drops) for layer in self.buffers.layers)
        counters = [_counters(layer.outputs[0].numel()) for layer in self.buffers.layers if layer.drops]
        if i == 0:  # the first step of all is among these, and what is marked counts only where it is traced
            for tensor in (*self.parameters, *self.first, *self.second, *own, table, shares):
                torch._dynamo.mark_dynamic(tensor, 0)  # noqa: SLF001  documented under this name
            torch._dynamo.mark_dynamic(keys, 1)  # noqa: SLF001
        try:
            with own_cache():
                _function()(
                    layers, self.parameters, self.first, self.second, table, shares, *own, keys, moment.root, counters
                )
        except compiler_errors() as error:
            raise CannotCompile.of(error) from error

    def keep(self, places: Sequence[int]) -> Compiled:
        """The same with only the cells at these places."""
        both = [*places, *places] if len(places) == 1 else list(places)
        index = torch.tensor(both)
        state = (tuple(t.index_select(0, index) for t in ts) for ts in (self.parameters, self.first, self.second))
        return Compiled(self.buffers, self.x, *state)

    def eager(self) -> Eager:
        """The same state, to be trained without compiling."""
        for flat, parts in (
            (self.buffers.values, self.parameters),
            (self.buffers.first, self.first),
            (self.buffers.second, self.second),
        ):
            for view, part in zip(self.buffers.views(flat), parts, strict=True):
                count = min(len(view), len(part))
                view[:count] = part[:count]
        return Eager(self.buffers, self.x)


def compiled_of(buffers: Buffers, x: torch.Tensor) -> Compiled:
    """A group's state as it is now."""
    places = range(len(buffers.values)) if len(buffers.values) > 1 else (0, 0)
    index = torch.tensor(list(places))
    state = [
        tuple(view.index_select(0, index).contiguous() for view in buffers.views(flat))
        for flat in (buffers.values, buffers.first, buffers.second)
    ]
    return Compiled(buffers, x.detach(), *state)  # another name for x: the caller's is not to be marked


def _source(
    x: torch.Tensor, shares: torch.Tensor, moment: Moment, batch: Batch | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """(table of inputs, table of targets, rows, labels): the pool's, or those of a batch that was augmented."""
    if batch is None:
        return x, shares, moment.rows, moment.labels
    inputs, targets = (t.flatten(0, 1) for t in batch)
    rows = torch.arange(len(inputs)).view(moment.rows.shape)
    return inputs, targets, rows, rows.clone()


def _take_step(
    layers: Sequence[tuple[bool, bool]],
    parameters: Tensors,
    first: Tensors,
    second: Tensors,
    table: torch.Tensor,
    shares: torch.Tensor,
    rows: torch.Tensor,
    labels: torch.Tensor,
    each: torch.Tensor,
    decay: torch.Tensor,
    rate: torch.Tensor,
    least: torch.Tensor,
    scale: torch.Tensor,
    keys: torch.Tensor,
    root: torch.Tensor,
    counters: Sequence[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    """What is compiled: see train/fit/groups/eager.py, which says the same in the same order."""
    below, own = [table.index_select(0, rows.flatten()).view(*rows.shape, -1)], iter(zip(keys, counters, strict=True))
    masks: list[torch.Tensor | None] = []
    for i, (relu, drops) in enumerate(layers):
        outputs = torch.bmm(below[-1], parameters[2 * i].transpose(1, 2)) + parameters[2 * i + 1][:, None]
        outputs = outputs.relu() if relu else outputs
        masks.append(_mask(*next(own), least, scale, outputs) if drops else None)
        mask = masks[-1]
        below.append(outputs if mask is None else outputs * mask)
    targets = shares.index_select(0, labels.flatten()).view(*labels.shape, -1)
    slope = (each[..., None] * targets).to(below[-1].dtype)
    gradient = slope - below[-1].softmax(dim=-1) * slope.sum(dim=-1, keepdim=True)
    gradients: list[torch.Tensor] = []
    for i in reversed(range(len(layers))):
        mask = masks[i]
        if layers[i][0]:  # what is not above 0 was dropped or lies below ReLU's kink: the mask need not be made again
            kept = gradient if mask is None else gradient * scale[..., None]
            gradient = torch.where(below[i + 1] <= 0, 0.0, kept)
        elif mask is not None:
            gradient = gradient * mask
        gradients = [torch.bmm(gradient.transpose(1, 2), below[i]), gradient.sum(dim=1), *gradients]
        gradient = torch.bmm(gradient, parameters[2 * i]) if i else gradient
    for value, slopes, one, two in zip(parameters, gradients, first, second, strict=True):
        _adamw(
            value,
            slopes,
            one,
            two,
            decay.view(-1, *[1] * (value.dim() - 1)),
            rate.view(-1, *[1] * (value.dim() - 1)),
            root,
        )


def _adamw(
    value: torch.Tensor,
    slopes: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    decay: torch.Tensor,
    rate: torch.Tensor,
    root: torch.Tensor,
) -> None:
    first.lerp_(slopes, 1 - BETA1)
    second.mul_(BETA2).addcmul_(slopes, slopes, value=1 - BETA2)
    value.mul_(decay).add_(first * rate / (second.sqrt() / root + EPSILON))


def _mask(
    key: torch.Tensor,
    counters: tuple[torch.Tensor, torch.Tensor],
    least: torch.Tensor,
    scale: torch.Tensor,
    like: torch.Tensor,
) -> torch.Tensor:
    """train.fit.masks.mask_of without its look at one number as two: each hash is taken twice, and compared at full width."""
    hashes = mixed(counters[0] ^ key[:, None]) * counters[1]
    return ((hashes >= least * (1 << HALF)).to(like.dtype) * scale).view(like.shape)


@lru_cache(maxsize=8)
def _counters(units: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(units,) the counter of each unit's hash, and what brings the unit's half of the hash to the front."""
    counters = hashed_counters(-(-units // 2), torch.device("cpu")).repeat_interleave(2)[:units].contiguous()
    return counters, torch.tensor([1 << HALF, 1], dtype=torch.int32).repeat(-(-units // 2))[:units].contiguous()


@cache
def _function() -> Callable[..., None]:
    return torch.compile(_take_step, fullgraph=True, dynamic=False, options=OPTIONS)
