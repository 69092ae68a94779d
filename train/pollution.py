"""Pollute a little more, see what it costs, and read backwards what fewer wrong labels would bring.

A second opinion on perfect labels where nobody has them, after COMET (Mohammed et al., arXiv 2503.11366): wrong labels
are added at known rates, error is fitted against what was added, and the fit is followed to less noise than there is.

At one size n the law of `train.powerlaw` without a floor, a · (n · (1 − R)^g)^−b, is log error = α − h · log(1 − R).
Labels that are wrong at rate r, of which a further share x is flipped, are right at rate 1 − R = (1 − r)(1 − x); so
log error is a straight line in log(1 − x), and no wrong label at all lies at log(1 − x) = −log(1 − r). A law with a
floor lies nearer to a straight line of the error itself. Both are fitted, and their mean is the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError
from audit.patch import Patch, make_patch
from audit.report import Report
from train.curves import Refused
from train.rng import numpy_generator

PREFIX = "polluted:"
OWN_PAIRS = 0.5
"""The share of the flips that follow the draw's own flagged rows; the others go to any other class alike."""
FEWEST_LEVELS = 2
FEWEST_SEEDS = 3
FURTHEST = 1.5
"""How many times the largest share that was flipped the fit is followed backwards. Measured: docs/advice.md."""
RESAMPLES = 1000
ALPHA = 0.05


# -- the variant -------------------------------------------------------------------------------------------------------


def polluted(percent: float) -> Callable[[Dataset, Report, int], Patch]:
    """A treatment that flips the labels of `percent` % of a draw's rows, chosen at random, to other classes.

    Half of the flips go the way that the draw's own flagged rows seem to have gone, half to any other class alike. A
    seed flips the same rows to the same classes at every percentage, and more of them: 5 % lies within 10 %.
    """
    if not 0 < percent < 100:
        raise InputError(f"variant {PREFIX}{percent:g}: a percentage lies between 0 and 100")

    def treat(data: Dataset, report: Report, seed: int) -> Patch:
        rng = numpy_generator(seed, "pollution")
        turn = rng.permutation(len(data))  # drawn for every row, so that a smaller share is a part of a larger one
        to = _others(data.labels, _directions(data, report), rng.random(len(data)))
        names = [str(c) for c in data.classes]
        chosen = np.sort(turn[: round(len(data) * percent / 100)])
        reason = f"one of {len(chosen):,} labels made wrong on purpose"
        lines = [
            {
                "row": data.rows[p],
                "action": "relabel",
                "from": names[data.labels[p]],
                "to": names[to[p]],
                "reason": reason,
                "check": "pollution",
            }
            for p in chosen
        ]
        return make_patch(lines, base=data.fingerprint, treatment=f"{PREFIX}{percent:g}")

    return treat


def percent_of(variant: str) -> float | None:
    """The percentage in `polluted:5`; None for a variant of another kind. InputError if what follows is no number."""
    if not variant.startswith(PREFIX):
        return None
    try:
        return float(variant.removeprefix(PREFIX))
    except ValueError:
        raise InputError(f"variant {variant}: a percentage follows the colon, as in {PREFIX}5") from None


def _directions(data: Dataset, report: Report) -> np.ndarray:
    """(K, K): how likely a label of each class is flipped to each other; rows add to 1, the diagonal is 0."""
    count = len(data.classes)
    if count < 2:
        raise InputError(f"{data.name}: with {count} class there is no wrong label to give")
    number = pd.Series(range(count), index=[str(c) for c in data.classes])
    findings = report["labels"].findings
    pairs = np.zeros((count, count))
    looks, given = (findings[c].map(str).map(number) for c in ("suggested", "given"))
    known = looks.notna() & given.notna()
    np.add.at(pairs, (looks[known].astype(int).to_numpy(), given[known].astype(int).to_numpy()), 1)
    np.fill_diagonal(pairs, 0)
    anywhere = (1 - np.eye(count)) / (count - 1)
    seen = pairs.sum(axis=1, keepdims=True)
    own = np.divide(pairs, seen, out=anywhere.copy(), where=seen > 0)
    return np.asarray(OWN_PAIRS * own + (1 - OWN_PAIRS) * anywhere)


def _others(labels: np.ndarray, directions: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(n,) another class for every row, by where `at` (n,), uniform in [0, 1), falls among its directions."""
    ends = directions.cumsum(axis=1)
    ends[:, -1] = 1.0
    # the first class whose end lies beyond: one without a share of the way is never it, since its end is the one before
    return np.asarray((at[:, None] >= ends[labels]).sum(axis=1))


# -- backwards ---------------------------------------------------------------------------------------------------------


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
