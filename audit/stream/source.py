"""What probabilities are read from, block by block, by one thread or several."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from audit.errors import InputError

BLOCK_BYTES = 16 << 20
Read = Callable[[], np.ndarray]
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """(n, K) probabilities that can be read again and again."""

    name: str
    rows: int
    classes: int
    dtype: np.dtype[Any]
    blocks: Callable[[int], Iterator[tuple[int, Read]]]
    """Rows a block -> (its first row, what reads it), in row order; reading may happen in another thread."""
    array: np.ndarray | None = None
    """All of it, where it is an array; its rows can be taken at once."""
    table: tuple[Path, ...] = ()
    """The files of a table, which may hold the labels too."""

    @property
    def block_rows(self) -> int:
        """Rows in a block of a few MB; more with very many classes, since each block is counted into a K x K table."""
        wanted = max(BLOCK_BYTES, 32 * self.classes**2)
        return max(1, wanted // (self.classes * self.dtype.itemsize))


def in_threads(work: Callable[[S], T], items: Iterable[S], threads: int) -> Iterator[T]:
    """`work` on every item, in order; in `threads` threads, with at most twice as many items handed out as threads."""
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * threads:  # so that none waits for the next to be handed out
                yield waiting.popleft().result()
        yield from (future.result() for future in waiting)


def take(source: Source, wanted: Sequence[tuple[np.ndarray, np.ndarray]], threads: int = 1) -> list[np.ndarray]:
    """The values at some (rows, columns), rows ascending, by one reading of the source."""
    found = [np.empty((len(rows), len(columns)), source.dtype) for rows, columns in wanted]
    step = source.block_rows

    def pick(block: tuple[int, Read]) -> None:
        start, read = block
        ends = [np.searchsorted(rows, [start, start + step]) for rows, _ in wanted]
        if all(low == high for low, high in ends):
            return
        values = read()
        for (rows, columns), out, (low, high) in zip(wanted, found, ends, strict=True):
            mine = rows[low:high] - start
            mine = mine[: np.searchsorted(mine, len(values))]  # a block at the end of a row group is shorter
            out[low : low + len(mine)] = values[mine[:, None], columns]

    for _ in in_threads(pick, source.blocks(step), threads):
        pass
    return found


def of_array(array: np.ndarray, name: str) -> Source:
    """An array in memory, or a mapped one; its blocks are views."""
    rows, classes = check_shape(name, array.shape, array.dtype)

    def blocks(step: int) -> Iterator[tuple[int, Read]]:
        return ((i, partial(array.__getitem__, slice(i, i + step))) for i in range(0, rows, step))

    return Source(name, rows, classes, array.dtype, blocks, array)


def check_shape(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, int]:
    """Rows and classes; InputError if these are no probabilities."""
    if len(shape) != 2 or shape[1] < 2 or not shape[0]:
        raise InputError(f"{name}: probabilities of two or more classes in rows are expected, this has shape {shape}")
    if dtype not in (np.float32, np.float64):
        raise InputError(f"{name}: probabilities are float32 or float64, these are {dtype}; store them as float32")
    return shape[0], shape[1]
