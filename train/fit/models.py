"""The models: `Build: (shape, classes, recipe) → nn.Module`. Adding one is a function here and its name in the table.

`shape` is that of one example: (d,) for vectors, (channels, height, width) for pictures as floats from 0 to 1. Beside the
table stand torchvision's classifiers by their own names (train/fit/zoo.py), whose random layers are keyed here as our own
are, and `boosting`, which is no torch model (train/fit/boosting.py).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from audit.errors import InputError, UnknownName
from train.fit import zoo
from train.fit.masks import dropout_mask
from train.fit.recipe import Recipe

GROUPS = 8
SCALE = 0.125
"""What the ResNet-9 multiplies its logits by."""
Build = Callable[[tuple[int, ...], int, Recipe], nn.Module]


class Drop(nn.Dropout):
    """Dropout whose mask follows from a key that the training sets before each step."""

    key: torch.Tensor

    def __init__(self, p: float = 0.5, *, whole: bool = False) -> None:
        """`whole`: an example's units are dropped together (stochastic depth, Huang et al., ECCV 2016)."""
        super().__init__(p)
        self.whole = whole

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x, with units dropped while training."""
        if not (self.training and self.p):
            return x
        shape = (len(x), *[1] * (x.dim() - 1)) if self.whole else x.shape
        return x * dropout_mask(self.key, shape, self.p, x.dtype)


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


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of x and f(x), of x's shape."""
        out: torch.Tensor = x + self.inner(x)
        return out


class Largest(nn.Module):
    """The largest value of each channel, times `SCALE`: (n, c, h, w) to (n, c)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c)."""
        return SCALE * x.amax(dim=(2, 3))


def resnet9(shape: tuple[int, ...], classes: int, recipe: Recipe) -> nn.Module:
    """The ResNet-9 of the DAWNBench speed runs (Page, "How to train your ResNet", myrtle.ai 2018): one convolution, then
    three stages, the first and last with a residual block of two; `recipe.width` channels at first, 8 times as many at
    the end. A stage halves the picture while it is larger than 4 pixels. The scale of the logits, applied after the
    linear layer there, is applied before it here, so that its bias keeps its own."""
    width, side = recipe.width, min(shape[1:])
    layers: list[nn.Module] = [_convolution(shape[0], width)]
    for stage in range(3):
        inside, outside = width * 2**stage, width * 2 ** (stage + 1)
        layers.append(_convolution(inside, outside))
        if side > 4:
            layers.append(nn.MaxPool2d(2))
            side //= 2
        if stage != 1:
            layers.append(Residual(nn.Sequential(_convolution(outside, outside), _convolution(outside, outside))))
    return nn.Sequential(*layers, Largest(), Drop(recipe.dropout), nn.Linear(8 * width, classes))


def _convolution(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU())


MODELS: dict[str, Build] = {build.__name__: build for build in (linear, mlp, cnn, resnet9)}
ON_PICTURES = ("cnn", "resnet9")
"""Of these, the models that look at the pictures themselves; the others look at embeddings."""
NOT_TORCH = ("boosting",)
"""Models that are trained by another library, on embeddings."""


def looks_at_pictures(model: str) -> bool:
    """Whether a model looks at the pictures themselves, not at embeddings: some of ours, all of torchvision's."""
    return model in ON_PICTURES or (model not in (*MODELS, *NOT_TORCH) and model in zoo.names())


def build(recipe: Recipe, shape: tuple[int, ...], classes: int) -> nn.Module:
    """The recipe's model for examples of this shape, initialised from torch's global generator.

    Raises:
        UnknownName: if no model has this name.
        InputError: if it cannot take examples of this shape, or is no torch model.
    """
    name = recipe.model
    if name in NOT_TORCH:
        raise InputError(f"model {name} is no network: it trains through train.fit.plan.train_jobs")
    if name not in MODELS and name not in zoo.names():
        raise UnknownName.of("model", name, (*MODELS, *NOT_TORCH, *zoo.names()))
    if looks_at_pictures(name) and len(shape) != 3:
        raise InputError(f"model {name} looks at pictures, and the examples are not pictures")
    if name in MODELS:
        return MODELS[name](shape, classes, recipe)
    return _keyed(zoo.classifier(name, shape, classes), recipe.dropout)


def _keyed(model: nn.Module, rate: float) -> nn.Module:
    """The model with its random layers replaced by keyed ones; `rate` above 0 takes the place of each dropout's own."""
    from torchvision.ops import StochasticDepth

    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Dropout) and not isinstance(child, Drop):
                setattr(module, name, Drop(rate or child.p))
            elif isinstance(child, StochasticDepth):
                setattr(module, name, Drop(child.p, whole=True))
    return model
