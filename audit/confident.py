"""cleanlab's one home: confident learning (Northcutt, Jiang and Chuang, JAIR 2021) as plain functions."""

from __future__ import annotations

import warnings
from typing import Literal, get_args

import numpy as np

from audit.errors import UnknownName

FilterBy = Literal["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given"]


def flags(labels: np.ndarray, pred_probs: np.ndarray, filter_by: str) -> np.ndarray:
    """(n,) bool: the rows that cleanlab's `find_label_issues` flags.

    Args:
        labels: (n,) positions of the given labels.
        pred_probs: (n, K) out-of-sample probabilities.
        filter_by: one of cleanlab's rules.
    """
    from cleanlab.filter import find_label_issues

    if filter_by not in get_args(FilterBy):
        raise UnknownName.of("filter_by", filter_by, get_args(FilterBy), where="labels")
    with warnings.catch_warnings():
        # it warns of every class with no row or one, of which it flags none
        warnings.filterwarnings("ignore", message="May not flag all label issues", category=UserWarning)
        # n_jobs=1: by default cleanlab forks a pool over module globals
        return np.asarray(find_label_issues(labels, pred_probs, filter_by=filter_by, n_jobs=1), dtype=bool)


def self_confidence(labels: np.ndarray, pred_probs: np.ndarray) -> np.ndarray:
    """(n,) cleanlab's default score: the probability of the given label."""
    from cleanlab.rank import get_label_quality_scores

    return np.asarray(get_label_quality_scores(labels, pred_probs, method="self_confidence"))


def margin_quality(labels: np.ndarray, pred_probs: np.ndarray) -> np.ndarray:
    """(n,) p(given) / (p(given) + largest other p): 0 wrong, 1/2 undecided, 1 fine.

    It ranks as the log-ratio of the two does, which on human label noise ranks better than self-confidence
    (docs/architecture.md), and stays between 0 and 1.
    """
    rows = np.arange(len(labels))
    given = pred_probs[rows, labels]
    others = pred_probs.copy()
    others[rows, labels] = 0.0
    best = others.max(axis=1)
    return np.asarray(given / np.maximum(given + best, 1e-300))


def count(labels: np.ndarray, pred_probs: np.ndarray) -> int:
    """Cleanlab's own estimate of how many labels are wrong (off-diagonal confident joint)."""
    from cleanlab.count import num_label_issues

    return int(num_label_issues(labels, pred_probs))
