"""Randomness by name: every draw comes from a generator keyed by what it is for, so that no cell depends on which
others ran before it, beside it or at all."""

from __future__ import annotations

import numpy as np
import torch
from blake3 import blake3


def key(*parts: object) -> int:
    """63 bits that depend on every part: a seed, a stream's name, a step."""
    return int.from_bytes(blake3(repr(parts).encode()).digest(length=8), "little") >> 1


def generator(*parts: object) -> torch.Generator:
    """A torch generator for these parts."""
    return torch.Generator().manual_seed(key(*parts))


def numpy_generator(*parts: object) -> np.random.Generator:
    """A numpy generator for these parts."""
    return np.random.default_rng(key(*parts))
