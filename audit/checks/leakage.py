"""Rows that a model would be tested on and has been trained on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.findings import found, scored
from audit.dataset import Dataset
from audit.errors import NotApplicable
from audit.evidence.gather import NEAR, Evidence
from audit.inflation import NEIGHBOUR, PARTS, Sides, inflation
from audit.neighbours import Neighbours, nearest
from audit.report import Issues

SHOWN = 50
NOTHING = "nothing to compare with (--reference DATA, or --split COLUMN)"
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
    vectors: tuple[np.ndarray, np.ndarray] | None = None
    """The embeddings of both, where both have them."""
    space: tuple[np.ndarray, np.ndarray] | None = None
    """The same as neighbours are sought among them."""


def leakage(evidence: Evidence) -> Issues:
    """Find rows of the reference, or of the other splits, that equal a row here (exact, normalised) or look like one.

    Counts and rates are of the reference's rows; the rows flagged are the ones *here*, since taking them out of
    training mends the leak and leaves the test set as it was. `near` rows are neither exact nor normalised twins.
    Where both sides are labelled, `inflation` is what the leak adds to the score of a nearest neighbour, which
    memorises, as a share of the reference's rows (audit/inflation.py).
    """
    data = evidence.data
    split = _split(evidence)
    names = [*kinds_of_equality(data, split.there), *(["near"] if split.near is not None else [])]
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
    rows = _rows(data, split, kind, here, leaked, closeness)
    worth, detail = _inflation(evidence, split, here)
    notes = [*(split.near.notes if split.near is not None else ()), *detail.get("notes", ())]
    detail = {**rows["detail"], **detail, **({"notes": notes} if notes else {})}
    return Issues(check="leakage", measures={**measures, **worth}, **{**rows, "detail": detail})


def _inflation(evidence: Evidence, split: _Split, here: np.ndarray) -> tuple[dict[str, float], dict[str, Any]]:
    """What the leak is worth in a test score: measures, and what the pages show."""
    data, there = evidence.data, split.there
    if data.roles.label is None or there.roles.label is None:
        return {}, {}
    leaked = here >= 0
    if not leaked.any():
        return {"inflation": 0.0, "inflation_low": 0.0}, {}
    if split.vectors is None or split.space is None or split.near is None or not split.near.indices.shape[1]:
        return {}, {"notes": ["what the leak is worth in points was not measured: the two sides share no embeddings"]}
    alike = evidence.near_sets  # a twin's own copies and near copies here would keep what it taught
    sets, kinds = pd.factorize(alike[here[leaked]])
    part = np.full(len(here), -1)
    part[leaked] = sets % PARTS
    known = pd.Index(kinds).get_indexer(alike[split.here])
    twins = np.where(known < 0, -1, known % PARTS)
    code = {str(c): k for k, c in enumerate(data.classes)}
    labels = np.array([code.get(str(v), -1) for v in there.given])
    sides = Sides(split.vectors, split.space, (data.labels[split.here], labels), split.near, twins, part)
    found, notes = inflation(sides)
    detail = {"notes": notes} if notes else {}
    if not found:
        return {}, detail
    worth = next(x for x in found if x.model == NEIGHBOUR)
    lines = {"models": [x.to_dict() for x in found], "leaked": int(leaked.sum()), "dropped": int((twins >= 0).sum())}
    return {"inflation": worth.difference, "inflation_low": worth.low}, {**detail, "inflation": lines}


def _closeness(split: _Split, kind: np.ndarray, threshold: float) -> np.ndarray:
    """0 for equal rows of the reference; for near ones their distance against the usual one between neighbours."""
    if split.near is None or split.near.distances.shape[1] == 0:
        return np.zeros(len(kind))
    usual = max(threshold / NEAR, 1e-12)
    return np.where(kind == "near", np.minimum(split.near.distances[:, 0] / usual, 1.0), 0.0)


def kinds_of_equality(data: Dataset, there: Dataset) -> list[str]:
    """How rows can equal one another; not at all where one side has no content, or keeps its pictures another way."""
    if _form(data) is None or _form(data) != _form(there):
        return []
    return ["exact", "normalised"] if data.kind == "text" else ["exact"]


def _form(data: Dataset) -> str | None:
    if data.kind == "image":
        return "array" if data.images is not None else "file" if data.roles.image else "grid"
    return data.kind if data.roles.text or data.roles.features else None


def _split(evidence: Evidence) -> _Split:
    return _by_column(evidence) if evidence.reference is None else _by_reference(evidence, evidence.reference)


def _by_reference(evidence: Evidence, there: Dataset) -> _Split:
    here, name = np.arange(len(evidence.data)), PurePath(there.name).name
    if not evidence.has_reference_embeddings:
        return _Split(here, there, name, None)
    both = (evidence.embeddings, evidence.reference_embeddings)
    return _Split(here, there, name, evidence.reference_neighbours, both, (evidence.space[0], evidence.space[1]))


def _by_column(evidence: Evidence) -> _Split:
    data = evidence.data
    if data.roles.split is None:
        raise NotApplicable(NOTHING)
    column = data.table[data.roles.split].map(str)  # a row without a split is in one of its own
    trained = "train" if (column == "train").any() else column.mode()[0]
    mask = (column == trained).to_numpy()
    if mask.all():
        raise NotApplicable(f"column {data.roles.split!r} holds one split only: {trained!r}")
    here, there, space = np.flatnonzero(mask), np.flatnonzero(~mask), evidence.space[0]
    near = nearest(space[here], 1, space[there])
    others = ", ".join(sorted(set(column[~mask])))
    vectors = (evidence.embeddings[here], evidence.embeddings[there])
    return _Split(here, data.take(data.rows[there]), f"split {others}", near, vectors, (space[here], space[there]))


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
        for q in in_turn([np.flatnonzero(kind == name).tolist() for name in order])[:SHOWN]
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


def in_turn(kinds: list[list[int]]) -> list[int]:
    """One of each kind in turn, so that the first few show every kind there is."""
    return [q for turn in zip_longest(*kinds) for q in turn if q is not None]
