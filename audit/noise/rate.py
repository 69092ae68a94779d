"""The noise rate: what the likelihood reads of the labels, and what the agreement of different views adds to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.noise.agreement import between, evenness, least, same_everywhere, stronger, triangulated
from audit.noise.floor import floor_low
from audit.noise.matrix import SUREST, NoiseMatrix, Reading
from audit.noise.pool import logarithms, softmax
from audit.noise.transfer import Second

AS_GOOD = 0.01
"""An explanation of the labels is as good as the best when its loss is at most this share larger. The sharpest truth among
them is believed: unsure models are more common than unsure truths (the minimum-volume principle for noise matrices,
Li et al., ICML 2021)."""
HIDDEN = 3.0
"""Agreement may raise the likelihood's rate at most so many times. A strong model of human labels hides half to three
quarters of their noise as its own unsureness; on clean labels its errors are over twenty times what likelihood reads."""
MOST = 0.5
"""Evidence that contradicts a larger share of the labels is not believed on how many are wrong at least."""
Z = 1.96
POINTS = 7
"""Rates that stand for a range in which any is as likely."""
AGREEMENT = "agreement: the probabilities brought make at most half the errors of the views made here"
EVERYWHERE = "likelihood: the strong view disagrees with the labels as often where it is surest, so noise does not depend on rows"
ALONE = (
    "one view: nothing tells its unsureness from noise; any rate between what the likelihood reads and the view's "
    "disagreement with the labels is as likely"
)
LIKELIHOOD = "likelihood: no view is so much stronger than the others that their agreement tells noise from unsureness"


@dataclass(frozen=True, eq=False)
class Evidence:
    """Pooled evidence, and the readings of the labels that it allows."""

    names: tuple[str, ...]
    powers: np.ndarray
    """(views,) of the pool."""
    logits: np.ndarray
    anchors: NoiseMatrix
    readings: Sequence[Reading]
    notes: tuple[str, ...]
    again: tuple[np.ndarray, ...]
    """(n,) predicted classes of the second stage's views, where there are any."""
    second: Second | None = None
    """What those are made of."""

    @property
    def weights(self) -> np.ndarray:
        """(views,) the powers as shares of their sum."""
        return np.asarray(self.powers / self.powers.sum())

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
class Possible:
    """A rate that the evidence allows."""

    rate: float
    share: float
    """Probability of it."""
    sharp: bool = True
    """Whether a rate beyond what the likelihood explains means that the truth is sharper than its best reading, and not
    that rows of which the evidence is unsure are wrong more often."""


@dataclass(frozen=True)
class Rate:
    """What there is to be said of the noise rate."""

    possible: tuple[Possible, ...]
    low: float
    high: float
    why: str
    evenness: float
    """Probability that noise does not depend on the row."""
    beyond: bool
    """Whether a strong view carries the rate beyond what the likelihood explains."""

    @property
    def most(self) -> float:
        """The highest that is possible."""
        return max(p.rate for p in self.possible)


def rate_of(evidence: Evidence, views: Mapping[str, np.ndarray], labels: np.ndarray, cheap: Collection[str]) -> Rate:
    """Which rates there may be.

    Args:
        evidence: all views, pooled and read.
        views: (n, K) by name, those of the first stage.
        labels: (n,) given labels.
        cheap: names of the views made of the data's own features.
    """
    n = len(labels)
    weak = [views[c].argmax(axis=1) for c in cheap]
    pairs = evidence.pairs(weak)
    read = _believed(_likelihood(evidence, labels, pairs), evidence, labels)
    brought = [v for name, v in views.items() if name not in cheap]
    strong = softmax(logarithms(brought).mean(axis=0)) if brought else None
    if strong is not None and weak and stronger(strong.argmax(axis=1), weak, labels):
        return _agreed(read, strong, weak, labels)
    if strong is not None and not weak:
        rates = np.linspace(read.likely, min(read.apart, HIDDEN * read.likely), POINTS)
        possible = tuple(Possible(float(r), 1 / POINTS) for r in rates)
        return Rate(possible, *_range(read.least, read.apart, n), ALONE, 0.0, beyond=True)
    high = max([read.likely, *(triangulated(a, b, labels) for a, b in pairs)])
    even = evenness(softmax(evidence.logits), labels, SUREST)
    uneven = (Possible(read.likely, (1 - even) / 2, sharp) for sharp in (True, False))
    limits = _range(read.least, min(read.apart, high), n)
    return Rate((Possible(read.even, even), *uneven), *limits, LIKELIHOOD, even, beyond=False)


