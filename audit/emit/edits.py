"""`Edits`: a patch as positions in the input's order, which is all that the writers of the formats need to know."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import StaleError


@dataclass(frozen=True, eq=False)
class Edits:
    """What becomes of each row of the input."""

    states: np.ndarray
    """(n,) `kept`, `edited` or `dropped`."""
    label: str | None
    labels: Mapping[int, Hashable]
    """Position to the new label, where it changed."""
    weight: str | None
    """The column of weights, when the cleaned data has one."""
    weights: np.ndarray | None
    """(n,) the weights afterwards; NaN for dropped rows."""
    added: bool
    """Whether the input had no such column."""

    @property
    def kept(self) -> np.ndarray:
        """(n,) whether a row is in the cleaned data."""
        return np.asarray(self.states != "dropped")

    @property
    def edited(self) -> np.ndarray:
        """(n,) whether a row is in the cleaned data and not as it was."""
        return np.asarray(self.states == "edited")

    def changed_weights(self) -> dict[int, float]:
        """Position to weight for every row whose own cell has to be written anew."""
        if self.weights is None or self.added:
            return {}
        return {int(i): float(self.weights[i]) for i in np.flatnonzero(self.edited)}

    def slice(self, start: int, stop: int) -> Edits:
        """The edits of a stretch of rows, counted from its beginning."""
        labels = {i - start: v for i, v in self.labels.items() if start <= i < stop}
        weights = None if self.weights is None else self.weights[start:stop]
        return Edits(self.states[start:stop], self.label, labels, self.weight, weights, self.added)


def edits_of(before: Dataset, after: Dataset) -> Edits:
    """What happened to each row on the way from `before` to `after`."""
    kept = before.rows.isin(after.rows)
    positions = np.flatnonzero(kept)
    relabelled = _relabelled(before, after, positions) if before.roles.label is not None else {}
    edited = np.isin(np.arange(len(before)), list(relabelled))
    weights = None
    added = before.roles.weight is None
    if after.weights is not None:
        weights = np.full(len(before), np.nan)
        weights[positions] = after.weights
        if before.weights is not None:
            edited |= kept & (weights != before.weights)
    states = np.where(~kept, "dropped", np.where(edited, "edited", "kept"))
    return Edits(states, before.roles.label, relabelled, after.roles.weight, weights, added and weights is not None)


def _relabelled(before: Dataset, after: Dataset, positions: np.ndarray) -> dict[int, Hashable]:
    old, new = before.given.to_numpy(dtype=object)[positions], after.given.to_numpy(dtype=object)
    return {int(i): v for i, was, v in zip(positions, old, new, strict=True) if was != v}


def original_order(rows: pd.DataFrame, cleaned: int, originals: int, quarantine: int) -> np.ndarray:
    """(n,) where each row of the input is in the cleaned rows, then the originals, then the quarantine.

    StaleError when there are not as many of each as `rows` says.
    """
    states = rows["state"].to_numpy(dtype=object)
    kept, edited, dropped = states != "dropped", states == "edited", states == "dropped"
    for what, there, states_say in (
        ("data", cleaned, kept),
        ("originals", originals, edited),
        ("quarantine", quarantine, dropped),
    ):
        if there != states_say.sum():
            raise StaleError(f"{what}: {there:,} rows in the cleaned folder, {states_say.sum():,} were written")
    order = np.cumsum(kept) - 1
    order[edited] = kept.sum() + np.arange(edited.sum())
    order[dropped] = kept.sum() + edited.sum() + np.arange(dropped.sum())
    return order
