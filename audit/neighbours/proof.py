"""All of the nearest rows of each row, at the price of a part of all products.

A first look tells how far each row's k-th neighbour lies at most. In the order of that reach, a pair is near enough for
either row only if it is for the later one; so each row is held against those before it, and few columns tell of most
pairs that they are not near enough (`bounds`).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from audit.neighbours.bounds import Bounds, axes, bounds, cheaper_than_brute, leading, least
from audit.neighbours.brute import Centred, by_faiss
from audit.neighbours.look import FIRST, Partition, centres, first_look
from audit.neighbours.pairs import Pairs, measured, places, within
from audit.neighbours.rerank import blocks, each

TILE = (512, 1024)
"""Rows held against rows at a time: their products stay in the processor's cache."""
MOST = 4
"""Times as many pairs as are wanted above which they are not worth keeping: with so many equal rows brute force is as
quick."""


def proven(points: Centred, want: int, threads: int) -> Pairs | None:
    """Each row of the base (n, d) with its `want` nearest, itself included, and all who are as near as the last; None
    where brute force takes less work."""
    n, d = points.base.shape
    reach = _reach(points, want)
    every = axes(points.base)
    chosen = leading(points, every, reach, n)
    if chosen.pairs > MOST * want or not cheaper_than_brute(chosen.cost / 2, d, n):
        return None
    order = np.argsort(reach, kind="stable").astype("int32")
    rows = np.ascontiguousarray(points.base[order])
    factors = bounds(Centred(rows, rows), every[:, : chosen.columns])
    work = partial(_stripe, rows, factors, least(reach[order]), within(reach[order], d))
    found, number = [], 0
    for pairs in each(work, blocks(n, TILE[0]), threads):
        found.append(Pairs(order[pairs.asked], order[pairs.base], pairs.squares))
        number += len(pairs.asked)
        if number > MOST * want * n:
            return None
    return Pairs.of(found)


def _reach(points: Centred, want: int) -> np.ndarray:
    """(n,) what the squared distance of a row's want-th nearest, itself included, does not exceed."""
    middle = centres(points.base)
    near = by_faiss(Centred(middle, points.base), min(FIRST, len(middle)))[1]
    partition = Partition.of(near[:, 0], len(middle))
    base = np.ascontiguousarray(points.base[partition.order])
    reach = np.empty(len(base))
    reach[partition.order] = first_look(Centred(base, base), partition.sorted(), near[partition.order], want)
    return reach


def _stripe(rows: np.ndarray, factors: Bounds, enough: np.ndarray, limit: np.ndarray, part: slice) -> Pairs:
    """The near pairs, from both sides, of some rows and those up to the last of them, which all reach less far."""
    found, height = [], part.stop - part.start
    products, mask = np.empty(height * TILE[1], "float32"), np.empty(height * TILE[1], bool)
    for start in range(0, part.stop, TILE[1]):
        tile = slice(start, min(start + TILE[1], part.stop))
        shape = (height, tile.stop - start)
        size = height * shape[1]
        np.matmul(factors.asked[part], factors.base[tile].T, out=products[:size].reshape(shape))
        near = np.greater_equal(products[:size].reshape(shape), enough[part, None], out=mask[:size].reshape(shape))
        mine, others = places(near)
        found.append((mine + part.start, others + start))
    mine, others = (np.concatenate(side) for side in zip(*found, strict=True))
    once = others <= mine  # of two in the same part, and a row beside itself
    pairs = measured(rows, rows, mine[once], others[once])
    near = pairs.where(pairs.squares <= limit[pairs.asked])
    other = near.where(near.asked != near.base).turned()
    return Pairs.of([near, other.where(other.squares <= limit[other.asked])])
