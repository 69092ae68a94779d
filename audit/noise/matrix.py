"""The noise matrix T, T_kj = p(given label j | true class k), and how far it can be read from one evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.noise.pool import softmax

SUREST = 0.2
"""Share of each predicted class that serves as its anchor. The disagreement of the surest rows with their labels is
noise, that of the rest is noise and error of the model; on noise that does not depend on the row it is flat up to there
even for weak evidence."""
FEWEST = 50
"""Anchors a class, at least, or half of it."""
STRENGTHS = np.geomspace(1, 3000, 25)
STEPS = 12
TEMPERATURES = np.geomspace(0.6, 8.0, 12)


@dataclass(frozen=True, eq=False)
class NoiseMatrix:
    """T, shrunken towards one rate and the labels' own shares as strongly as the classes resemble each other."""

    values: np.ndarray
    """(K, K), rows sum to 1."""
    rate: float
    """Share of wrong labels under T, classes weighted as they are predicted."""
    strengths: tuple[float, float]
    """Prior rows a class counts for, of the rate and of where the errors go: empirical Bayes."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One explanation of the labels: how sharp the truth is, and what noise that leaves."""

    temperature: float
    loss: float
    """Mean negative log-likelihood of the given labels, and a prior's part that is worth one row: log temperature is
    normal, standard deviation 1."""
    matrix: np.ndarray
    wrong: np.ndarray
    """(n,) probability that the label is wrong."""
    odds: np.ndarray
    """(n,) its log-odds, which still order rows where the probability rounds to 0 or 1."""

    @property
    def rate(self) -> float:
        """Expected share of wrong labels."""
        return float(self.wrong.mean())


