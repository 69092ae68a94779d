"""Paired differences with intervals that cross seeds and test rows, and verdicts that own up to what they cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

ALPHA = 0.05
FEWEST_SEEDS = 3
MOST_SEEDS = 100
POWER = 0.8


def _quantile(freedom: float | np.ndarray, p: float) -> np.ndarray:
    """Student's t, as scipy.stats has it but ten times as fast."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(freedom, p))


@dataclass(frozen=True)
class Difference:
    """A mean difference, its standard error and the degrees of freedom of that error."""

    mean: float
    error: float
    freedom: float
    seed_variance: float
    """The part of error**2 that more seeds would shrink."""
    seeds: int

    def interval(self, alpha: float = ALPHA) -> tuple[float, float]:
        """The interval at level 1 - alpha."""
        half = float(_quantile(self.freedom, 1 - alpha / 2)) * self.error
        return self.mean - half, self.mean + half

    @property
    def p(self) -> float:
        """Two-sided p-value of no difference."""
        from scipy.special import stdtr

        if self.error == 0:
            return 1.0 if self.mean == 0 else 0.0
        return float(2 * stdtr(self.freedom, -abs(self.mean) / self.error))

    def smallest_detectable(self, alpha: float = ALPHA) -> float:
        """The true difference that would have been shown with probability `POWER`."""
        return float(_quantile(self.freedom, 1 - alpha / 2) + _quantile(self.freedom, POWER)) * self.error

    def seeds_needed(self, alpha: float = ALPHA, worth: float = 0.0) -> int | None:
        """How many seeds in all would settle it with probability `POWER` if the difference seen is the true one: show
        it, or show that it lies within `worth` of 0; None beyond `MOST_SEEDS`.

        By Student's t, not the normal: with few seeds most of an interval's width is that nobody knows their spread.
        Where a family knows it better than the seeds alone do, it is taken to do so with more seeds as well.
        """
        seeds = np.arange(self.seeds + 1, MOST_SEEDS + 1)
        rest = max(self.error**2 - self.seed_variance, 0.0)
        doubt, alone = self.error**4 / self.freedom, self.seed_variance**2 / (self.seeds - 1)
        of_rest = max(doubt - alone, 0.0)
        by_seed = self.seed_variance * self.seeds / seeds
        spread = by_seed**2 / (seeds - 1) * (min(doubt / alone, 1.0) if alone else 1.0) + of_rest
        error = np.sqrt(rest + by_seed)
        freedom = np.maximum(np.divide(error**4, spread, out=seeds - 1.0, where=spread > 0), 1.0)
        half = _quantile(freedom, 1 - alpha / 2) * error
        shown = abs(self.mean) >= half + _quantile(freedom, POWER) * error
        # near 0 the estimate may err to either side
        within = abs(self.mean) + half + _quantile(freedom, (1 + POWER) / 2) * error <= worth
        enough = np.flatnonzero(shown | within)
        return int(seeds[enough[0]]) if len(enough) else None


def crossed(differences: np.ndarray) -> Difference:
    """The mean of a seeds x test rows matrix of paired differences, both taken as samples.

    With the two-way random model d = mu + seed + row + rest, the variance of the mean is
    V_seeds + V_rows - V_rest, where V_seeds = var(seed means) / S and V_rows = var(row means) / T each hold the rest's
    share once. Degrees of freedom are Satterthwaite's (Biometrics Bulletin, 1946).

    Args:
        differences: (S, T), at least 2 seeds and 2 rows.
    """
    seeds, rows = differences.shape
    mean = float(differences.mean())
    by_seed, by_row = differences.mean(axis=1), differences.mean(axis=0)
    rest = differences - by_seed[:, None] - by_row[None] + mean
    v_seed = float(by_seed.var(ddof=1)) / seeds
    v_row = float(by_row.var(ddof=1)) / rows
    v_rest = float((rest**2).sum()) / ((seeds - 1) * (rows - 1)) / (seeds * rows)
    variance = max(v_seed + v_row - v_rest, v_seed, v_row)
    spread = v_seed**2 / (seeds - 1) + v_row**2 / (rows - 1) + v_rest**2 / ((seeds - 1) * (rows - 1))
    freedom = variance**2 / spread if spread > 0 else float(seeds - 1)
    # V_rows - V_rest is what no number of seeds takes away
    shrinks = max(variance - max(v_row - v_rest, 0.0), v_seed)
    return Difference(mean, math.sqrt(variance), max(freedom, 1.0), shrinks, seeds)


def crossed_shares(differences: np.ndarray) -> Difference:
    """As `crossed`, for differences of right (1) and wrong (0), with the variance of one more test row that differs
    (Agresti and Min, Statistics in Medicine, 2005): where hardly any row differs, the spread seen says little about the
    rows not seen, and where none does it says there is none."""
    return one_more_row(crossed(differences), differences)


def one_more_row(found: Difference, differences: np.ndarray) -> Difference:
    """A difference of shares with the variance of one more test row that differs, as in `crossed_shares`. Such a row
    differs for as many of the seeds as those seen and one beside them that differs for all."""
    by_row = differences.mean(axis=0)
    alike = (float((by_row**2).sum()) + 1) / (int(differences.any(axis=0).sum()) + 1)
    variance = found.error**2 + alike / differences.shape[1] ** 2
    freedom = variance**2 * found.freedom / found.error**4 if found.error else math.inf
    return replace(found, error=math.sqrt(variance), freedom=min(freedom, differences.size - 1.0))


UNTOUCHED = Difference(0.0, 0.0, 1.0, 0.0, FEWEST_SEEDS)
"""Between two models that were trained alike."""


def over_seeds(values: np.ndarray) -> Difference:
    """The mean of one number a seed, by Student's t; for metrics that are no mean over test rows."""
    seeds = len(values)
    error = float(values.std(ddof=1)) / math.sqrt(seeds)
    return Difference(float(values.mean()), error, float(seeds - 1), error**2, seeds)


@dataclass(frozen=True)
class Judged:
    """One member of a family after Holm's correction."""

    p_holm: float
    alpha: float
    """The level at which this member's interval and its verdict agree."""


def holm(p_values: Sequence[float], alpha: float = ALPHA) -> list[Judged]:
    """Holm's step-down correction (Scandinavian Journal of Statistics, 1979), with the level each was tested at.

    From the first member that is not rejected on, all share that member's level: their p-values lie above it, so an
    interval at that level contains 0 exactly when the verdict is not significant.
    """
    m = len(p_values)
    out: list[Judged] = [Judged(1.0, alpha)] * m
    largest, level, stopped = 0.0, alpha / max(m, 1), False
    for rank, i in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (m - rank) * p_values[i]))
        if not stopped:
            level = alpha / (m - rank)
            stopped = p_values[i] > level
        out[i] = Judged(largest, level)
    return out
