"""The models: `Build: (shape, classes, recipe) → nn.Module`. Adding one is a function here and its name in the table.

`shape` is that of one example: (d,) for vectors, (channels, height, width) for pictures as floats from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from audit.errors import InputError
from train.masks import dropout_mask
from train.recipe import Recipe

GROUPS = 8
Build = Callable[[tuple[int, ...], int, Recipe], nn.Module]


class Drop(nn.Dropout):
    """Dropout whose mask follows from a key that the training sets before each step."""

    key: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x, with units dropped while training."""
        return x * dropout_mask(self.key, x.shape, self.p, x.dtype) if self.training and self.p else x


def linear(shape: tuple[int, ...], classes: int, recipe: Recipe) -> nn.Module:  # noqa: ARG001  a Build
    """Multinomial logistic regression, from 0: it is convex, so a random start would only be noise to be unlearnt."""
    layer = nn.Linear(shape[0], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(shape: tuple[int, ...], classes: int, recipe: Recipe) -> nn.Module:
    """Two hidden layers of `recipe.width` units."""
    return nn.Sequential(
        nn.Linear(shape[0], recipe.width),
        nn.ReLU(),
        Drop(recipe.dropout),
        nn.Linear(recipe.width, recipe.width),
        nn.ReLU(),
        Drop(recipe.dropout),
        nn.Linear(recipe.width, classes),
    )


def cnn(shape: tuple[int, ...], classes: int, recipe: Recipe) -> nn.Module:
    """Three blocks of 3 x 3 convolution and GroupNorm, halving the picture while it is larger than 4 pixels."""
    if recipe.width % GROUPS:
        raise InputError(f"the cnn's width must be a multiple of {GROUPS}, got {recipe.width}")
    channels, side = shape[0], min(shape[1:])
    layers: list[nn.Module] = []
    for depth in range(3):
        out = recipe.width * min(2**depth, 2)
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, out), nn.ReLU()]
        if side > 4:
            layers.append(nn.MaxPool2d(2))
            side //= 2
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, classes))


MODELS: dict[str, Build] = {build.__name__: build for build in (linear, mlp, cnn)}
ON_PICTURES = ("cnn",)
"""Models that look at the pictures themselves; the others look at embeddings."""


def build(recipe: Recipe, shape: tuple[int, ...], classes: int) -> nn.Module:
    """The recipe's model for examples of this shape."""
    if recipe.model in ON_PICTURES and len(shape) != 3:
        raise InputError(f"model {recipe.model} looks at pictures, and the examples are not pictures")
    return MODELS[recipe.model](shape, classes, recipe)
