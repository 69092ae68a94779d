"""Confident learning (Northcutt, Jiang and Chuang, JAIR 2021): by cleanlab, whose one home this is, where the arrays fit
comfortably, and by assay's streaming kernel, which gives the same bits, where they do not."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from audit.errors import UnknownName
from audit.evidence.cache import installed
from audit.stream import confident as streamed

FilterBy = Literal["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given"]
RULES: tuple[FilterBy, ...] = get_args(FilterBy)
DEFAULT: FilterBy = "prune_by_noise_rate"
"""What cleanlab flags by when it is not told."""
COMFORTABLE = 5_000_000
"""Probabilities up to which cleanlab itself runs: beyond, it takes seconds a rule and ten times their memory."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What confident learning says of labels and probabilities."""

    flags: Mapping[FilterBy, np.ndarray]
    """(n,) bool by rule: the rows that cleanlab's `find_label_issues` flags."""
    count: int
    """Its `num_label_issues`: the off-diagonal of the confident joint."""
    self_confidence: np.ndarray
    """(n,) its default score, the probability of the given label."""
    engine: str
    """What computed it."""


def learnt(labels: np.ndarray, pred_probs: np.ndarray, rules: Sequence[FilterBy] = RULES) -> Learnt:
    """Confident learning by each of `rules`.

    Args:
        labels: (n,) positions of the given labels.
        pred_probs: (n, K) out-of-sample probabilities.
        rules: of `find_label_issues`; UnknownName says which there are.
    """
    for rule in rules:
        if rule not in RULES:
            raise UnknownName.of("filter_by", rule, RULES, where="labels")
    return (_by_cleanlab if pred_probs.size <= COMFORTABLE else _streamed)(labels, pred_probs, rules)


def _by_cleanlab(labels: np.ndarray, pred_probs: np.ndarray, rules: Sequence[FilterBy]) -> Learnt:
    from cleanlab.count import num_label_issues
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    with warnings.catch_warnings():
        # it warns of every class with no row or one, of which it flags none
        warnings.filterwarnings("ignore", message="May not flag all label issues", category=UserWarning)
        # n_jobs=1: by default cleanlab forks a pool over module globals
        flags = {r: np.asarray(find_label_issues(labels, pred_probs, filter_by=r, n_jobs=1), dtype=bool) for r in rules}
    score = np.asarray(get_label_quality_scores(labels, pred_probs, method="self_confidence"))
    count = int(num_label_issues(labels, pred_probs))
    return Learnt(flags, count, score, f"cleanlab {installed('cleanlab')}")


def _streamed(labels: np.ndarray, pred_probs: np.ndarray, rules: Sequence[FilterBy]) -> Learnt:
    found = streamed(labels, pred_probs, filter_by=rules, scores=("self_confidence",))
    flags = {rule: found.masks[rule] for rule in rules}
    return Learnt(flags, found.count, found.scores["self_confidence"], "assay's streaming kernel, equal to cleanlab's")
