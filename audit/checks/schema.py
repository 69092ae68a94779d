"""Rules of the suite that the table breaks, by Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from audit import gx
from audit.checks.findings import found, scored
from audit.dataset import Dataset
from audit.errors import NotApplicable
from audit.evidence.gather import Evidence
from audit.report import Issues
from audit.sources.moment import moment
from audit.sources.sql import came_from, hold, lies_in
from audit.suite import Expectation

EXAMPLES = 3


def schema(evidence: Evidence) -> Issues:
    """Run the suite's expectations over every row; a row's score is the share of them that it keeps."""
    data = evidence.everything or evidence.data
    expectations = evidence.suite.expectations
    if not expectations:
        raise NotApplicable(f"suite {evidence.suite.name} has no expectations")
    outcomes, where = _outcomes(data, expectations)
    broken = np.zeros(len(data), dtype=int)
    rules: dict[int, list[str]] = {}
    for outcome in outcomes:
        words = gx.in_words(outcome.expectation)
        for p in np.unique(data.rows.get_indexer(pd.Index(outcome.rows))):
            broken[p] += 1
            rules.setdefault(int(p), []).append(words)
    positions = np.flatnonzero(broken)
    score = 1 - broken / len(expectations)
    return Issues(
        check="schema",
        measures={
            "failed": sum(o.state != "pass" for o in outcomes),
            "rows": len(positions),
            "rate": len(positions) / len(data),
        },
        scores=scored(data.rows, score, broken > 0),
        findings=found(
            data.rows[positions],
            score[positions],
            ["breaks: " + "; ".join(rules[int(p)][:3]) for p in positions],
            given=None if data.roles.label is None else data.given.iloc[positions],
            kind="schema",
        ),
        detail={"expectations": [line_of(o) for o in outcomes], **where},
    )


def _outcomes(data: Dataset, expectations: Sequence[Expectation]) -> tuple[list[gx.Outcome], dict[str, Any]]:
    """What became of each, and where it was looked at: a table of a database where it lies, once it has been proved to
    hold, at that very moment, the rows that are audited."""
    where = lies_in(data)
    if where is None:
        edited = came_from(data) is not None
        said = {"where": "in memory: the rows are not, or not all, as they were read of the table"} if edited else {}
        return gx.run_expectations(data.table, expectations), said
    with moment(where) as now:
        hold(data, now)
        outcomes = gx.run_expectations_on_sql(now, expectations, rows=data.rows.tolist())
    return outcomes, {"where": f"where the table lies: {where}"}


def line_of(outcome: gx.Outcome) -> dict[str, Any]:
    """An outcome as the report keeps it."""
    e = outcome.expectation
    examples = list(zip(outcome.rows, outcome.values, strict=False))[:EXAMPLES]
    return {
        "key": e.key,
        "type": e.type,
        "kwargs": dict(e.kwargs),
        "severity": e.severity,
        "state": outcome.state,
        "why": outcome.why,
        "broken": len(outcome.rows) if outcome.rows else int(outcome.state == "fail"),
        "checked": outcome.checked,
        "words": gx.in_words(e),
        "examples": [{"row": r, "value": str(v)} for r, v in examples],
    }
