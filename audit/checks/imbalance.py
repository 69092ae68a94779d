"""Classes that have many more rows than others."""

from __future__ import annotations

import numpy as np

from audit.checks.findings import found, scored
from audit.errors import NotApplicable
from audit.evidence.gather import Evidence
from audit.report import Issues

RARE = 0.1


def imbalance(evidence: Evidence, *, rare: float = RARE) -> Issues:
    """Measure how uneven the classes are, and flag rows of classes below `rare` times an even share.

    A row's score is its class' share over an even one, at most 1.
    """
    data = evidence.data
    if data.roles.label is None:
        raise NotApplicable("no label column")
    rows = np.bincount(data.labels, minlength=len(data.classes))
    even = rows / (len(data) / len(data.classes))
    score = np.minimum(even, 1.0)[data.labels]
    flagged = score < rare
    positions = np.flatnonzero(flagged)
    present = rows[rows > 0]
    return Issues(
        check="imbalance",
        measures={"ratio": float(present.max() / present.min())},
        scores=scored(data.rows, score, flagged),
        findings=found(
            data.rows[positions],
            score[positions],
            [f"class {data.given.iloc[p]} has {rows[data.labels[p]]:,} of {len(data):,} rows" for p in positions],
            given=data.given.iloc[positions],
            kind="rare class",
        ),
        detail={
            "classes": [
                {"class": data.classes[k], "rows": int(rows[k]), "share": float(rows[k] / len(data))}
                for k in np.argsort(-rows, kind="stable")
            ]
        },
    )
