"""The power law that learning curves follow, and its fit, many at once.

    error = a · (n · (1 − r)^g)^−b + c        n rows, a share r of them with a wrong label

Without noise this is the law with a floor ("power3"), and with c = 0 the one without ("power2"). Fits are made on the
logarithm of the error, since errors of curves differ by factors, with a loss that is linear far out (soft-L1).
"""

from __future__ import annotations

import numpy as np

LOG_A, B, C, G = range(4)
FREE2 = np.array([True, True, False, False])
FREE3 = np.array([True, True, True, False])
FREE4 = np.array([True, True, True, True])
"""Which of log a, b, c and g a fit may move; the others stay 0."""
ROUNDS = 60
STEEPEST = 3.0
COSTLIEST = 20.0


def log_error(laws: np.ndarray, log_n: np.ndarray | float, log_clean: np.ndarray | float = 0.0) -> np.ndarray:
    """The logarithm of the error that each law expects.

    Args:
        laws: (..., 4) of log a, b, c, g.
        log_n: logarithm of the rows, broadcast against laws' leading axes.
        log_clean: log(1 − r), likewise.
    """
    log_a, b, c, g = np.moveaxis(laws, -1, 0)
    return np.asarray(np.log(np.exp(log_a - b * (log_n + g * log_clean)) + c))


def fit(
    log_n: np.ndarray, log_clean: np.ndarray, log_errors: np.ndarray, noise: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The law that is nearest to each row of `log_errors`, and its cost: half the sum of squares where the law is near.

    Several starts of every row are followed together by Levenberg and Marquardt's method; parameters that push
    against a bound are held there.

    Args:
        log_n: (k,) logarithms of the rows.
        log_clean: (k,) log(1 − r).
        log_errors: (m, k).
        noise: (k,) standard errors of the log errors.
        free: (4,) which parameters move.

    Returns:
        (m, 4) laws and (m,) costs.
    """
    middle, level = log_n.mean(), log_errors.mean(axis=1, keepdims=True)  # so that neither unit matters
    near = log_errors - level
    starts = _starts(near, free)
    count = starts.shape[1]
    flat, y = starts.reshape(-1, 4), np.repeat(near, count, axis=0)
    found, cost = _descend(flat, y, log_n - middle, log_clean, noise, free)
    found, cost = found.reshape(-1, count, 4), cost.reshape(-1, count)
    best = cost.argmin(axis=1)
    each = np.arange(len(best))
    laws = found[each, best]
    laws[:, LOG_A] += level[:, 0] + laws[:, B] * middle
    laws[:, C] *= np.exp(level[:, 0])
    return laws, cost[each, best]


def _starts(near: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(m, starts, 4): shallow without a floor, steeper with higher floors."""
    floor = np.exp(near.min(axis=1))
    tried = [(0.3, 0.02), (0.6, 0.5), (1.2, 0.9)] if free[C] else [(0.3, 0.0)]
    out = np.zeros((len(near), len(tried), 4))
    for i, (b, part) in enumerate(tried):
        out[:, i, C] = part * floor
        out[:, i, LOG_A] = np.log(np.maximum(1 - part * floor, 0.1))
        out[:, i, B] = b
        out[:, i, G] = 2.0 if free[G] else 0.0
    return out


def _descend(
    at: np.ndarray, y: np.ndarray, x: np.ndarray, clean: np.ndarray, noise: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    low = np.where(free, [-30.0, 0.0, 0.0, 0.0], 0.0)
    high = np.where(free, [30.0, STEEPEST, 1.0, COSTLIEST], 0.0) * np.ones_like(at)
    high[:, C] *= np.exp(y.min(axis=1))  # a floor lies below every error
    damping = np.full(len(at), 1e-2)
    cost = _cost(at, y, x, clean, noise)
    for _ in range(ROUNDS):
        step = _step(at, y, x, clean, noise, low, high, damping)
        new = np.clip(at + step, low, high)
        reached = _cost(new, y, x, clean, noise)
        better = reached < cost
        at = np.where(better[:, None], new, at)
        done = np.where(better, cost - reached, 0.0) <= 1e-10 * (1 + cost)
        cost = np.where(better, reached, cost)
        damping = np.clip(np.where(better, damping / 4, damping * 5), 1e-9, 1e9)
        if (done & ((damping >= 1e4) | better)).all():
            break
    return at, cost


def _cost(at: np.ndarray, y: np.ndarray, x: np.ndarray, clean: np.ndarray, noise: np.ndarray) -> np.ndarray:
    off = (y - log_error(at[:, None], x, clean)) / noise
    return np.asarray((np.sqrt(1 + off**2) - 1).sum(axis=1))


def _step(
    at: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    clean: np.ndarray,
    noise: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    damping: np.ndarray,
) -> np.ndarray:
    """Where each fit should go next."""
    log_a, b, c, g = at.T[:, :, None]
    z = x + g * clean
    power = np.exp(log_a - b * z)
    error = power + c
    slopes = np.stack([power, -z * power, np.ones_like(power), -b * clean * power], axis=2) / error[:, :, None]
    off = (y - np.log(error)) / noise
    slopes /= noise[:, None]
    weight = 1 / np.sqrt(1 + off**2)  # soft-L1: what lies far off pulls no harder than what lies near
    pull = np.einsum("mkp,mk->mp", slopes, weight * off)
    held = ((at <= low) & (pull <= 0)) | ((at >= high) & (pull >= 0))
    slopes = np.where(held[:, None], 0.0, slopes)
    bend = np.einsum("mkp,mk,mkq->mpq", slopes, weight, slopes)
    across = np.arange(4)
    bend[:, across, across] += damping[:, None] * (bend[:, across, across] + 1e-6) + held
    return np.asarray(np.linalg.solve(bend, np.where(held, 0.0, pull)[:, :, None])[:, :, 0])
