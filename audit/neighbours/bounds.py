"""Which pairs of rows may lie near: told from a few coordinates, so that most pairs are never computed in full.

Turned towards the axes of largest variance, two rows x and y agree with their leading coordinates a, b and with the
lengths r, s of what is left in that x·y ≤ a·b + r s (Cauchy and Schwarz). So a product of a few columns more than the
leading ones is never less than -|x - y|²/2, and a pair whose product is too small for a distance within reach need not
be looked at again. Rounding is allowed for, so nothing that lies within reach is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.neighbours.brute import Centred
from audit.neighbours.rerank import blocks

AXES = (8, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256)
"""Numbers of leading coordinates to choose from; all of them too where the rows have no more than the last."""
LEARNT, SAMPLE = 2**13, 64
"""Rows from which the axes are learnt; queries that are held against so many rows to tell how many axes are best."""
ROUNDS = 3
"""Times that axes are turned towards the largest variance."""
STEP = 2**-24
"""Rounding of a float32, relative."""
PRODUCT, COLUMN, PAIR, PAIR_COLUMN = 0.5, 0.018, 25.0, 0.1
"""Relative cost of a product that is compared, of each of its columns, of a pair that is looked at again, and of each of
its columns (nanoseconds on one core)."""
BRUTE, BRUTE_COLUMN = 0.5, 0.0195
"""The same of a pair by brute force."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """Rows as factors: `asked[i] @ base[j]` is never less than -|x - y|²/2 for query i and row j."""

    asked: np.ndarray
    """float32 (m, c + 3): leading coordinates, length of the rest, 1, -|x|²/2."""
    base: np.ndarray
    """float32 (n, c + 3): leading coordinates, length of the rest, -|y|²/2, 1."""


def least(reach: np.ndarray) -> np.ndarray:
    """float32: what the product of a pair comes to at least, if its squared distance is at most `reach`."""
    return np.asarray(np.nextafter((reach / -2).astype("float32"), np.float32(-np.inf)))


def squares_of(rows: np.ndarray) -> np.ndarray:
    """float64 (n,) |x|²."""
    return np.asarray(np.einsum("nd,nd->n", rows, rows, dtype="float64"))


def axes(base: np.ndarray) -> np.ndarray:
    """float64 (d, c) orthonormal columns, those of large variance first (subspace iteration on the covariance)."""
    rng = np.random.default_rng(0)
    rows = base if len(base) <= LEARNT else base[np.sort(rng.choice(len(base), LEARNT, replace=False))]
    spread = (rows.T @ rows).astype("float64")
    found = rng.normal(size=(len(spread), min(len(spread), AXES[-1])))
    for _ in range(ROUNDS):
        found = np.linalg.qr(spread @ np.linalg.qr(found)[0])[0]
    turn = np.linalg.eigh(found.T @ spread @ found)[1]
    return np.asarray(found @ turn[:, ::-1])


def bounds(points: Centred, columns: np.ndarray) -> Bounds:
    """By the leading coordinates along `columns` (d, c)."""
    base = _factors(points.base, columns)
    asked = base if points.asked is points.base else _factors(points.asked, columns)
    c = columns.shape[1]
    return Bounds(np.ascontiguousarray(asked[:, [*range(c + 1), c + 2, c + 1]]), base)


def _factors(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    c = columns.shape[1]
    slack = (c + 12) * STEP
    out = np.ones((len(rows), c + 3), "float32")
    for part in blocks(len(rows), 2**20 // max(1, rows.shape[1])):
        whole = squares_of(rows[part])
        out[part, :c] = rows[part] @ columns
        out[part, c] = np.sqrt(np.maximum(whole - squares_of(out[part, :c]), 0) + slack * whole)
        out[part, c + 1] = slack * whole - whole / 2
    return out


@dataclass(frozen=True)
class Choice:
    """How many leading coordinates take least work, and what that is for each query."""

    columns: int
    cost: float
    pairs: float
    """Rows within each query's reach, by all axes."""


def leading(points: Centred, every: np.ndarray, reach: np.ndarray, looked_at: float) -> Choice:
    """The best number of the axes `every` (d, c), by what some of the rows let through.

    Args:
        points: base (n, d) and queries.
        every: the axes.
        reach: (m,) the queries' squared distances within which pairs are wanted.
        looked_at: rows of the base that each query will be held against.
    """
    (n, d), rng = points.base.shape, np.random.default_rng(1)
    base = points.base[np.sort(rng.permutation(n)[:LEARNT])]
    drawn = np.sort(rng.permutation(len(points.asked))[:SAMPLE])
    turned, some = (x @ every.astype("float32") for x in (base, points.asked[drawn]))
    whole, mine = squares_of(base), squares_of(points.asked[drawn])
    product, before, costs = np.zeros((len(some), len(base)), "float32"), 0, {}
    for c in sorted({c for c in AXES if c < every.shape[1]} | {every.shape[1]}):
        product += some[:, before:c] @ turned[:, before:c].T
        before = c
        rest = [np.sqrt(np.maximum(w - squares_of(t[:, :c]), 0)) for w, t in ((mine, some), (whole, turned))]
        apart = mine[:, None] + whole - 2 * (product + np.outer(*rest))
        kept = float((apart <= reach[drawn, None]).mean()) * n
        costs[c] = (PRODUCT + COLUMN * (c + 3)) * looked_at + (PAIR + PAIR_COLUMN * d) * kept
    best = min(costs, key=lambda c: costs[c])
    return Choice(best, costs[best], kept)


def cheaper_than_brute(cost: float, columns: int, rows: int) -> bool:
    """Whether so much work for each query is less than a product with every row."""
    return cost < (BRUTE + BRUTE_COLUMN * columns) * rows
