"""`Curve`: error against rows, as far as it can be known from what was measured.

The estimate is a geometric mean of two power laws, without and with a floor: the one sees no plateau where there is
one, the other finds plateaus where there are none. They count the same where both fit as well, and by likelihood where
the points do show a floor. Beyond the sizes measured that is one half of the forecast; the other is a damped trend
(Gardner and McKenzie, Management Science, 1985): the slope that the last sizes show, growing flatter with every
doubling, whatever the law. The laws are misled together where a curve bends as neither does, and forecasts that err for
different reasons err less together. `make bench` holds the estimate against real curves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from audit.errors import InputError
from train.judge.powerlaw import FREE2, FREE3, fit, log_error

FEWEST_SIZES = 5
FEWEST_RANGE = 8.0
"""Largest size over smallest: below it, laws that differ widely beyond fit alike."""
REACH = 4.0
"""How many times the largest size a curve may be extrapolated to; and how far below the smallest."""
FLOOR = 0.02
"""How exact the laws themselves are, as a share of the error, at the largest size. They hold in the limit: towards
smaller sizes n the fit lets them be off by more, as 1/n, so that the last points say most about what comes next."""
DAMPED = 0.7
"""What a trend keeps of its slope at each doubling. Chosen, with `LATE`, on the curves of digits and of texts; those of
pictures were held out."""
LATE = 3
"""A trend is the slope of the last sizes: the doubt about size n grows as 1/n to this power."""
DRAWS = 200
ALPHA = 0.05
EXACT = 1e-6
"""A cost below this is no misfit but rounding."""


@dataclass(frozen=True)
class Refused:
    """Why there is no answer."""

    why: str


@dataclass(frozen=True, eq=False)
class Laws:
    """Pairs of power laws, many at once, each taken together as their weighted geometric mean; beyond the largest size
    with a damped trend."""

    pairs: np.ndarray
    """(m, 2, 4): log a, b, c and 0 of the law without and of the law with a floor."""
    shares: np.ndarray
    """(m,) weight of the law without: at most a half."""
    slopes: np.ndarray
    """(m,) by how much the log error falls with the log rows at the largest size."""
    trends: np.ndarray
    """(m,) weight of the damped trend beyond the largest size."""
    largest: float
    """The most rows measured."""

    def errors(self, n: float | np.ndarray) -> np.ndarray:
        """(m,) errors expected of n rows: a number, or one for each pair."""
        rows = np.asarray(n, dtype=float)
        logs, beyond = self._logs(rows), np.log(np.maximum(rows / self.largest, 1.0))
        if not beyond.any():
            return np.asarray(np.exp(logs))
        trend = self._logs(np.asarray(self.largest)) - self.slopes * _damped(beyond)
        return np.asarray(np.exp(np.where(beyond > 0, logs + self.trends * (trend - logs), logs)))

    def _logs(self, n: np.ndarray) -> np.ndarray:
        logs = log_error(self.pairs, np.log(n)[..., None])
        return np.asarray(self.shares * logs[..., 0] + (1 - self.shares) * logs[..., 1])

    def rows_for(self, errors: np.ndarray, low: float, high: float) -> np.ndarray:
        """(m,) rows between low and high that each pair needs for its error: 0 when fewer than low do, infinity when
        more than high would have to."""
        bottom, top = np.full(len(self.pairs), math.log(low)), np.full(len(self.pairs), math.log(high))
        for _ in range(50):  # bisection: the laws only fall
            middle = (bottom + top) / 2
            over = self.errors(np.exp(middle)) > errors
            bottom, top = np.where(over, middle, bottom), np.where(over, top, middle)
        rows = np.where(self.errors(low) <= errors, 0.0, np.exp((bottom + top) / 2))
        return np.where(self.errors(high) > errors, np.inf, rows)


@dataclass(frozen=True, eq=False)
class Curve:
    """A fitted learning curve. Errors are shares (0 to 1)."""

    sizes: tuple[float, ...]
    """Rows, growing."""
    errors: tuple[float, ...]
    standard_errors: tuple[float, ...]
    laws: Laws
    """The one pair that was fitted."""
    draws: Laws
    """`DRAWS` pairs, refitted to errors drawn from this curve with the noise of the measured ones."""
    misfit: float
    """How far the points lie from the curve in units of their noise; above 1, bands were widened by it."""

    @property
    def largest(self) -> float:
        """The most rows measured."""
        return self.sizes[-1]

    def at(self, n: float) -> float | Refused:
        """The error expected of n rows."""
        return self._reaches(n) or float(self.laws.errors(n)[0])

    def band(self, n: float, level: float = 0.8) -> tuple[float, float] | Refused:
        """Between which errors the curve passes at n rows, by parametric bootstrap."""
        if refused := self._reaches(n):
            return refused
        middle = float(self.laws.errors(n)[0])
        low, high = np.quantile(self.draws.errors(n), [(1 - level) / 2, (1 + level) / 2])
        return min(float(low), middle), max(float(high), middle)

    def rows_for(self, error: float) -> float | Refused:
        """How many rows reach this error."""
        low, high = self.reach
        rows = float(self.laws.rows_for(np.array([error]), low, high)[0])
        if rows == math.inf:
            best = float(self.laws.errors(high)[0])
            return Refused(f"{high:,.0f} rows, {REACH:g} times the most measured, are expected to reach {best:.2%}")
        if rows == 0:
            worst = float(self.laws.errors(low)[0])
            return Refused(f"{low:,.0f} rows, the fewest this curve speaks of, already reach {worst:.2%}")
        return rows

    @property
    def reach(self) -> tuple[float, float]:
        """The fewest and the most rows that this curve speaks of."""
        return self.sizes[0] / REACH, self.largest * REACH

    def to_dict(self) -> dict[str, Any]:
        """What was measured and fitted, as JSON values."""
        without, floored = self.laws.pairs[0, :, :3].tolist()
        return {
            "sizes": list(self.sizes),
            "errors": list(self.errors),
            "standard_errors": list(self.standard_errors),
            "power2": dict(zip(("log_a", "b"), without, strict=False)),
            "power3": dict(zip(("log_a", "b", "c"), floored, strict=True)),
            "power2_share": float(self.laws.shares[0]),
            "trend": {"slope": float(self.laws.slopes[0]), "share": float(self.laws.trends[0]), "damped": DAMPED},
            "misfit": self.misfit,
        }

    def _reaches(self, n: float) -> Refused | None:
        low, high = self.reach
        if n > high * (1 + 1e-9):
            return Refused(f"{n:,.0f} rows are more than {REACH:g} times the most measured, {self.largest:,.0f}")
        if n < low * (1 - 1e-9):
            return Refused(f"{n:,.0f} rows are fewer than a {REACH:g}th of the fewest measured, {self.sizes[0]:,.0f}")
        return None


def fit_curve(
    sizes: Sequence[float] | np.ndarray, errors: ArrayLike, standard_errors: ArrayLike, *, seed: int = 0
) -> Curve | Refused:
    """Fit error against rows, or say why that would not be worth believing.

    Args:
        sizes: (k,) rows that were trained on, in any order.
        errors: (k,) mean error over seeds, a share.
        standard_errors: (k,) of those means; NaN where there was one seed.
        seed: of the draws behind the bands.
    """
    n, error, noise = _points(sizes, errors, standard_errors)
    if why := _unfit(n, error, noise):
        return Refused(why)
    log_n, log_y, relative = np.log(n), np.log(error), log_noise(n, error, noise)
    late = np.hypot(seed_noise(error, noise), FLOOR * (n.max() / n) ** LATE)
    laws = _laws(log_n, log_y[None], relative, late, np.array([0.5]))
    expected = np.log(laws.errors(n[:, None])[:, 0])
    misfit = float(np.sqrt((((log_y - expected) / relative) ** 2).sum() / (len(n) - 3)))
    spread = np.hypot(seed_noise(error, noise), FLOOR) * max(misfit, 1.0)
    rng = np.random.default_rng(seed)
    jitter = rng.normal(size=(DRAWS, len(n))) * spread
    # nobody knows which half is right: a draw may believe one of them more
    draws = _laws(log_n, expected + jitter, relative, late, rng.random(DRAWS))
    return Curve(tuple(n.tolist()), tuple(error.tolist()), tuple(noise.tolist()), laws, draws, misfit)


def log_noise(n: np.ndarray, error: np.ndarray, standard_errors: np.ndarray) -> np.ndarray:
    """How far each log error may lie from its law: its own noise, and what the law is off by (`FLOOR`)."""
    return np.asarray(np.hypot(seed_noise(error, standard_errors), FLOOR * n.max() / n))


def seed_noise(error: np.ndarray, standard_errors: np.ndarray) -> np.ndarray:
    """The standard errors of the log errors. Those of few seeds are poor estimates, so each is averaged with all."""
    own = (standard_errors / error) ** 2
    return np.asarray(np.sqrt((own + own.mean()) / 2))


def _damped(beyond: np.ndarray) -> np.ndarray:
    """How far a trend of slope 1 falls this far beyond, in logarithms of the rows."""
    rate = -math.log(DAMPED) / math.log(2)
    return np.asarray(-np.expm1(-rate * beyond) / rate)


def _slopes(log_n: np.ndarray, log_errors: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(m,) weighted least squares; a trend never rises."""
    weight = 1 / noise**2 / (1 / noise**2).sum()
    x = log_n - weight @ log_n
    return np.asarray(np.maximum(-(log_errors @ (weight * x)) / (weight @ x**2), 0.0))


