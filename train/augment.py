"""Batched augmentation on the device: `(x, targets, generator) → (x, targets)`, targets a row of class shares each.

pictures   moved by up to an eighth of the side in each direction, edges repeated; colour pictures of at least 16
           pixels also flipped left to right in half of the cases (digits and letters must not be, and are grey here)
vectors    mixup (Zhang et al., ICLR 2018), alpha 0.2, and a little normal noise
"""

from __future__ import annotations

import torch

ALPHA = 0.2
NOISE = 0.1
"""Standard deviations of noise on a feature of unit variance."""
FLIP_FROM = 16


def augment(x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Augment a batch of pictures (n, c, h, w) or vectors (n, d)."""
    if x.dim() == 4:
        return _moved(x, generator), targets
    return _mixed(x + NOISE * torch.randn(x.shape, generator=generator), targets, generator)


def _moved(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    n, channels, height, width = x.shape
    reach_y, reach_x = max(1, height // 8), max(1, width // 8)
    dy = torch.randint(-reach_y, reach_y + 1, (n, 1), generator=generator)
    dx = torch.randint(-reach_x, reach_x + 1, (n, 1), generator=generator)
    rows = (torch.arange(height)[None] + dy).clamp(0, height - 1)
    columns = (torch.arange(width)[None] + dx).clamp(0, width - 1)
    if channels == 3 and min(height, width) >= FLIP_FROM:
        turned = torch.rand((n, 1), generator=generator) < 0.5
        columns = torch.where(turned, width - 1 - columns, columns)
    which = torch.arange(n)[:, None, None]
    # one gather with the channels last, then back
    return x.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _mixed(x: torch.Tensor, targets: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    # Beta(a, a) as a share of two Gamma(a, 1): torch.distributions takes no generator
    gamma = torch._standard_gamma(torch.full((2, len(x)), ALPHA), generator=generator)  # noqa: SLF001
    share = gamma[0] / gamma.sum(dim=0).clamp_min(1e-12)
    share = torch.maximum(share, 1 - share)[:, None]
    other = torch.randperm(len(x), generator=generator)
    return share * x + (1 - share) * x[other], share * targets + (1 - share) * targets[other]
