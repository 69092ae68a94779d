"""Intervals for shares."""

from __future__ import annotations

import math

Z95 = 1.959963984540054


def wilson(successes: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson, JASA 1927); (0, 1) when there is nothing to judge by. An effective
    sample size, and the successes among it, need not be whole."""
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def paired_difference(gained: int, lost: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Interval of (gained - lost) / n, the difference of two shares of the same n rows, of which `gained` count only
    for the first share and `lost` only for the second: half a row added to each (Agresti and Min, Stat. Med. 2005)."""
    middle = (gained - lost) / (n + 2)
    half = z * math.sqrt(gained + lost + 1 - (gained - lost) ** 2 / (n + 2)) / (n + 2)
    return max(middle - half, -1.0), min(middle + half, 1.0)
