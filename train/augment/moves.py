"""Pictures moved and mirrored by whole pixels: one gather for the batch, on bytes where the pool holds bytes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch.nn import functional

MOVES = ("shift", "crop", "flip")
Edge = Literal["black", "repeated"]
REACH = 8
"""A picture moves by up to one part in so many of its side."""
FAR = {torch.int32: 2**29, torch.int64: 2**61}
"""A place beyond any batch's end, of which three can be added up; the index is of the smaller kind where it can be."""


@dataclass(frozen=True, eq=False)
class Moves:
    """What is done to each picture: first mirrored, then moved. (n,) each."""

    down: torch.Tensor
    """By how many pixels the window onto the picture lies lower (what it shows moves up), at most `reach`."""
    right: torch.Tensor
    mirrored: torch.Tensor
    """Whether left and right change sides."""
    edge: Edge
    """What comes in from outside: black, or the picture's edge repeated."""


def reach(side: int) -> int:
    """By how many pixels a picture of this side is moved at most."""
    return max(1, side // REACH)


def draw_moves(names: Collection[str], shape: Sequence[int], generator: torch.Generator) -> Moves:
    """Moves for a batch of this shape, (n, c, h, w): at random in what is named, of `MOVES`, and none in the rest."""
    n, _, height, width = shape
    down = right = torch.zeros(n, dtype=torch.int64)
    if "shift" in names or "crop" in names:
        down, right = (torch.randint(-reach(s), reach(s) + 1, (n,), generator=generator) for s in (height, width))
    mirrored = torch.rand(n, generator=generator) < 0.5 if "flip" in names else torch.zeros(n, dtype=torch.bool)
    return Moves(down, right, mirrored, "black" if "crop" in names else "repeated")


def moved(x: torch.Tensor, moves: Moves) -> torch.Tensor:
    """The batch moved, (n, c, h, w) in and out, of x's dtype; the channels lie last in memory.

    Tables say for each way of moving where in a picture the pixels of a new row, and of a new column, come from. Their
    sums are places in the batch seen as one long line, and one selection takes them all; what is black lies behind the
    line's end.
    """
    n, channels, height, width = x.shape
    line, size = x.contiguous().view(-1), x.numel()
    whole = torch.int32 if size < FAR[torch.int32] else torch.int64
    row_table, column_table = _tables((channels, height, width), moves.edge, whole, x.device)
    down = moves.down + reach(height)
    right = (moves.right + reach(width)).add_(moves.mirrored, alpha=len(column_table) // 2)
    first = torch.arange(0, size, size // max(n, 1) or 1, dtype=whole, device=x.device)
    rows = row_table.index_select(0, down.to(x.device)).add_(first[:, None])
    places = rows[:, :, None] + column_table.index_select(0, right.to(x.device))[:, None]
    if moves.edge == "black":
        line = functional.pad(line, (0, 1))
        places.clamp_(max=size)
    return line.index_select(0, places.view(-1)).view(n, height, width, channels).permute(0, 3, 1, 2)


@lru_cache(maxsize=16)
def _tables(
    shape: tuple[int, int, int], edge: Edge, whole: torch.dtype, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where a picture's pixels (c, h, w) come from: (ways down, h) for rows, and (ways right, then mirrored; w · c) for
    columns and their channels."""
    channels, height, width = shape
    far = FAR[whole] if edge == "black" else None
    rows = _sources(height, width, far, mirrored=False)
    columns = torch.cat([_sources(width, 1, far, mirrored=m) for m in (False, True)])
    both = columns[:, :, None] + torch.arange(channels) * (height * width)
    return rows.to(device, whole), both.view(len(columns), -1).to(device, whole)


def _sources(side: int, stride: int, far: int | None, *, mirrored: bool) -> torch.Tensor:
    """(ways, side) places along a side, for each offset from -reach to reach; outside is `far`, or the nearest edge."""
    places = torch.arange(side) + torch.arange(-reach(side), reach(side) + 1)[:, None]
    inside = places.clamp(0, side - 1)
    seen = stride * (side - 1 - inside if mirrored else inside)
    return seen if far is None else seen.masked_fill(places != inside, far)
