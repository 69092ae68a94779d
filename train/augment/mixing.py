"""What mixes examples, adds noise to them or takes a part away: for pictures and vectors, labels as class shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

ALPHA = 0.2
"""Of mixup's Beta(alpha, alpha)."""
NOISE = 0.1
"""Standard deviations of noise on a feature of unit variance."""
HOLE = 0.5
"""Of the side, as cutout's square has it (16 of 32 pixels in the paper)."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """A rectangle of each picture, from its first row and column to before its last; (n, 1) each."""

    top: torch.Tensor
    bottom: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor

    def inside(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 1, h, w): whether a pixel lies in its picture's box."""
        top, bottom, left, right = (side.to(x.device) for side in (self.top, self.bottom, self.left, self.right))
        rows, columns = (torch.arange(side, device=x.device)[None] for side in x.shape[2:])
        down, across = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
        return down[:, None, :, None] & across[:, None, None, :]

    @property
    def area(self) -> torch.Tensor:
        """(n,) pixels."""
        return ((self.bottom - self.top) * (self.right - self.left)).squeeze(1)


@dataclass(frozen=True, eq=False)
class Pasting:
    """CutMix of a batch: each picture's box, and by how many rows ahead (n,) of it the one lies that shows there."""

    boxes: Boxes
    ahead: torch.Tensor


@dataclass(frozen=True, eq=False)
class Mixing:
    """Mixup of a batch: each example's own share (n,), and by how many rows ahead (n,) the other one lies."""

    shares: torch.Tensor
    ahead: torch.Tensor


@dataclass(frozen=True, eq=False)
class Noise:
    """What is added to each vector, (n, d)."""

    values: torch.Tensor


def draw_boxes(shape: Sequence[int], halves: torch.Tensor, generator: torch.Generator) -> Boxes:
    """A box of each picture of a batch (n, c, h, w) about a pixel drawn at random, cut to the picture; `halves` (n, 2)
    is how far it reaches down and to the right, and as far up and to the left."""
    n, _, height, width = shape
    y, x = (torch.randint(side, (n, 1), generator=generator) for side in (height, width))
    by_y, by_x = halves[:, :1], halves[:, 1:]
    rows = (y - by_y).clamp_(min=0), (y + by_y).clamp_(max=height)
    return Boxes(*rows, (x - by_x).clamp_(min=0), (x + by_x).clamp_(max=width))


def draw_cutout(shape: Sequence[int], generator: torch.Generator) -> Boxes:
    """Squares of half the shorter side (DeVries and Taylor, 2017)."""
    half = max(1, int(HOLE * min(shape[2:])) // 2)
    return draw_boxes(shape, torch.full((shape[0], 2), half), generator)


def draw_cutmix(shape: Sequence[int], generator: torch.Generator) -> Pasting:
    """Boxes whose area, before they are cut to the picture, is a uniform share of it (Yun et al., ICCV 2019)."""
    n, _, height, width = shape
    root = torch.rand((n, 1), generator=generator).sqrt()
    boxes = draw_boxes(shape, (0.5 * root * torch.tensor([height, width])).long(), generator)
    return Pasting(boxes, draw_partners(n, generator))


def draw_mixup(shape: Sequence[int], generator: torch.Generator) -> Mixing:
    """Shares of Beta(`ALPHA`, `ALPHA`) (Zhang et al., ICLR 2018), the larger part being the example's own."""
    # Beta(a, a) as a share of two Gamma(a, 1): torch.distributions takes no generator
    gamma = torch._standard_gamma(torch.full((2, shape[0]), ALPHA), generator=generator)  # noqa: SLF001
    share = gamma[0] / gamma.sum(dim=0).clamp_min(1e-12)
    return Mixing(torch.maximum(share, 1 - share), draw_partners(shape[0], generator))


def draw_partners(n: int, generator: torch.Generator) -> torch.Tensor:
    """(n,) by how many rows ahead each row's partner lies: a permutation, written so that batches can be joined."""
    return torch.randperm(n, generator=generator) - torch.arange(n)


def draw_noise(shape: Sequence[int], generator: torch.Generator) -> Noise:
    """Normal noise for a batch of this shape, (n, d)."""
    return Noise(NOISE * torch.randn(tuple(shape), generator=generator))


def cut(x: torch.Tensor, boxes: Boxes) -> torch.Tensor:
    """Pictures with their boxes black."""
    return x.masked_fill(boxes.inside(x), 0)


def pasted(x: torch.Tensor, targets: torch.Tensor, drawn: Pasting) -> tuple[torch.Tensor, torch.Tensor]:
    """Each picture's box shows what its partner shows there; the targets mix by the box's area."""
    other = _partners(x, drawn.ahead)
    share = (drawn.boxes.area.to(targets) / (x.shape[2] * x.shape[3]))[:, None]
    return torch.where(drawn.boxes.inside(x), x[other], x), (1 - share) * targets + share * targets[other]


def mixed(x: torch.Tensor, targets: torch.Tensor, drawn: Mixing) -> tuple[torch.Tensor, torch.Tensor]:
    """Own share · own + (1 - own share) · partner, of examples and targets alike."""
    other, share = _partners(x, drawn.ahead), drawn.shares.to(targets)[:, None]
    wide = drawn.shares.to(x).view(-1, *[1] * (x.dim() - 1))
    return wide * x + (1 - wide) * x[other], share * targets + (1 - share) * targets[other]


def noisy(x: torch.Tensor, drawn: Noise) -> torch.Tensor:
    """Vectors with noise."""
    return x + drawn.values.to(x)


def _partners(x: torch.Tensor, ahead: torch.Tensor) -> torch.Tensor:
    return torch.arange(len(x), device=x.device) + ahead.to(x.device)
