"""RandAugment (Cubuk et al., NeurIPS 2020): two operations at random for each picture, all at one strength.

The table is torchvision's. Pictures that drew the same operation go through it together, whatever their sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from train.augment.affine import Placing, inverse, sampled
from train.augment.colour import adjusted

LAYERS = 2
STRENGTH = 9 / 30
"""Between 0, at which nothing changes, and 1: torchvision's magnitude 9 of 31 bins."""
GEOMETRY = ("shear across", "shear along", "move across", "move along", "rotate")
BLENDS = ("brightness", "saturation", "contrast", "sharpness")
OPERATIONS = ("nothing", *GEOMETRY, *BLENDS, "posterize", "solarize", "autocontrast", "equalize")


@dataclass(frozen=True, eq=False)
class Choices:
    """(n, layers) each."""

    operations: torch.Tensor
    """Places in `OPERATIONS`."""
    signs: torch.Tensor
    """-1 or 1: which way a picture is turned, whether a property is made less or more."""


def draw_choices(shape: Sequence[int], generator: torch.Generator) -> Choices:
    """Choices for a batch of this shape, (n, c, h, w): every operation and sign is as likely as any other."""
    operations = torch.randint(len(OPERATIONS), (shape[0], LAYERS), generator=generator)
    return Choices(operations, 1 - 2 * torch.randint(2, (shape[0], LAYERS), generator=generator))


def changed(x: torch.Tensor, choices: Choices, strength: float = STRENGTH) -> torch.Tensor:
    """Float pictures (n, 1 or 3, h, w), each changed as chosen, one layer after another."""
    for operations, signs in zip(choices.operations.T, choices.signs.T, strict=True):
        names = [OPERATIONS[k] for k in operations.tolist()]
        kinds = {"geometry": GEOMETRY} | {name: (name,) for name in OPERATIONS[1 + len(GEOMETRY) :]}
        out = x.clone()
        for members in kinds.values():
            chosen = [i for i, name in enumerate(names) if name in members]
            if chosen:
                places = torch.tensor(chosen)
                there = places.to(x.device)
                own = _applied(x[there], [names[i] for i in chosen], strength * signs[places])
                out.index_copy_(0, there, own)
        x = out
    return x


def _applied(x: torch.Tensor, names: list[str], strengths: torch.Tensor) -> torch.Tensor:
    """Pictures that all go through one operation, or all through the geometric ones, each through its own."""
    if names[0] in GEOMETRY:
        return sampled(x, _matrices(names, strengths, x.shape))
    if names[0] in BLENDS:
        return adjusted(x, names[0], 1 + 0.9 * strengths)
    return _pointwise(abs(float(strengths[0])))[names[0]](x).clamp(0, 1)


def _matrices(names: list[str], strengths: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """(n, 2, 3), from new to old pixels: a geometric operation for each picture."""
    height, width = shape[2:]
    which = torch.tensor([GEOMETRY.index(name) for name in names])
    amount = {name: torch.where(which == k, strengths, 0.0) for k, name in enumerate(GEOMETRY)}
    # whole pixels, cut towards 0
    right, down = (
        (150 / 331 * side * amount[f"move {way}"]).trunc() for way, side in (("across", width), ("along", height))
    )
    placed = inverse(Placing(30 * amount["rotate"], right, down, torch.ones(len(names))))
    shear_x, shear_y = 0.3 * amount["shear across"], 0.3 * amount["shear along"]
    # a shear leaves the picture's upper left corner where it is: (x, y) comes from (x + shear_x · (y + h/2), y), ...
    placed[:, 0, 1] += shear_x
    placed[:, 0, 2] += shear_x * height / 2
    placed[:, 1, 0] += shear_y
    placed[:, 1, 2] += shear_y * width / 2
    return placed


def _pointwise(strength: float) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    from torchvision.transforms.v2 import functional

    def posterized(x: torch.Tensor) -> torch.Tensor:
        # on bytes: among floats torchvision counts white down to the level below, and even 8 bits change a picture
        fewer: torch.Tensor = functional.posterize_image(functional.to_dtype_image(x, torch.uint8, scale=True), bits)
        return fewer.to(x) / 255

    bits = round(8 - 4 * strength)
    return {
        "posterize": posterized,
        "solarize": lambda x: functional.solarize_image(x, 1 - strength),
        "autocontrast": functional.autocontrast_image,
        "equalize": functional.equalize_image,
    }
