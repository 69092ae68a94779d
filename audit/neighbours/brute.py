"""Every query against every row in float32: by faiss, or by torch on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.neighbours.rerank import blocks

ON_DEVICE = 2**28
"""Distances held on a device at a time: 1 GB."""


@dataclass(frozen=True, eq=False)
class Centred:
    """Base and queries about the base's mean: far from the origin |x|² + |y|² - 2xy loses what tells rows apart."""

    base: np.ndarray
    asked: np.ndarray

    @classmethod
    def of(cls, base: np.ndarray, queries: np.ndarray | None) -> Centred:
        """Both in float32, contiguous."""
        centre = base.mean(axis=0, dtype="float64").astype("float32")
        here = np.ascontiguousarray(base - centre, dtype="float32")
        return cls(here, here if queries is None else np.ascontiguousarray(queries - centre, dtype="float32"))


def flat(base: np.ndarray) -> Any:
    """An index of whole vectors by faiss; `search(queries, k)[1]` are positions."""
    import faiss

    index = faiss.IndexFlatL2(base.shape[1])
    index.add(base)
    return index


def by_faiss(points: Centred, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) of the nearest: x·y - |y|²/2, and positions. Those of which it is largest: a single product with a column
    more, which takes faiss less time than distances do."""
    import faiss

    halves = (points.base * points.base).sum(axis=1, keepdims=True) / -2
    index = faiss.IndexFlatIP(points.base.shape[1] + 1)
    index.add(np.hstack([points.base, halves]))
    ones = np.ones((len(points.asked), 1), dtype="float32")
    products, found = index.search(np.hstack([points.asked, ones]), k)
    return products, found


def on_device(points: Centred, k: int, device: str) -> np.ndarray:
    """(m, k) positions of the nearest, in no order, by matrix products on a torch device, a block of queries at a time."""
    import torch

    # where the user lets products be rounded to fewer bits, single precision does not rank them truly
    kind = torch.float32 if torch.get_float32_matmul_precision() == "highest" else torch.float64
    base = torch.from_numpy(points.base).to(device, kind)
    squares = (base * base).sum(dim=1)
    found = np.empty((len(points.asked), k), np.int64)
    for rows in blocks(len(found), ON_DEVICE // len(base)):
        queries = torch.from_numpy(points.asked[rows]).to(device, kind)
        distance = torch.addmm(squares, queries, base.T, alpha=-2)
        found[rows] = distance.topk(k, dim=1, largest=False, sorted=False).indices.cpu().numpy()
    return found


def has_room(base: np.ndarray) -> bool:
    """Whether there is a CUDA device with memory for `base`, as float64 too, and for a block of distances."""
    import torch

    return torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 3 * base.nbytes + 3 * 8 * ON_DEVICE
