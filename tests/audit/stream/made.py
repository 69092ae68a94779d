"""Labels with planted errors and a model's probabilities for them, and cleanlab's own answers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from cleanlab.count import compute_confident_joint, estimate_joint, get_confident_thresholds, num_label_issues
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from audit.stream import FILTERS

SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def made(
    n: int,
    classes: int,
    seed: int = 0,
    *,
    dtype: type = np.float32,
    signal: float | None = None,
    noise: float = 0.1,
    digits: int | None = None,
    missing: Sequence[int] = (),
    rare: Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) labels and (n, classes) probabilities.

    Args:
        n: rows.
        classes: columns.
        seed: of everything random.
        dtype: of the probabilities.
        signal: what the true class's logit has over the others'; by default a good model's.
        noise: share of labels drawn anew.
        digits: round the probabilities, so that very many are equal.
        missing: classes that no row has.
        rare: classes that about three rows have.
    """
    rng = np.random.default_rng(seed)
    weights = np.ones(classes)
    weights[list(missing)] = 0
    weights[list(rare)] = 3 / n * classes
    true = rng.choice(classes, n, p=weights / weights.sum())
    labels = np.where(rng.random(n) < noise, rng.choice(classes, n, p=weights / weights.sum()), true)
    values = rng.standard_normal((n, classes), dtype=np.float32)
    values[np.arange(n), true] += 2 + 0.75 * np.log(classes) if signal is None else signal
    np.exp(values, out=values)
    values /= values.sum(axis=1, keepdims=True)
    return labels, (values if digits is None else np.round(values, digits)).astype(dtype, copy=False)


def cleanlabs(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Everything that `confident` answers, by cleanlab."""
    y, P = labels, probabilities
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="May not flag all label issues", category=UserWarning)
        masks = {name: find_label_issues(y, P, filter_by=name, n_jobs=1) for name in FILTERS}
    return {
        **masks,
        **{name: get_label_quality_scores(y, P, method=name) for name in SCORES},
        "thresholds": get_confident_thresholds(y, P),
        "confident_joint": compute_confident_joint(y, P, calibrate=False),
        "calibrated_joint": compute_confident_joint(y, P),
        "joint": estimate_joint(y, P),
        "count": np.asarray(num_label_issues(y, P)),
    }
