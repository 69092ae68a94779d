"""How far a statistic of this data moves from one sample to the next, so that an inferred demand does not flap.

The data is cut into two random halves `HALVES` times. A half without replacement has the sampling variance that the
whole has about its population (1/(n/2) - 1/n = 1/n), so its deviations are of the size that a fresh sample's are, up to
the square root of two. The largest of 20 lies at about two standard deviations; `FACTOR` times it at six, where one
demand in many thousands fails by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.suite import Expectation, Limit

HALVES = 20
FACTOR = 3
CHANCE = 10
"""Rows. After none was seen among n, a second n holds ten or more with probability 2^-10 (a flat prior on the rate)."""


@dataclass(frozen=True)
class Inferred:
    """A demand, and what it came from."""

    demand: Expectation | Limit
    because: str


@dataclass(frozen=True)
class Inference:
    """A whole suite to begin with."""

    demands: tuple[Inferred, ...]
    left_out: tuple[str, ...] = ()
    """What nothing is demanded of, and why."""


@dataclass(frozen=True)
class End:
    """One end of a column's range."""

    bound: float
    because: str


def halves(n: int, seed: int) -> np.ndarray:
    """(HALVES, n) bool: which rows are in the first half of each cut."""
    rng = np.random.default_rng([seed, n])
    order = np.argsort(rng.random((HALVES, n)), axis=1)
    return np.asarray(order < n // 2)


def deviation(values: np.ndarray, statistic: Callable[[np.ndarray], float], cuts: np.ndarray) -> float:
    """The largest distance between the statistic of a half and that of the whole."""
    whole = statistic(values)
    return max(abs(statistic(values[cut]) - whole) for cut in cuts)


def upper_end(values: np.ndarray, cuts: np.ndarray) -> End | None:
    """The bound above which a fresh sample has no value; None where one half outdoes the other by too much to say.

    Exact where values pile up at the end, as they do at a true bound; else with room of the distance from the median
    to the end, of `FACTOR` times the farthest that one half reaches beyond another, or of as many of the last gap.
    """
    top = np.unique(values)[::-1]
    at_end = int((values == top[0]).sum())
    if len(top) == 1 or (at_end >= CHANCE and at_end >= (values == top[1]).sum()):
        return End(float(top[0]), f"{at_end:,} rows stand at {top[0]:.6g} and none beyond it")
    reach = max(abs(values[cut].max() - values[~cut].max()) for cut in cuts)
    span = float(top[0] - top[-1])
    if FACTOR * reach > span:
        return None
    beyond_median = float(top[0] - np.median(values))
    room = max(FACTOR * reach, beyond_median, FACTOR * float(top[0] - top[1]))
    return End(float(top[0]) + room, f"{top[0]:.6g} is the farthest, {room:.3g} is room")


def rounded_up(value: float, digits: int = 3) -> float:
    """The next larger number of so many significant digits."""
    if value == 0:
        return 0.0
    scale = 10.0 ** (digits - 1 - int(np.floor(np.log10(abs(value)))))
    return float(f"{np.ceil(round(value * scale, 6)) / scale:.12g}")


def rounded_down(value: float, digits: int = 3) -> float:
    """The next smaller number of so many significant digits."""
    return -rounded_up(-value, digits)
