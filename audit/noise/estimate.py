"""Everything that can be said of wrong labels from several views of the same rows: `estimate(...) -> Estimate`."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.errors import InputError
from audit.noise.agreement import between, least, same_everywhere, stronger, triangulated
from audit.noise.cut import Flags, at_budget, at_precision, best_f1, shifted
from audit.noise.matrix import NoiseMatrix, Reading, anchored, read
from audit.noise.pool import logarithms, pool, posterior, softmax
from audit.noise.refit import Features, soft_head, soft_vote

AS_GOOD = 0.01
"""An explanation of the labels is as good as the best when its loss is at most this share larger. The sharpest truth among
them is believed: unsure models are more common than unsure truths (the minimum-volume principle for noise matrices,
Li et al., ICML 2021)."""
HIDDEN = 3.0
"""Agreement may raise the likelihood's rate at most so many times. A strong model of human labels hides half to three
quarters of their noise as its own unsureness; on clean labels its errors are over twenty times what likelihood reads."""
Z = 1.96
AGREEMENT = "agreement: the probabilities brought make at most half the errors of the views made here"
EVERYWHERE = "likelihood: the strong view disagrees with the labels as often where it is surest, so noise does not depend on rows"
ALONE = (
    "one view: nothing tells its unsureness from noise; the geometric mean of what the likelihood reads and of the view's "
    "disagreement with the labels"
)
LIKELIHOOD = "likelihood: no view is so much stronger than the others that their agreement tells noise from unsureness"
HEAD, VOTE = "linear head, second stage", "neighbour vote, second stage"


@dataclass(frozen=True, eq=False)
class Estimate:
    """What was found; rows in the order of the labels given, classes by position."""

    wrong: np.ndarray
    """(n,) probability that the given label is wrong; its mean is `rate`."""
    suggested: np.ndarray
    """(n,) the most probable other class than the given one."""
    suggested_probability: np.ndarray
    """(n,) that it is the true one; at most `wrong`."""
    flags: Flags
    rate: float
    rate_low: float
    """`rate_low` to `rate_high`: what the sources of the rate allow, sampling error added; meant to cover 95 %."""
    rate_high: float
    rule: str
    """Which source decided the rate and why, in words."""
    views: tuple[str, ...]
    weights: np.ndarray
    """(views,) shares of the pooled evidence."""
    temperature: float
    """Sharpness of the truth, 1 being what fits the labels best."""
    matrix: np.ndarray
    """(K, K) p(given | true) in that reading."""
    per_class: np.ndarray
    """(K,) expected wrong labels among those given as each class."""
    pairs: np.ndarray
    """(K, K) expected rows given as the first class whose true class is the second; the diagonal is what is right."""
    notes: tuple[str, ...]
    seconds: float
    score_used: str = "1 - P(label wrong | views, label), noise matrix estimated"
    cutoff_used: str = "the most probable rows, as many as maximise the expected F1"

    @property
    def score(self) -> np.ndarray:
        """(n,) quality of each label, 0 wrong ... 1 fine."""
        return np.asarray(1 - self.wrong)

    @property
    def flagged(self) -> np.ndarray:
        """(n,) bool."""
        return self.flags.flagged

    @property
    def count(self) -> int:
        """Expected number of wrong labels, not only of those that can be pointed at."""
        return round(self.rate * len(self.wrong))

    @property
    def expected_precision(self) -> float:
        """Of the flags."""
        return self.flags.precision

    @property
    def expected_recall(self) -> float:
        """Of the flags."""
        return self.flags.recall

    def at_precision(self, precision: float) -> Flags:
        """The longest list expected to be that precise."""
        return at_precision(self.wrong, precision)

    def at_budget(self, budget: int) -> Flags:
        """The list of that length with the most wrong labels."""
        return at_budget(self.wrong, budget)


@dataclass(frozen=True, eq=False)
class _Evidence:
    """Pooled evidence, and the readings of the labels that it allows."""

    names: tuple[str, ...]
    weights: np.ndarray
    logits: np.ndarray
    anchors: NoiseMatrix
    readings: Sequence[Reading]
    notes: tuple[str, ...]
    again: tuple[np.ndarray, ...]
    """(n,) predicted classes of the second stage's views, where there are any."""

    def pairs(self, weak: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """The two cheap views of each stage, by predicted class."""
        return [(p[0], p[1]) for p in (weak, self.again) if len(p) > 1]

    @property
    def best(self) -> int:
        return int(np.argmin([r.loss for r in self.readings]))

    @property
    def sharpest(self) -> float:
        """The rate of the sharpest reading as good as the best, between two of them by linear interpolation."""
        loss = [r.loss for r in self.readings]
        rate = np.maximum.accumulate([r.rate for r in self.readings])
        most = loss[self.best] * (1 + AS_GOOD)
        for j in range(self.best, len(loss) - 1):
            if loss[j + 1] > most:
                return float(rate[j] + (most - loss[j]) / (loss[j + 1] - loss[j]) * (rate[j + 1] - rate[j]))
        return float(rate[-1])


@dataclass(frozen=True)
class _Rate:
    value: float
    low: float
    high: float
    why: str
    sharpen: bool
    """Whether the value lies beyond what the likelihood explains, so that its best reading is too dull for it."""


def estimate(
    views: Mapping[str, np.ndarray],
    labels: np.ndarray,
    *,
    cheap: Collection[str] = (),
    features: Features | None = None,
) -> Estimate:
    """How many labels are wrong and which.

    Args:
        views: (n, K) class probabilities by name, in which no row saw its own label.
        labels: (n,) given labels, 0 ... K - 1.
        cheap: names of the views that were made of the data's own features, beside what the user brought.
        features: what they were made of; with it the cheap views are learnt a second time.
    """
    start = time.perf_counter()
    _checked(views, labels, cheap)
    evidence = _gather(views, labels, cheap, features)
    rate = _rate(evidence, views, labels, cheap)
    wrong, at = _posterior(evidence, rate)
    suggested, share, pairs = _others(evidence, at, labels, wrong)
    return Estimate(
        wrong=wrong,
        suggested=suggested,
        suggested_probability=share,
        flags=best_f1(wrong),
        rate=rate.value,
        rate_low=rate.low,
        rate_high=rate.high,
        rule=rate.why,
        views=evidence.names,
        weights=evidence.weights,
        temperature=at.temperature,
        matrix=at.matrix,
        per_class=np.bincount(labels, weights=wrong, minlength=pairs.shape[0]),
        pairs=pairs,
        notes=evidence.notes,
        seconds=time.perf_counter() - start,
    )


def _checked(views: Mapping[str, np.ndarray], labels: np.ndarray, cheap: Collection[str]) -> None:
    if not views:
        raise InputError("label noise: no view of the rows")
    shapes = {name: np.shape(v) for name, v in views.items()}
    if len(set(shapes.values())) > 1:
        raise InputError(f"label noise: views differ in shape: {shapes}")
    n, classes = next(iter(shapes.values()))
    if len(labels) != n:
        raise InputError(f"label noise: {n:,} rows of probabilities for {len(labels):,} labels")
    if n == 0 or classes < 2:
        raise InputError(f"label noise: {n:,} rows of {classes} classes say nothing of noise")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"label noise: labels must lie in 0 ... {classes - 1}, there is {labels.min()} ... {labels.max()}"
        )
    if missing := [c for c in cheap if c not in views]:
        raise InputError(f"label noise: cheap view {missing[0]!r} is not among {list(views)}")


