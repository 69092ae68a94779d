"""By how much rows that leaked inflate a test score: simple models learnt with and without the rows' twins.

Each model is learnt from all rows, and once more without each of `PARTS` parts of those that are in the test set too.
The score without the leak has each row that leaked judged by the model that has not seen its own part; the other rows are
judged as before. So the difference is what memory is worth, whether the leaked rows are easy or hard. All of them are not
taken out at once: where most of a class leaked, no model would know that class any more, and all of it would count as
memory.
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
PARTS = 5
"""Parts into which the rows that leaked are dealt, twins and their copies together."""
WORK = 4e8
"""Rows times columns times classes up to which the linear head is learnt, once for all rows and once for each part."""
MANY = 0.1
"""A part of more of the rows than this leaves a model less to learn from, which a note then says."""


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
    """(n,) of the rows that are learnt from and are in the test set too the part, from 0 on; -1 of the others."""
    leaked: np.ndarray
    """(m,) of the rows of the test set that leaked the part that their twins are in; -1 of the others."""

    def parts(self) -> list[int]:
        """The parts that there are."""
        return [int(part) for part in np.unique(self.leaked[self.leaked >= 0])]


@dataclass(frozen=True)
class Inflated:
    """What a leak is worth to one model, as shares of the test rows."""

    model: str
    score: float
    """Learnt from all rows."""
    without: float
    """The same rows, those that leaked judged by a model learnt without their twins."""
    unleaked: float | None
    """Learnt from all rows, tested on those that did not leak; None where all did."""
    difference: float
    low: float
    """Lower end of the 95 % interval, the test rows taken to be drawn one by one. Which rows are learnt from is taken as
    given: where all test rows leaked, it holds what other draws of both would say somewhat less often."""
    high: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return dict(vars(self))


def inflation(sides: Sides) -> tuple[list[Inflated], list[str]]:
    """What the leak is worth to a model that memorises and to one that does not, and what could not be learnt."""
    labels, parts = sides.labels[0], sides.parts()
    if min(len(np.unique(labels[sides.twins != part])) for part in parts) < 2:
        return [], ["without rows that leaked there are not two classes left to learn, so nobody can say what they are worth"]  # fmt: skip
    found, notes = [_inflated(NEIGHBOUR, sides, _neighbour_says(sides))], []
    largest = max(int((sides.twins == part).sum()) for part in parts)
    if largest > MANY * len(labels):
        notes.append(
            f"without rows that leaked a model learns from up to {largest:,} of {len(labels):,} rows fewer: part of what the "
            "leak seems to be worth is that"
        )
    many = sides.vectors[0].size * len(np.unique(labels))
    if many > WORK:
        told = f"the linear head was not learnt up to {PARTS} times more: {many:.1e} numbers, {WORK:.0e} at most"
        return found, [*notes, told]
    return [*found, _inflated(HEAD, sides, _head_says(sides))], notes


def _inflated(model: str, sides: Sides, said: tuple[np.ndarray, np.ndarray]) -> Inflated:
    seen, unseen = said
    right = [answers == sides.labels[1] for answers in (seen, unseen)]
    clean = right[0][sides.leaked < 0]
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
    """The label of the nearest row, and of the nearest row of another part where the row leaked."""
    first = sides.near.indices[:, 0]
    labels, own = sides.labels[0], sides.twins[first] == sides.leaked
    said = labels[first]
    again = said.copy()
    for part in sides.parts():
        moved = own & (sides.leaked == part)
        if moved.any():
            rest = np.flatnonzero(sides.twins != part)
            again[moved] = labels[rest[nearest(sides.space[0][rest], 1, sides.space[1][moved]).indices[:, 0]]]
    return said, again


def _head_says(sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """What multinomial logistic regression names, learnt from all rows and, where a row leaked, without its part."""
    scale = max(float(np.sqrt(np.mean(np.square(sides.vectors[0], dtype="float64")))), 1e-12)
    here, there = (v / scale for v in sides.vectors)
    said = _learnt(here, sides.labels[0], there)
    again = said.copy()
    for part in sides.parts():
        rest, asked = sides.twins != part, sides.leaked == part
        again[asked] = _learnt(here[rest], sides.labels[0][rest], there[asked])
    return said, again


def _learnt(vectors: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as for the head that judges labels
        model = LogisticRegression(C=1 / (L2 * len(labels)), max_iter=200, tol=1e-3).fit(vectors, labels)
    return np.asarray(model.predict(asked))