def _laws(log_n: np.ndarray, log_errors: np.ndarray, noise: np.ndarray, late: np.ndarray, trends: np.ndarray) -> Laws:
    """The laws nearest to each row of `log_errors` (m, k), and the slope of each where its sizes end."""
    clean = np.zeros_like(log_n)
    without, cost = fit(log_n, clean, log_errors, noise, FREE2)
    floored, cost_floored = fit(log_n, clean, log_errors, noise, FREE3)
    # likelihoods with the noise's scale unknown; the law with a floor holds the one without, so shares are at most 1/2
    ratio = np.minimum((cost_floored + EXACT) / (cost + EXACT), 1.0) ** (len(log_n) / 2)
    pairs, slopes = np.stack([without, floored], axis=1), _slopes(log_n, log_errors, late)
    return Laws(pairs, ratio / (1 + ratio), slopes, trends, float(np.exp(log_n[-1])))


def _points(sizes: ArrayLike, errors: ArrayLike, standard_errors: ArrayLike) -> tuple[np.ndarray, ...]:
    """All as arrays, by growing size."""
    n, error, noise = (np.asarray(v, dtype=float).ravel() for v in (sizes, errors, standard_errors))
    if not len(n) == len(error) == len(noise):
        raise InputError(f"a curve needs a point a size: {len(n)} sizes, {len(error)} errors, {len(noise)} of theirs")
    if not ((n > 0).all() and np.isfinite(n).all() and ((error >= 0) & (error <= 1)).all() and not (noise < 0).any()):
        raise InputError("a curve needs sizes above 0, errors between 0 and 1 and standard errors of at least 0")
    order = np.lexsort((noise, error, n))
    return n[order], error[order], np.nan_to_num(noise[order])


