"""Points in clusters with planted wrong labels, and the views that assay makes of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from audit.evidence.folds import assign_folds
from audit.neighbours import nearest, neighbour_vote
from audit.noise.refit import Features
from audit.probabilities import linear_head

CHEAP = ("linear head", "neighbour vote")


class Planted(NamedTuple):
    truth: np.ndarray
    labels: np.ndarray
    wrong: np.ndarray
    views: dict[str, np.ndarray]
    features: Features


def planted(
    kind: str = "uniform", rate: float = 0.2, *, rows: int = 900, classes: int = 4, spread: float = 0.25, seed: int = 0
) -> Planted:
    """Clusters around the corners of a simplex; noise is `uniform`, or `pairs` (each class mistaken for the next)."""
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) % classes
    x = (np.eye(classes + 2)[truth] + rng.normal(0, spread, (rows, classes + 2))).astype("float32")
    flip = rng.random(rows) < rate
    step = np.ones(rows, int) if kind == "pairs" else rng.integers(1, classes, rows)
    labels = np.where(flip, (truth + step) % classes, truth)
    near, alone = nearest(x, 40), np.arange(rows)
    folds = assign_folds(labels, alone)
    head = linear_head(x, labels, folds, classes, lambda _done, _total: None)
    views = dict(zip(CHEAP, (head, neighbour_vote(near, labels, alone, classes)), strict=True))
    return Planted(truth, labels, labels != truth, views, Features(x, near, folds, alone))


def strong_view(truth: np.ndarray, error: float = 0.02, classes: int = 4, seed: int = 1) -> np.ndarray:
    """Out-of-sample probabilities of a model that is right but for a few rows, of which it is less sure."""
    rng = np.random.default_rng(seed)
    miss = rng.random(len(truth)) < error
    looks = np.where(miss, (truth + 1) % classes, truth)
    sure = np.where(miss, rng.uniform(0.4, 0.6, len(truth)), rng.uniform(0.85, 0.99, len(truth)))
    out = np.repeat(((1 - sure) / (classes - 1))[:, None], classes, axis=1)
    out[np.arange(len(truth)), looks] = sure
    return out
