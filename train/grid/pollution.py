"""Wrong labels added on purpose, at known rates: what they cost tells what fewer would bring (train/advice/backwards.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError
from audit.patch import Patch, make_patch
from audit.report import Report
from train.fit.rng import numpy_generator

PREFIX = "polluted:"
OWN_PAIRS = 0.5
"""The share of the flips that follow the draw's own flagged rows; the others go to any other class alike."""


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
