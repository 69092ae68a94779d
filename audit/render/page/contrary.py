"""Which cells of a table row speak most against its label: how usual each is in the given class and in the suggested.

A number speaks by how much farther it lies from the given class's median than from the suggested class's, in mean
absolute deviations from these medians: the logarithm of a ratio of Laplace densities. A word speaks by the logarithm
of the ratio of its shares in the two classes (a row added to either side). The row itself is left out. Both are cut off at `MOST`, so that neither an
absurd number nor a word that one class alone knows outweighs everything.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.render import words

MOST = 5.0
LEAST = 0.7
"""Below this a cell is as usual in either class: at most twice as likely in the other."""
ROWS = 20_000
"""Rows of the two classes that are looked at, evenly spaced."""
COLUMNS = 200
"""Columns that are looked at."""


@dataclass(frozen=True)
class Against:
    """A cell that fits the suggested label better than the given one."""

    column: str
    weight: float
    """Logarithm of how much better."""
    usual: str
    """What is usual in either class, in words."""


def against(data: Dataset, row: Hashable, given: str, suggested: str) -> tuple[Against, ...]:
    """The cells of a row that speak against its label, most contrary first; none where either class is unknown."""
    codes = {str(c): k for k, c in enumerate(data.classes)}
    if given not in codes or suggested not in codes or given == suggested:
        return ()
    at = int(data.rows.get_loc(row))  # type: ignore[arg-type]  # ids are unique: one number
    own, other = (_spaced(np.flatnonzero(data.labels == codes[c]), at) for c in (given, suggested))
    if not len(own) or not len(other):
        return ()
    found = [_cell(data.table[c], c, at, own, other) for c in data.roles.features[:COLUMNS]]
    return tuple(sorted((x for x in found if x is not None and x.weight >= LEAST), key=lambda x: -x.weight))


def _spaced(rows: np.ndarray, but: int) -> np.ndarray:
    rest = rows[rows != but]
    return np.asarray(rest[:: max(len(rest) // ROWS, 1)])


def _cell(column: pd.Series, name: str, at: int, own: np.ndarray, other: np.ndarray) -> Against | None:
    value: Any = column.iloc[at]
    if not pd.api.types.is_scalar(value):
        return None
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and not pd.isna(value):
        return _number(name, float(value), *(column.iloc[k].to_numpy("float64", na_value=np.nan) for k in (own, other)))
    return _word(name, value, column.iloc[own], column.iloc[other])


def figure(value: float) -> str:
    """A number as the cells of a table show it: six figures, or all before the point where these are more."""
    return f"{value:.0f}" if 1e5 <= abs(value) < 1e15 else f"{value:g}"


def _number(name: str, value: float, own: np.ndarray, other: np.ndarray) -> Against | None:
    sides = [x[np.isfinite(x)] for x in (own, other)]
    if not all(map(len, sides)) or not np.isfinite(value):
        return None
    middles = [float(np.median(x)) for x in sides]
    width = float(np.mean(np.concatenate([np.abs(x - m) for x, m in zip(sides, middles, strict=True)])))
    apart = abs(value - middles[0]) - abs(value - middles[1])
    if apart <= 0:
        return None
    weight = min(apart / width, MOST) if width else MOST
    return Against(name, weight, _beside(*map(figure, middles)))


def _word(name: str, value: Any, own: pd.Series, other: pd.Series) -> Against | None:
    there = [int((c.isna() if pd.isna(value) else c == value).sum()) for c in (own, other)]
    if sum(there) < 2:  # of a word that no other row has nothing is known
        return None
    shares = [(k + 1) / (len(c) + 2) for k, c in zip(there, (own, other), strict=True)]
    weight = min(float(np.log(shares[1] / shares[0])), MOST)
    return Against(name, weight, _beside(*(words.share(k / len(c)) for k, c in zip(there, (own, other), strict=True))))


def _beside(given: str, looks: str) -> str:
    return f"given {given}, looks like {looks}"
