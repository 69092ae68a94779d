"""Rows that a model would be tested on and has been trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from audit.address import short
from audit.checks.findings import found, scored
from audit.dataset import Dataset, label_name
from audit.errors import NotApplicable
from audit.evidence.gather import NEAR, Evidence
from audit.inflation import NEIGHBOUR, PARTS, Sides, inflation
from audit.neighbours import Neighbours, nearest
from audit.report import Issues

SHOWN = 50
TRAINED, TESTED = ("train", "training"), ("test", "testing", "val", "valid", "validation", "dev")
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
    notes: tuple[str, ...] = ()
    """What was taken for granted."""


@dataclass(frozen=True)
class _Leaks:
    """What one side holds of the rows here: (m,) each, by its positions."""

    split: _Split
    counts: dict[str, int]
    """By kind, for each kind that was looked for."""
    kind: np.ndarray
    """The first kind that holds of a row, "" for none."""
    here: np.ndarray
    """The first row here that it is a twin of, or -1."""
    closeness: np.ndarray


def leakage(evidence: Evidence) -> Issues:
    """Find rows of the reference and of the other splits that equal a row here (exact, normalised) or look like one.

    Counts and rates are of the rows there, of the reference's and the other splits' together where there are both; the
    rows flagged are the ones *here*, since taking them out of training mends the leak and leaves the test set as it was.
    `near` rows are neither exact nor normalised twins. Where both sides are labelled, `inflation` is what the leak adds to
    the score of a nearest neighbour, which memorises, as a share of the rows there (audit/inflation.py); of a reference
    and other splits the larger of the two.
    """
    sides = [_leaks(evidence, split) for split in _splits(evidence)]
    names = [k for k in WORDS if all(k in side.counts for side in sides)]
    total = sum(len(side.split.there) for side in sides)
    counts = {k: sum(side.counts[k] for side in sides) for k in names}
    measures = {f"{k}.{m}": v for k, c in counts.items() for m, v in (("count", c), ("rate", c / total))}
    worth, detail = _worth(evidence, sides)
    rows = _rows(evidence.data, sides)
    splits = [side.split for side in sides]
    near = [note for split in splits if split.near is not None for note in split.near.notes]
    taken = [note for split in splits for note in split.notes]
    uncounted = not_counted([(side.split.name, side.counts) for side in sides])
    notes = list(dict.fromkeys([*taken, *near, *uncounted, *detail.get("notes", ())]))
    detail = {**rows["detail"], **detail, **({"notes": notes} if notes else {})}
    return Issues(check="leakage", measures={**measures, **worth}, **{**rows, "detail": detail})


def _leaks(evidence: Evidence, split: _Split) -> _Leaks:
    names = [*kinds_of_equality(evidence.data, split.there), *(["near"] if split.near is not None else [])]
    if not names:
        raise NotApplicable(f"{split.name} cannot be compared: no content of one form on both sides, and no embeddings")
    kind, here = np.full(len(split.there), "", dtype=object), np.full(len(split.there), -1)
    counts: dict[str, int] = {}
    for name in names:
        found_at = _twins(name, evidence.data, split, evidence.near_threshold)
        new = (kind == "") & (found_at >= 0)
        counts[name] = int(new.sum() if name == "near" else (found_at >= 0).sum())
        kind[new], here[new] = name, found_at[new]
    return _Leaks(split, counts, kind, here, _closeness(split, kind, evidence.near_threshold))


def not_counted(looked: Sequence[tuple[str, Collection[str]]]) -> list[str]:
    """A note of each kind that was looked for on one side only (its name, and the kinds there): a count of that side alone
    would speak for both."""
    everywhere = set(WORDS).intersection(*(kinds for _, kinds in looked))
    anywhere = {kind for _, kinds in looked for kind in kinds}
    return [
        f"{kind} leaks are not counted: in {name} nothing could be compared for them"
        for name, kinds in looked
        for kind in WORDS
        if kind in anywhere - everywhere and kind not in kinds
    ]


def _worth(evidence: Evidence, sides: Sequence[_Leaks]) -> tuple[dict[str, float], dict[str, Any]]:
    """What the leak is worth, of several sides where it is worth most; not known where it is not of one of them."""
    made = [_inflation(evidence, side.split, side.here) for side in sides]
    notes = [note for _, detail in made for note in detail.get("notes", ())]
    told = {"notes": notes} if notes else {}
    if not all(worth for worth, _ in made):
        return {}, told
    worst = max(range(len(made)), key=lambda i: made[i][0]["inflation"])
    detail = made[worst][1]
    if "inflation" in detail and len(sides) > 1:
        detail = {"inflation": {**detail["inflation"], "against": sides[worst].split.name}}
    return {m: max(worth[m] for worth, _ in made) for m in made[0][0]}, {**detail, **told}


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
    code = {label_name(c): k for k, c in enumerate(data.classes)}
    labels = np.array([code.get(label_name(v), -1) for v in there.given])
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


def _splits(evidence: Evidence) -> list[_Split]:
    """All that the rows here are compared with: the reference, and the splits of the data itself where it has several."""
    there, column = evidence.reference, evidence.data.roles.split
    sides = [] if there is None else [_by_reference(evidence, there)]
    several = column is not None and len(evidence.data.table[column].map(str).unique()) > 1
    return [*sides, _by_column(evidence)] if several or not sides else sides


def _by_reference(evidence: Evidence, there: Dataset) -> _Split:
    here, name = np.arange(len(evidence.data)), short(there.name)
    if not evidence.has_reference_embeddings:
        return _Split(here, there, name, None)
    both = (evidence.embeddings, evidence.reference_embeddings)
    return _Split(here, there, name, evidence.reference_neighbours, both, (evidence.space[0], evidence.space[1]))


def _by_column(evidence: Evidence) -> _Split:
    data = evidence.data
    if data.roles.split is None:
        raise NotApplicable(NOTHING)
    column = data.table[data.roles.split].map(str)  # a row without a split is in one of its own
    trained, note = trained_on(column.value_counts().sort_index())
    mask = (column == trained).to_numpy()
    if mask.all():
        raise NotApplicable(f"column {data.roles.split!r} holds one split only: {trained!r}")
    here, there, space = np.flatnonzero(mask), np.flatnonzero(~mask), evidence.space[0]
    near = nearest(space[here], 1, space[there])
    others = ", ".join(sorted(set(column[~mask])))
    vectors = (evidence.embeddings[here], evidence.embeddings[there])
    pair, notes = (space[here], space[there]), (note,) if note else ()
    return _Split(here, data.take(data.rows[there]), f"split {others}", near, vectors, pair, notes)


def trained_on(rows: pd.Series) -> tuple[str, str]:
    """Of the splits (their rows by name) the one that is trained on, and a note where no name says it: the one called so, in
    whatever case, else the largest that is not called as what is tested on is."""
    plain = rows.index.str.strip().str.lower()
    told, free = rows[plain.isin(TRAINED)], rows[~plain.isin(TESTED)]
    if len(told):
        return str(told.idxmax()), ""
    trained = str((free if len(free) else rows).idxmax())
    return trained, f"no split is called train: {trained!r}, of {rows[trained]:,} rows, is taken for what is trained on"


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


def _rows(data: Dataset, sides: Sequence[_Leaks]) -> dict[str, Any]:
    """Scores, findings and detail: a finding for each row here that has a twin there (its first)."""
    order = list(WORDS)
    leaked = [(i, q) for i, side in enumerate(sides) for q in np.flatnonzero(side.here >= 0).tolist()]
    first: dict[int, tuple[int, int]] = {}
    for i, q in leaked:
        p = int(sides[i].here[q])
        if p not in first or order.index(sides[i].kind[q]) < order.index(sides[first[p][0]].kind[first[p][1]]):
            first[p] = i, q
    positions = np.array(sorted(first), dtype=int)
    twins = [(sides[i], q) for i, q in (first[p] for p in positions.tolist())]
    flagged = np.zeros(len(data), dtype=bool)
    flagged[positions] = True
    score = np.ones(len(data))
    score[positions] = [side.closeness[q] for side, q in twins]
    kinds = [
        [x for x in leaked if sides[x[0]].kind[x[1]] == name and x[0] == i] for name in order for i in range(len(sides))
    ]
    names = [side.split.name for side in sides]
    return {
        "scores": scored(data.rows, score, flagged),
        "findings": found(
            data.rows[positions],
            score[positions],
            [WORDS[side.kind[q]].format(side.split.there.rows[q], side.split.name) for side, q in twins],
            given=None if data.roles.label is None else data.given.iloc[positions],
            group=[side.split.name for side, _ in twins] if len(sides) > 1 else None,
            kind=[side.kind[q] for side, q in twins],
            twin=[side.split.there.rows[q] for side, q in twins],
        ),
        "detail": {
            **against(names),
            "rows_there": sum(len(side.split.there) for side in sides),
            "pairs": [_pair(data, sides[i], q, several=len(sides) > 1) for i, q in in_turn(kinds)[:SHOWN]],
        },
    }


def against(names: Sequence[str]) -> dict[str, str]:
    """What a report keeps of what rows were held against, the reference first; where that is other splits of the same data
    too, `within` is the name of these, and findings (by `group`) and pairs (by `against`) say which of the two they name."""
    return {"against": " and ".join(names), **({"within": names[1]} if len(names) > 1 else {})}


def _pair(data: Dataset, side: _Leaks, q: int, *, several: bool) -> dict[str, Any]:
    there = side.split.there
    return {
        "kind": side.kind[q],
        "row": data.rows[side.here[q]],
        "reference_row": there.rows[q],
        "label": "" if data.roles.label is None else label_name(data.given.iloc[side.here[q]]),
        "reference_label": "" if there.roles.label is None else label_name(there.given.iloc[q]),
        **({"against": side.split.name} if several else {}),
    }


def in_turn(kinds: Sequence[Sequence[Any]]) -> list[Any]:
    """One of each kind in turn, so that the first few show every kind there is."""
    return [q for turn in zip_longest(*kinds) for q in turn if q is not None]
