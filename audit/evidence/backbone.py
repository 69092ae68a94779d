"""Pictures as a torchvision classifier sees them before its last layer, by weights in a file that the user names."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # what torch.load raises: nothing is unpickled here
from typing import Any

import numpy as np

from audit.dataset import Dataset
from audit.errors import InputError, UnknownName
from audit.evidence.cache import Cache, array_digest, installed
from audit.evidence.picture_features import coloured, shown
from audit.evidence.pictures import stack

BATCH = 32
"""Pictures that a backbone sees at once, always as many: a network's last bits depend on how many there are."""
SIDE = 64


@dataclass(frozen=True)
class Backbone:
    """A torchvision classifier and the file that holds its weights."""

    name: str
    weights: Path


@dataclass(frozen=True)
class BackboneSpace:
    """Where a backbone places pictures, each by itself; its model is loaded once in each process that asks."""

    backbone: Backbone
    digest: str
    """Of the weights: where the file is another one, on another machine, its vectors would mean something else."""

    @classmethod
    def of(cls, backbone: Backbone) -> BackboneSpace:
        """InputError, naming the file, if it does not hold the weights of that classifier."""
        space = cls(Backbone(backbone.name, backbone.weights.absolute()), _digest(backbone))
        _kept(space)
        return space

    @property
    def width(self) -> int:
        """Columns of its vectors."""
        return int(_forward(_kept(self), np.zeros((1, SIDE, SIDE, 3), np.uint8)).shape[1])

    def __call__(self, data: Dataset) -> np.ndarray:
        """float32 (n, d)."""
        return _seen(_kept(self), data)


def backbone_features(data: Dataset, backbone: Backbone, cache: Cache) -> np.ndarray:
    """Features before the last layer of a torchvision classifier, pooled over places. float32 (n, d)."""
    pictured = shown(data)

    def compute(positions: np.ndarray) -> np.ndarray:
        return _seen(_loaded(backbone), pictured.take(pictured.rows[positions]))

    key = {"backbone": backbone.name, "weights": _digest(backbone), "by": [installed("assay"), installed("torch")]}
    return cache.rows("backbone", key, pictured.content.tolist(), compute)


def _seen(model: Any, data: Dataset) -> np.ndarray:
    made = []
    for start in range(0, len(data), BATCH):
        pictures = coloured(stack(data.take(data.rows[start : start + BATCH]), (SIDE, SIDE)))
        made.append(_forward(model, pictures)[: len(pictures)])
    return np.vstack(made)


def _forward(model: Any, pictures: np.ndarray) -> np.ndarray:
    """float32 (BATCH, d); where there are fewer pictures, black ones make up the number."""
    import torch

    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])  # ImageNet's
    batch = np.zeros((BATCH, *pictures.shape[1:]), dtype=np.uint8)
    batch[: len(pictures)] = pictures
    with torch.inference_mode():
        x = (torch.from_numpy(batch).float() / 255 - mean) / std
        return np.asarray(model(x.permute(0, 3, 1, 2)).flatten(1).numpy(), dtype="float32")


def _digest(backbone: Backbone) -> str:
    try:
        return array_digest(np.fromfile(backbone.weights, dtype=np.uint8))
    except OSError:  # said when the weights are loaded, after a wrong name
        return ""


def backbones() -> list[str]:
    """The names of torchvision's classifiers."""
    import torchvision

    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


@functools.lru_cache(maxsize=1)
def _kept(space: BackboneSpace) -> Any:
    model = _loaded(space.backbone)
    if _digest(space.backbone) != space.digest:
        raise InputError(f"{space.backbone.weights}: not the weights that the audit began with")
    return model


def _loaded(backbone: Backbone) -> Any:
    import torch
    import torchvision

    if backbone.name not in backbones():
        raise UnknownName.of("backbone", backbone.name, backbones())
    model = torchvision.models.get_model(backbone.name, weights=None)
    try:
        state = torch.load(backbone.weights, map_location="cpu", weights_only=True)
        model.load_state_dict(state)
    except FileNotFoundError:
        raise InputError(f"{backbone.weights}: no such file") from None
    except (UnpicklingError, EOFError) as broken:  # torch's advice at length is to load it unsafely
        raise InputError(f"{backbone.weights}: not a file of weights that torch.save wrote") from broken
    except (RuntimeError, TypeError, AttributeError) as broken:
        first = " ".join(line.strip() for line in str(broken).splitlines()[:2])[:200]
        raise InputError(f"{backbone.weights}: does not hold the weights of {backbone.name}: {first}") from None
    last = "fc" if hasattr(model, "fc") else "classifier" if hasattr(model, "classifier") else "heads"
    setattr(model, last, torch.nn.Identity())
    return model.eval()
