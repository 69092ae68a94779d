"""Cells without a value, texts without a word, pictures that cannot be opened."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.checks.findings import found, scored
from audit.errors import NotApplicable
from audit.evidence.gather import Evidence
from audit.report import Issues


def missing(evidence: Evidence) -> Issues:
    """Find rows that lack a value in a column with a role, or whose picture cannot be opened.

    A row's score is the share of those columns that have a value; 0 for a picture that cannot be opened.
    """
    data = evidence.everything or evidence.data
    columns = [c for c in dict.fromkeys(data.roles.columns()) if c != data.roles.label]  # a column may have two roles
    gone = data.table[columns].isna()
    if data.roles.text is not None:
        gone[data.roles.text] = [not t.strip() for t in data.texts]
    if not columns and data.images is None:
        raise NotApplicable("no column but the label has a role")
    broken = data.rows.isin(list(evidence.unreadable))
    flagged = gone.any(axis=1).to_numpy() | broken
    score = np.where(broken, 0.0, 1 - gone.mean(axis=1).to_numpy() if columns else 1.0)
    positions = np.flatnonzero(flagged)
    return Issues(
        check="missing",
        measures={
            "count": len(positions),
            "rate": len(positions) / len(data),
            "cells": int(gone.to_numpy().sum()),
            "unreadable": int(broken.sum()),
        },
        scores=scored(data.rows, score, flagged),
        findings=found(
            data.rows[positions],
            score[positions],
            [_why(evidence, gone, int(p), row) for p, row in zip(positions, data.rows[positions], strict=True)],
            given=None if data.roles.label is None else data.given.iloc[positions],
            kind=["unreadable" if broken[p] else "missing" for p in positions],
        ),
        detail={
            "columns": [
                {"column": c, "count": int(n), "share": float(n / len(data))}
                for c, n in gone.sum().sort_values(ascending=False, kind="stable").items()
                if n
            ],
            "unreadable": [{"row": r, "why": w} for r, w in evidence.unreadable.items()],
        },
    )


def _why(evidence: Evidence, gone: pd.DataFrame, position: int, row: object) -> str:
    if row in evidence.unreadable:
        return evidence.unreadable[row]
    names = gone.columns[gone.iloc[position].to_numpy(bool)]
    return f"no value in {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
