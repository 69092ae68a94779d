"""Which rows cleanlab's rules flag, from the counts and one more look at the rows that may be flagged.

`prune_by_noise_rate` takes, for every pair (given k, truly j), the rows of class k with the largest p(j) - p(k), as
many as the calibrated joint says, and spares those whose label wins. The first rows of a sort are found here without
sorting what cannot be among them, and are the same unless equal values straddle the cut. There cleanlab's choice is
what numpy's unstable argsort makes of exactly these numbers, so that very sort is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from audit.stream.kernel import Grouped
from audit.stream.source import Source, in_threads, take

T = TypeVar("T")
CLEAR = 1e-5
"""Rows with a larger margin surely lose their label: one that wins has at most 1e-6, and rounding."""
LEAST_BYTES, ROW_BYTES = 8 << 20, 8
"""How much of a file's probabilities is held at once: so much, or so much a row of the data."""
PART = 4
"""What is worked on is at most this part of it, since that is copied, sorted and compared."""


@dataclass(frozen=True)
class Flagged:
    """A mask, and how many of its cuts fell among equal values."""

    mask: np.ndarray
    ties: int


@dataclass(frozen=True)
class Pairs:
    """One given class and the other classes that take rows of it."""

    rows: np.ndarray
    """(m,) the rows looked at, ascending."""
    confidence: np.ndarray
    """(m,) their label's probability."""
    columns: np.ndarray
    """(c,) the other classes."""
    numbers: np.ndarray
    """(c,) how many rows each takes."""


def lowest(values: np.ndarray, number: int) -> Flagged:
    """The `number` smallest: `np.argsort(values)[:number]` as a mask."""
    if number <= 0 or number >= len(values):
        return Flagged(np.full(len(values), number > 0), 0)
    mask = values <= np.partition(values, number - 1)[number - 1]
    if np.count_nonzero(mask) == number:
        return Flagged(mask, 0)
    mask[:] = False
    mask[np.argsort(values)[:number]] = True
    return Flagged(mask, 1)


def by_class(rows: Grouped, loses: np.ndarray, counts: np.ndarray) -> Flagged:
    """`prune_by_class`: of each class the rows with the smallest self-confidence, if their label loses.

    Args:
        rows: all rows, by class.
        loses: (n,) whether the label loses.
        counts: (K, K) how many rows each pair takes, (true, given).
    """
    mask, ties = np.zeros(len(loses), bool), 0
    for k, n in enumerate(rows.counts):
        if n > 1 and n > counts[k, k]:
            found = lowest(rows.by_class[rows.of(k)], int(n - counts[k, k]))
            mask[rows.order[rows.of(k)]] = found.mask
            ties += found.ties
    return Flagged(mask & loses, ties)


def by_noise_rate(
    source: Source, rows: Grouped, loses: np.ndarray, counts: np.ndarray, among: np.ndarray, threads: int = 1
) -> Flagged:
    """`prune_by_noise_rate`: of each pair of classes the rows with the largest margin, if their label loses.

    Args:
        source: the probabilities.
        rows: all rows, by class.
        loses: (n,) whether the label loses: only such rows can be flagged.
        counts: (K, K) how many rows each pair takes, (true, given).
        among: (n,) the rows of which it matters whether they are flagged.
        threads: how many threads share the work.
    """
    mask, ties = np.zeros(source.rows, bool), 0
    pairs = [p for k in range(rows.classes) if len((p := _pairs(rows, counts, k)).columns)]
    losing = [_at(p, loses[p.rows]) for p in pairs]
    unsettled = []
    for whole, part, (flagged, columns) in _decided(source, pairs, losing, partial(_clear, among), threads):
        mask[part.rows[flagged]] = True
        if len(columns):
            unsettled.append(replace(whole, columns=part.columns[columns], numbers=part.numbers[columns]))
    for _, part, found in _decided(source, unsettled, unsettled, _exact, threads):
        mask[part.rows[found.mask]] = True
        ties += found.ties
    return Flagged(mask & loses, ties)


