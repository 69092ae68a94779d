"""Probabilities in Parquet and Arrow tables: a column a class, or one column of lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from audit.errors import InputError, UnknownName, some
from audit.stream.source import Read, Source, check_shape

T = TypeVar("T")
Batch = Callable[[], Any]
"""Reads some rows as a table or record batch of Arrow's."""


def of_tables(path: Path, files: tuple[Path, ...], columns: Sequence[str] | None) -> Source:
    """Tables of the same columns, one after the other."""
    import pyarrow as pa

    shapes = [_checked(f, _schema) for f in files]
    schema, rows = shapes[0][0], sum(n for _, n in shapes)
    names, listed = _columns(path, schema, columns)
    for file, (other, _) in zip(files, shapes, strict=True):
        if any(n not in other.names or other.field(n).type != schema.field(n).type for n in names):
            raise InputError(f"{file}: its columns of probabilities are not those of {files[0].name}")
    kinds = {schema.field(n).type.value_type if listed else schema.field(n).type for n in names}
    dtype = np.dtype(np.float32 if kinds == {pa.float32()} else np.float64)
    classes = schema.field(names[0]).type.list_size if listed else len(names)
    check_shape(str(path), (rows, classes), dtype)

    def blocks(step: int) -> Iterator[tuple[int, Read]]:
        start = 0
        for rows, read in _batches(files, step, names):
            yield start, partial(_dense, read, classes, dtype, f"{path}: rows from {start} on")
            start += rows

    return Source(str(path), rows, classes, dtype, blocks, table=files)


def column(source: Source, name: str) -> np.ndarray:
    """(n,) one column of a source that is a table; UnknownName says which there are."""
    there = _checked(source.table[0], _schema)[0].names
    if name not in there:
        raise UnknownName.of("column", name, there, where=source.name)
    batches = (read() for _, read in _batches(source.table, 1 << 20, [name]))
    return np.concatenate([b.column(0).to_numpy(zero_copy_only=False) for b in batches])


def _columns(path: Path, schema: Any, columns: Sequence[str] | None) -> tuple[list[str], bool]:
    """The probabilities' columns, and whether it is one column of lists."""
    import pyarrow as pa

    if columns is not None:
        missing = [c for c in columns if c not in schema.names]
        if missing:
            raise InputError(f"{path}: no column {missing[0]!r}; there is {some(schema.names, 12)}")
        chosen = list(columns)
    else:
        chosen = [f.name for f in schema if pa.types.is_floating(f.type)]
        chosen = chosen or [f.name for f in schema if pa.types.is_fixed_size_list(f.type)]
    if len(chosen) == 1 and pa.types.is_fixed_size_list(schema.field(chosen[0]).type):
        return chosen, True
    wrong = [c for c in chosen if schema.field(c).type not in (pa.float32(), pa.float64())]
    if wrong or not chosen:
        raise InputError(f"{path}: column {wrong[0]!r} is no probability" if wrong else f"{path}: no column of floats")
    return chosen, False


def _dense(read: Batch, classes: int, dtype: np.dtype[Any], where: str) -> np.ndarray:
    batch = read()
    if any(column.null_count for column in batch.columns):
        raise InputError(f"{where}: a probability is missing")
    if batch.num_columns == 1 and batch.num_columns != classes:
        return np.asarray(batch.column(0).flatten().to_numpy().reshape(-1, classes))
    out = np.empty((batch.num_rows, classes), dtype)
    for k, column in enumerate(batch.columns):
        out[:, k] = column.to_numpy()
    return out


def _checked(path: Path, read: Callable[[Path], T]) -> T:
    import pyarrow as pa

    try:
        return read(path)
    except (pa.ArrowException, OSError) as broken:
        raise InputError(f"{path}: cannot be read: {broken}") from None


def _schema(path: Path) -> tuple[Any, int]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return file.schema_arrow, file.metadata.num_rows
    import pyarrow as pa
    from pyarrow import ipc

    with pa.memory_map(str(path)) as mapped, ipc.open_file(mapped) as file:
        return file.schema, sum(_records(path))


def _batches(files: tuple[Path, ...], step: int, columns: list[str]) -> Iterator[tuple[int, Batch]]:
    """At most `step` rows at a time, of some columns in their given order: (how many, what reads them).

    Whoever reads them opens the file: what is handed to another process is a place in it. But a row group of more rows
    than a block is decoded from its beginning to get at any of them, so that is done here, once.
    """
    for path in files:
        if path.suffix == ".parquet":
            yield from _of_parquet(path, step, columns)
            continue
        for i, rows in enumerate(_checked(path, _records)):
            yield from (
                (min(step, rows - j), partial(_record, path, i, j, step, columns)) for j in range(0, rows, step)
            )


def _of_parquet(path: Path, step: int, columns: list[str]) -> Iterator[tuple[int, Batch]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if 0 < rows <= step:
                yield rows, partial(_row_group, path, group, columns)
            else:
                batches = file.iter_batches(step, row_groups=[group], columns=columns)
                yield from ((b.num_rows, partial(b.select, columns)) for b in batches)


def _row_group(path: Path, group: int, columns: list[str]) -> Any:
    import pyarrow.parquet as pq

    def read(path: Path) -> Any:
        with pq.ParquetFile(path) as file:
            return file.read_row_group(group, columns=columns, use_threads=False).select(columns)

    (batch,) = _checked(path, read).combine_chunks().to_batches()
    return batch


def _records(path: Path) -> list[int]:
    import pyarrow as pa
    from pyarrow import ipc

    with pa.memory_map(str(path)) as mapped, ipc.open_file(mapped) as file:
        return [file.get_batch(i).num_rows for i in range(file.num_record_batches)]


def _record(path: Path, number: int, start: int, step: int, columns: list[str]) -> Any:
    import pyarrow as pa
    from pyarrow import ipc

    with pa.memory_map(str(path)) as mapped, ipc.open_file(mapped) as file:
        return file.get_batch(number).select(columns).slice(start, step)
