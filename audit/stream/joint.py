"""From counts to the joint distribution of given and true labels, with cleanlab's roundings to the last bit.

Northcutt, Jiang and Chuang, Confident Learning, JAIR 2021, equations 1 to 3. `(i, j)` is given i, truly j throughout.
"""

from __future__ import annotations

import numpy as np

EPS = 1e-6
TINY = 1e-100
"""cleanlab's bounds against rounding errors and division by zero."""


def confident_joint(pairs: np.ndarray) -> np.ndarray:
    """(K, K) the counted pairs, with at least one right label in every class."""
    counts = pairs.astype(np.int64)
    np.fill_diagonal(counts, counts.diagonal().clip(min=1))
    return counts


def calibrated(confident: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(K, K) integers: the confident joint stretched so that each row adds up to the class's number of rows.

    Args:
        confident: (K, K) confident joint.
        counts: (K,) rows of each given class.
    """
    # cleanlab's matrix is a transposed one, and np.sum adds in the order of memory: in C order the last bits differ,
    # and with them how exact halves are rounded
    fortran = np.asfortranarray(confident)
    stretched = (fortran.T / np.clip(fortran.sum(axis=1), a_min=TINY, a_max=None) * counts).T
    return _rounded(stretched / np.clip(np.sum(stretched), a_min=TINY, a_max=None) * counts.sum())


def joint(calibrated: np.ndarray) -> np.ndarray:
    """(K, K) P(given = i, true = j), which sums to 1."""
    return np.asarray(calibrated / np.clip(float(np.sum(calibrated)), a_min=TINY, a_max=None))


def noise_matrix(calibrated: np.ndarray) -> np.ndarray:
    """(K, K) P(given = i | true = j); a column without counts is zero."""
    return np.asarray(calibrated / np.clip(calibrated.sum(axis=0).astype(float), a_min=TINY, a_max=None))


def noise_rates(calibrated: np.ndarray) -> np.ndarray:
    """(K,) P(true != i | given = i): the share of each class's labels that is wrong; 0 where nothing is counted."""
    totals = calibrated.sum(axis=1)
    return np.asarray((totals - calibrated.diagonal()) / np.maximum(totals, 1))


def to_prune(calibrated: np.ndarray) -> np.ndarray:
    """(K, K) integers, (true j, given k): how many rows cleanlab's pruning rules take from each pair of classes,
    leaving every class at least one row."""
    wrong = calibrated.T
    kept = np.maximum(wrong.diagonal(), 1)
    short = kept - wrong.diagonal()
    nonzero = np.maximum(np.count_nonzero(wrong, axis=0) - 1.0, 1.0)
    left: np.ndarray = wrong - short / nonzero
    left[left < 0] = 0
    np.fill_diagonal(left, kept)
    return left.astype(np.int64)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Round to integers and keep the rows' totals; a row at a time only where its total has moved."""
    floats = np.ascontiguousarray(values)
    integers = floats.round()
    # a row is summed as cleanlab does it, by itself: along an axis numpy may add in another order
    totals = np.array([np.sum(row) for row in values]).round()
    for i in np.flatnonzero(abs(integers.sum(axis=1) - totals) > EPS):
        integers[i] = _keep_total(floats[i], integers[i], totals[i])
    return integers.astype(np.int64)


def _keep_total(floats: np.ndarray, rounded: np.ndarray, total: float) -> np.ndarray:
    integers = rounded.copy()
    while abs(integers.sum() - total) > EPS:
        missing = np.round(total - integers.sum())
        step = -1 if missing < 0 else 1
        chosen = np.argsort(floats - integers)[::-step][: min(int(abs(missing)), len(floats))]
        integers[chosen] += step
    return integers
