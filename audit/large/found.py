"""What a streamed check found: values of every row in narrow arrays, findings written a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.findings import found
from audit.large.read.table import LargeData
from audit.report import Issues, no_rows

SHOWN = 1_000
"""Flagged rows of a check that the pages know of; issues.parquet has all."""
EXACT, SAMPLED, SKIPPED = "exact, streamed", "sampled", "skipped"
LEARNT = "every row, by models of a sample"
Column = Callable[[slice], Any]
"""The values of some consecutive rows, as an array of numpy's or pandas'."""
Lines = Callable[[np.ndarray], pd.DataFrame]
"""The findings of the flagged rows at some positions, in that order."""


def _none(_positions: np.ndarray) -> pd.DataFrame:
    """What a check that flags nothing says."""
    return no_rows()


@dataclass(frozen=True, eq=False)
class Streamed:
    """What one streamed check found."""

    issues: Issues
    """Measures, details, and the worst findings."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    """Local name to values, for scores.parquet; none where the check did not run."""
    flagged: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    """Positions of the flagged rows, worst first."""
    lines: Lines = _none


def streamed(
    issues: Issues, score: Column, flagged: Column, positions: np.ndarray, lines: Lines, **more: Column
) -> Streamed:
    """A check that ran: with its worst findings put among the Issues."""
    worst = positions[:SHOWN]
    shown = lines(worst) if len(worst) else issues.findings
    detail = {"path": EXACT, **issues.detail}
    columns = {"score": score, "flagged": flagged, **more}
    return Streamed(replace(issues, findings=shown, detail=detail), columns, positions, lines)


def findings(
    data: LargeData, positions: np.ndarray, score: np.ndarray, reason: list[str], **more: object
) -> pd.DataFrame:
    """Findings of some rows, in the order given where scores do not say another."""
    return found(data.rows[positions], score, reason, given=data.given(positions), **more)  # type: ignore[arg-type]
