"""Rows that mislead their neighbours: a nearest-neighbour vote is right more often without them."""

from __future__ import annotations

import numpy as np

from audit.checks.findings import found, scored
from audit.errors import InputError, NotApplicable
from audit.evidence.gather import Evidence
from audit.evidence.valuation import knn_shapley, votes
from audit.report import Issues

K = 25
"""Voters. With 10, as in cleanlab, a row is asked too seldom to be told from chance: on the digits with 5 % of the labels
flipped 36 of 95 are flagged, with 25 voters 77, none falsely; 193 and 225 rows have a negative value."""
FALSE = 0.05


def valuation(evidence: Evidence, *, false: float = FALSE) -> Issues:
    """Value every row by KNN-Shapley over its `K` nearest neighbours, and flag those that mislead beyond chance.

    A row helps where it votes right and the farthest of the voters would not, and misleads where it is the other way
    round; its value is the difference. Half of all rows without any worth have a negative one, so a row is flagged by a
    sign test, with the share of rows flagged by chance held to `false` (Benjamini and Hochberg, 1995). The score is the
    share of helped rows among those that it helps or misleads, shrunk towards a half.

    Args:
        evidence: its graph of neighbours and labels.
        false: the share of flags that chance may account for, in (0, 1).
    """
    data = evidence.data
    if data.roles.label is None:
        raise NotApplicable("no label column")
    if not 0 < false < 1:
        raise InputError(f"valuation: false must lie between 0 and 1, this is {false}")
    near = evidence.neighbours.first(K)
    if near.indices.shape[1] < 2:
        raise NotApplicable(f"{len(data)} rows are too few to vote")
    value, (helped, misled) = knn_shapley(near, data.labels), votes(near, data.labels)
    flagged = beyond_chance(helped, misled, false)
    score = (helped + 1) / (helped + misled + 2)
    positions = np.flatnonzero(flagged)
    return Issues(
        check="valuation",
        measures={"count": len(positions), "rate": len(positions) / len(data)},
        scores=scored(data.rows, score, flagged, value=value),
        findings=found(
            data.rows[positions],
            score[positions],
            [f"votes wrong on {misled[p]:,} of its neighbours, right on {helped[p]:,}" for p in positions],
            given=data.given.iloc[positions],
            kind="misleading",
            twin=data.rows[near.indices[positions, 0]],
        ),
        detail={
            "negative": int((value < 0).sum()),
            "meaning": f"KNN-Shapley over {near.indices.shape[1]} neighbours; {evidence.made_of}",
            "notes": near.notes,
        },
    )


def beyond_chance(helped: np.ndarray, misled: np.ndarray, false: float) -> np.ndarray:
    """(n,) which rows mislead more often than a fair coin would, with a false discovery rate of at most `false`."""
    from scipy.stats import binom

    p = binom.cdf(helped, helped + misled, 0.5)
    order = np.argsort(p, kind="stable")
    passed = np.flatnonzero(p[order] <= false * np.arange(1, len(p) + 1) / len(p))
    return p <= p[order[passed[-1]]] if len(passed) else np.zeros(len(p), dtype=bool)
