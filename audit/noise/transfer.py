"""The estimate carried over to rows that had no part in it: the same posterior, by what was learnt from those that had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.noise.cut import log_odds, logistic
from audit.noise.matrix import Reading
from audit.noise.pool import softmax
from audit.noise.refit import SoftHeads


@dataclass(frozen=True, eq=False)
class Second:
    """What the second stage's views are made of."""

    heads: SoftHeads
    votes: np.ndarray
    """(m, K) soft labels that the rows learnt from vote with."""


@dataclass(frozen=True)
class Explained:
    """How a reading explains labels."""

    temperature: float
    matrix: np.ndarray

    @classmethod
    def by(cls, reading: Reading) -> Explained:
        """Without what it says of the rows it was read from."""
        return cls(reading.temperature, reading.matrix)

    def joint(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """(n, K) log p(class, given label), but for a constant a row."""
        return np.asarray(self.temperature * logits + np.log(np.maximum(self.matrix, 1e-300)).T[labels])

    def odds(self, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """(n,) log-odds that the label is wrong."""
        joint, rows = self.joint(logits, labels), np.arange(len(labels))
        right = joint[rows, labels].copy()
        joint[rows, labels] = -np.inf
        most = joint.max(axis=1)
        return np.asarray(most + np.log(np.exp(joint - most[:, None]).sum(axis=1)) - right)


@dataclass(frozen=True, eq=False)
class Others:
    """What is said of rows that had no part in the estimate."""

    wrong: np.ndarray
    """(n,) probability that the label is wrong."""
    suggested: np.ndarray
    """(n,) the most probable other class."""
    probability: np.ndarray
    """(n,) that it is the true one."""
    pairs: np.ndarray
    """(K, K) expected rows given as the first class whose true class is the second."""


@dataclass(frozen=True, eq=False)
class Transfer:
    """What an estimate learnt, without its rows."""

    powers: np.ndarray
    """(views,) of the evidence, the second stage's views last."""
    second: Second | None
    """None where the second stage was left out."""
    ordering: tuple[Explained, ...]
    """The readings whose mean log-odds order the rows."""
    at: Explained
    """The reading by which other classes are suggested."""
    odds: np.ndarray
    """(m,) ascending mean log-odds of the rows learnt from."""
    wrong: np.ndarray
    """(m,) the probabilities that those rows were given, ascending too."""

    def judge(self, logs: np.ndarray, labels: np.ndarray) -> Others:
        """Judge rows by their views: the probability that a row learnt from would have had at the same log-odds.

        Args:
            logs: (views, n, K) `logarithms` of views made as those of the estimate were, in the same order.
            labels: (n,) given labels.
        """
        logits = np.tensordot(self.powers, logs, 1)
        wrong = self._at(np.mean([e.odds(logits, labels) for e in self.ordering], axis=0))
        suggested, probability, pairs = other_classes(self.at, logits, labels, wrong)
        return Others(wrong, suggested, probability, pairs)

    def _at(self, odds: np.ndarray) -> np.ndarray:
        """(n,) probabilities, log-odds to log-odds between the rows learnt from, and at the same step beyond them."""
        if self.wrong[-1] <= 0:
            return np.zeros(len(odds))
        known, first = np.unique(self.odds, return_index=True)
        moved = np.interp(odds, known, log_odds(self.wrong[first]))
        moved += np.minimum(odds - known[0], 0) + np.maximum(odds - known[-1], 0)
        return logistic(moved)


def other_classes(
    at: Explained, logits: np.ndarray, labels: np.ndarray, wrong: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The most probable other class of each row, its probability, and the expected rows by given and true class."""
    rows, classes = np.arange(len(labels)), logits.shape[1]
    joint = at.joint(logits, labels)
    joint[rows, labels] = -np.inf
    shares = softmax(joint) * wrong[:, None]
    suggested = joint.argmax(axis=1)
    probability = shares[rows, suggested]
    shares[rows, labels] = 1 - wrong
    pairs = np.zeros((classes, classes))
    np.add.at(pairs, labels, shares)
    return suggested, probability, pairs
