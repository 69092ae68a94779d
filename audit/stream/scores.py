"""How good each label looks: cleanlab's scores, to the last bit, and the margin quality that assay ranks by."""

from __future__ import annotations

import numpy as np

from audit.errors import InputError
from audit.stream.tiles import tiles

LOWEST = 1e-6
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy", "margin_quality")
OF_OTHERS = ("normalized_margin", "margin_quality")
"""Scores that need the largest probability of a class not given."""


def normalized_margin(confidence: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) (p(given) - largest other p + 1) / 2."""
    return np.asarray((confidence - other + 1) / 2)


def margin_quality(confidence: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) p(given) / (p(given) + largest other p)."""
    return np.asarray(confidence / np.maximum(confidence + other, np.finfo(confidence.dtype).tiny))


def weighted_entropy(X: np.ndarray, confidence: np.ndarray, start: int = 0) -> np.ndarray:
    """(n,) cleanlab's confidence-weighted entropy: log(1 + h) / h, where h is the row's normalised entropy over
    p(given).

    Args:
        X: (n, K) probabilities, none below 0 or above 1: cleanlab takes no tolerance here.
        confidence: (n,) probability of the given label.
        start: the first row's number, for the error.
    """
    from scipy.special import xlogy

    out = np.empty(len(X), np.float64)
    for tile in tiles(X):
        part = X[tile]
        if part.min() < 0 or part.max() > 1:
            row = int(np.flatnonzero(((part < 0) | (part > 1)).any(axis=1))[0])
            raise InputError(
                f"probabilities: row {start + tile.start + row} is not within 0 and 1, as an entropy needs"
            )
        entropy = -np.sum(xlogy(part, part), axis=1) / np.log(X.shape[1])
        weighted = entropy / np.clip(confidence[tile], a_min=LOWEST, a_max=None)
        out[tile] = np.log(weighted + 1) / np.clip(weighted, a_min=LOWEST, a_max=None)
    return out
