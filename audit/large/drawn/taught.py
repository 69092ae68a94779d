"""What is learnt of the labels of drawn rows, and what of all rows it asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from audit.checks.imbalance import RARE
from audit.dataset import Dataset
from audit.errors import NotApplicable
from audit.evidence.gather import Evidence, Progress
from audit.evidence.given import Given
from audit.large.drawn.around import Placed
from audit.large.drawn.judge import Judge, Known
from audit.large.drawn.sample import keys
from audit.large.every.copies import Sets
from audit.large.read.table import LargeData

FEWEST = 10
"""Rows of a class, from which on it is learnt."""
MORE = 2
"""At most a half of the drawn rows are drawn besides, of classes that have too few among them."""


@dataclass(frozen=True, eq=False)
class Taught:
    """Rows of the classes that can be learnt, and what was learnt of them so far."""

    rows: np.ndarray
    """(m,) positions among all rows, ascending."""
    classes: np.ndarray
    """(k,) places of the learnt classes among all."""
    evidence: Evidence
    drawn: int
    """Rows that were drawn, of other classes too."""
    unsure: np.ndarray
    """(K,) the classes of which too little is learnt to flag them: a model takes their few rows for others."""

    @cached_property
    def judge(self) -> Judge:
        """By which others are judged; InputError as the label check says it."""
        return Judge.of(self.evidence)

    def place(self, classes: int) -> np.ndarray:
        """(K,) the place of each class among the learnt ones, -1 where it is not."""
        out = np.full(classes, -1, "int32")
        out[self.classes] = np.arange(len(self.classes))
        return out


def taught(data: LargeData, placed: Placed, more: np.ndarray, seed: int, progress: Progress) -> Taught:
    """Learn of the drawn rows and of `more`; NotApplicable where no two classes have rows enough.

    Args:
        data: all rows.
        placed: the drawn ones.
        more: positions of rows beside them, of classes that have too few there.
        seed: of the audit.
        progress: told of (what, done, total).
    """
    rows, own, vectors = _with_more(data, placed, more)
    learnt = np.bincount(own.labels, minlength=len(own.classes)) >= FEWEST
    while True:
        if np.count_nonzero(learnt) < 2:
            raise NotApplicable(f"of {len(own):,} drawn rows no two classes have {FEWEST}, and fewer teach nothing")
        kept = learnt[own.labels]
        names = tuple(c for c, ok in zip(data.classes, learnt, strict=True) if ok)
        judged = replace(own.take(own.rows[kept]), classes=names)
        given = Given(backbone=placed.backbone)
        evidence = Evidence(judged, given=given, seed=seed, progress=progress, vectors=vectors[kept])
        alone = _in_one_block(evidence)
        if not alone.any():
            break
        learnt[np.flatnonzero(learnt)[alone]] = False
    return Taught(rows[kept], np.flatnonzero(learnt), evidence, len(own), _unsure(data, placed, learnt))


def _unsure(data: LargeData, placed: Placed, learnt: np.ndarray) -> np.ndarray:
    """(K,) the classes that too few drawn rows are of, and of which there are few rows beside others."""
    rows, drawn = (np.bincount(x, minlength=len(learnt)) for x in (data.labels, data.labels[placed.rows]))
    return np.asarray(learnt & (drawn < FEWEST) & (rows < RARE * data.table.rows / len(learnt)))


def _in_one_block(evidence: Evidence) -> np.ndarray:
    """(k,) whether a class is copies of one row, or one group: no model could both learn it and judge it."""
    places = np.unique(np.stack([evidence.data.labels, evidence.together]), axis=1)[0]
    return np.asarray(np.bincount(places, minlength=len(evidence.data.classes)) < 2)


def _with_more(data: LargeData, placed: Placed, more: np.ndarray) -> tuple[np.ndarray, Dataset, np.ndarray]:
    if not len(more):
        return placed.rows, placed.own, placed.vectors
    rows = np.concatenate([placed.rows, more])
    order = np.argsort(rows)
    vectors = np.concatenate([placed.vectors, placed.space(data.at(more))])
    return rows[order], data.at(rows[order]), vectors[order]


def too_few(hashes: np.ndarray, equal: Sets, codes: np.ndarray, rows: np.ndarray, seed: int) -> np.ndarray:
    """Ascending positions of rows that bring classes up to `FEWEST`, those of the smallest keys, where there are so many:
    classes that lack least come first, and half as many rows as were drawn suffice for all.

    Args:
        hashes: (n, 2) halves of the hash of each row's content.
        equal: the rows of equal content.
        codes: (n,) the class of each row.
        rows: positions of the drawn ones.
        seed: of the audit.
    """
    drawn, there = np.bincount(codes[rows], minlength=int(codes.max()) + 1), np.bincount(codes)
    lacks = np.where(there >= FEWEST, np.maximum(FEWEST - drawn, 0), 0)
    order = np.argsort(lacks, kind="stable")
    fits = order[np.cumsum(lacks[order]) <= len(rows) // MORE]
    wanted = np.zeros(len(lacks), lacks.dtype)
    wanted[fits] = lacks[fits]
    if not wanted.any():
        return np.empty(0, np.int64)
    open_ = (wanted > 0)[codes]
    open_[rows] = False
    at = np.flatnonzero(open_)
    at = at[np.lexsort((keys(hashes, equal, seed)[at], codes[at]))]
    mine = codes[at]
    rank = np.arange(len(at)) - np.searchsorted(mine, mine)
    return np.sort(at[rank < wanted[mine]])


def known(data: LargeData, what: Taught) -> Known:
    """What is known of all rows: those that were learnt from are not judged again."""
    labels = what.place(len(data.classes))[data.labels]
    labels[what.rows] = -1
    block = np.full(len(labels), -1, "int32")
    group = data.head.roles.group
    if group is not None:
        own = what.evidence.data.table[group]
        of = pd.Series(what.evidence.together, index=own.to_numpy())[own.notna().to_numpy()]
        of = of[~of.index.duplicated()]
        for start, frame in data.table.batches([group]):
            block[start : start + len(frame)] = of.reindex(frame[group].to_numpy()).fillna(-1).to_numpy()
    return Known(labels, block)