def _unfit(n: np.ndarray, error: np.ndarray, noise: np.ndarray) -> str:
    """Why no curve should be drawn through these points; '' when one may be."""
    distinct = np.unique(n)
    if len(distinct) < FEWEST_SIZES:
        return f"a curve needs {FEWEST_SIZES} sizes, there are {len(distinct)}"
    if round(distinct[-1] / distinct[0], 2) < FEWEST_RANGE:
        return (
            f"the largest size must be {FEWEST_RANGE:g} times the smallest, "
            f"{distinct[-1]:,.0f} is {distinct[-1] / distinct[0]:.1f} times {distinct[0]:,.0f}"
        )
    if (error == 0).any():
        return f"at {n[error == 0][0]:,.0f} rows there is no error left to follow"
    return _rise(n, error, noise)


def _rise(n: np.ndarray, error: np.ndarray, noise: np.ndarray) -> str:
    """Where the error grows with more rows beyond its noise, at level `ALPHA` over all pairs (Bonferroni)."""
    relative = noise / error
    # a standard error of few seeds is a poor estimate: no point is taken for better than the average one
    relative = np.maximum(relative, max(math.sqrt(float((relative**2).mean())), FLOOR))
    pairs = [(i, j) for i, j in combinations(range(len(n)), 2) if n[i] < n[j]]
    rises = [math.log(error[j] / error[i]) / math.hypot(relative[i], relative[j]) for i, j in pairs]
    worst = int(np.argmax(rises))
    if rises[worst] <= NormalDist().inv_cdf(1 - ALPHA / len(pairs)):
        return ""
    i, j = pairs[worst]
    return (
        f"the error does not fall with more rows: {error[i]:.2%} at {n[i]:,.0f} rows, "
        f"{error[j]:.2%} at {n[j]:,.0f}, more than chance explains"
    )
