"""What a trained model did on the test set."""

from __future__ import annotations

import numpy as np

BINS = 15


def metrics(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy; macro precision, recall and F1 over the classes in the test set or predicted; log-loss in nats;
    expected calibration error over `BINS` equal bins (Guo et al., ICML 2017).

    Args:
        probabilities: (n, K).
        labels: (n,) class numbers.
    """
    from sklearn.metrics import precision_recall_fscore_support

    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0.0)
    given = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)
    return {
        "accuracy": float((predicted == labels).mean()),
        "macro_f1": float(f1),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "log_loss": float(-np.log(given).mean()),
        "calibration_error": calibration_error(probabilities, labels),
    }


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence, weighted by their rows."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    gap = np.bincount(_bins(confidence), weights=right - confidence, minlength=BINS)
    return float(np.abs(gap).sum() / len(labels))


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[list[float]]:
    """What a reliability diagram shows: for each of `BINS` equal bins of confidence its rows, the sum of their
    confidences and how many of them are right. Sums, so that those of several models add."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    sums = [
        np.bincount(_bins(confidence), weights=w, minlength=BINS) for w in (np.ones(len(labels)), confidence, right)
    ]
    return [[round(float(v), 6) for v in values] for values in zip(*sums, strict=True)]


def _bins(confidence: np.ndarray) -> np.ndarray:
    return np.asarray(np.minimum((confidence * BINS).astype(int), BINS - 1))
