"""By how much rows that leaked inflate a test score: simple models learnt with and without the rows' twins.

Each model is learnt twice, from all rows and from those that are not in the test set too. The score without the leak
has the rows that leaked judged by the second: so every row is judged by a model that has not seen it, the others by the
same model as before, and the difference is what memory is worth, whether the leaked rows are easy or hard.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.neighbours import Neighbours, nearest
from audit.probabilities import L2
from audit.statistics import paired_difference

NEIGHBOUR, HEAD = "nearest neighbour", "linear head"
WORK = 1e9
"""Rows times columns times classes up to which the linear head is learnt twice more."""
MANY = 0.2
"""A larger share of twins than this leaves a model less to learn from, which a note then says."""


@dataclass(frozen=True, eq=False)
class Sides:
    """What is learnt from and what is tested on, row by row."""

    vectors: tuple[np.ndarray, np.ndarray]
    """What the linear head sees."""
    space: tuple[np.ndarray, np.ndarray]
    """Where neighbours are sought."""
    labels: tuple[np.ndarray, np.ndarray]
    """Codes from 0 on; -1 for a label that is only in the test set, which no model can name."""
    near: Neighbours
    """Of each test row the nearest row that is learnt from."""
    twins: np.ndarray
    """(n,) which rows that are learnt from are in the test set too."""
    leaked: np.ndarray
    """(m,) which rows of the test set are."""


@dataclass(frozen=True)
class Inflated:
    """What a leak is worth to one model, as shares of the test rows."""

    model: str
    score: float
    """Learnt from all rows."""
    without: float
    """The same rows, those that leaked judged by the model learnt without their twins."""
    unleaked: float | None
    """Learnt from all rows, tested on those that did not leak; None where all did."""
    difference: float
    low: float
    """Lower end of the 95 % interval, the test rows taken to be drawn one by one."""
    high: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


def inflation(sides: Sides) -> tuple[list[Inflated], list[str]]:
    """What the leak is worth to a model that memorises and to one that does not, and what could not be learnt."""
    rest = ~sides.twins
    if len(np.unique(sides.labels[0][rest])) < 2:
        return [], ["without the rows that leaked there are not two classes left to learn, so nobody can say what they are worth"]  # fmt: skip
    found, notes = [_inflated(NEIGHBOUR, sides, _neighbour_says(sides))], []
    if sides.twins.mean() > MANY:
        notes.append(
            f"{int(sides.twins.sum()):,} of {len(rest):,} rows here are twins of test rows: without them there is much less "
            "to learn from, and part of the difference is that"
        )
    many = sides.vectors[0].size * len(np.unique(sides.labels[0]))
    if many > WORK:
        return found, [*notes, f"the linear head was not learnt twice more: {many:.1e} numbers, {WORK:.0e} at most"]
    return [*found, _inflated(HEAD, sides, _head_says(sides))], notes


def _inflated(model: str, sides: Sides, said: tuple[np.ndarray, np.ndarray]) -> Inflated:
    seen, unseen = said
    right = [answers == sides.labels[1] for answers in (seen, np.where(sides.leaked, unseen, seen))]
    clean = right[0][~sides.leaked]
    gained, lost = int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum())
    low, high = paired_difference(gained, lost, len(sides.leaked))
    return Inflated(
        model=model,
        score=float(right[0].mean()),
        without=float(right[1].mean()),
        unleaked=float(clean.mean()) if len(clean) else None,
        difference=(gained - lost) / len(sides.leaked),
        low=low,
        high=high,
    )


def _neighbour_says(sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """The label of the nearest row, and of the nearest row that is no twin."""
    first = sides.near.indices[:, 0]
    labels, moved = sides.labels[0], sides.twins[first] & sides.leaked
    said = labels[first]
    again = said.copy()
    if moved.any():
        rest = np.flatnonzero(~sides.twins)
        again[moved] = labels[rest[nearest(sides.space[0][rest], 1, sides.space[1][moved]).indices[:, 0]]]
    return said, again


def _head_says(sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """What multinomial logistic regression names, learnt from all rows and without the twins."""
    scale = max(float(np.sqrt(np.mean(np.square(sides.vectors[0], dtype="float64")))), 1e-12)
    here, there = (v / scale for v in sides.vectors)
    return _learnt(here, sides.labels[0], there), _learnt(here[~sides.twins], sides.labels[0][~sides.twins], there)


def _learnt(vectors: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as for the head that judges labels
        model = LogisticRegression(C=1 / (L2 * len(labels)), max_iter=200, tol=1e-3).fit(vectors, labels)
    return np.asarray(model.predict(asked))
