"""Shapes that checks share: the scores of every row and the findings of the flagged ones."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from audit.report import FINDING_COLUMNS


def scored(rows: pd.Index, score: np.ndarray, flagged: np.ndarray, **more: Any) -> pd.DataFrame:
    """Every row's score (0 wrong to 1 fine), whether it is flagged, and what else a check says of each."""
    return pd.DataFrame(
        {"score": np.asarray(score, dtype="float64"), "flagged": np.asarray(flagged, dtype=bool), **more}, index=rows
    )


def found(
    rows: pd.Index,
    score: np.ndarray,
    reason: Iterable[str],
    *,
    given: Iterable[Hashable] | None = None,
    suggested: Iterable[Hashable] | None = None,
    group: Iterable[Hashable] | None = None,
    kind: Iterable[str] | str | None = None,
    twin: Iterable[Hashable] | None = None,
) -> pd.DataFrame:
    """The flagged rows, worst first (ties in the data's order); what is said of them is text, as it will be read."""
    values = {"reason": reason, "given": given, "suggested": suggested, "group": group, "kind": kind, "twin": twin}
    table = pd.DataFrame({"score": np.asarray(score, dtype="float64")}, index=rows)
    for name, column in values.items():
        table[name] = pd.Series(_texts(column, len(rows)), index=rows, dtype=object)
    return table[list(FINDING_COLUMNS)].sort_values("score", kind="stable")


def _texts(column: Any, n: int) -> np.ndarray:
    out = np.empty(n, dtype=object)
    if isinstance(column, str):
        out[:] = column
    elif column is not None:
        out[:] = [None if v is None else str(v) for v in column]
    return out
