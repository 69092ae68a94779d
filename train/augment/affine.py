"""Pictures rotated, moved and scaled by any amount: one affine sampling for the batch, its own matrix for each."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

AFFINE = ("rotation", "translation", "scaling")
DEGREES = 15.0
SHARE = 1 / 8
"""Of the side, by which a picture is moved at most."""
LARGEST = 1.25
"""Scale at most, and 1 / `LARGEST` at least; as often larger as smaller."""


@dataclass(frozen=True, eq=False)
class Placing:
    """Where each picture comes to lie: scaled, then rotated, about its centre, then moved. (n,) each."""

    degrees: torch.Tensor
    """Clockwise."""
    right: torch.Tensor
    """Pixels."""
    down: torch.Tensor
    scale: torch.Tensor


def draw_placing(names: Collection[str], shape: Sequence[int], generator: torch.Generator) -> Placing:
    """A placing for a batch of this shape, (n, c, h, w): at random in what is named, of `AFFINE`, and none in the
    rest."""
    n, _, height, width = shape

    def between(reach: float) -> torch.Tensor:
        return reach * (2 * torch.rand(n, generator=generator) - 1)

    nothing = torch.zeros(n)
    degrees = between(DEGREES) if "rotation" in names else nothing
    right = between(SHARE * width) if "translation" in names else nothing
    down = between(SHARE * height) if "translation" in names else nothing
    logs = between(math.log(LARGEST)) if "scaling" in names else nothing
    return Placing(degrees, right, down, logs.exp())


def inverse(placing: Placing) -> torch.Tensor:
    """(n, 2, 3): from a place in the new picture to the place in the old one, pixels from the centre."""
    angle = placing.degrees.deg2rad()
    along, across = angle.cos() / placing.scale, angle.sin() / placing.scale
    x = torch.stack([along, across, -(along * placing.right + across * placing.down)], dim=1)
    y = torch.stack([-across, along, across * placing.right - along * placing.down], dim=1)
    return torch.stack([x, y], dim=1)


def sampled(x: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
    """Float pictures (n, c, h, w) seen through inverse matrices (n, 2, 3): bilinear, black outside."""
    height, width = x.shape[2:]
    m = matrices.to(x)[:, :, :, None, None]
    across = torch.linspace((1 - width) / 2, (width - 1) / 2, width).to(x)
    along = torch.linspace((1 - height) / 2, (height - 1) / 2, height).to(x)[:, None]
    # not as a matrix product: that of a batch rounds otherwise than that of one picture
    sources = [
        (m[:, i, 0] * across + m[:, i, 1] * along + m[:, i, 2]) * (2 / side) for i, side in ((0, width), (1, height))
    ]
    grid = torch.stack(sources, dim=-1)
    return functional.grid_sample(x, grid, padding_mode="zeros", align_corners=False).clamp_(0, 1)
