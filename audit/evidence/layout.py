"""Rows placed in the plane so that neighbours stay neighbours: t-SNE, and how far to trust it.

t-SNE (van der Maaten and Hinton, 2008) where each row is drawn alike to its `NEAR` nearest ones, started from two
principal components, with all rows' repulsion read off a grid (Linderman et al., 2019; Pezzotti et al., 2020), so that a
step costs a few small Fourier transforms. Places are complex numbers here: one array, and one transform, for both axes.
"""

from __future__ import annotations

import numpy as np

from audit.neighbours import nearest

NEAR = 15
"""Neighbours that a row is drawn to; of few rows a quarter."""
STEPS, EARLY = 150, 50
"""Steps, and how many of the first ones pull harder, so that what belongs together finds together."""
HARDER = 4.0
GRID = 64
"""Cells a side of the grid on which the repulsion is computed."""
START = 0.01
JITTER = 1e-3
"""Tells equal rows apart; in units of the start."""
TRUST = 10
"""Neighbours by which the map is judged."""
BLOCK = 256


def plane(points: np.ndarray) -> tuple[np.ndarray, float | None]:
    """(n, 2) places for (n, d) points, and how far to trust them: None where all points are one."""
    places = layout(points)
    return places, None if (points == points[0]).all() else trustworthiness(points, places)


def layout(points: np.ndarray) -> np.ndarray:
    """(n, 2) places for (n, d) points, n > 1. Distances between places that are far apart mean nothing."""
    n = len(points)
    rows, others, weights = _ties(nearest(points, min(NEAR, max(n // 4, 1))).indices)
    first = np.searchsorted(rows, np.arange(n))
    counts = np.diff(np.append(first, len(rows)))
    places = _principal(points)
    # steps are shorter where many rows pull: such a row would overshoot, and take the map with it
    rate = 1 / (4 * np.maximum(np.add.reduceat(weights, first), 1 / n))
    moved = np.zeros(n, dtype=complex)
    gain = np.ones(n)
    for step in range(STEPS):
        early = step < EARLY
        apart = np.repeat(places, counts) - places[others]
        pull = np.add.reduceat(apart * (weights * (HARDER if early else 1) / (1 + _squares(apart))), first)
        push = _repulsion(places)
        slope = 4 * (pull - push)
        # the usual schedule: steps grow while they keep their direction
        turned = (slope * moved.conj()).real > 0
        gain = np.maximum(np.where(turned, gain * 0.8, gain + 0.2), 0.01)
        moved = (0.5 if step < EARLY // 2 else 0.8) * moved - rate * gain * slope
        places = places + moved
        places = places - places.mean()
    return np.stack([places.real, places.imag], axis=1)


def _ties(near: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who is drawn to whom, both ways, by row: positions, positions, weights that sum to 1."""
    n, k = near.shape
    one, other = np.repeat(np.arange(n), k), near.ravel()
    codes, times = np.unique(np.concatenate([one * n + other, other * n + one]), return_counts=True)
    rows, others = np.divmod(codes, n)
    return rows, others, times / times.sum()


def _principal(points: np.ndarray) -> np.ndarray:
    """The start: two principal components, rounded so that the last bits of a matrix product decide nothing."""
    centred = points.astype("float64") - points.mean(axis=0, dtype="float64")
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0))
    found = centred @ axes
    placed = found[:, 0] + (1j * found[:, 1] if found.shape[1] > 1 else 0)
    placed = np.round(placed / max(float(np.sqrt(_squares(placed).mean())), 1e-12), 6)
    jitter = np.random.default_rng(0).normal(0, JITTER, (2, len(placed)))
    return np.asarray(START * (placed + jitter[0] + 1j * jitter[1]))


def _repulsion(places: np.ndarray) -> np.ndarray:
    """(n,) what pushes each row from all others: sum of q² times the difference, over the sum of all q, where q is
    1 / (1 + squared distance). Rows are spread over the four corners of their cells and read off there again."""
    low = complex(places.real.min(), places.imag.min())
    side = max(np.ptp(places.real), np.ptp(places.imag)) / (GRID - 1.001)
    at = (places - low) / side
    i, j = at.real.astype(np.intp), at.imag.astype(np.intp)
    u, v = at.real - i, at.imag - j
    corners = np.stack([i, i, i + 1, i + 1]) * GRID + np.stack([j, j + 1, j, j + 1])
    shares = np.stack([(1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v])
    there = np.bincount(corners.ravel(), shares.ravel(), GRID * GRID).reshape(GRID, GRID)
    offsets = np.fft.fftfreq(2 * GRID, 1 / (2 * GRID)) * side
    between = offsets[:, None] + 1j * offsets
    q = 1 / (1 + _squares(between))
    spread = np.fft.fft2(there, (2 * GRID, 2 * GRID))
    whole, push = (
        (np.fft.ifft2(spread * np.fft.fft2(kernel))[:GRID, :GRID].ravel()[corners] * shares).sum(axis=0)
        for kernel in (q, q * q * between)
    )
    return np.asarray(push / (whole.real.sum() - len(places)))


def _squares(z: np.ndarray) -> np.ndarray:
    return np.asarray(z.real**2 + z.imag**2)


def trustworthiness(points: np.ndarray, places: np.ndarray, k: int = TRUST) -> float:
    """How far a row's `k` neighbours on the map are its neighbours: 1 if all are, about 0.5 for places drawn by lot.

    1 - 2 / (n k (2n - 3k - 1)) times the sum, over each row and its neighbours on the map, of the rank that the
    neighbour has among the points by distance, as far as it exceeds k (Venna and Kaski, 2001). n > 2k.
    """
    n = len(points)
    shown = nearest(places, k).indices
    points = points - points.mean(axis=0, dtype="float64")
    squares = (points * points).sum(axis=1)
    beyond = 0
    for start in range(0, n, BLOCK):
        rows = np.arange(start, min(start + BLOCK, n))
        # the row's own square is the same for all its distances; itself stands first
        distance = squares - 2 * (points[rows] @ points.T)
        distance[np.arange(len(rows)), rows] = -np.inf
        for neighbour in shown[rows].T:
            rank = (distance < distance[np.arange(len(rows)), neighbour][:, None]).sum(axis=1)
            beyond += int(np.maximum(rank - k, 0).sum())
    return 1 - 2 * beyond / (n * k * (2 * n - 3 * k - 1))
