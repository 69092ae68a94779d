"""`Pool`: training and test examples as tensors that stay where they are while every cell takes its rows from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from audit.dataset import Dataset
from audit.errors import InputError
from audit.pictures import stack

LARGEST_SIDE = 64


@dataclass(frozen=True, eq=False)
class Pool:
    """One copy of everything, in the rows' order."""

    data: Dataset
    test: Dataset
    vectors: np.ndarray
    """float32 (n, d), fitted on the data without its labels."""
    test_vectors: np.ndarray

    @cached_property
    def as_vectors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of unit mean square, (n, d) and (m, d); the scale is the training rows'."""
        centre = self.vectors.mean(axis=0)
        scale = max(float(np.sqrt(np.square(self.vectors - centre).mean())), 1e-12)
        own, other = ((v - centre) / scale for v in (self.vectors, self.test_vectors))
        return torch.from_numpy(own.astype("float32")), torch.from_numpy(other.astype("float32"))

    @cached_property
    def as_pictures(self) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 pictures (n, c, h, w), both sets of one size."""
        if self.data.kind != "image":
            raise InputError(f"{self.data.name}: a cnn looks at pictures, and these are {self.data.kind} data")
        own = stack(self.data)
        side = tuple(min(s, LARGEST_SIDE) for s in own.shape[1:3])
        own = own if own.shape[1:3] == side else stack(self.data, side)
        other = stack(self.test, side)
        if own.shape[3] != other.shape[3]:
            own, other = (np.repeat(p, 3, axis=3) if p.shape[3] == 1 else p for p in (own, other))
        return tuple(torch.from_numpy(np.ascontiguousarray(p.transpose(0, 3, 1, 2))) for p in (own, other))  # type: ignore[return-value]

    def inputs(self, *, pictures: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """What a model looks at: (training, test)."""
        return self.as_pictures if pictures else self.as_vectors