def anchored(truth: np.ndarray, labels: np.ndarray) -> NoiseMatrix:
    """T from anchors: the labels found on the surest rows of each predicted class (Liu and Tao, TPAMI 2016), whose
    class is taken for true.

    No likelihood is involved, so this cannot call noise uncertainty. If labels are no less reliable on hard rows than
    on easy ones it underestimates the noise, never overestimates it by more than the model errs on its surest rows.
    """
    n, classes = truth.shape
    looks, sure = truth.argmax(axis=1), truth.max(axis=1)
    size = np.bincount(looks, minlength=classes)
    order = np.lexsort((np.arange(n), -sure, looks))
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.arange(n) - np.repeat(starts, size)
    kept = np.minimum(np.maximum(np.ceil(SUREST * size), FEWEST), np.maximum(size // 2, 1))
    anchors = order[rank < np.repeat(kept, size)]
    counts = np.zeros((classes, classes))
    np.add.at(counts, (looks[anchors], labels[anchors]), 1)
    shares = np.bincount(labels, minlength=classes) / n
    strengths = _strengths(counts, shares)
    values = _shrunken(counts, shares, strengths)
    return NoiseMatrix(values, float((1 - np.diag(values)) @ size / n), strengths)


def read(logs: np.ndarray, labels: np.ndarray, start: NoiseMatrix) -> list[Reading]:
    """Explanations of the labels from a dull truth to a sharp one: each class's rate by EM at each of
    `TEMPERATURES`.

    A class is never called cleaner than its anchors are, since a dull truth explains any labels without noise.

    Args:
        logs: (n, K) logits of the pooled evidence; 1 is its own temperature.
        labels: (n,) given labels.
        start: from `anchored`.
    """
    clean, out, n = np.diag(start.values), [], len(labels)
    rate = 1 - clean
    elsewhere = start.values - np.diag(clean)
    elsewhere = elsewhere / np.maximum(elsewhere.sum(axis=1, keepdims=True), 1e-12)
    reach = elsewhere.T[labels]
    for temperature in TEMPERATURES:
        truth = softmax(temperature * logs)
        own = truth[np.arange(n), labels]
        strays = truth * reach
        rate = _rates(own, strays, labels, rate, start)
        right, other = _likelihoods(own, strays, labels, rate)
        loss = float(np.log(temperature) ** 2 / 2 / n - np.log(right + other).mean())
        matrix = elsewhere * rate[:, None] + np.diag(1 - rate)
        out.append(Reading(float(temperature), loss, matrix, other / (right + other), np.log(other) - np.log(right)))
    return out


def _rates(own: np.ndarray, strays: np.ndarray, labels: np.ndarray, rate: np.ndarray, start: NoiseMatrix) -> np.ndarray:
    """(K,) each class's noise rate by EM from all rows, where its errors go as the anchors say.

    Where errors go cannot be learnt from doubtful rows: the classes that a model confuses would be taken for the ones
    that the labellers confuse.

    Args:
        own: (n,) truth_i,y_i.
        strays: (n, K) truth_ik times where errors of class k go, at the given label.
        labels: (n,) given labels.
        rate: (K,) to start from.
        start: below whose rates none falls.
    """
    strength, least = start.strengths[0], 1 - np.diag(start.values)
    for _ in range(STEPS):
        right, other = _likelihoods(own, strays, labels, rate)
        kept = np.bincount(labels, weights=right / (right + other), minlength=len(rate))
        lost = rate * (strays.T @ (1 / (right + other)))
        mean = lost.sum() / len(labels)
        rate = np.clip(np.maximum((lost + strength * mean) / (kept + lost + strength), least), 1e-6, 1 - 1e-6)
    return rate


def _likelihoods(
    own: np.ndarray, strays: np.ndarray, labels: np.ndarray, rate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) p(given label, it is right) and p(given label, it is wrong)."""
    return np.maximum(own * (1 - rate)[labels], 1e-300), np.maximum(strays @ rate, 1e-300)


def _elsewhere(shares: np.ndarray) -> np.ndarray:
    """(K, K) where a wrong label of each class would go if it followed the labels' shares."""
    out = np.repeat(shares[None], len(shares), axis=0)
    np.fill_diagonal(out, 0)
    return np.asarray(out / np.maximum(out.sum(axis=1, keepdims=True), 1e-12))


def _shrunken(counts: np.ndarray, shares: np.ndarray, strengths: tuple[float, float]) -> np.ndarray:
    """The posterior mean of T: each class's rate towards the mean rate, where its errors go towards the shares."""
    rows = counts.sum(axis=1)
    off = counts.copy()
    np.fill_diagonal(off, 0)
    errors = off.sum(axis=1)
    mean = errors.sum() / max(rows.sum(), 1e-12)
    rate = np.clip((errors + strengths[0] * mean) / (rows + strengths[0]), 1e-6, 1 - 1e-6)
    out = (off + strengths[1] * _elsewhere(shares)) / (errors + strengths[1])[:, None] * rate[:, None]
    np.fill_diagonal(out, 0)
    np.fill_diagonal(out, 1 - out.sum(axis=1))
    return np.asarray(out)


def _strengths(counts: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """Both priors' strengths by marginal likelihood, beta-binomial and Dirichlet-multinomial: the mean over `STRENGTHS`,
    not the maximum, which a handful of errors would put at either end."""
    from scipy.special import gammaln

    rows = counts.sum(axis=1)
    off = counts.copy()
    np.fill_diagonal(off, 0)
    errors = off.sum(axis=1)
    mean = min(max((errors.sum() + 0.5) / (rows.sum() + 1), 1e-6), 1 - 1e-6)
    base = _elsewhere(shares)
    possible = base > 0

    def of_rates(m: float) -> float:
        a, b = m * mean, m * (1 - mean)
        inside = gammaln(errors + a) - gammaln(a) + gammaln(rows - errors + b) - gammaln(b)
        return float((inside + gammaln(m) - gammaln(rows + m)).sum())

    def of_places(m: float) -> float:
        prior = np.where(possible, m * base, 1.0)
        inside = np.where(possible, gammaln(off + prior) - gammaln(prior), 0.0).sum(axis=1)
        return float((inside + gammaln(m) - gammaln(errors + m)).sum())

    return _mean(of_rates), _mean(of_places)


def _mean(likelihood: Callable[[float], float]) -> float:
    """The geometric mean of the strengths, weighted by their likelihood."""
    logs = np.array([likelihood(m) for m in STRENGTHS])
    weights = np.exp(logs - logs.max())
    return float(np.exp(weights @ np.log(STRENGTHS) / weights.sum()))
