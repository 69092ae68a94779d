"""What is worked out at once: some thousands of rows, while they lie in a core's cache.

numpy is quick along long rows and slow along many short ones. So with few classes a tile is turned first; with many,
its values are compared as one long row, and only the few rows that need their likeliest class are looked at singly.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.errors import InputError

EPS = 1e-6
"""cleanlab's tolerance when it compares probabilities."""
NARROW = 64
"""Up to so many classes a tile is turned; from there on turning costs more than it saves."""
TOGETHER = 32
"""Rows that are compared with the limits as one."""
TURNED_BYTES, TILE_BYTES = 1 << 19, 1 << 21
"""Size of a tile: turned it must stay in the second-level cache, else fewer calls count for more."""


def tiles(X: np.ndarray) -> Iterator[slice]:
    """Row ranges that each fit into a core's cache."""
    n, K = X.shape
    step = max(1, (TURNED_BYTES if K <= NARROW else TILE_BYTES) // int(K * X.itemsize))
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


def smallest(K: int) -> type[np.unsignedinteger | np.int32]:
    """The smallest integers that hold 0 to K - 1."""
    return np.uint8 if K <= 1 << 8 else np.uint16 if K <= 1 << 16 else np.int32


def compact(labels: np.ndarray, K: int, start: int = 0) -> np.ndarray:
    """The labels in the smallest integers that hold K classes; InputError names the first that is no class."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(f"labels: one integer a row is expected, this is {labels.dtype} of shape {labels.shape}")
    if len(labels) and (labels.min() < 0 or labels.max() >= K):
        row = int(np.flatnonzero((labels < 0) | (labels >= K))[0])
        raise InputError(f"labels: row {start + row}: {labels[row]} is none of the {K} classes 0 to {K - 1}")
    return labels.astype(smallest(K), copy=False)


def given(X: np.ndarray, labels: np.ndarray, start: int = 0) -> np.ndarray:
    """(n,) the probability of each row's label: cleanlab's self-confidence."""
    n, K = X.shape
    out = np.empty(n, X.dtype)
    if X.flags.c_contiguous:
        flat, step = X.reshape(-1), 1 << 14
        base = np.arange(0, min(n, step) * K, K)
        for i in range(0, n, step):
            mine = labels[i : i + step]
            # the labels are checked already; clip only spares take its copy
            np.take(flat[i * K :], base[: len(mine)] + mine, out=out[i : i + step], mode="clip")
    else:
        out[:] = X[np.arange(n), labels]
    refuse_improper(out[:, None], start)
    return out


def refuse_improper(X: np.ndarray, start: int) -> None:
    """InputError naming the row, where a value is not in 0 to 1 (within 1e-6, as in cleanlab) or NaN."""
    top = np.asarray(1 + EPS, X.dtype)
    bits = np.dtype(f"u{X.itemsize}")
    # read as an integer, a negative number and NaN are above every number from 0 to 1
    if X.size == 0 or X.reshape(-1).view(bits).max() <= top.view(bits):
        return
    proper = (X >= -EPS) & (X <= top)  # noqa: SIM300  both say what X must be; NaN is neither
    wrong = np.flatnonzero(~proper.all(axis=1))
    if len(wrong):
        value = X[wrong[0]][~proper[wrong[0]]][0]
        raise InputError(f"probabilities: row {start + wrong[0]} holds {value}; they lie between 0 and 1")


def limits_for(thresholds: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """What a probability must reach, in its own dtype: p >= t in float64 is p >= the smallest float32 not below t."""
    exact = thresholds - EPS
    limits = exact.astype(dtype)
    return np.where(limits < exact, np.nextafter(limits, dtype.type(np.inf)), limits)


def judge_tile(
    X: np.ndarray, labels: np.ndarray, limits: np.ndarray | None, *, every: bool, other: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Where each row is counted (0 nowhere, k + 1 class k), whether its label loses, and with `other` the largest
    probability of a class not given; without `every` only rows counted as another class can lose."""
    counted, best = np.zeros(len(X), smallest(X.shape[1] + 1)), None
    if X.shape[1] <= NARROW:
        counted, best = _narrow(X, labels, limits, other=other)
    elif limits is not None:
        counted = _wide(X, limits)
    if every or other:
        best = _best(X, labels, other=other) if best is None else best
        return counted, _loses(X, labels, best), best if other else None
    loses = np.zeros(len(X), bool)
    rows = np.flatnonzero(elsewhere(counted, labels))
    some, mine = X[rows], labels[rows]
    loses[rows] = _loses(some, mine, _best(some, mine, other=False) if best is None else best[rows])
    return counted, loses, None


def elsewhere(counted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) bool: confidently counted as another class than the given one."""
    return np.asarray((counted != 0) & (counted != labels.astype(counted.dtype) + 1))


def _narrow(
    X: np.ndarray, labels: np.ndarray, limits: np.ndarray | None, *, other: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Where each row is counted, and its largest probability, with `other` of the classes not given."""
    turned = np.array(X.T, order="C")  # a copy, since it is written to
    counted = np.zeros(len(X), np.uint8)
    if limits is not None:
        sure = (turned >= limits[:, None]).view(np.uint8)
        number = np.add.reduce(sure, axis=0, dtype=np.uint8)
        codes = np.arange(1, len(turned) + 1, dtype=np.uint8)[:, None]
        counted = np.add.reduce(sure * codes, axis=0, dtype=np.uint8)  # means something where number is 1
        several = np.flatnonzero(number > 1)
        counted[several] = X[several].argmax(axis=1) + 1
    if other:
        turned[labels, np.arange(len(X))] = -np.inf
    return counted, np.maximum.reduce(turned, axis=0)


def _wide(X: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Where each row is counted: the one class that reaches its limit; of several the overall likeliest."""
    n, K = X.shape
    sure, whole = np.empty((n, K), bool), n // TOGETHER * TOGETHER
    together = (-1, TOGETHER * K)
    np.greater_equal(X[:whole].reshape(together), np.tile(limits, TOGETHER), out=sure[:whole].reshape(together))
    np.greater_equal(X[whole:], limits, out=sure[whole:])
    spots = np.flatnonzero(sure)  # about one a row
    rows = spots // K
    counted, again = np.zeros(n, smallest(K + 1)), np.zeros(n, bool)
    counted[rows] = spots - rows * K + 1
    again[rows[1:][rows[1:] == rows[:-1]]] = True
    several = np.flatnonzero(again)
    counted[several] = X[several].argmax(axis=1) + 1
    return counted


def _best(X: np.ndarray, labels: np.ndarray, *, other: bool) -> np.ndarray:
    rows = np.arange(len(X))
    if other:
        X = X.copy()
        X[rows, labels] = -np.inf
    return np.asarray(X[rows, X.argmax(axis=1)])  # numpy's argmax along rows is several times quicker than its max


def _loses(X: np.ndarray, labels: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Whether the label, 1e-6 added, is not the likeliest class. Such a label is never the likeliest without it
    either, so these are also the rows that `predicted_neq_given` flags."""
    own = X[np.arange(len(X)), labels] + X.dtype.type(EPS)
    loses: np.ndarray = best > own
    tied = np.flatnonzero(best == own)
    if len(tied):  # the first of the likeliest counts
        raised, mine = X[tied], labels[tied]
        raised[np.arange(len(tied)), mine] = own[tied]
        loses[tied] = raised.argmax(axis=1) != mine
    return loses
