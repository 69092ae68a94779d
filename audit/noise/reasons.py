"""Why a row is flagged: what each view says of it, whether other folds say so too, and who its neighbours are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.neighbours import Neighbours
from audit.noise.judge import Judged

EXPLAINED = 100
"""Flagged rows, worst first, that are explained one by one."""


@dataclass(frozen=True, eq=False)
class Witnesses:
    """What speaks for and against the given labels, rows in their order."""

    views: Mapping[str, np.ndarray]
    """(n, K) class probabilities by name."""
    neighbours: Neighbours
    together: np.ndarray
    """(n,) number of the block of rows that never vouch for each other."""
    opinions: np.ndarray | None = None
    """(seeds, n) what the linear head says, learnt on other folds with each seed."""

    def nearest(self, labels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """(n,) position of the nearest row outside each row's own block that is labelled `wanted` (n,); -1 where none
        of the neighbours kept is."""
        near = self.neighbours.indices
        if not near.shape[1]:
            return np.full(len(wanted), -1)
        fits = (labels[near] == wanted[:, None]) & (self.together[near] != self.together[:, None])
        return np.where(fits.any(axis=1), near[np.arange(len(near)), fits.argmax(axis=1)], -1)

    def stability(self, labels: np.ndarray) -> np.ndarray | None:
        """(n,) share of the ways of dealing out the folds by which the linear head contradicts the label."""
        return None if self.opinions is None else np.asarray((self.opinions != labels).mean(axis=0))


def reasons(
    said: Judged, labels: np.ndarray, witnesses: Witnesses, rows: Sequence[Any], classes: Sequence[Any]
) -> list[dict[str, Any]]:
    """A line for each of the worst flagged rows, as JSON values; `rows` and `classes` are the names by position."""
    worst = np.flatnonzero(said.flagged)
    worst = worst[np.argsort(said.score[worst], kind="stable")][:EXPLAINED]
    stable = witnesses.stability(labels)
    agreeing, disagreeing = (witnesses.nearest(labels, wanted) for wanted in (labels, said.suggested))
    return [
        {
            "row": rows[i],
            "wrong": None if said.wrong is None else round(float(said.wrong[i]), 4),
            "suggested_probability": round(float(said.probability[i]), 4),
            "votes": _votes(witnesses.views, i, classes),
            "stability": None if stable is None else round(float(stable[i]), 4),
            "agreeing": _neighbour(witnesses.neighbours, i, int(agreeing[i]), rows),
            "disagreeing": _neighbour(witnesses.neighbours, i, int(disagreeing[i]), rows),
            "pair": round(float(said.pairs[labels[i], said.suggested[i]]), 1),
        }
        for i in worst.tolist()
    ]


def _votes(views: Mapping[str, np.ndarray], row: int, classes: Sequence[Any]) -> list[dict[str, Any]]:
    """Each view's own class for the row, and how probable it takes it to be."""
    said = {name: int(values[row].argmax()) for name, values in views.items()}
    return [
        {"view": name, "says": classes[k], "probability": round(float(views[name][row, k]), 4)}
        for name, k in said.items()
    ]


def _neighbour(near: Neighbours, row: int, other: int, rows: Sequence[Any]) -> dict[str, Any] | None:
    """The other row, and its distance in the space where neighbours are sought."""
    if other < 0:
        return None
    place = int(np.flatnonzero(near.indices[row] == other)[0])
    return {"row": rows[other], "distance": round(float(near.distances[row, place]), 6)}