@dataclass(frozen=True)
class _Likelihood:
    """What the pooled evidence alone says."""

    best: float
    """Of the reading that explains the labels best."""
    even: float
    """If noise does not depend on the row: that, raised towards the anchors' rate by as much as they are surer."""
    likely: float
    """If it is rarer where the evidence is surer, as people's errors are: of the sharpest reading as good."""
    least: float
    apart: float
    """Disagreement with the labels."""


def _likelihood(evidence: Evidence, labels: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> _Likelihood:
    apart = float((evidence.logits.argmax(axis=1) != labels).mean())
    best, floor = evidence.readings[evidence.best].rate, evidence.anchors.rate
    sampling = _se(floor, max(round(SUREST * len(labels)), 1))
    shared = max((least(a, b, labels) for a, b in pairs), default=0.0)
    likely = min(max(evidence.sharpest, floor - Z * sampling, shared), apart)
    # how far readings of equal merit differ is how little the likelihood knows, as sampling error is for the anchors
    unknown = max(likely - best, 0.0)
    raised = best + unknown**2 / (unknown**2 + sampling**2) * max(floor - best, 0.0)
    even = min(max(raised, shared), likely)
    return _Likelihood(best, even, likely, max(0.0, min(best, floor, likely) - (likely - best)), apart)


def _believed(read: _Likelihood, evidence: Evidence, labels: np.ndarray) -> _Likelihood:
    """Evidence that contradicts most labels is no judge of how many are wrong at least: what is left of that bound is
    where its disagreement stops falling."""
    if read.apart <= MOST:
        return read
    return replace(read, least=min(read.least, floor_low(softmax(evidence.logits), labels)))


def _agreed(read: _Likelihood, strong: np.ndarray, weak: Sequence[np.ndarray], labels: np.ndarray) -> Rate:
    """A view that is far stronger than the others tells by its agreement with them, unless noise is even.

    Its errors on rows labelled rightly are all that triangulation calls errors, or none (`Agreement.hard`).
    """
    n = len(labels)
    found = between(strong.argmax(axis=1), weak, labels)
    low = min(read.best, read.likely, found.low)
    if same_everywhere(strong, labels):
        limits = _range(low, max(found.high, read.likely), n)
        return Rate((Possible(read.even, 1.0),), *limits, EVERYWHERE, 1.0, beyond=False)
    most = HIDDEN * read.likely
    possible = (Possible(min(found.low, most), 1 - found.hard), Possible(min(found.high, most), found.hard))
    return Rate(possible, *_range(low, found.high, n), AGREEMENT, 0.0, beyond=True)


def _range(low: float, high: float, n: int) -> tuple[float, float]:
    """Widened by rows on which view and label make the same error, as rare as if by chance, and by sampling error."""
    low = max(low, 0.0)
    high = max(high, low)
    return widened(low, high + low * (high - low), n)


def widened(low: float, high: float, n: int) -> tuple[float, float]:
    """Two shares of n rows with their sampling errors taken off and added."""
    return max(0.0, low - Z * _se(low, n)), min(1.0, high + Z * _se(high, n))


def _se(rate: float, n: int) -> float:
    return float(np.sqrt(max(rate * (1 - rate), 1 / n) / n))
