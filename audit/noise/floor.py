"""How rare wrong labels can be where evidence is surest: a bound that a weak view does not mistake for noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST = 30
"""Rows of the smallest bin; each is larger than the one before by half."""
DROP = 2.71
"""Of twice the log-likelihood, for a one-sided 95 % bound."""
RATES = np.concatenate([[0.0], np.geomspace(1e-3, 0.7, 24)])


def floor_low(truth: np.ndarray, labels: np.ndarray) -> float:
    """Lower bound of the noise rate from how disagreement falls as the evidence grows surer.

    Were all labels right, disagreement would go on falling towards the surest rows. Calibrated log-odds that are normal
    are N(b²/2, b²) (the density ratio of right and wrong must be what they say), less log(K - 1) at most where all
    other classes share what is left. So the row that is surer than all but a share q disagrees with probability
    s(c - b²/2 - b z_q), s the logistic function, z_q the normal quantile, c in [0, log(K - 1)]. Wrong labels add a
    floor r below which it does not fall: r + (1 - r) s(...). The bound is the least r that the counts do not refute:
    profile likelihood over b and c, widened by the misfit where there is one. Of evidence that knows nothing b is 0, and
    so is the bound; people's errors, rarest where everything is clear, leave next to no floor either.

    Args:
        truth: (n, K) probability of each class.
        labels: (n,) given labels.
    """
    bins = _bins(truth, labels)
    if len(bins.rows) < 4:
        return 0.0
    loss, start = [], np.array([1.0, 0.1])
    for rate in RATES:
        found, start = _fitted(rate, bins, start)
        loss.append(found)
    spread = max(1.0, min(loss) / (len(bins.rows) - 3))
    first = int(np.flatnonzero(np.array(loss) <= min(loss) + DROP * spread)[0])
    return float(RATES[max(first - 1, 0)])  # between the last rate that is refuted and the first that is not


@dataclass(frozen=True, eq=False)
class _Bins:
    """Rows from the surest on."""

    apart: np.ndarray
    """(bins,) disagreements."""
    rows: np.ndarray
    z: np.ndarray
    """(bins,) normal quantile of the share of rows that are less sure than the middle one."""
    most: float
    """log(K - 1), and a little for rounding."""


def _bins(truth: np.ndarray, labels: np.ndarray) -> _Bins:
    from scipy.stats import norm

    n = len(labels)
    order = np.argsort(-truth.max(axis=1), kind="stable")
    wrong = np.concatenate([[0], np.cumsum((truth.argmax(axis=1) != labels)[order])])
    sizes = np.round(FEWEST * 1.5 ** np.arange(60))
    ends = np.unique(np.minimum(np.concatenate([[0], np.cumsum(sizes)]), n).astype(int))
    middle = (ends[1:] + ends[:-1]) / 2 / n
    return _Bins(
        np.diff(wrong[ends]).astype(float), np.diff(ends).astype(float), norm.isf(middle),
        float(np.log(max(truth.shape[1] - 1, 1))) + 1e-3,
    )  # fmt: skip


def _fitted(rate: float, bins: _Bins, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Twice the log-likelihood lost by the best b and c for a floor `rate`, and those two."""
    from scipy.optimize import minimize

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        inside = 1 / (1 + np.exp(-(x[1] - x[0] ** 2 / 2 - x[0] * bins.z)))
        p = np.clip(rate + (1 - rate) * inside, 1e-9, 1 - 1e-9)
        slope = (bins.apart / p - (bins.rows - bins.apart) / (1 - p)) * (1 - rate) * inside * (1 - inside)
        value = bins.apart @ np.log(p) + (bins.rows - bins.apart) @ np.log1p(-p)
        return -float(value), np.array([slope @ (x[0] + bins.z), -slope.sum()])

    share = np.clip(bins.apart / bins.rows, 1e-9, 1 - 1e-9)
    best = float(bins.apart @ np.log(share) + (bins.rows - bins.apart) @ np.log1p(-share))
    tries = [minimize(loss, x, jac=True, method="L-BFGS-B", bounds=[(0, 8), (0, bins.most)])
             for x in (start, np.array([2.0, bins.most / 2]))]  # fmt: skip
    found = min(tries, key=lambda t: float(t.fun))
    return 2 * (float(found.fun) + best), found.x
