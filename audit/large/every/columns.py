"""Checks that need one number a row or a class: balance of the classes, empty cells."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from audit.checks.imbalance import RARE
from audit.large.found import SHOWN, Streamed, findings, streamed
from audit.large.read.rows import wanted_columns
from audit.large.read.table import LargeData
from audit.report import Issues


def imbalance(data: LargeData, rare: float = RARE) -> Streamed:
    """How uneven the classes are, and the rows of classes below `rare` times an even share."""
    codes, names = data.labels, data.classes
    n = len(codes)
    rows = np.bincount(codes, minlength=len(names))
    score = np.minimum(rows / (n / len(names)), 1.0)
    present = rows[rows > 0]
    low = score < rare
    positions = np.flatnonzero(low[codes])
    worst = positions[np.argsort(score[codes[positions]], kind="stable")]

    def lines(at: np.ndarray) -> pd.DataFrame:
        reason = [f"class {names[k]} has {rows[k]:,} of {n:,} rows" for k in codes[at]]
        return findings(data, at, score[codes[at]], reason, kind="rare class")

    order = np.argsort(-rows, kind="stable")
    issues = Issues(
        "imbalance",
        measures={"ratio": float(present.max() / present.min())},
        detail={"classes": [{"class": names[k], "rows": int(rows[k]), "share": float(rows[k] / n)} for k in order]},
    )
    return streamed(issues, lambda s: score[codes[s]], lambda s: low[codes[s]], worst, lines)


def missing(data: LargeData, gone: np.ndarray, shut: Mapping[int, str]) -> Streamed:
    """Rows that lack a value in a column with a role, or whose picture cannot be opened.

    Args:
        data: the rows.
        gone: (n, columns / 8) uint8 bits of the empty cells.
        shut: positions of rows whose picture cannot be opened, ascending, and why.
    """
    _, columns = wanted_columns(data.head.roles)
    n, width = len(gone), len(columns)
    flagged, broken = np.asarray(gone.any(axis=1)), np.fromiter(shut, np.int64, len(shut))
    flagged[broken] = True
    positions = np.flatnonzero(flagged)
    counts = np.zeros(width, np.int64)
    short = np.zeros(n, np.uint16 if width < 1 << 16 else np.uint32)
    for at in np.array_split(positions, max(1, len(positions) >> 16)):
        cells = np.unpackbits(gone[at], axis=1, count=width)
        counts += cells.sum(axis=0, dtype=np.int64)
        short[at] = cells.sum(axis=1, dtype=np.int64)
    short[broken] = width
    worst = positions[np.argsort(-short[positions].astype(np.int64), kind="stable")]

    def score(s: slice | np.ndarray) -> np.ndarray:
        return np.asarray(1 - short[s].astype(np.float64) / width)

    def lines(at: np.ndarray) -> pd.DataFrame:
        cells = np.unpackbits(gone[at], axis=1, count=width).astype(bool)
        lacking = [_why([columns[j] for j in np.flatnonzero(line)]) for line in cells]
        reason = [shut.get(p, why) for p, why in zip(at.tolist(), lacking, strict=True)]
        kind = ["unreadable" if p in shut else "missing" for p in at.tolist()]
        return findings(data, at, score(at), reason, kind=kind)

    order = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
    issues = Issues(
        "missing",
        measures={
            "count": len(positions),
            "rate": len(positions) / n,
            "cells": int(counts.sum()),
            "unreadable": len(shut),
        },
        detail={
            "columns": [{"column": columns[k], "count": int(counts[k]), "share": float(counts[k] / n)} for k in order],
            "unreadable": [{"row": data.rows[p], "why": why} for p, why in itertools.islice(shut.items(), SHOWN)],
        },
    )
    return streamed(issues, score, lambda s: flagged[s], worst, lines)


def _why(names: list[str]) -> str:
    return f"no value in {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
