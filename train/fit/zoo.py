"""torchvision's classifiers by name, untrained (nothing is ever downloaded), made to take the pictures at hand.

Small pictures: networks of the ResNet family halve the picture twice before their first block (7 x 7 convolution with
stride 2, 3 x 3 pooling), made for 224 pixels. Below `SMALL` pixels both give way to one 3 x 3 convolution, as in the
paper's own networks for CIFAR-10 (He et al., CVPR 2016, 4.2). Vision transformers are told the side of the pictures.
Other networks stay as they are; one that cannot take pictures of this size says so before anything is trained.
Grey pictures are seen as three equal channels, except by the ResNet family, whose first convolution is our own.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import torch
from torch import nn

from audit.errors import InputError, UnknownName

SMALL = 96
"""Pixels of the shorter side below which a ResNet's first layers do not shrink the picture."""
COLOURS = 3


class Coloured(nn.Module):
    """A network for colour pictures that sees grey ones as three equal channels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 1, h, w) to logits (n, classes)."""
        out: torch.Tensor = self.network(x.expand(-1, COLOURS, -1, -1))
        return out


@cache
def names() -> tuple[str, ...]:
    """The names of torchvision's classifiers."""
    import torchvision

    return tuple(torchvision.models.list_models(module=torchvision.models))


def classifier(name: str, shape: tuple[int, ...], classes: int) -> nn.Module:
    """The classifier of this name, of torchvision's, untrained, for pictures of this shape (channels, height, width).

    Raises:
        UnknownName: if torchvision has none of this name.
        InputError: if it cannot take pictures of this size.
    """
    if name not in names():
        raise UnknownName.of("torchvision classifier", name, names())
    if why := _refusal(name, shape):
        raise InputError(f"model {name} cannot take pictures of {shape[2]} x {shape[1]} pixels: {why}")
    return _made(name, shape, classes)


def _made(name: str, shape: tuple[int, ...], classes: int) -> nn.Module:
    import torchvision

    with warnings.catch_warnings():
        # googlenet and inception_v3 announce a slower initialisation, and want one chosen
        warnings.simplefilter("ignore", FutureWarning)
        model: nn.Module = torchvision.models.get_model(
            name, weights=None, num_classes=classes, **_options(name, shape)
        )
    if isinstance(model, torchvision.models.ResNet):
        return _stemmed(model, shape)
    return Coloured(model) if shape[0] == 1 else model


def _options(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    if name in ("googlenet", "inception_v3"):  # with auxiliary heads they return several outputs while training
        return {"aux_logits": False, "init_weights": False}
    if name.startswith("vit_"):
        return {"image_size": shape[1]}
    if name.startswith("maxvit_"):
        return {"input_size": tuple(shape[1:])}
    return {}


def _stemmed(model: Any, shape: tuple[int, ...]) -> nn.Module:
    """A ResNet whose first convolution fits the channels and the size of the pictures."""
    out = model.conv1.out_channels
    if min(shape[1:]) < SMALL:
        model.conv1 = nn.Conv2d(shape[0], out, 3, padding=1, bias=False)
        model.maxpool = nn.Identity()
    elif shape[0] != COLOURS:
        model.conv1 = nn.Conv2d(shape[0], out, 7, stride=2, padding=3, bias=False)
    else:
        return model  # type: ignore[no-any-return]
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    return model  # type: ignore[no-any-return]


@cache
def _refusal(name: str, shape: tuple[int, ...]) -> str:
    """Why a classifier cannot take pictures of this shape; nothing if it can. Tried on the meta device, which knows
    shapes and computes nothing."""
    try:
        with torch.device("meta"), torch.no_grad():
            _made(name, shape, 2)(torch.empty((2, *shape)))
    except NotImplementedError:
        return ""  # a RegNet computes its widths with tensors, which meta has not; they take any size
    except (RuntimeError, ValueError, AssertionError) as error:
        return " ".join(str(error).split())[:160] or type(error).__name__
    return ""
