"""Intervals of a family of contrasts whose seed variances are judged together.

Five seeds say little about how much seeds matter, and one contrast has nothing else to ask: an interval that holds its
level for every seed variance is then hardly narrower than Student's t over the seeds. The other contrasts of the
family know more. What pools is not the seed variance itself but how many times the variance exceeds chance: that part
which each model's own errors, row by row, would give with no effect of the seed at all is known nearly exactly from
thousands of rows, and is its floor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.judge.statistics import Difference, crossed

PRIOR = 16.0
"""Degrees of freedom that the family's common ratio counts for beside a contrast's own: they suppose that ratios differ
by 35 % from contrast to contrast. Where they differ by more, the one that differs most is covered less;
`make bench-statistics` prints the worst."""
MANY = 1e6
"""Degrees of freedom at which Student's t is the normal distribution."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """What one seeds x rows matrix of differences splits into."""

    mean: float
    seed: float
    """Variance of the mean that the seeds' means show; holds `chance` once."""
    row: float
    """The variance of the mean that rows add, without `chance`."""
    chance: float
    """The variance of the mean that is neither the seed's nor the row's."""
    rest: np.ndarray
    """(S, T) what is left without the seeds' and the rows' means."""


def family(differences: Sequence[np.ndarray]) -> list[Difference]:
    """The mean of each seeds x test rows matrix of paired differences, the seeds the same ones in all.

    With r = V_seeds / V_chance of each contrast (at least 1 in truth), pooled = their mean, and w the weight of a
    contrast's own r against `PRIOR` degrees of freedom of the pooled one (fewer where its own r is larger than the
    others', so that a contrast unlike the rest is judged by itself), r' = max(1, w r + (1 - w) pooled), and the
    variance of a mean is r' V_chance + V_rows: a moderated t (Smyth, Statistical Applications in Genetics and Molecular
    Biology, 2004) with a floor. Its degrees of freedom are Satterthwaite's, of the part of r' beyond what is certain.
    Contrasts that share their baseline are no independent witnesses; the correlation of their rests, squared, says how
    far. One contrast alone, or contrasts over unequal seeds, are `crossed`.

    Args:
        differences: (S, T) each, at least 2 seeds and 2 rows.
    """
    parts = [_split(d) for d in differences]
    pooled = [i for i, p in enumerate(parts) if p.chance > 0]
    if len(pooled) < 2 or len({d.shape for d in differences}) > 1:
        return [crossed(d) for d in differences]
    found = dict(zip(pooled, _together([parts[i] for i in pooled]), strict=True))
    return [found[i] if i in found else crossed(d) for i, d in enumerate(differences)]


def _split(differences: np.ndarray) -> _Parts:
    seeds, rows = differences.shape
    mean = float(differences.mean())
    by_seed, by_row = differences.mean(axis=1), differences.mean(axis=0)
    rest = differences - by_seed[:, None] - by_row[None] + mean
    chance = float((rest**2).sum()) / ((seeds - 1) * (rows - 1)) / (seeds * rows)
    row = max(float(by_row.var(ddof=1)) / rows - chance, 0.0)
    return _Parts(mean, float(by_seed.var(ddof=1)) / seeds, row, chance, rest)


def _together(parts: Sequence[_Parts]) -> list[Difference]:
    own = np.array([p.seed / p.chance for p in parts])
    alike = np.corrcoef([p.rest.ravel() for p in parts]) ** 2
    seeds = len(parts[0].rest)
    single, members = seeds - 1.0, len(parts)
    whole = single * members**2 / alike.sum()  # degrees of freedom of the pooled ratio
    others = np.maximum((own.sum() - own) / (members - 1), 1.0)
    weight = single / (single + PRIOR * np.minimum(1.0, others / np.maximum(own, 1e-12)))
    shared = 2 * weight * (1 - weight) * alike.mean(axis=1) / single
    freedom = 1 / (weight**2 / single + (1 - weight) ** 2 / whole + shared)
    ratio = weight * own + (1 - weight) * own.mean()
    return [_difference(p, float(r), float(f), seeds) for p, r, f in zip(parts, ratio, freedom, strict=True)]


def _difference(parts: _Parts, ratio: float, freedom: float, seeds: int) -> Difference:
    """With many degrees of freedom the chance part of the ratio is certain and only its excess is in doubt; with no
    more than one contrast has, all of it is."""
    certain = 1 - ((seeds - 1) / freedom) ** 2
    seed_variance = max(ratio, 1.0) * parts.chance
    variance = seed_variance + parts.row
    doubt = ratio * max(ratio - certain, 0.0) * parts.chance**2
    degrees = freedom * variance**2 / doubt if doubt > 0 else MANY
    return Difference(parts.mean, math.sqrt(variance), min(max(degrees, 1.0), MANY), seed_variance, seeds)
