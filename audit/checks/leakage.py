"""Rows that a model would be tested on and has been trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.findings import found, scored
from audit.dataset import Dataset
from audit.errors import NotApplicable
from audit.evidence import NEAR, Evidence
from audit.neighbours import Neighbours, nearest
from audit.report import Issues

SHOWN = 50
WORDS = {
    "exact": "is the same as row {} of {}",
    "normalised": "is the same as row {} of {} but for case or spaces",
    "near": "looks the same as row {} of {}",
}


@dataclass(frozen=True)
class _Split:
    """What is trained on (positions here) and what it is compared with."""

    here: np.ndarray
    there: Dataset
    name: str
    near: Neighbours | None


def leakage(evidence: Evidence) -> Issues:
    """Find rows of the reference, or of the other splits, that equal a row here (exact, normalised) or look like one.

    Counts and rates are of the reference's rows; the rows flagged are the ones *here*, since taking them out of
    training mends the leak and leaves the test set as it was. `near` rows are neither exact nor normalised twins.
    """
    data = evidence.data
    split = _split(evidence)
    names = [*_kinds_of_equality(data, split.there), *(["near"] if split.near is not None else [])]
    if not names:
        raise NotApplicable(f"{split.name} cannot be compared: no content of one form on both sides, and no embeddings")
    kind, here = np.full(len(split.there), "", dtype=object), np.full(len(split.there), -1)
    counts: dict[str, int] = {}
    for name in names:
        found_at = _twins(name, data, split, evidence.near_threshold)
        new = (kind == "") & (found_at >= 0)
        counts[name] = int(new.sum() if name == "near" else (found_at >= 0).sum())
        kind[new], here[new] = name, found_at[new]
    leaked = np.flatnonzero(here >= 0)
    measures = {f"{k}.{m}": v for k, c in counts.items() for m, v in (("count", c), ("rate", c / len(split.there)))}
    closeness = _closeness(split, kind, evidence.near_threshold)
    return Issues(check="leakage", measures=measures, **_rows(data, split, kind, here, leaked, closeness))


def _closeness(split: _Split, kind: np.ndarray, threshold: float) -> np.ndarray:
    """0 for equal rows of the reference; for near ones their distance against the usual one between neighbours."""
    if split.near is None or split.near.distances.shape[1] == 0:
        return np.zeros(len(kind))
    usual = max(threshold / NEAR, 1e-12)
    return np.where(kind == "near", np.minimum(split.near.distances[:, 0] / usual, 1.0), 0.0)


def _kinds_of_equality(data: Dataset, there: Dataset) -> list[str]:
    """How rows can equal one another; not at all where one side has no content, or keeps its pictures another way."""
    if _form(data) is None or _form(data) != _form(there):
        return []
    return ["exact", "normalised"] if data.kind == "text" else ["exact"]


def _form(data: Dataset) -> str | None:
    if data.kind == "image":
        return "array" if data.images is not None else "file" if data.roles.image else "grid"
    return data.kind if data.roles.text or data.roles.features else None


def _split(evidence: Evidence) -> _Split:
    data = evidence.data
    if evidence.reference is not None:
        near = _or_none(evidence)
        return _Split(np.arange(len(data)), evidence.reference, PurePath(evidence.reference.name).name, near)
    if data.roles.split is None:
        raise NotApplicable("nothing to compare with (--reference DATA, or --split COLUMN)")
    column = data.table[data.roles.split].map(str)  # a row without a split is in one of its own
    trained = "train" if (column == "train").any() else column.mode()[0]
    mask = (column == trained).to_numpy()
    if mask.all():
        raise NotApplicable(f"column {data.roles.split!r} holds one split only: {trained!r}")
    here, there = np.flatnonzero(mask), np.flatnonzero(~mask)
    space = evidence.space[0]
    near = nearest(space[here], 1, space[there])
    others = ", ".join(sorted(set(column[~mask])))
    return _Split(here, data.take(data.rows[there]), f"split {others}", near)


def _or_none(evidence: Evidence) -> Neighbours | None:
    return evidence.reference_neighbours if evidence.has_reference_embeddings else None


def _twins(kind: str, data: Dataset, split: _Split, threshold: float) -> np.ndarray:
    """For each row of the reference the position here of its first twin, or -1."""
    if kind == "near":
        if split.near is None or split.near.indices.shape[1] == 0:
            return np.full(len(split.there), -1)
        close = split.near.distances[:, 0] < threshold
        return np.where(close, split.here[split.near.indices[:, 0]], -1)
    own = (data.content if kind == "exact" else data.normalised_content)[split.here]
    other = split.there.content if kind == "exact" else split.there.normalised_content
    first = pd.Series(split.here, index=own)
    first = first[~first.index.duplicated()]
    return first.reindex(other).fillna(-1).to_numpy().astype(int)


def _rows(
    data: Dataset, split: _Split, kind: np.ndarray, here: np.ndarray, leaked: np.ndarray, closeness: np.ndarray
) -> dict[str, Any]:
    """Scores, findings and detail: a finding for each row here that has a twin there (its first)."""
    order = list(WORDS)
    first: dict[int, int] = {}
    for q in leaked:
        p = int(here[q])
        if p not in first or order.index(kind[q]) < order.index(kind[first[p]]):
            first[p] = int(q)
    positions = np.array(sorted(first), dtype=int)
    twins = [first[p] for p in positions.tolist()]
    flagged = np.zeros(len(data), dtype=bool)
    flagged[positions] = True
    score = np.ones(len(data))
    score[positions] = closeness[twins]
    labelled = data.roles.label is not None
    pairs = [
        {
            "kind": kind[q],
            "row": data.rows[here[q]],
            "reference_row": split.there.rows[q],
            "label": str(data.given.iloc[here[q]]) if labelled else "",
            "reference_label": str(split.there.given.iloc[q]) if split.there.roles.label is not None else "",
        }
        for q in sorted(leaked.tolist(), key=lambda q: order.index(str(kind[q])))[:SHOWN]
    ]
    return {
        "scores": scored(data.rows, score, flagged),
        "findings": found(
            data.rows[positions],
            score[positions],
            [WORDS[kind[q]].format(split.there.rows[q], split.name) for q in twins],
            given=data.given.iloc[positions] if labelled else None,
            kind=[kind[q] for q in twins],
            twin=[split.there.rows[q] for q in twins],
        ),
        "detail": {"against": split.name, "rows_there": len(split.there), "pairs": pairs},
    }
