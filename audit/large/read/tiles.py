"""The rows of a large table in tiles of always the same rows, however its files cut them into row groups.

A product of matrices rounds by how many rows it has, so what is computed of a tile has the same last bits whatever the
row groups are and wherever it is worked on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audit.large.read.table import LargeTable, Part, arrow_batches

TILE = 1 << 15
"""Rows of a tile; the last has what is left."""


@dataclass(frozen=True)
class Stretch:
    """The tiles that begin in one row group: what a worker takes at a time."""

    parts: tuple[Part, ...]
    """The row groups that they lie in."""
    start: int
    stop: int


def stretches(table: LargeTable, tile: int = TILE) -> Iterator[Stretch]:
    """All rows, in order."""
    for part in table.parts:
        start = -(-part.start // tile) * tile
        stop = min(-(-(part.start + part.rows) // tile) * tile, table.rows)
        if start < part.start + part.rows:
            inside = tuple(p for p in table.parts if p.start < stop and p.start + p.rows > start)
            yield Stretch(inside, start, stop)


def slabs(stretch: Stretch, columns: Sequence[str], rows: int) -> Iterator[tuple[int, Any]]:
    """The rows of a stretch as Arrow tables of `rows` rows, the last of what is left: (first row, columns)."""
    import pyarrow as pa

    waiting: list[Any] = []
    start, held = stretch.start, 0
    for part in stretch.parts:
        for first, batch in arrow_batches(part, columns):
            low, high = max(stretch.start - first, 0), min(stretch.stop - first, len(batch))
            if low < high:
                waiting.append(batch.slice(low, high - low))
                held += high - low
            while held >= rows:
                whole = pa.concat_tables(waiting)
                yield start, whole.slice(0, rows)
                waiting, start, held = [whole.slice(rows)], start + rows, held - rows
            if first + len(batch) >= stretch.stop:
                break
    if held:
        yield start, pa.concat_tables(waiting)
