"""Dropout whose mask is a hash of (seed, step, layer): the same whichever models train beside, on whatever device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch

from train.fit.rng import key

LAYERS = 128
"""More than a model has; keeps (step, layer) pairs apart."""


def dropout_keys(seed: int, start: int, stop: int, layers: int) -> torch.Tensor:
    """(steps, layers) int32: what the masks of these steps are made from."""
    own = key(seed, "dropout")
    counters = torch.arange(start, stop, dtype=torch.int32)[:, None] * LAYERS + torch.arange(layers, dtype=torch.int32)
    return mixed(mixed(counters ^ _signed(own)) ^ _signed(own >> 31))


def dropout_mask(keys: torch.Tensor, shape: Sequence[int], rate: float, dtype: torch.dtype) -> torch.Tensor:
    """(*keys.shape, *shape): 0 with probability `rate` (to 1/65536), else 1 / (1 - rate). One hash serves two units."""
    return mask_of(keys, shape, least_kept(rate), scale_of(rate), dtype)


def mask_of(
    keys: torch.Tensor,
    shape: Sequence[int],
    least: torch.Tensor | int,
    scale: torch.Tensor | float,
    dtype: torch.dtype,
) -> torch.Tensor:
    """The same from `least_kept` and `scale_of` a rate: numbers, or tensors (*keys.shape, 1) for rates that differ."""
    units = math.prod(shape)
    hashes = mixed(hashed_counters(-(-units // 2), keys.device) ^ keys[..., None])
    halves = hashes.view(torch.int16)[..., :units]
    least = least.to(torch.int16) if isinstance(least, torch.Tensor) else least
    return (halves >= least).to(dtype).mul_(scale).view(*keys.shape, *shape)


def least_kept(rate: float) -> int:
    """The smallest 16-bit number whose unit is kept."""
    return min(round(rate * 65536) - 32768, 32767)


def scale_of(rate: float) -> float:
    """What a kept unit is multiplied by, so that its mean stays."""
    return 1 / (1 - rate)


def _signed(value: int) -> int:
    """The lowest 32 bits as an int32 holds them."""
    return ((value + 2**31) & 0xFFFFFFFF) - 2**31


def mixed(h: torch.Tensor) -> torch.Tensor:
    """A 32-bit hash whose every output bit depends on every input bit (lowbias32, nullprogram.com/blog/2018/07/31)."""
    h = h ^ ((h >> 16) & 0xFFFF)
    h.mul_(0x7FEB352D)
    h.bitwise_xor_((h >> 15).bitwise_and_(0x1FFFF))
    h.mul_(_signed(0x846CA68B))
    return h.bitwise_xor_((h >> 16).bitwise_and_(0xFFFF))


@lru_cache(maxsize=8)
def hashed_counters(count: int, device: torch.device) -> torch.Tensor:
    """Mixed, so that the counters of two keys are no shifts of each other."""
    return mixed(torch.arange(count, dtype=torch.int32, device=device))
