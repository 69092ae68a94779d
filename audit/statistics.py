"""Intervals for shares."""

from __future__ import annotations

import math
from collections.abc import Callable

Z95 = 1.959963984540054


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share (Wilson, JASA 1927); (0, 1) when there is nothing to judge by. An effective
    sample size, and the successes among it, need not be whole."""
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    square = Z95 * Z95
    centre = (p + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(p * (1 - p) / n + square / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def paired_difference(gained: int, lost: int, n: int) -> tuple[float, float]:
    """The 95 % interval of (gained - lost) / n, the difference of two shares of the same n rows, of which `gained` count only
    for the first share and `lost` only for the second: Tango's score interval (Stat. Med. 1998). 0 lies outside where
    McNemar's test says that the shares differ."""
    found = (gained - lost) / n

    def beyond(true: float) -> bool:
        """Whether what was found would be too far from such a difference."""
        b = (2 * n - gained + lost) * true - gained - lost
        # the likeliest share of `lost` rows, given that difference
        share = (math.sqrt(max(b * b + 8 * n * lost * true * (1 - true), 0.0)) - b) / (4 * n)
        return n * (found - true) ** 2 > Z95 * Z95 * (2 * share + true * (1 - true))

    return _edge(found, -1.0, beyond), _edge(found, 1.0, beyond)


def _edge(inside: float, outside: float, beyond: Callable[[float], bool]) -> float:
    """Where, between a value that is inside and one that may not be, the inside ends."""
    if not beyond(outside):
        return outside
    for _ in range(50):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if beyond(middle) else (middle, outside)
    return inside