def _gather(
    views: Mapping[str, np.ndarray], labels: np.ndarray, cheap: Collection[str], features: Features | None
) -> _Evidence:
    """Pool the views, learn the cheap ones again, pool all."""
    names, logs = tuple(views), logarithms(list(views.values()))
    anchors = anchored(pool(logs, labels).truth, labels)
    pooled = pool(logs, labels, anchors.values)
    notes: tuple[str, ...] = ()
    classes: tuple[np.ndarray, ...] = ()
    if cheap and features is not None:
        brought = logs[[i for i, name in enumerate(names) if name not in cheap]]
        again = _second_stage(brought, posterior(pooled.truth, labels, anchors.values), labels, anchors, features)
        more = np.concatenate([logs, again])
        second = pool(more, labels, anchors.values)
        if second.loss <= pooled.loss:
            names, logs = (*names, HEAD, VOTE), more
            classes = tuple(a.argmax(axis=1) for a in again)
            anchors = anchored(second.truth, labels)
            pooled = pool(logs, labels, anchors.values)
        else:
            notes = ("the second stage explains the labels no better and is left out",)
    logits = np.tensordot(pooled.powers, logs, 1)
    return _Evidence(names, pooled.weights, logits, anchors, read(logits, labels, anchors), notes, classes)


def _second_stage(
    brought: np.ndarray, soft: np.ndarray, labels: np.ndarray, anchors: NoiseMatrix, features: Features
) -> np.ndarray:
    """(2, n, K) logarithms of the head fitted to the soft labels, and of the vote of what that head says."""
    head = soft_head(features, soft)
    heard = pool(np.concatenate([brought, logarithms([head])]), labels, anchors.values)
    vote = soft_vote(features, posterior(heard.truth, labels, anchors.values))
    return logarithms([head, vote])


