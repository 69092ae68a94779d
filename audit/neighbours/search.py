"""`nearest`: brute force while that is cheap, on a GPU where there is one, else cells with a measured recall."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from audit.errors import InputError, UnknownName
from audit.neighbours.bounds import LEARNT, squares_of
from audit.neighbours.brute import Centred, by_faiss, has_room, on_device
from audit.neighbours.cells import by_cells
from audit.neighbours.graph import Neighbours
from audit.neighbours.pairs import nearest_of
from audit.neighbours.proof import proven
from audit.neighbours.rerank import SPARE, reranked

EXACT_WORK = 5e11
"""Queries times rows times columns up to which brute force on the CPU is quick enough."""
BRUTE_WORK = 1e10
"""The same up to which nothing else is worth its preparations."""
RECALL = 0.97
"""The share of true neighbours that an approximate search is tuned to find."""

Method = Literal["auto", "exact", "approximate"]


def nearest(
    base: np.ndarray,
    k: int,
    queries: np.ndarray | None = None,
    *,
    method: Method = "auto",
    recall: float = RECALL,
    device: str | None = None,
) -> Neighbours:
    """The k nearest rows of `base` by Euclidean distance, for each of `queries` or, without, for each row of `base`
    itself, which is then never its own neighbour.

    Candidates are found in float32, their order is told in float64, ties by row. Of rows nearer to one another than
    about a thousandth of the farthest row's distance from the mean, float32 may miss some.

    Args:
        base: float32 (n, d).
        k: how many; at most n (n - 1 when rows look for neighbours among themselves).
        queries: float32 (m, d).
        method: `auto` is exact up to `EXACT_WORK`, above it exact on a GPU where one has room, else approximate; that
            is exact too where few cells never hold enough of the neighbours.
        recall: the share of true neighbours that an approximate search must find on a sample, in (0, 1].
        device: a torch device for brute force, whatever the method and the work.
    """
    if method not in get_args(Method):
        raise UnknownName.of("method", method, get_args(Method), where="nearest")
    if not 0 < recall <= 1:
        raise InputError(f"nearest: recall must lie in (0, 1], this is {recall}")
    asked, own = (base, np.arange(len(base))) if queries is None else (queries, None)
    alone = own is not None
    k = min(k, len(base) - alone)
    if k < 1:
        return Neighbours(np.empty((len(asked), 0), np.int64), np.empty((len(asked), 0)))
    want = min(len(base), k + SPARE + alone)
    points = Centred.of(base, queries)
    device = device or _device(points, method)
    if device is not None:
        near = reranked(base, asked, on_device(points, want, device), k, own, threads=_threads())
        return replace(near, how=f"exact, on {device}")
    found = None if _is_exact(points, method) else by_cells(points, want, k, own, recall)
    if found is None:
        return _exact(base, asked, points, k, own)
    near = reranked(base, asked, found.candidates, k, own, threads=_threads())
    return replace(near, exact=False, recall=found.recall, how=found.how)


def _exact(base: np.ndarray, asked: np.ndarray, points: Centred, k: int, own: np.ndarray | None) -> Neighbours:
    """Among rows themselves, where that is much work, by what proves most pairs too far apart; else by brute force."""
    pairs = proven(points, k + 1, _threads()) if own is not None and _is_worth(points) else None
    near = None if pairs is None else nearest_of(base, asked, pairs, k, own, _threads())
    if near is not None:
        return near
    want = min(len(base), k + SPARE + (own is not None))
    return reranked(base, asked, by_faiss(points, want)[1], k, own, threads=_threads())


def _is_worth(points: Centred) -> bool:
    """Whether preparations are a small part of brute force, and float32 holds the sums of squares that they take."""
    n, d = points.base.shape
    largest = float(squares_of(points.base).max())
    return _work(points) > BRUTE_WORK and 8 * d <= n and largest * LEARNT < float(np.finfo("float32").max) / 2


def _work(points: Centred) -> int:
    return len(points.asked) * points.base.size


def _is_exact(points: Centred, method: Method) -> bool:
    return method == "exact" or (method == "auto" and _work(points) <= EXACT_WORK)


def _device(points: Centred, method: Method) -> str | None:
    """A GPU where brute force would take long without one; torch is not even imported for less."""
    return None if method != "auto" or _is_exact(points, method) or not has_room(points.base) else "cuda"


def _threads() -> int:
    import faiss

    return int(faiss.omp_get_max_threads())
