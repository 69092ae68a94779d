"""Scores of given labels, by name, as others compute them: 0 wrong ... 1 fine. What ours are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from audit.errors import UnknownName
from audit.noise.refit import Features


def self_confidence(pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) p(given label)."""
    return np.asarray(pred_probs[np.arange(len(labels)), labels])


def normalised_margin(pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) (p(given) - largest other p + 1) / 2."""
    given, other = _given_and_other(pred_probs, labels)
    return np.asarray((given - other + 1) / 2)


def log_ratio(pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) p(given) / (p(given) + largest other p), which orders rows as the logarithm of their ratio does."""
    given, other = _given_and_other(pred_probs, labels)
    return np.asarray(given / np.maximum(given + other, 1e-300))


def disagreement(pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) 1 where the most probable class is the given one, 0 elsewhere."""
    return np.asarray((pred_probs.argmax(axis=1) == labels).astype(float))


METHODS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "self_confidence": self_confidence,
    "normalised_margin": normalised_margin,
    "log_ratio": log_ratio,
    "disagreement": disagreement,
}
"""Scores of one (n, K) array of probabilities; `training_dynamics` needs features instead."""


def score(method: str, pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) the score of that name; UnknownName says which there are."""
    if method not in METHODS:
        raise UnknownName.of("label score", method, METHODS)
    return METHODS[method](pred_probs, labels)


def training_dynamics(features: Features, labels: np.ndarray, *, epochs: int = 40, rate: float = 0.5) -> np.ndarray:
    """(n,) area under the margin (Pleiss et al., NeurIPS 2020): the margin log p(given) - log largest other p of a linear
    model on its own training rows, averaged over `epochs` steps of gradient descent; as a score by the logistic function.

    In-sample margins say something only because early steps have not memorised the labels yet.
    """
    classes = int(labels.max()) + 1
    x = features.vectors / max(float(np.sqrt(np.mean(np.square(features.vectors, dtype="float64")))), 1e-12)
    x = (x / np.sqrt(x.shape[1])).astype("float32")
    weights = np.zeros((x.shape[1], classes), dtype="float32")
    offsets = np.zeros(classes, dtype="float32")
    rows, total = np.arange(len(labels)), np.zeros(len(labels))
    for _ in range(epochs):
        for _ in range(5):
            logits = x @ weights + offsets
            gap = np.exp(logits - logits.max(axis=1, keepdims=True))
            gap /= gap.sum(axis=1, keepdims=True)
            gap[rows, labels] -= 1
            weights -= rate * x.shape[1] ** 0.5 * (x.T @ gap) / len(x)
            offsets -= rate * gap.mean(axis=0)
        logits = x @ weights + offsets
        given, other = _given_and_other(logits, labels, least=-np.inf)
        total += given - other
    return np.asarray(1 / (1 + np.exp(-total / epochs)))


def _given_and_other(values: np.ndarray, labels: np.ndarray, least: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(labels))
    others = values.copy()
    others[rows, labels] = least
    return values[rows, labels], others.max(axis=1)
