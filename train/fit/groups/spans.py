"""What a few steps of a group take in, worked out in one go: rows, weights, dropout's keys, learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from train.fit.groups.buffers import Buffers
from train.fit.groups.cells import Cell
from train.fit.masks import dropout_keys, least_kept, scale_of
from train.fit.recipe import Recipe
from train.fit.rng import generator

SPAN = 128
"""Steps whose rows are chosen in one go."""
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""AdamW's, as torch has them."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What one step takes in."""

    rows: torch.Tensor
    labels: torch.Tensor
    each: torch.Tensor
    """(cells, batch): minus a row's share in its batch's loss."""
    keys: torch.Tensor
    """(layers with dropout, cells)."""
    decay: torch.Tensor | float
    """(cells, 1), or one number where all cells agree: what the weights are multiplied by."""
    rate: torch.Tensor | float
    """The same: minus the step's size."""
    root: torch.Tensor
    """Scalar: what the root of the second moment is divided by."""
    least: torch.Tensor | int
    """(cells, 1), or one number: dropout's, see train.fit.masks."""
    scale: torch.Tensor | float


@dataclass(frozen=True, eq=False)
class Span:
    """What a few steps take in: (steps, cells, ...) each, and a `Moment`'s names for it."""

    rows: torch.Tensor
    labels: torch.Tensor
    each: torch.Tensor
    keys: torch.Tensor
    decay: torch.Tensor
    rate: torch.Tensor
    root: torch.Tensor
    least: torch.Tensor
    scale: torch.Tensor
    alike: tuple[tuple[float, float], ...] | None
    """(decay, rate) of each step, where all cells agree: two passes over the weights fewer."""
    drop: tuple[int, float] | None
    """The same for dropout's `least` and `scale`."""

    def moment(self, i: int) -> Moment:
        """The i-th step, with one number where all cells agree."""
        decay, rate = (self.decay[i], self.rate[i]) if self.alike is None else self.alike[i]
        least, scale = (self.least, self.scale) if self.drop is None else self.drop
        return Moment(self.rows[i], self.labels[i], self.each[i], self.keys[i], decay, rate, self.root[i], least, scale)

    def gathered(self, place: torch.Tensor) -> Moment:
        """The step at `place`, (1,) on the device, without a look at it from Python."""

        def at(of: torch.Tensor) -> torch.Tensor:
            return of.index_select(0, place)[0]

        return Moment(
            rows=at(self.rows),
            labels=at(self.labels),
            each=at(self.each),
            keys=at(self.keys),
            decay=at(self.decay),
            rate=at(self.rate),
            root=at(self.root),
            least=self.least,
            scale=self.scale,
        )

    def roomy(self, steps: int) -> Span:
        """Room for so many steps of the same cells; dropout's numbers as they are."""

        def room(like: torch.Tensor) -> torch.Tensor:
            return like.new_zeros((steps, *like.shape[1:]))

        return Span(
            rows=room(self.rows),
            labels=room(self.labels),
            each=room(self.each),
            keys=room(self.keys),
            decay=room(self.decay),
            rate=room(self.rate),
            root=room(self.root),
            least=self.least.clone(),
            scale=self.scale.clone(),
            alike=None,
            drop=None,
        )

    def keep(self, places: Sequence[int]) -> Span:
        """The same steps of the cells at these places only."""
        index = torch.tensor(places, device=self.rows.device)
        rows, labels, each, decay, rate = (
            t.index_select(1, index) for t in (self.rows, self.labels, self.each, self.decay, self.rate)
        )
        keys, least, scale = self.keys.index_select(2, index), self.least[index], self.scale[index]
        return Span(rows, labels, each, keys, decay, rate, self.root, least, scale, self.alike, self.drop)


def span_of(buffers: Buffers, cells: Sequence[Cell], start: int, stop: int) -> Span:
    """What the cells take in from step `start` to before step `stop`."""
    values = buffers.values
    chosen = [rows_at(c, start, stop) for c in cells]
    dropping = sum(layer.drops for layer in buffers.layers)
    keys = [dropout_keys(c.seed, start, stop, dropping) for c in cells]
    knobs = [(c.recipe.lr, c.recipe.l2, c.steps) for c in cells]
    rates = {k: _rates(c.recipe, c.steps, start, stop) for k, c in dict(zip(knobs, cells, strict=True)).items()}
    decay, rate = torch.tensor([rates[k] for k in knobs], dtype=values.dtype).permute(2, 1, 0).to(values.device)
    weights = _stacked([c.weights for c in cells], chosen)
    each = (1 / weights.sum(dim=-1).to(values.dtype))[..., None] * weights
    dropouts = [c.recipe.dropout for c in cells]
    drops = [(least_kept(p), scale_of(p)) for p in dropouts]
    alike = not values.is_cuda  # a captured step must read its numbers from memory
    return Span(
        _stacked([c.rows for c in cells], chosen).to(values.device),
        _stacked([c.labels for c in cells], chosen).to(values.device),
        (-each).to(values.device),
        torch.stack(keys, dim=2).to(values.device),
        decay[..., None].contiguous(),
        rate[..., None].contiguous(),
        torch.tensor([(1 - BETA2 ** (step + 1)) ** 0.5 for step in range(start, stop)], dtype=values.dtype).to(
            values.device
        ),
        torch.tensor([[least] for least, _ in drops], dtype=torch.int32, device=values.device),
        torch.tensor([[scale] for _, scale in drops], dtype=values.dtype, device=values.device),
        tuple(rates[knobs[0]]) if alike and len(rates) == 1 else None,
        drops[0] if alike and len(set(drops)) == 1 else None,
    )


def _stacked(of: Sequence[torch.Tensor], chosen: Sequence[torch.Tensor]) -> torch.Tensor:
    """(steps, cells, batch): each cell's values at its chosen places."""
    return torch.stack([t.index_select(0, c.flatten()).view(c.shape) for t, c in zip(of, chosen, strict=True)], dim=1)


def rows_at(cell: Cell, start: int, stop: int) -> torch.Tensor:
    """(steps, batch): which of its rows a cell takes at each step; each epoch is a permutation by its own generator."""
    parts, step = [], start
    while step < stop:
        epoch, place = divmod(step, cell.per_epoch)
        until = min(stop, (epoch + 1) * cell.per_epoch)
        order = torch.randperm(len(cell.rows), generator=generator(cell.seed, "order", epoch))
        parts.append(order[place * cell.batch : (place + until - step) * cell.batch])
        step = until
    return torch.cat(parts).view(-1, cell.batch)


def _rates(recipe: Recipe, steps: int, start: int, stop: int) -> list[tuple[float, float]]:
    """(decay, rate) of each step: one cosine to 0, and AdamW's correction of the first moment."""
    rates = [recipe.rate_at(step, steps) for step in range(start, stop)]
    return [(1 - own * recipe.l2, -(own / (1 - BETA1 ** (start + i + 1)))) for i, own in enumerate(rates)]