def _rate(evidence: _Evidence, views: Mapping[str, np.ndarray], labels: np.ndarray, cheap: Collection[str]) -> _Rate:
    n = len(labels)
    looks = evidence.logits.argmax(axis=1)
    apart = float((looks != labels).mean())
    best = evidence.readings[evidence.best].rate
    floor = evidence.anchors.rate
    weak = [views[c].argmax(axis=1) for c in cheap]
    pairs = evidence.pairs(weak)
    shared = max((least(a, b, labels) for a, b in pairs), default=0.0)
    surely = floor - Z * _se(floor, max(n // 5, 1))
    likely = min(max(evidence.sharpest, surely, shared), apart)
    least_of_all = max(0.0, min(best, floor, likely) - (likely - best))
    brought = [v for name, v in views.items() if name not in cheap]
    strong = softmax(logarithms(brought).mean(axis=0)) if brought else None
    if strong is not None and weak and stronger(strong.argmax(axis=1), weak, labels):
        found = between(strong.argmax(axis=1), weak, labels)
        low = min(best, likely, found.low)
        if same_everywhere(strong, labels):
            return _Rate(likely, *_range(low, max(found.high, likely), n), EVERYWHERE, sharpen=False)
        return _Rate(min(found.rate, HIDDEN * likely), *_range(low, found.high, n), AGREEMENT, sharpen=True)
    if strong is not None and not weak:
        value = min(float(np.sqrt(likely * apart)), HIDDEN * likely)
        return _Rate(value, *_range(least_of_all, apart, n), ALONE, sharpen=True)
    high = max([likely, *(triangulated(a, b, labels) for a, b in pairs)])
    return _Rate(likely, *_range(least_of_all, min(apart, high), n), LIKELIHOOD, sharpen=False)


def _range(low: float, high: float, n: int) -> tuple[float, float]:
    """Widened by rows on which view and label make the same error, as rare as if by chance, and by sampling error."""
    low = max(low, 0.0)
    high = max(high, low)
    most = high + low * (high - low)
    return max(0.0, low - Z * _se(low, n)), min(1.0, most + Z * _se(most, n))


def _se(rate: float, n: int) -> float:
    return float(np.sqrt(max(rate * (1 - rate), 1 / n) / n))


def _posterior(evidence: _Evidence, rate: _Rate) -> tuple[np.ndarray, Reading]:
    """P(wrong) with the rate as its mean, and the reading it comes from.

    That is the best reading; where the rate lies beyond what the likelihood explains, the mean of the readings from the
    best to the one of that rate, which is surer of the rows on which the strong view is.
    """
    readings = evidence.readings
    last = evidence.best
    while rate.sharpen and last + 1 < len(readings) and readings[last].rate < rate.value:
        last += 1
    used = readings[evidence.best : last + 1]
    order = np.argsort(np.mean([r.odds for r in used], axis=0), kind="stable")
    probability = np.empty(len(order))
    probability[order] = np.sort(np.mean([r.wrong for r in used], axis=0))
    return shifted(probability, rate.value), readings[last]


def _others(
    evidence: _Evidence, at: Reading, labels: np.ndarray, wrong: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The most probable other class of each row, its probability, and the expected rows by given and true class."""
    rows, classes = np.arange(len(labels)), evidence.logits.shape[1]
    joint = at.temperature * evidence.logits + np.log(np.maximum(at.matrix, 1e-300)).T[labels]
    joint[rows, labels] = -np.inf
    shares = softmax(joint) * wrong[:, None]
    suggested = joint.argmax(axis=1)
    probability = shares[rows, suggested]
    shares[rows, labels] = 1 - wrong
    pairs = np.zeros((classes, classes))
    np.add.at(pairs, labels, shares)
    return suggested, probability, pairs
