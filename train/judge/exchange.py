"""What a repaired row is worth in raw rows, and what wrong labels cost in rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from audit.errors import InputError
from train.judge.curves import DRAWS, FEWEST_RANGE, FEWEST_SIZES, Curve, Refused, log_noise
from train.judge.powerlaw import FREE4, G, fit, log_error

LEVEL = 0.95
"""Of the intervals."""
FEWEST_RATES = 3
"""With two noise rates any cost of noise fits."""


@dataclass(frozen=True)
class Exchange:
    """One row of the repaired data does as much as `rate` rows of the raw data."""

    size: int
    """Rows drawn before anything was repaired."""
    rate: float
    low: float | None
    """None: fewer rows than the raw curve speaks of."""
    high: float | None
    """None: more rows than the raw curve may be extrapolated to."""
    level: float
    rows: float
    """Raw rows that do as well: rate x size."""
    forecast: bool
    """Whether that many raw rows lie beyond those measured."""


def exchange(raw: Curve, size: int, gain: float, low: float, high: float) -> Exchange | Refused:
    """How many raw rows one repaired row equals at this size.

    The gain is laid onto the raw curve, and the curve is asked how many rows reach that. Since the gain is paired (the
    same draws, the same test rows), what raw and repaired models have in common cancels: no gain is a rate of 1.

    Args:
        raw: the raw data's curve.
        size: rows that were drawn; within the sizes of the curve.
        gain: accuracy of the repaired less that of the raw data at this size, a share; negative when repair hurts.
        low: lower end of the gain's interval at `LEVEL`, the rate's too.
        high: its upper end.
    """
    if not low <= gain <= high:
        raise InputError(f"a gain lies in its interval, {gain:g} does not lie between {low:g} and {high:g}")
    if not raw.sizes[0] <= size <= raw.largest:
        return Refused(f"{size:,} rows are outside what was measured, {raw.sizes[0]:,.0f} to {raw.largest:,.0f}")
    rows = raw.rows_for(float(raw.laws.errors(size)[0]) - gain)
    if isinstance(rows, Refused):
        return rows
    spread = (high - low) / 2 / NormalDist().inv_cdf((1 + LEVEL) / 2)
    gains = gain + spread * np.random.default_rng(0).normal(size=len(raw.draws.shares))
    drawn = raw.draws.rows_for(raw.draws.errors(size) - gains, *raw.reach)
    tail = (1 - LEVEL) / 2
    # the order statistics themselves: between a number and infinity there is nothing to interpolate
    least, most = np.quantile(drawn, tail, method="lower"), np.quantile(drawn, 1 - tail, method="higher")
    if least == 0 and most == math.inf:
        return Refused(f"at {size:,} rows the raw curve is too flat, or the gain too uncertain, to say")
    return Exchange(
        size,
        rows / size,
        min(float(least), rows) / size if least > 0 else None,
        max(float(most), rows) / size if most < math.inf else None,
        LEVEL,
        rows,
        rows > raw.largest,
    )


@dataclass(frozen=True)
class SurfacePoint:
    """The mean error over seeds of models trained on `rows` rows of which a share has wrong labels."""

    rows: float
    noise: float
    error: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class Surface:
    """Error over rows n and noise rate r: a · (n · (1 − r)^g)^−b + c."""

    law: np.ndarray
    """(4,): log a, b, c, g."""
    draws: np.ndarray
    """(`DRAWS`, 4), refitted as a curve's are."""
    rows: tuple[float, float]
    noise: tuple[float, float]
    """The ranges measured."""
    misfit: float
    """How far the points lie from the surface in units of their noise."""
    off: float
    """Mean distance of the points from the surface, a share of error."""

    @property
    def g(self) -> float:
        """Noise costs g times its share: a row of data with noise rate r is worth (1 − r)^g clean ones."""
        return float(self.law[G])

    def g_interval(self) -> tuple[float, float]:
        """The bootstrap interval of g."""
        low, high = np.quantile(self.draws[:, G], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return min(float(low), self.g), max(float(high), self.g)

    def to_dict(self) -> dict[str, Any]:
        """What was fitted, as JSON values."""
        low, high = self.g_interval()
        law = dict(zip(("log_a", "b", "c", "g"), self.law.tolist(), strict=True))
        return {
            **law,
            "g_low": low,
            "g_high": high,
            "level": LEVEL,
            "rows": list(self.rows),
            "noise": list(self.noise),
            "misfit": self.misfit,
            "off": self.off,
        }


def fit_surface(points: Sequence[SurfacePoint]) -> Surface | Refused:
    """Fit error over rows and noise rate together, or say why that would not be worth believing."""
    values = np.array([(p.rows, p.noise, p.error, p.standard_error) for p in points], dtype=float).reshape(-1, 4)
    values = values[np.lexsort(values.T[::-1])]
    rows, noise, error, uncertain = values.T
    if not ((rows > 0) & (noise >= 0) & (noise < 1) & (error >= 0) & (error <= 1) & ~(uncertain < 0)).all():
        raise InputError("a surface needs rows above 0, noise from 0 to below 1, errors from 0 to 1 and theirs above 0")
    if why := _unfit(rows, noise, error):
        return Refused(why)
    relative = log_noise(rows, error, np.nan_to_num(uncertain))
    log_n, clean, log_y = np.log(rows), np.log1p(-noise), np.log(error)
    law = fit(log_n, clean, log_y[None], relative, FREE4)[0][0]
    expected = log_error(law, log_n, clean)
    misfit = float(np.sqrt((((log_y - expected) / relative) ** 2).sum() / (len(rows) - 4)))
    wide = relative * max(misfit, 1.0)
    drawn = expected + np.random.default_rng(0).normal(size=(DRAWS, len(rows))) * wide
    draws = fit(log_n, clean, drawn, wide, FREE4)[0]
    off = float(np.abs(np.exp(expected) - error).mean())
    return Surface(law, draws, (rows.min(), rows.max()), (noise.min(), noise.max()), misfit, off)


def _unfit(rows: np.ndarray, noise: np.ndarray, error: np.ndarray) -> str:
    """Why no surface should be drawn through these points; '' when one may be."""
    if (rates := len(np.unique(noise))) < FEWEST_RATES:
        return f"a surface needs {FEWEST_RATES} noise rates, there are {rates}"
    if (sizes := len(np.unique(rows))) < FEWEST_SIZES:
        return f"a surface needs {FEWEST_SIZES} sizes, there are {sizes}"
    if round(rows.max() / rows.min(), 2) < FEWEST_RANGE:
        return (
            f"the largest size must be {FEWEST_RANGE:g} times the smallest, "
            f"{rows.max():,.0f} is {rows.max() / rows.min():.1f} times {rows.min():,.0f}"
        )
    if (error == 0).any():
        return f"at {rows[error == 0][0]:,.0f} rows there is no error left to follow"
    return ""
