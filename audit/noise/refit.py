"""The second stage: the cheap views learnt again from what the labels probably should have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.neighbours import Neighbours, vote
from audit.noise.pool import softmax
from audit.probabilities import L2, geometric_mean

FEW, FOLDINGS = 2_000, 5
"""Of at most so many rows the folds' accidents matter, and a head is cheap: so many partitions are averaged."""


@dataclass(frozen=True, eq=False)
class Features:
    """What the cheap views were made of."""

    vectors: np.ndarray
    """(n, d) float32."""
    neighbours: Neighbours
    folds: np.ndarray
    """(n,) the fold in which each row is held out."""
    together: np.ndarray
    """(n,) number of the block of rows that never vouch for each other."""


@dataclass(frozen=True, eq=False)
class SoftHeads:
    """Linear heads fitted to soft labels: for each fold of each partition one that has not seen that fold."""

    weights: tuple[Mapping[int, np.ndarray], ...]
    """For each partition (d + 1, K) by fold, the last row offsets."""
    folds: tuple[np.ndarray, ...]
    """For each partition (n,) the fold of each row that was learnt from."""
    size: float
    """Root mean square of the vectors that were learnt from."""

    def __call__(self, vectors: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
        """(n, K) probabilities of rows by the heads that have not seen their fold, of several partitions their
        normalised geometric mean.

        Args:
            vectors: (n, d).
            folds: (n,) for each partition.
        """
        scaled = _offset(vectors, self.size)
        said = [_by_fold(scaled, own, fold) for own, fold in zip(self.weights, folds, strict=True)]
        return said[0] if len(said) == 1 else geometric_mean(said)


def steady_heads(features: Features, targets: np.ndarray, labels: np.ndarray) -> SoftHeads:
    """Heads fitted to soft labels (n, K); of few rows for several partitions into folds."""
    seeds = range(1, FOLDINGS) if len(labels) <= FEW else ()
    return soft_heads(features, targets, [features.folds, *(_dealt(features, labels, seed) for seed in seeds)])


def soft_heads(features: Features, targets: np.ndarray, partitions: Sequence[np.ndarray]) -> SoftHeads:
    """For each partition (n,) the linear heads fitted to soft labels (n, K) out of fold, same penalty."""
    size = float(np.sqrt(np.mean(np.square(features.vectors, dtype="float64"))))
    scaled, soft = _offset(features.vectors, size), targets.astype("float32")
    weights = tuple({int(f): _fit(scaled[p != f], soft[p != f]) for f in np.unique(p)} for p in partitions)
    return SoftHeads(weights, tuple(partitions), size)


def _offset(vectors: np.ndarray, size: float) -> np.ndarray:
    """float32 (n, d + 1): scaled, and a column of ones."""
    scaled = (vectors / max(size, 1e-12)).astype("float32")
    return np.hstack([scaled, np.ones((len(scaled), 1), dtype="float32")])


def _by_fold(scaled: np.ndarray, weights: Mapping[int, np.ndarray], folds: np.ndarray) -> np.ndarray:
    out = np.empty((len(scaled), next(iter(weights.values())).shape[1]))
    for fold in np.unique(folds):
        held = folds == fold
        out[held] = softmax(scaled[held] @ weights[int(fold)])
    return out


def _dealt(features: Features, labels: np.ndarray, seed: int) -> np.ndarray:
    """(n,) other folds, as many: blocks are dealt out whole, class by class as their first rows are labelled.

    Unlike folds for hard labels these may leave a class of one block unlearnt: soft labels still name it.
    """
    _, first, block = np.unique(features.together, return_index=True, return_inverse=True)
    order = np.lexsort((np.random.default_rng(seed).random(len(first)), labels[first]))
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = np.arange(len(first)) % len(np.unique(features.folds))
    return fold[block]


def _fit(x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(d + 1, K) minimiser of the mean cross-entropy plus L2/2 |W|², the last row (offsets) free."""
    from scipy.optimize import minimize

    shape = (x.shape[1], targets.shape[1])
    penalty = np.full((shape[0], 1), L2)
    penalty[-1] = 0.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(shape)
        logits = x @ w.astype("float32")
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        total = raised.sum(axis=1, keepdims=True)
        entropy = float(np.log(total).sum(dtype="float64")) - float(np.vdot(targets, logits))
        raised /= total
        raised -= targets
        slope = x.T @ raised / len(x) + penalty * w
        return entropy / len(x) + 0.5 * float((penalty * w * w).sum()), slope.ravel().astype("float64")

    start = np.zeros(shape).ravel()
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "gtol": 1e-3})
    return np.asarray(found.x.reshape(shape))


def soft_vote(features: Features, targets: np.ndarray) -> np.ndarray:
    """(n, K) `vote` of each row's nearest rows outside its own block.

    The soft labels must not owe anything to another row's vote: a row that voted for its neighbour would hear its own
    label back from it.
    """
    near = features.neighbours.indices
    return vote(near, features.together[near] != features.together[:, None], targets)
