"""Brightness, contrast, saturation and sharpness, a factor for each picture of the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import torch

STRENGTH = 0.4
"""Factors lie between 1 - `STRENGTH` and 1 + `STRENGTH`."""
CHANNELS = (1, 3)
"""Pictures with other numbers of channels have no colour that torchvision knows."""


@dataclass(frozen=True, eq=False)
class Factors:
    """What each property of each picture is multiplied by. (n,) each."""

    brightness: torch.Tensor
    contrast: torch.Tensor
    saturation: torch.Tensor


def draw_factors(shape: Sequence[int], generator: torch.Generator) -> Factors:
    """Factors for a batch of this shape, (n, c, h, w)."""
    return Factors(*(1 + STRENGTH * (2 * torch.rand((3, shape[0]), generator=generator) - 1)))


def jittered(x: torch.Tensor, factors: Factors) -> torch.Tensor:
    """Float pictures (n, 1 or 3, h, w) with one property after another multiplied by its factor."""
    x = adjusted(x, "brightness", factors.brightness)
    x = adjusted(x, "contrast", factors.contrast)
    return adjusted(x, "saturation", factors.saturation)


def adjusted(x: torch.Tensor, name: str, factor: torch.Tensor) -> torch.Tensor:
    """One property of float pictures multiplied by a factor (n,): factor · picture + (1 - factor) · the picture that
    has nothing of the property, cut to 0 and 1 (Haeberli and Voorhies, 1994)."""
    own = factor.to(x).view(-1, 1, 1, 1)
    return (own * x + (1 - own) * without()[name](x)).clamp_(0, 1)


def without() -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Name of a property to the function that takes it away from a batch: black, even grey, grey, blurred."""
    from torchvision.transforms.v2 import functional

    return {
        "brightness": torch.zeros_like,
        "contrast": lambda x: functional.adjust_contrast_image(x, 0.0),
        "saturation": lambda x: functional.adjust_saturation_image(x, 0.0),
        "sharpness": _blurred,
    }


def _blurred(x: torch.Tensor) -> torch.Tensor:
    """The mean of each 3 x 3 pixels, the middle one counted five times; a picture's outermost pixels stay."""
    height, width = x.shape[2:]
    if min(height, width) < 3:
        return x
    # added up, as torchvision's convolution rounds otherwise for one picture than for many
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    total = 4 * x[inner]
    for down, right in product(range(3), repeat=2):
        total = total + x[:, :, down : height - 2 + down, right : width - 2 + right]
    out = x.clone()
    out[inner] = total / 13
    return out
