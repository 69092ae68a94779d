"""Which rows to flag when each has a probability of being wrong, and what to expect of the flags."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audit.errors import InputError

CHUNK = 1 << 20
"""Rows looked at at a time where there are many."""
LEAST, MOST = 1e-12, 1 - 1e-9
"""Probabilities are held between these where their log-odds are taken."""


@dataclass(frozen=True, eq=False)
class Flags:
    """Rows chosen, worst first in doubt, with what their probabilities promise."""

    flagged: np.ndarray
    """(n,) bool."""
    precision: float
    """Expected share of the flagged that are wrong; 1 where nothing is flagged."""
    recall: float
    """Expected share of the wrong that are flagged; 1 where nothing is expected to be wrong."""

    @property
    def count(self) -> int:
        """How many rows are flagged."""
        return int(self.flagged.sum())


def shifted(probability: np.ndarray, rate: float) -> np.ndarray:
    """(n,) the same order and the mean `rate`: all log-odds moved by one constant."""
    if rate <= 0:
        return np.zeros_like(probability)
    if rate >= 1:
        return np.ones_like(probability)
    odds = log_odds(probability)
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(logistic(odds + middle).mean()) < rate:
            low = middle
        else:
            high = middle
    return logistic(odds + (low + high) / 2)


def log_odds(probability: np.ndarray) -> np.ndarray:
    """(n,) log p / (1 - p)."""
    inside = np.clip(probability, LEAST, MOST)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def logistic(x: np.ndarray) -> np.ndarray:
    """(n,) the probabilities of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))


def best_f1(probability: np.ndarray) -> Flags:
    """The most probable rows, as many as maximise the expected F1: 2 sum_flagged p / (flagged + sum p), and for no flags
    prod (1 - p), the probability that nothing is wrong and they are perfect."""
    order, total = _worst_first(probability)
    if not len(order):
        return _first(probability, order, 0)
    expected = 2 * total / (np.arange(1, len(order) + 1) + total[-1])
    none = float(np.prod(1 - probability))
    return _first(probability, order, int(expected.argmax()) + 1 if expected.max() > none else 0)


def flags_of_many(score: np.ndarray, precision: float | None = None, budget: int | None = None) -> np.ndarray:
    """(n,) bool: the flags of `best_f1`, `at_precision` or `at_budget` by qualities 1 - p, in few bytes a row. A row
    without one (NaN) has no flag."""
    _possible(precision, budget)
    ordered = np.sort(score[~np.isnan(score)])
    if budget is not None:
        count = min(budget, len(ordered))
    else:
        count = _longest(ordered, precision) if precision is not None else _best(ordered)
    if not count:
        return np.zeros(len(score), bool)
    last = ordered[count - 1]
    flagged = np.asarray(score < last)
    flagged[np.flatnonzero(score == last)[: count - int(flagged.sum())]] = True
    return flagged


def _best(ordered: np.ndarray) -> int:
    """How many of ascending qualities maximise the expected F1, as in `best_f1`."""
    everything = sum(float(found[-1]) for _, found in _found(ordered))
    best = math.prod(float(np.prod(ordered[i : i + CHUNK], dtype="float64")) for i in range(0, len(ordered), CHUNK))
    count, before = 0, 0.0
    for i, found in _found(ordered):
        expected = 2 * (before + found) / (np.arange(i + 1, i + len(found) + 1) + everything)
        place = int(expected.argmax())
        if expected[place] > best:
            best, count = float(expected[place]), i + place + 1
        before += float(found[-1])
    return count


def _longest(ordered: np.ndarray, precision: float) -> int:
    """How many of ascending qualities are the longest list of an expected precision."""
    count, before = 0, 0.0
    for i, found in _found(ordered):
        enough = (before + found) / np.arange(i + 1, i + len(found) + 1) >= precision
        count = i + int(np.flatnonzero(enough)[-1]) + 1 if enough.any() else count
        before += float(found[-1])
    return count


def _found(ordered: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """How many wrong labels are expected among the first of each chunk of ascending qualities: (its start, those)."""
    for i in range(0, len(ordered), CHUNK):
        yield i, np.cumsum(1.0 - ordered[i : i + CHUNK].astype("float64"))


def _possible(precision: float | None, budget: int | None) -> None:
    if precision is not None and not 0 < precision <= 1:
        raise InputError(f"precision must lie in (0, 1], this is {precision:g}")
    if budget is not None and budget < 0:
        raise InputError(f"a budget is a number of rows, this is {budget}")


def at_precision(probability: np.ndarray, precision: float, *, by: np.ndarray | None = None) -> Flags:
    """The longest list whose expected precision is at least `precision`, in (0, 1].

    Args:
        probability: (n,) of being wrong.
        precision: the share of the list that is to be wrong.
        by: (n,) qualities, lowest first on the list; by default the most probable rows are.
    """
    _possible(precision, None)
    order, total = _worst_first(probability, by)
    enough = total / np.arange(1, len(order) + 1) >= precision
    return _first(probability, order, int(np.flatnonzero(enough)[-1]) + 1 if enough.any() else 0)


def at_budget(probability: np.ndarray, budget: int, *, by: np.ndarray | None = None) -> Flags:
    """The `budget` most probable rows, or those of the lowest quality `by`."""
    _possible(None, budget)
    return _first(probability, _worst_first(probability, by)[0], budget)


def _worst_first(probability: np.ndarray, by: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-probability if by is None else by, kind="stable")
    return order, np.cumsum(probability[order])


def _first(probability: np.ndarray, order: np.ndarray, count: int) -> Flags:
    flagged = np.zeros(len(order), dtype=bool)
    flagged[order[:count]] = True
    found, everything = float(probability[flagged].sum()), float(probability.sum())
    precision = found / flagged.sum() if flagged.any() else 1.0
    return Flags(flagged, float(precision), found / everything if everything > 0 else 1.0)
