"""Labels of rows that nobody drew, by what was learnt of those that were: the same views, the same posterior.

A row votes with, and is judged by a head of, drawn rows that are not its copies nor of its group: the head is the one
that has not seen the drawn row nearest to it, so a copy's wrong label cannot vouch for its own. Where a row is a copy of
one drawn row and of the group of others, or of several that are no copies of one another, the head may have seen the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from audit.evidence.embeddings import directions
from audit.evidence.gather import GRAPH, Evidence
from audit.neighbours import nearest, vote
from audit.noise.pool import logarithms
from audit.noise.transfer import Others, Transfer
from audit.probabilities import Heads

AT_ONCE = 1 << 11
"""Rows judged at a time: there are several times as many probabilities as rows times classes."""
NOWHERE = -1
SAME = 1e-6
"""Rows nearer than that are equal, also where half of the drawn rows have copies and so the threshold is 0."""


class Known(NamedTuple):
    """What is known of some rows from elsewhere."""

    labels: np.ndarray
    """(n,) the given label among the classes that were learnt; negative where the row is not to be judged."""
    block: np.ndarray
    """(n,) the block of drawn rows that are of the row's group; negative where there is none."""


@dataclass(frozen=True, eq=False)
class Views:
    """What drawn rows say of some others."""

    near: np.ndarray
    """(n, k) positions of the nearest drawn rows."""
    distances: np.ndarray
    own: np.ndarray
    """(n,) block of drawn rows that may not vouch for the row; negative where there is none."""
    first: tuple[np.ndarray, np.ndarray]
    """(n, K) of the linear head and of the neighbours' vote."""
    second: tuple[np.ndarray, ...]
    """The same of the second stage, where there is one."""


@dataclass(frozen=True, eq=False)
class Judge:
    """What was learnt of the drawn rows."""

    points: np.ndarray
    """(m, d) the drawn rows as neighbours are sought among them."""
    centre: np.ndarray | None
    """From where directions are taken, where they are what is compared."""
    threshold: float
    """The distance below which two rows look the same."""
    together: np.ndarray
    """(m,) number of the block of rows that never vouch for each other."""
    folds: np.ndarray
    """(m,) the fold in which a drawn row is held out."""
    heads: Heads
    votes: np.ndarray
    """(m, K) the given labels, one each."""
    transfer: Transfer
    range: tuple[np.ndarray, np.ndarray]
    """(d,) least and most of the drawn rows' vectors: what a head would say beyond is not learnt, and grows without end."""

    @classmethod
    def of(cls, evidence: Evidence) -> Judge:
        """By all views of the drawn rows; InputError where there is a class of which nothing can be learnt."""
        features, labels = evidence.features, evidence.data.labels
        return cls(
            evidence.space[0],
            evidence.centre,
            evidence.near_threshold,
            features.together,
            features.folds,
            evidence.heads,
            np.eye(len(evidence.data.classes))[labels],
            evidence.noise.transfer,
            (evidence.embeddings.min(axis=0), evidence.embeddings.max(axis=0)),
        )

    @property
    def classes(self) -> int:
        """How many were learnt."""
        return int(self.votes.shape[1])

    def views(self, vectors: np.ndarray, block: np.ndarray) -> Views:
        """What is said of rows by their embeddings (n, d) and the block of their group (n,), no label looked at."""
        found = nearest(self.points, GRAPH, vectors if self.centre is None else directions(vectors, self.centre))
        near, second = found.indices, self.transfer.second
        copy = np.where(found.distances[:, 0] < max(self.threshold, SAME), self.together[near[:, 0]], NOWHERE)
        alike = found.distances < max(self.threshold, SAME)
        outside = ~alike & (self.together[near] != copy[:, None]) & (self.together[near] != block[:, None])
        member = np.where((copy < 0) & (block >= 0), self._first_of[block], near[:, 0])
        inside = np.clip(vectors, *self.range)
        head = self.heads(inside, self.folds[member])
        first = (head, vote(near, outside, self.votes))
        again: tuple[np.ndarray, ...] = ()
        if second is not None:
            soft = second.heads(inside, [folds[member] for folds in second.heads.folds])
            again = (soft, vote(near, outside, second.votes))
        return Views(near, found.distances, np.where(copy < 0, block, copy), first, again)

    @property
    def _first_of(self) -> np.ndarray:
        """(blocks,) a member of each block, by its number."""
        blocks, first = np.unique(self.together, return_index=True)
        out = np.zeros(int(blocks[-1]) + 1, np.int64)
        out[blocks] = first
        return out

    def __call__(self, vectors: np.ndarray, known: Known) -> Others:
        """Judge rows by their embeddings (n, d). Those that are not to be judged, or have none (NaN), are wrong with
        probability NaN and suggested class 0."""
        n, K = len(vectors), self.classes
        out = Others(np.full(n, np.nan), np.zeros(n, np.int64), np.full(n, np.nan), np.zeros((K, K)))
        judged = np.flatnonzero((known.labels >= 0) & np.isfinite(vectors).all(axis=1))
        for i in range(0, len(judged), AT_ONCE):
            at = judged[i : i + AT_ONCE]
            views = self.views(vectors[at], known.block[at])
            said = self.transfer.judge(logarithms([*views.first, *views.second]), known.labels[at])
            out.wrong[at], out.suggested[at], out.probability[at] = said.wrong, said.suggested, said.probability
            out.pairs[:] += said.pairs
        return out
