"""Several views of the same rows as one evidence: a product of powers of probabilities, powers learnt from the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALLEST = 1e-6
"""Probabilities are held above this, so that one view alone cannot rule a class out."""
ENTRIES = 1_000_000
"""A handful of powers is learnt from at most so many probabilities of a view: rows are drawn where there are more."""
BOUNDS = (-6.0, 4.0)
"""Of the logarithm of a power."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """q = softmax(sum_v powers_v log P_v), and how badly it explains the given labels."""

    truth: np.ndarray
    """(n, K) probability of each class being the true one, before the given label is looked at."""
    powers: np.ndarray
    """(views,)"""
    loss: float
    """Mean negative log-likelihood of the given labels, and the prior's part."""


def logarithms(views: Sequence[np.ndarray]) -> np.ndarray:
    """(views, n, K) logarithms, held above `SMALLEST`."""
    return np.stack([np.log(np.clip(np.asarray(v, dtype="float64"), SMALLEST, 1.0)) for v in views])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of (n, K) that sum to 1."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def pool(logs: np.ndarray, labels: np.ndarray, matrix: np.ndarray | None = None) -> Pooled:
    """Maximise the likelihood of the given labels over the powers u of the views.

    p(y_i) = sum_k softmax(u . log P)_ik T_k,y_i (forward correction: Patrini et al., CVPR 2017). Where T is the identity
    this calibrates the pool to the given labels (temperature scaling, for one view). A prior worth one row holds the
    logarithm of each power near that of the geometric mean, standard deviation 1: where few labels are wrong and few rows
    are there, the likelihood alone would make the truth as sharp as it can be.

    Args:
        logs: (views, n, K) from `logarithms`.
        labels: (n,) given labels.
        matrix: (K, K) p(given | true), rows sum to 1; the identity by default.
    """
    from scipy.optimize import minimize

    everything, centre = logs, -np.log(len(logs))
    if logs[0].size > ENTRIES:
        drawn = np.random.default_rng(0).choice(logs.shape[1], max(1, ENTRIES // logs.shape[2]), replace=False)
        logs, labels = logs[:, drawn], labels[drawn]
    n, classes = logs.shape[1:]
    reach = (np.eye(classes) if matrix is None else matrix.T)[labels]

    def loss(exponents: np.ndarray) -> tuple[float, np.ndarray]:
        powers = np.exp(exponents)
        truth = softmax(np.tensordot(powers, logs, 1))
        joint = truth * reach
        likelihood = np.maximum(joint.sum(axis=1), 1e-300)
        pull = joint / likelihood[:, None] - truth
        slope = np.array([np.vdot(pull, log) for log in logs]) / n * powers
        prior = exponents - centre
        return float(prior @ prior / 2 / n - np.log(likelihood).mean()), prior / n - slope

    found = minimize(
        loss,
        np.full(len(logs), centre),
        jac=True,
        method="L-BFGS-B",
        bounds=[BOUNDS] * len(logs),
        options={"maxiter": 60, "ftol": 1e-7},
    )
    powers = np.exp(found.x)
    return Pooled(softmax(np.tensordot(powers, everything, 1)), powers, float(found.fun))


def posterior(truth: np.ndarray, labels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(n, K) probability of each class being the true one, the given label taken into account (Bayes)."""
    joint = truth * matrix.T[labels]
    return np.asarray(joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300))
