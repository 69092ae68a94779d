"""The second stage: the cheap views learnt again from what the labels probably should have been."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audit.neighbours import Neighbours
from audit.noise.pool import softmax
from audit.probabilities import L2, VOTERS, geometric_mean

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


def steady_head(features: Features, targets: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n, K) `soft_head`; of few rows its normalised geometric mean over several partitions into folds."""
    if len(labels) > FEW:
        return soft_head(features, targets)
    others = [replace(features, folds=_dealt(features, labels, seed)) for seed in range(1, FOLDINGS)]
    return geometric_mean([soft_head(f, targets) for f in (features, *others)])


def _dealt(features: Features, labels: np.ndarray, seed: int) -> np.ndarray:
    """(n,) other folds, as many: blocks are dealt out whole, class by class as their first rows are labelled.

    Unlike folds for hard labels these may leave a class of one block unlearnt: soft labels still name it.
    """
    _, first, block = np.unique(features.together, return_index=True, return_inverse=True)
    order = np.lexsort((np.random.default_rng(seed).random(len(first)), labels[first]))
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = np.arange(len(first)) % len(np.unique(features.folds))
    return fold[block]


def soft_head(features: Features, targets: np.ndarray) -> np.ndarray:
    """(n, K) out-of-fold probabilities of the linear head fitted to soft labels (n, K), same penalty, same folds."""
    vectors = features.vectors
    scaled = (vectors / max(float(np.sqrt(np.mean(np.square(vectors, dtype="float64")))), 1e-12)).astype("float32")
    scaled = np.hstack([scaled, np.ones((len(scaled), 1), dtype="float32")])
    out = np.empty(targets.shape)
    for fold in np.unique(features.folds):
        learn = features.folds != fold
        out[~learn] = softmax(scaled[~learn] @ _fit(scaled[learn], targets[learn].astype("float32")))
    return out


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
    """(n, K) mean of the nearest rows' soft labels (n, K), with one vote added that is split as they are on the mean.

    The soft labels must not owe anything to another row's vote: a row that voted for its neighbour would hear its own
    label back from it.
    """
    from scipy.sparse import csr_matrix

    near = features.neighbours.indices
    outside = features.together[near] != features.together[:, None]
    votes = outside & (np.cumsum(outside, axis=1) <= VOTERS)
    asked = csr_matrix(
        (votes.ravel().astype(float), near.ravel(), np.arange(0, near.size + 1, near.shape[1])),
        shape=(len(near), len(near)),
    )
    total = np.asarray(asked @ targets)
    return np.asarray((total + targets.mean(axis=0)) / (votes.sum(axis=1, keepdims=True) + 1))
