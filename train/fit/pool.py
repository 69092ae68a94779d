"""`Pool`: training and test examples as tensors that stay where they are while every cell takes its rows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from audit.dataset import Dataset
from audit.errors import InputError
from audit.evidence.pictures import stack

LARGEST_SIDE = 64


@dataclass(frozen=True, eq=False)
class Pool:
    """One copy of everything, in the rows' order, on one device."""

    data: Dataset
    test: Dataset
    vectors: np.ndarray
    """float32 (n, d), fitted on the data without its labels."""
    test_vectors: np.ndarray
    device: str = "cpu"
    """Where the tensors are made, and live: `cpu`, `cuda`, `cuda:1`, ..."""

    def to(self, device: str) -> Pool:
        """The same pool on another device, as torch names it; its tensors are made there when first looked at."""
        return replace(self, device=known_device(device))

    @cached_property
    def as_vectors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of unit mean square, (n, d) and (m, d); the scale is the training rows'."""
        centre = self.vectors.mean(axis=0)
        scale = max(float(np.sqrt(np.square(self.vectors - centre).mean())), 1e-12)
        own, other = ((v - centre) / scale for v in (self.vectors, self.test_vectors))
        return self._there(own.astype("float32")), self._there(other.astype("float32"))

    @cached_property
    def as_pictures(self) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 pictures (n, c, h, w), both sets of one size, at most `LARGEST_SIDE`, and of as many channels."""
        if self.data.kind != "image":
            raise InputError(f"{self.data.name}: a cnn looks at pictures, and these are {self.data.kind} data")
        own = stack(self.data)
        side = tuple(min(s, LARGEST_SIDE) for s in own.shape[1:3])
        own = own if own.shape[1:3] == side else stack(self.data, side)
        other = stack(self.test, side)
        if own.shape[3] != other.shape[3]:
            own, other = _in_colour(own), _in_colour(other)
        return self._there(own.transpose(0, 3, 1, 2)), self._there(other.transpose(0, 3, 1, 2))

    def inputs(self, *, pictures: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """What a model looks at: (training, test)."""
        return self.as_pictures if pictures else self.as_vectors

    def _there(self, array: np.ndarray) -> torch.Tensor:
        # a tensor over an array that must not be written to would warn
        own = np.require(array, requirements=["C", "W"])
        return torch.from_numpy(own).to(self.device)


def known_device(name: str) -> str:
    """A device's name, if torch knows such a device and this machine has it."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {name!r}: torch knows no such device; there is {_present()}") from None
    present = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if (device.index or 0) >= present.get(device.type, 0):
        raise InputError(f"device {name!r}: not on this machine; there is {_present()}")
    return name


def _present() -> str:
    cards = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ", ".join(["cpu", *cards, *(["mps"] if torch.backends.mps.is_available() else [])])


def _in_colour(pictures: np.ndarray) -> np.ndarray:
    """(n, h, w, 3): grey three times over, without what is no colour (an alpha channel, more than three bands)."""
    channels = pictures.shape[3]
    return np.repeat(pictures[..., :1], 3, axis=3) if channels < 3 else pictures[..., :3]
