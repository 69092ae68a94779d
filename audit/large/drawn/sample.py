"""Some rows of a large table, drawn by what they hold, and what may be said of all rows by them.

A row's key is a hash of its content, of how many equal rows come before it, and of the seed; the rows of the smallest
keys are drawn. So every row is as likely as any other, which ones are drawn does not depend on blocks or machines, and
a smaller sample is a part of a larger one.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audit.large.every.copies import Sets

STEP = np.uint64(0x9E3779B97F4A7C15)
MIXERS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
CHUNK = 1 << 16
TAIL = 0.025
"""Of the draws, beyond either end of an interval."""


def drawn(hashes: np.ndarray, equal: Sets, count: int, seed: int) -> np.ndarray:
    """(count,) ascending positions of the rows of the smallest keys; all rows where there are no more.

    Args:
        hashes: (n, 2) uint64 halves of the hash of each row's content.
        equal: the rows of equal content.
        count: how many to draw.
        seed: of the audit.
    """
    if count >= len(hashes):
        return np.arange(len(hashes))
    own = keys(hashes, equal, seed)
    last = np.partition(own, count - 1)[count - 1]
    return np.flatnonzero(own <= last)[:count]


def keys(hashes: np.ndarray, equal: Sets, seed: int) -> np.ndarray:
    """(n,) uint64 by which rows are drawn, the smallest first."""
    out = np.empty(len(hashes), np.uint64)
    salt = _mixed(np.array([seed], np.int64).view(np.uint64))
    for i in range(0, len(hashes), CHUNK):
        out[i : i + CHUNK] = _mixed(hashes[i : i + CHUNK, 0] ^ salt)
    out[equal.rows] = _mixed(out[equal.rows] + STEP * _before(equal))
    return out


def _mixed(values: np.ndarray) -> np.ndarray:
    """uint64 with every bit a mix of all (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""
    values = values + STEP
    for shift, factor in MIXERS:
        values = (values ^ (values >> shift)) * factor
    return np.asarray(values ^ (values >> np.uint64(31)))


def _before(equal: Sets) -> np.ndarray:
    """(m,) how many members of a row's set come before it."""
    order = np.argsort(equal.first, kind="stable")
    first = equal.first[order]
    heads = np.flatnonzero(np.concatenate([[True], first[1:] != first[:-1]])) if len(first) else order
    before = np.empty(len(order), np.uint64)
    before[order] = np.arange(len(order)) - np.repeat(heads, np.diff(np.append(heads, len(order))))
    return before


@dataclass(frozen=True)
class Share:
    """How many of all rows have something, by those of a sample of them that have it."""

    hits: int
    drawn: int
    rows: int

    @property
    def rate(self) -> float:
        """The sample's share."""
        return self.hits / self.drawn

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The exact 95 % interval of the share of all rows: no more of them have it than would leave so few among the drawn
        ones in 2.5 % of draws, and no fewer than would bring so many there (Clopper, Pearson: The use of confidence or
        fiducial limits, 1934, here for rows that are not put back)."""
        if self.drawn >= self.rows:
            return self.rate, self.rate

        def many(count: int) -> bool:
            return 1 - _at_most(self.hits - 1, self.drawn, count, self.rows) >= TAIL

        def few(count: int) -> bool:
            return _at_most(self.hits, self.drawn, count, self.rows) < TAIL

        # at least what was seen, and not what was seen to be otherwise
        counts = range(self.hits, self.rows - self.drawn + self.hits + 1)
        low, above = (bisect_left(counts, 1, key=seen) for seen in (many, few))
        return counts[low] / self.rows, counts[above - 1] / self.rows

    def measures(self, prefix: str = "") -> dict[str, float]:
        """The count and the rate as measures."""
        return {f"{prefix}count": round(self.rate * self.rows), f"{prefix}rate": self.rate}

    def intervals(self, prefix: str = "") -> dict[str, list[float]]:
        """Their intervals."""
        low, high = self.ends
        count: list[float] = [math.floor(low * self.rows + 1e-9), math.ceil(high * self.rows - 1e-9)]
        return {f"{prefix}count": count, f"{prefix}rate": [low, high]}


def _at_most(hits: int, drawn: int, count: int, rows: int) -> float:
    """The probability that among the rows drawn there are no more than `hits` of the `count` that have something."""
    from scipy.special import gammaln

    def ways(of: Any, some: Any) -> Any:
        return gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1)

    x = np.arange(max(0, drawn - (rows - count)), min(hits, count) + 1)
    return float(np.exp(ways(count, x) + ways(rows - count, drawn - x) - ways(rows, drawn)).sum())


def told(what: str, share: Share) -> str:
    """What a reader must know of an estimate."""
    low, high = share.ends
    if share.drawn >= share.rows:
        return f"{what}: all {share.rows:,} rows were drawn, so the sample leaves nothing open"
    return (
        f"{what}: {share.rate:.2%} ({low:.2%} to {high:.2%}) is estimated from {share.drawn:,} of {share.rows:,} rows, each "
        f"held against all; a limit is held against the upper end"
    )


def sampled(drawn: int, rows: int, intervals: Mapping[str, Any]) -> dict[str, Any]:
    """What a check that looked at a sample puts among its details."""
    return {"sampled": {"rows": drawn, "of": rows}, "intervals": dict(intervals)}
