"""Which rows to flag when each has a probability of being wrong, and what to expect of the flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.errors import InputError


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
    inside = np.clip(probability, 1e-12, 1 - 1e-9)
    odds = np.log(inside) - np.log1p(-inside)
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(_logistic(odds + middle).mean()) < rate:
            low = middle
        else:
            high = middle
    return _logistic(odds + (low + high) / 2)


def _logistic(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))


def best_f1(probability: np.ndarray) -> Flags:
    """The most probable rows, as many as maximise the expected F1 = 2 sum_flagged p / (flagged + sum p)."""
    order, total = _worst_first(probability)
    if not len(order) or probability[order[0]] <= 0:
        return _first(probability, order, 0)
    expected = 2 * total / (np.arange(1, len(order) + 1) + total[-1])
    return _first(probability, order, int(expected.argmax()) + 1)


def at_precision(probability: np.ndarray, precision: float, *, by: np.ndarray | None = None) -> Flags:
    """The longest list whose expected precision is at least `precision`, in (0, 1].

    Args:
        probability: (n,) of being wrong.
        precision: the share of the list that is to be wrong.
        by: (n,) qualities, lowest first on the list; by default the most probable rows are.
    """
    if not 0 < precision <= 1:
        raise InputError(f"precision must lie in (0, 1], this is {precision:g}")
    order, total = _worst_first(probability, by)
    enough = total / np.arange(1, len(order) + 1) >= precision
    return _first(probability, order, int(np.flatnonzero(enough)[-1]) + 1 if enough.any() else 0)


def at_budget(probability: np.ndarray, budget: int, *, by: np.ndarray | None = None) -> Flags:
    """The `budget` most probable rows, or those of the lowest quality `by`."""
    if budget < 0:
        raise InputError(f"a budget is a number of rows, this is {budget}")
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
