"""Confident learning in two passes over blocks of rows: `scan`, `merge`, `thresholds`, `judge`.

Pass 1 keeps each row's label and the probability of that label. Their means by class are cleanlab's thresholds to the
last bit, because the same numbers are added in the same order: numpy sums pairwise, so a running sum, or a sum of
block sums, would differ in the last bits and move rows that lie on a threshold. Pass 2 reads every row once more and
says where it is confidently counted and whether its label loses.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from audit.errors import InputError
from audit.stream.tiles import compact, elsewhere, given, judge_tile, limits_for, refuse_improper, smallest, tiles

LOWEST = 2e-6
"""cleanlab's lower bound of a threshold."""
ABSENT = 2
"""cleanlab's threshold of a class that no row has; an integer, so that numpy makes all thresholds float64."""


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a dataset, the first of them row `start`."""

    start: int
    labels: np.ndarray
    """(n,) integers, positions among the K classes."""
    probabilities: np.ndarray
    """(n, K) float32 or float64."""


@dataclass(frozen=True)
class Piece:
    """What pass 1 keeps of a block."""

    start: int
    labels: np.ndarray
    confidence: np.ndarray


@dataclass(frozen=True)
class Partial:
    """What pass 1 keeps of some blocks, in row order: a label and a probability a row."""

    classes: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Grouped:
    """All rows' labels and self-confidences, and the latter once more, class by class."""

    classes: int
    labels: np.ndarray
    """(n,) of the smallest integers that hold K classes."""
    confidence: np.ndarray
    """(n,) probability of the given label."""
    order: np.ndarray
    """(n,) rows by class, in row order within each."""
    ends: np.ndarray
    """(K + 1,) where each class begins in `order`."""
    by_class: np.ndarray
    """(n,) `confidence[order]`."""

    def of(self, k: int) -> slice:
        """Where class k lies in `order` and `by_class`."""
        return slice(int(self.ends[k]), int(self.ends[k + 1]))

    @property
    def counts(self) -> np.ndarray:
        """(K,) rows of each class."""
        return np.diff(self.ends)


@dataclass(frozen=True)
class Rows:
    """What pass 2 says of each row of a block."""

    start: int
    loses: np.ndarray
    """(n,) bool: another class is likelier than the given one plus 1e-6 (where asked for every row)."""
    issue: np.ndarray
    """(n,) bool: it loses, and is confidently counted as another class."""
    other: np.ndarray | None
    """(n,) largest probability of a class not given, where asked."""


def scan(block: Block) -> Partial:
    """Pass 1 over one block: the label and its probability, a row each."""
    K = block.probabilities.shape[1]
    labels = compact(block.labels, K, block.start)
    return Partial(K, (Piece(block.start, labels, given(block.probabilities, labels, block.start)),))


def merge(*partials: Partial) -> Partial:
    """Put partials of different rows together; the order and the grouping make no difference."""
    classes = {p.classes for p in partials}
    if len(classes) != 1:
        raise InputError(f"partials: of {sorted(classes)} classes; they cannot be merged")
    pieces = sorted((piece for p in partials for piece in p.pieces), key=lambda piece: piece.start)
    for before, after in pairwise(pieces):
        if after.start < before.start + len(before.labels):
            raise InputError(f"partials: row {after.start} is in two of them")
    return Partial(classes.pop(), tuple(pieces))


def grouped(partial: Partial) -> Grouped:
    """Sort the rows by class, keeping their order within each."""
    position = partial.pieces[0].start
    for piece in partial.pieces:
        if piece.start != position:
            raise InputError(f"partials: rows {position} to {piece.start - 1} are in none of them")
        position += len(piece.labels)
    several = len(partial.pieces) > 1
    labels = np.concatenate([p.labels for p in partial.pieces]) if several else partial.pieces[0].labels
    confidence = np.concatenate([p.confidence for p in partial.pieces]) if several else partial.pieces[0].confidence
    order = np.argsort(labels, kind="stable")  # a radix sort up to 65,536 classes
    if len(labels) < 2**31:
        order = order.astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=partial.classes))])
    return Grouped(partial.classes, labels, confidence, order, ends, confidence[order])


def thresholds(rows: Grouped) -> np.ndarray:
    """(K,) mean self-confidence of each class, as cleanlab's `get_confident_thresholds`, its dtype included."""
    means = [np.mean(rows.by_class[rows.of(k)]) if n else ABSENT for k, n in enumerate(rows.counts)]
    return np.asarray(np.clip(means, a_min=LOWEST, a_max=None))


def judge(
    block: Block, thresholds: np.ndarray | None, *, every: bool = True, other: bool = False
) -> tuple[Rows, np.ndarray]:
    """Pass 2 over one block: what each row says, and the (K, K) counts of (given, confidently counted as).

    Args:
        block: the rows.
        thresholds: (K,) of all rows; None where only `other` is wanted.
        every: whether `loses` is wanted for every row, rather than for those confidently counted elsewhere.
        other: whether the largest probability of a class not given is wanted.
    """
    X, n, K = block.probabilities, *block.probabilities.shape
    labels = compact(block.labels, K, block.start)
    limits = None if thresholds is None else limits_for(thresholds, X.dtype)
    loses, counted = np.empty(n, bool), np.empty(n, smallest(K + 1))
    others = np.empty(n, X.dtype) if other else None
    for tile in tiles(X):
        part = np.ascontiguousarray(X[tile])
        refuse_improper(part, block.start + tile.start)
        counted[tile], loses[tile], best = judge_tile(part, labels[tile], limits, every=every, other=other)
        if others is not None:
            others[tile] = best
    return Rows(block.start, loses, elsewhere(counted, labels) & loses, others), _pairs(labels, counted, K)


def _pairs(labels: np.ndarray, counted: np.ndarray, K: int) -> np.ndarray:
    found = np.bincount(labels.astype(np.intp) * (K + 1) + counted, minlength=K * (K + 1))
    return found.reshape(K, K + 1)[:, 1:]
