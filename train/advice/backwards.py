"""Pollute a little more, see what it costs, and read backwards what fewer wrong labels would bring.

A second opinion on perfect labels where nobody has them, after COMET (Mohammed et al., arXiv 2503.11366): wrong labels
are added at known rates, error is fitted against what was added, and the fit is followed to less noise than there is.

At one size n the law of `train.judge.powerlaw` without a floor, a · (n · (1 − R)^g)^−b, is log error = α − h · log(1 − R).
Labels that are wrong at rate r, of which a further share x is flipped, are right at rate 1 − R = (1 − r)(1 − x); so
log error is a straight line in log(1 − x), and no wrong label at all lies at log(1 − x) = −log(1 − r). A law with a
floor lies nearer to a straight line of the error itself. Both are fitted, and their mean is the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from train.judge.curves import Refused

FEWEST_LEVELS = 2
FEWEST_SEEDS = 3
FURTHEST = 1.5
"""How many times the largest share that was flipped the fit is followed backwards. What it is off by: `python -m tests.bench advice`."""
RESAMPLES = 1000
ALPHA = 0.05


@dataclass(frozen=True)
class Backwards:
    """What perfect labels would bring, read backwards from what more wrong ones cost."""

    noise: float
    """The share of labels taken to be wrong as the data are."""
    error: float
    """The error as the data are, a share."""
    gain: float
    """Error now less error with no wrong label, a share of accuracy."""
    low: float
    high: float
    """95 %, by bootstrap over the seeds; the two forms' disagreement is in it."""
    forms: tuple[float, float]
    """The gain by the power law without a floor, and by the straight line."""
    levels: tuple[float, ...]
    """The shares of labels flipped, without 0."""
    seeds: int


def extrapolate_backwards(
    errors: Mapping[float, Sequence[float]], noise: Sequence[float], *, seed: int = 0
) -> Backwards | Refused:
    """What perfect labels would bring at one size with one model, or why nobody can say.

    The interval is Student's t on the bootstrap's standard error, itself widened by √(S / (S − 1)) since S resampled
    seeds spread too little (Hesterberg, The American Statistician, 2015).

    Args:
        errors: share of labels flipped, 0 among them, to the (S,) errors of the same seeds in the same order.
        noise: (S,) share of labels that are wrong as the data are, in each seed's draw.
        seed: of the resampling.
    """
    from scipy.stats import t

    levels = sorted(x for x in errors if x > 0)
    table = np.array([errors.get(x, ()) for x in (0.0, *levels)], dtype=float).T if levels else np.empty((0, 0))
    rates = np.asarray(noise, dtype=float)
    if why := _unfit(levels, table, rates):
        return Refused(why)
    seeds, added = len(table), np.array([0.0, *levels])
    picks = np.random.default_rng(seed).integers(0, seeds, size=(RESAMPLES, seeds))
    law, line = (float(form[0]) for form in _gains(added, table.mean(axis=0)[None], rates.mean()[None]))
    resampled = np.mean(_gains(added, table[picks].mean(axis=1), rates[picks].mean(axis=1)), axis=0)
    spread = float(resampled.std(ddof=1)) * math.sqrt(seeds / (seeds - 1))
    half = float(t.ppf(1 - ALPHA / 2, seeds - 1)) * math.hypot(spread, abs(law - line) / 2)
    gain, error = (law + line) / 2, float(table[:, 0].mean())
    high = max(min(gain + half, error), gain)  # no more can be gained than there is
    return Backwards(float(rates.mean()), error, gain, gain - half, high, (law, line), tuple(levels), seeds)


def _unfit(levels: Sequence[float], table: np.ndarray, noise: np.ndarray) -> str:
    """Why nothing should be read backwards from these; '' when it may be."""
    if len(levels) < FEWEST_LEVELS:
        return f"reading backwards takes {FEWEST_LEVELS} polluted versions, there are {len(levels)}"
    if len(table) < FEWEST_SEEDS or len(noise) != len(table):
        return (
            f"reading backwards takes {FEWEST_SEEDS} seeds with every version, there are {min(len(table), len(noise))}"
        )
    if not (table > 0).all():
        return "a model without an error leaves nothing to follow"
    if not (noise < 1).all():
        return "all labels are taken to be wrong"
    if noise.mean() > FURTHEST * max(levels):
        return (
            f"the data's own noise, {noise.mean():.1%}, is more than {FURTHEST:g} times the most that was added, "
            f"{max(levels):.1%}: too far to follow"
        )
    return ""


def _gains(added: np.ndarray, errors: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The error of the fit as the data are less that without a wrong label, by the law and by the line.

    Args:
        added: (k,) shares flipped, 0 first.
        errors: (m, k).
        noise: (m,) shares of labels that are wrong already.
    """
    fewer = -noise / (1 - noise)  # (1 - noise)(1 - x) = 1
    slope, start = _line(np.log1p(-added), np.log(errors))
    law = np.exp(start) - np.exp(start + slope * np.log1p(-fewer))
    return law, _line(added, errors)[0] * -fewer


def _line(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and value at 0 of the straight line nearest to each row of y (m, k) over x (k,)."""
    off = x - x.mean()
    slope = y @ off / (off**2).sum()
    return slope, y.mean(axis=1) - slope * x.mean()
