"""What is made of each picture by itself, whatever stands beside it: its oriented gradients and a thumbnail.

Kept by the picture's hash, so that where some pictures changed only those are opened again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audit.dataset import Dataset
from audit.evidence.cache import Cache, installed
from audit.evidence.pictures import stack

SIDE = 32
CELL = 4
BINS = 9
GRADIENTS = (SIDE // CELL) ** 2 * BINS
THUMBNAIL = 8
BLOCK = 256
"""Pictures handled in one go."""


def picture_features(data: Dataset, cache: Cache) -> np.ndarray:
    """float32 (n, GRADIENTS + 64 * channels): oriented gradients and thumbnail of each picture by itself."""
    pictured = shown(data)

    def compute(positions: np.ndarray) -> np.ndarray:
        return features_of(pictured.take(pictured.rows[positions]))

    key = {"by": [installed(e) for e in ("assay", "numpy", "pillow")]}
    return cache.rows("pictures", key, pictured.content.tolist(), compute)


def features_of(data: Dataset) -> np.ndarray:
    """The same of pictures of which each is looked at once and nothing is kept; not of features laid out as a grid."""
    out = []
    for start in range(0, len(data), BLOCK):
        pictures = coloured(stack(data.take(data.rows[start : start + BLOCK]), (SIDE, SIDE)))
        out.append(np.hstack([_oriented_gradients(pictures), _thumbnails(pictures)]))
    return np.vstack(out)


def shown(data: Dataset) -> Dataset:
    """The data with its pictures beside it where they are made of its features, which takes all rows together."""
    return replace(data, images=stack(data)) if data.images is None and data.roles.grid is not None else data


def coloured(pictures: np.ndarray) -> np.ndarray:
    """Grey pictures as coloured ones: whether others are coloured must not change what is kept of a grey one."""
    return np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures


def _thumbnails(pictures: np.ndarray) -> np.ndarray:
    """(n, 64 * channels): means of 16 pixels, which float32 holds exactly."""
    t, side = THUMBNAIL, SIDE // THUMBNAIL
    small = pictures.reshape(len(pictures), t, side, t, side, -1).mean(axis=(2, 4))
    return np.asarray(small.reshape(len(pictures), -1).astype("float32"))


def _oriented_gradients(pictures: np.ndarray) -> np.ndarray:
    """(n, cells * BINS): gradient magnitude of the grey picture by unsigned direction in each CELL x CELL cell, each
    picture scaled to length 1."""
    grey = pictures.astype("float32").mean(axis=3)
    dy, dx = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(dx, dy)
    turn = (np.arctan2(dy, dx) % np.pi) / np.pi * BINS
    lower = np.floor(turn).astype(int) % BINS
    share = turn - np.floor(turn)
    n, h, w = grey.shape
    out = np.zeros((n, h // CELL, w // CELL, BINS), dtype="float32")
    for b in range(BINS):
        part = strength * (np.where(lower == b, 1 - share, 0) + np.where((lower + 1) % BINS == b, share, 0))
        out[..., b] = part.reshape(n, h // CELL, CELL, w // CELL, CELL).sum(axis=(2, 4))
    flat = out.reshape(n, -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))