def _pairs(rows: Grouped, counts: np.ndarray, k: int) -> Pairs:
    mine = rows.order[rows.of(k)]
    others = np.flatnonzero(counts[:, k])
    others = others[others != k] if len(mine) > 1 else others[:0]
    return Pairs(mine, rows.by_class[rows.of(k)], others, counts[others, k])


def _at(pairs: Pairs, where: np.ndarray) -> Pairs:
    return replace(pairs, rows=pairs.rows[where], confidence=pairs.confidence[where])


def _clear(among: np.ndarray, pairs: Pairs, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of rows whose label loses: which are surely taken, and the columns that may take more of them.

    A column that has as many clear margins as rows to take takes its largest margins; with fewer, it takes these and
    some of the rows not looked at; with equal values at the cut, what is above them and some of them.
    """
    margins = np.subtract(values.T, pairs.confidence, order="C")
    dtype = margins.dtype.type
    cuts = np.full(len(margins), np.nextafter(dtype(CLEAR), dtype(1)))
    enough = np.count_nonzero(margins >= cuts[:, None], axis=1) >= pairs.numbers
    ordered = np.sort(margins[enough], axis=1)
    cuts[enough] = ordered[np.arange(len(ordered)), margins.shape[1] - pairs.numbers[enough]]
    taken = margins >= cuts[:, None]
    found = np.count_nonzero(taken, axis=1)
    tied, short = np.flatnonzero(found > pairs.numbers), np.flatnonzero(found < pairs.numbers)
    taken[tied] = margins[tied] > cuts[tied, None]
    flagged = taken.any(axis=0)
    left = ~flagged & among[pairs.rows]
    tied = tied[((margins[tied] == cuts[tied, None]) & left).any(axis=1)]
    return flagged, np.concatenate([tied, short if left.any() else short[:0]])


def _exact(pairs: Pairs, values: np.ndarray) -> Flagged:
    """Of all rows of a class: those which cleanlab's own sort puts first, in any column."""
    mask, ties = np.zeros(len(pairs.rows), bool), 0
    for column, number in zip(values.T, pairs.numbers, strict=True):
        found = lowest(-(column - pairs.confidence), int(number))
        mask |= found.mask
        ties += found.ties
    return Flagged(mask, ties)


def _decided(
    source: Source, wholes: list[Pairs], parts: list[Pairs], decide: Callable[[Pairs, np.ndarray], T], threads: int
) -> Iterator[tuple[Pairs, Pairs, T]]:
    """Each of `parts`, in pieces of few enough columns, decided on its values; `wholes` go along."""
    size, budget = source.dtype.itemsize, max(LEAST_BYTES, ROW_BYTES * source.rows)
    pieces = [
        (whole, replace(part, columns=part.columns[i : i + step], numbers=part.numbers[i : i + step]))
        for whole, part in zip(wholes, parts, strict=True)
        if (step := max(1, budget // (PART * threads * size * max(1, len(part.rows))))) and len(part.rows)
        for i in range(0, len(part.columns), step)
    ]
    if source.array is not None:
        array = source.array
        yield from in_threads(lambda p: (*p, decide(p[1], _values(array, p[1]))), pieces, threads)
        return
    for batch in _batches(pieces, budget // size):
        values = take(source, [(p.rows, p.columns) for _, p in batch], threads)
        yield from ((*p, decide(p[1], v)) for p, v in zip(batch, values, strict=True))


def _batches(pieces: list[tuple[Pairs, Pairs]], most: int) -> Iterator[list[tuple[Pairs, Pairs]]]:
    """What one reading of a file brings: pieces of at most so many values together, or one piece."""
    batch: list[tuple[Pairs, Pairs]] = []
    held = 0
    for piece in pieces:
        volume = len(piece[1].rows) * len(piece[1].columns)
        if batch and held + volume > most:
            yield batch
            batch, held = [], 0
        batch.append(piece)
        held += volume
    if batch:
        yield batch


def _values(array: np.ndarray, pairs: Pairs) -> np.ndarray:
    if 4 * len(pairs.columns) < array.shape[1]:
        return np.asarray(array[pairs.rows[:, None], pairs.columns])
    return np.asarray(array[pairs.rows][:, pairs.columns])  # whole rows lie together
