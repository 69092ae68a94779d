"""Rows that are there more than once: equal, equal but for how they are written, or alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.checks.findings import found, scored
from audit.evidence.gather import NEAR, Evidence
from audit.report import Issues

SHOWN = 50
WORDS = {
    "exact": "is the same as row {}",
    "normalised": "is the same as row {} but for case or spaces",
    "near": "looks the same as row {}",
}


def duplicates(evidence: Evidence) -> Issues:
    """Find repeats of an earlier row. Counts are rows beyond the first of each set.

    `exact` are rows of equal content by hash; `normalised` (texts only) those equal after Unicode NFKC, case folding
    and white space, the exact ones included; `near` those that are neither, but lie closer than a share (`NEAR`) of
    the median distance between nearest neighbours.
    """
    data = evidence.data
    kinds = {"exact": _beyond_first(data.first_of_content)}
    if data.kind == "text":
        kinds["normalised"] = _beyond_first(data.first_of_normalised)
    kinds["near"] = _beyond_first(_first_of(evidence.near_sets))
    kind, first = _kind_of_each(kinds)
    counts = {name: int((first_of >= 0).sum()) for name, first_of in kinds.items()}
    counts["near"] = int((kind == "near").sum())
    flagged = kind != ""
    positions = np.flatnonzero(flagged)
    score = _score(evidence, kind)
    return Issues(
        check="duplicates",
        measures={f"{k}.{m}": v for k, c in counts.items() for m, v in (("count", c), ("rate", c / len(data)))},
        scores=scored(data.rows, score, flagged),
        findings=found(
            data.rows[positions],
            score[positions],
            [WORDS[kind[p]].format(data.rows[first[p]]) for p in positions],
            given=None if data.roles.label is None else data.given.iloc[positions],
            group=data.rows[first[positions]],
            kind=kind[positions],
            twin=data.rows[first[positions]],
        ),
        detail={
            "notes": list(evidence.neighbours.notes),
            "sets": _sets(evidence, kind, first),
            "near_threshold": evidence.near_threshold,
            "meaning": f"near: closer than {NEAR:g} of the median distance between nearest neighbours; {evidence.made_of}",
        },
    )


def _first_of(sets: np.ndarray) -> np.ndarray:
    """(n,) the position of the first row of each row's set."""
    _, first, number = np.unique(sets, return_index=True, return_inverse=True)
    return np.asarray(first[number])


def _beyond_first(first: np.ndarray) -> np.ndarray:
    """The same, or -1 for that first row itself and for rows alone."""
    return np.where(first == np.arange(len(first)), -1, first)


def _kind_of_each(kinds: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The narrowest sense in which each row repeats an earlier one ('' for none), and that row's position."""
    n = len(next(iter(kinds.values())))
    kind, first = np.full(n, "", dtype=object), np.full(n, -1)
    for name, first_of in kinds.items():
        new = (kind == "") & (first_of >= 0)
        kind[new], first[new] = name, first_of[new]
    return kind, first


def _score(evidence: Evidence, kind: np.ndarray) -> np.ndarray:
    """Distance to the nearest neighbour against the median one, at most 1; 0 for equal rows."""
    distances = evidence.neighbours.distances
    if distances.shape[1] == 0:
        return np.ones(len(kind))
    nearest = distances[:, 0] / max(float(np.median(distances[:, 0])), 1e-12)
    return np.where(np.isin(kind, ("exact", "normalised")), 0.0, np.minimum(nearest, 1.0))


def _sets(evidence: Evidence, kind: np.ndarray, first: np.ndarray) -> Sequence[dict[str, Any]]:
    data = evidence.data
    members: dict[int, list[int]] = {}
    for p in np.flatnonzero(kind != ""):
        members.setdefault(int(first[p]), []).append(int(p))
    lines = []
    for head, rest in members.items():
        rows = [head, *rest]
        names = [] if data.roles.label is None else sorted({str(v) for v in data.given.iloc[rows]})
        widest = max((kind[p] for p in rest), key=list(WORDS).index)
        lines.append({"kind": widest, "rows": list(data.rows[rows]), "labels": names})
    return sorted(lines, key=lambda line: -len(line["labels"]))[:SHOWN]
