"""The label check without probabilities for all rows: assay's own estimate, made of a sample of the rows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from audit.checks import CHECKS
from audit.dataset import Dataset
from audit.errors import InputError, NotApplicable
from audit.evidence.gather import Evidence, Progress
from audit.large.found import Streamed
from audit.large.sample import Share, sampled
from audit.large.sampled import of_drawn
from audit.large.table import LargeData
from audit.report import Issues

FEWEST = 10
"""Drawn rows of a class, from which on it is learnt."""
ESTIMATED = "labels: "
"""How what is said of the sample begins, among what the check has to say."""


def sampled_labels(
    data: LargeData, rows: np.ndarray, own: Dataset, seed: int, progress: Progress, options: dict[str, Any]
) -> Streamed:
    """Models are trained on the drawn rows and judge them out of fold, as in memory. The estimated share is that of all
    rows, and its interval has the chance of drawing in it; rows of classes too rare to learn count as wrong in its
    upper end and as right in its lower one.

    Args:
        data: all rows.
        rows: (m,) positions of the drawn ones, ascending.
        own: the drawn rows.
        seed: of the audit.
        progress: told of (what, done, total).
        options: of the check in memory.
    """
    learnt = np.bincount(own.labels, minlength=len(own.classes)) >= FEWEST
    if np.count_nonzero(learnt) < 2:
        raise NotApplicable(
            f"skipped: of {len(rows):,} drawn rows no two classes have {FEWEST}, and fewer teach nothing"
        )
    kept = learnt[own.labels]
    judged = replace(
        own.take(own.rows[kept]), classes=tuple(c for c, ok in zip(own.classes, learnt, strict=True) if ok)
    )
    try:
        issues = CHECKS["labels"](Evidence(judged, seed=seed, progress=progress), **options)
    except InputError as why:
        raise NotApplicable(f"skipped: on {len(rows):,} drawn rows: {why}") from None
    return of_drawn(data, rows[kept], _of_all(data, issues, learnt, len(judged)))


def _of_all(data: LargeData, issues: Issues, learnt: np.ndarray, m: int) -> Issues:
    """The measures of all rows, by those of `m` drawn ones of the classes that were learnt."""
    n, codes, said = data.table.rows, data.codes, issues.measures
    rare = 0 if codes is None else int((~learnt).astype(int)[codes].sum())
    common = 1 - rare / n
    low, high = said["rate_low"] * common, min(1.0, said["rate_high"] * common + rare / n)
    rate = said["rate"] * common
    pointed = Share(int(said["flagged"]), m, n - rare)
    counts = [math.floor(low * n), math.ceil(high * n)]
    ends = {"rate": [low, high], "count": counts, "flagged": [said["flagged"], pointed.intervals()["count"][1] + rare]}
    notes = [
        f"{ESTIMATED}{rate:.2%} ({low:.2%} to {high:.2%}) is estimated from {m:,} of {n:,} rows, by models trained on them; a "
        f"limit is held against the upper end; tables and flags are of the drawn rows"
    ]
    if rare:
        few = f"{rare:,} rows are of classes of which fewer than {FEWEST} rows were drawn"
        notes.append(f"{ESTIMATED}{few}: all of them count as wrong in the upper end")
    detail = {**issues.detail, **sampled(m, n, ends), "notes": [*issues.detail["notes"], *notes]}
    measures = {**said, "rate": rate, "count": round(rate * n), "rate_low": low, "rate_high": high}
    return replace(issues, measures=measures, detail=detail)
