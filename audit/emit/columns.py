"""Parquet and Arrow IPC: edited as Arrow tables, so that every column keeps its type and every cell its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audit.dataset import Dataset
from audit.emit.edits import Edits, original_order
from audit.sources.tables import parquet_files, read_arrow, remember


def cut_columns(before: Dataset, out: Path, rows: np.ndarray) -> None:
    """Write the chosen rows as they are; a folder's every file, even one that is left without rows."""
    start = 0
    for name, table in _tables(before.origin.file):
        write_arrow(table.filter(pa.array(rows[start : start + len(table)])), out / name if name else out)
        start += len(table)


def edit_columns(before: Dataset, out: Path, edits: Edits) -> dict[str, Any]:
    """Write the rows that stay, edited, and what their columns are for."""
    roles = replace(before.roles, weight=edits.weight)
    start = 0
    for name, table in _tables(before.origin.file):
        own = edits.slice(start, start + len(table))
        cleaned = _edited(table, own).filter(pa.array(own.kept))
        write_arrow(remember(cleaned, roles, before.classes), out / name if name else out)
        start += len(table)
    return dict(before.origin.options)


def join_columns(
    parts: tuple[Path, Path, Path], out: Path, rows: pd.DataFrame, added: str | None, _options: Mapping[str, Any]
) -> None:
    """Write the input again from the cleaned rows, the originals and the quarantine."""
    start = 0
    for name, left_out in _tables(parts[2]):
        cleaned, originals = (read_arrow(part / name if name else part) for part in parts[:2])
        stop = start + len(cleaned) + len(left_out)
        plain = cleaned.drop_columns([added]) if added else cleaned
        # the cleaned rows' weights may be of a wider type than they were
        plain = pa.table([plain.column(f.name).cast(f.type) for f in left_out.schema], schema=left_out.schema)
        every = pa.concat_tables([plain, originals, left_out])
        write_arrow(
            every.take(pa.array(original_order(rows.iloc[start:stop], len(plain), len(originals), len(left_out)))),
            out / name if name else out,
        )
        start = stop


def write_arrow(table: pa.Table, path: Path) -> None:
    """Write Parquet or Arrow IPC, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in (".parquet", ".pq"):
        pq.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)


def _tables(source: Path) -> list[tuple[str, pa.Table]]:
    """Each file's name below `source` ('' when it is one file) and its table."""
    if source.is_dir():
        return [(p.relative_to(source).as_posix(), read_arrow(p)) for p in parquet_files(source)]
    return [("", read_arrow(source))]


def _edited(table: pa.Table, edits: Edits) -> pa.Table:
    if edits.labels:
        table = _set(table, str(edits.label), edits.labels)
    if edits.weights is None or edits.weight is None:
        return table
    column = pa.array(edits.weights, pa.float64())
    if edits.added:
        return table.append_column(edits.weight, column)
    place = table.schema.get_field_index(edits.weight)
    return table.set_column(place, pa.field(edits.weight, pa.float64()), column)


def _set(table: pa.Table, name: str, values: Mapping[int, Any]) -> pa.Table:
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    cells = table.column(place).to_pylist()
    for position, value in values.items():
        cells[position] = value
    return table.set_column(place, field, _as_they_were(cells, table.column(place)))


def _as_they_were(cells: list[Any], column: pa.ChunkedArray) -> pa.Array:
    """The cells in the column's type; a dictionary's words keep their places, which may be their order."""
    if not pa.types.is_dictionary(column.type) or not column.num_chunks:
        return pa.array(cells, type=column.type)
    known = column.unify_dictionaries().chunk(0).dictionary.to_pylist()
    words = list(dict.fromkeys([*known, *(c for c in cells if c is not None)]))
    place = {word: i for i, word in enumerate(words)}
    codes = pa.array([None if c is None else place[c] for c in cells], column.type.index_type)
    return pa.DictionaryArray.from_arrays(codes, pa.array(words, column.type.value_type), ordered=column.type.ordered)
