"""What one method says of every label: scores, flags, how many are wrong; ours, cleanlab's, or another score by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from audit.confident import FilterBy, learnt
from audit.noise.cut import Flags, at_budget, at_precision
from audit.noise.estimate import Estimate
from audit.statistics import wilson

OUR_SCORE = "1 - P(label wrong | views, label), noise matrix estimated"
OUR_CUTOFF = "the most probable rows, as many as maximise the expected F1"
CLEANLAB_SCORE = "p(given), cleanlab's self-confidence"


@dataclass(frozen=True, eq=False)
class Cutoff:
    """How long the list of flags is to be; neither: as the method itself would have it."""

    precision: float | None = None
    """The longest list that is expected to be so precise."""
    budget: int | None = None
    """So many rows."""

    def words(self, own: str) -> str:
        """In words; `own` is the method's own rule."""
        if self.budget is not None:
            return f"the {self.budget:,} most doubtful rows, as asked"
        if self.precision is not None:
            return f"the longest list with an expected precision of {self.precision:g} or more, as asked"
        return own


@dataclass(frozen=True)
class Expected:
    """Of some flags; None where the method offers no probabilities."""

    precision: float | None
    """Share of the flagged that is wrong; 1 where nothing is flagged."""
    recall: float | None
    """Share of the wrong that is flagged; 1 where nothing is expected to be wrong."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows in the order of the labels, classes by position."""

    score: np.ndarray
    """(n,) quality, 0 wrong ... 1 fine."""
    flagged: np.ndarray
    """(n,) bool."""
    suggested: np.ndarray
    """(n,) the most probable class but for the given one."""
    probability: np.ndarray
    """(n,) of that class being the true one."""
    count: int
    """How many labels are wrong, whether or not they can be pointed at."""
    rate: float
    rate_low: float
    rate_high: float
    pairs: np.ndarray
    """(K, K) wrong labels by given and true class, zeros on the diagonal; their sum is near `count`."""
    score_used: str
    cutoff_used: str
    rule: str
    """What the count rests on."""
    wrong: np.ndarray | None = None
    """(n,) probability of being wrong; None where the method has none to offer, and so no expectations either."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Share of each view in the pooled evidence."""
    notes: tuple[str, ...] = ()

    @property
    def expected(self) -> Expected:
        """What to expect of all flags."""
        return self.of(np.ones(len(self.flagged), dtype=bool))

    def of(self, rows: np.ndarray) -> Expected:
        """What to expect of the flags among `rows`, (n,) bool."""
        if self.wrong is None:
            return Expected(None, None)
        found, total = float(self.wrong[rows & self.flagged].sum()), float(self.wrong[rows].sum())
        flagged = int((rows & self.flagged).sum())
        return Expected(found / flagged if flagged else 1.0, found / total if total > 0 else 1.0)


def by_noise(found: Estimate, cutoff: Cutoff) -> Judged:
    """By the posterior that the label is wrong."""
    flags = _cut(found, cutoff, found.score, found.flags)
    return _judged(found, flags, found.score, OUR_SCORE, cutoff.words(OUR_CUTOFF))


def by_score(found: Estimate, score: np.ndarray, name: str, cutoff: Cutoff) -> Judged:
    """By another score (n,), 0 wrong ... 1 fine, cut off where as many rows are flagged as are estimated to be wrong."""
    flags = _cut(found, cutoff, score, at_budget(found.wrong, found.count, by=score))
    return _judged(found, flags, score, name, cutoff.words("as many rows as labels are estimated to be wrong"))


def by_cleanlab(pred_probs: np.ndarray, labels: np.ndarray, filter_by: FilterBy) -> Judged:
    """Exactly what cleanlab's `find_label_issues` flags by `filter_by`, scored by its self-confidence."""
    rows, classes = np.arange(len(labels)), pred_probs.shape[1]
    found = learnt(labels, pred_probs, (filter_by,))
    others = pred_probs.copy()
    others[rows, labels] = -1.0
    suggested = others.argmax(axis=1)
    ranked = Ranked(found.self_confidence, found.flags[filter_by], suggested, pred_probs[rows, suggested])
    return cleanlabs(ranked, labels, classes, found.count, filter_by)


class Ranked(NamedTuple):
    """What cleanlab says of each row: score, flag, the likeliest class but for the given one, and its probability."""

    score: np.ndarray
    flagged: np.ndarray
    suggested: np.ndarray
    probability: np.ndarray


def cleanlabs(ranked: Ranked, labels: np.ndarray, classes: int, count: int, filter_by: FilterBy) -> Judged:
    """The judgement by cleanlab's answers, its count and its flags by `filter_by`.

    The interval is Wilson's: which rows were drawn, not what the model cannot see.
    """
    n, flagged = len(labels), ranked.flagged
    pairs = np.zeros((classes, classes))
    np.add.at(pairs, (labels[flagged], ranked.suggested[flagged]), 1)
    low, high = wilson(count, n)
    return Judged(
        **ranked._asdict(),
        count=count,
        rate=count / n,
        rate_low=low,
        rate_high=high,
        pairs=pairs,
        score_used=CLEANLAB_SCORE,
        cutoff_used=f"cleanlab {filter_by}",
        rule="cleanlab num_label_issues: the off-diagonal of the confident joint",
    )


def _cut(found: Estimate, cutoff: Cutoff, score: np.ndarray, own: Flags) -> Flags:
    if cutoff.budget is not None:
        return at_budget(found.wrong, cutoff.budget, by=score)
    if cutoff.precision is not None:
        return at_precision(found.wrong, cutoff.precision, by=score)
    return own


def _judged(found: Estimate, flags: Flags, score: np.ndarray, score_used: str, cutoff_used: str) -> Judged:
    pairs = found.pairs.copy()
    np.fill_diagonal(pairs, 0)
    return Judged(
        score=score,
        flagged=flags.flagged,
        suggested=found.suggested,
        probability=found.suggested_probability,
        count=found.count,
        rate=found.rate,
        rate_low=found.rate_low,
        rate_high=found.rate_high,
        pairs=pairs,
        score_used=score_used,
        cutoff_used=cutoff_used,
        rule=found.rule,
        wrong=found.wrong,
        weights=dict(zip(found.views, np.round(found.weights, 4).tolist(), strict=True)),
        notes=found.notes,
    )
