"""A table in Parquet files that is never whole in memory: row groups, batches of them, and what its columns are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import ROW, Dataset, Origin, sorted_classes
from audit.errors import InputError, UnknownName, some
from audit.large.read.places import Place, files_of, first_line, is_folder, parquet
from audit.sources.content import Content
from audit.sources.roles import LABEL_NAMES, MOST_REAL_CLASSES, Named, build
from audit.sources.tables import content_of, remembered
from audit.stream.tiles import smallest

HEAD, HEAD_BYTES = 10_000, 64 << 20
"""Rows from which the columns' roles are inferred: so many, or so many bytes of them."""
BATCH_BYTES, FEWEST_ROWS, MOST_ROWS = 8 << 20, 256, 1 << 16
MOST_CLASSES = 1 << 16
PROBED, PROBE = 16, 32
"""Row groups of which some rows are read to see how wide they are, about so many, and so many rows."""
TEXT_BYTES = 40
"""A text in memory takes so much at the least, however often the file says it and however short."""


@dataclass(frozen=True)
class Part:
    """A row group of a file; row `start` of the whole is its first."""

    path: Place
    group: int
    start: int
    rows: int
    batch: int
    """Rows that are read at a time."""
    without: np.ndarray | None = field(default=None, compare=False)
    """Ascending places in the row group of rows that are left out, and not counted in `rows`."""


@dataclass(frozen=True, eq=False)
class LargeTable:
    """Parquet files of the same columns, one after the other."""

    path: Place
    parts: tuple[Part, ...]
    schema: Any
    rows: int
    bytes: int
    """Of all columns, decoded."""
    group: int
    """Of the largest row group, decoded."""
    columns: Mapping[str, int]
    """Of each column, decoded."""

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[int, pd.DataFrame]]:
        """Every row, in order."""
        for part in self.parts:
            yield from batches(part, columns)

    def without(self, out: np.ndarray) -> LargeTable:
        """As if the files did not have the rows at some positions, ascending; of a table that has all."""
        parts, start = [], 0
        for part in self.parts:
            low, high = np.searchsorted(out, [part.start, part.start + part.rows])
            left = part.rows - int(high - low)
            if left:
                places = out[low:high] - part.start if high > low else None
                parts.append(replace(part, start=start, rows=left, without=places))
            start += left
        return replace(self, parts=tuple(parts), rows=start)


@dataclass(frozen=True, eq=False)
class LargeData:
    """What a `Dataset` is, but for its rows."""

    table: LargeTable
    head: Dataset
    """The first rows, with the roles of the columns and the classes of all rows."""
    rows: pd.Index
    """All row ids, in order."""
    codes: np.ndarray | None
    """(n,) positions of the given labels in the classes, in the smallest integers that hold them."""

    @property
    def classes(self) -> tuple[Hashable, ...]:
        """The classes, in order."""
        return self.head.classes

    @property
    def labels(self) -> np.ndarray:
        """The `codes` of data that has labels, as whoever asks must know."""
        if self.codes is None:
            raise TypeError("labels are looked at where there are some")
        return self.codes

    def given(self, positions: np.ndarray | slice) -> np.ndarray | None:
        """The labels of some rows, as they are written in the table."""
        return None if self.codes is None else self.named(self.codes[positions])

    def named(self, codes: np.ndarray) -> np.ndarray:
        """Classes by their positions, as they are written in the table."""
        names = np.empty(len(self.classes), dtype=object)
        names[:] = self.classes
        return np.asarray(names[codes])

    def without(self, out: np.ndarray) -> LargeData:
        """All rows but those at some positions, ascending."""
        if not len(out):
            return self
        codes = None if self.codes is None else np.delete(self.codes, out)
        return LargeData(self.table.without(out), self.head, self.rows.delete(out), codes)

    def at(self, positions: np.ndarray) -> Dataset:
        """Some rows, ascending, read from the files."""
        import pyarrow as pa

        found = []
        for part in self.table.parts:
            here = positions[(positions >= part.start) & (positions < part.start + part.rows)]
            if len(here):
                for start, rows in arrow_batches(part, self.table.schema.names):
                    own = here[(here >= start) & (here < start + len(rows))] - start
                    if len(own):
                        found.append(rows.take(pa.array(own)))
        # put side by side before they become pandas': what a column becomes depends on all its values
        table = frame_of(pa.concat_tables(found), self.table.path, 0)
        return replace(self.head, table=table.set_index(self.rows[positions].rename(ROW)))


def open_table(path: Place) -> LargeTable:
    """The Parquet file, or the Parquet files in a folder; only their metadata is read."""
    import pyarrow as pa

    files = files_of(path)
    if not files or (isinstance(path, Path) and not path.exists()):
        raise InputError(f"{path}: only Parquet can be audited block by block: a .parquet file or a folder of them")
    schema, groups = None, []
    columns: Counter[str] = Counter()
    for file in files:
        try:
            with parquet(file) as opened:
                own, meta = opened.schema_arrow, opened.metadata
        except (pa.ArrowException, OSError) as broken:
            raise InputError(f"{file}: not a whole Parquet file: {first_line(broken)}") from None
        schema = own if schema is None else schema
        if not own.equals(schema):
            raise InputError(f"{file}: columns differ from those of {files[0]} in name or kind")
        for g in range(meta.num_row_groups):
            group = meta.row_group(g)
            chunks = [group.column(c) for c in range(group.num_columns)]
            if group.num_rows:
                groups.append(_Group(file, g, group.num_rows, group.total_byte_size, any(map(_repeats, chunks))))
            for chunk in chunks:
                columns[chunk.path_in_schema.split(".")[0]] += chunk.total_uncompressed_size
    if not groups:
        raise InputError(f"{path}: no rows")
    kinds = [schema.field(name).type for name in schema.names] if schema is not None else []
    width = sum((TEXT_BYTES if pa.types.is_string(k) or pa.types.is_large_string(k) else 8) for k in kinds)
    sizes = _decoded(groups)
    starts = np.cumsum([0, *(g.rows for g in groups)]).tolist()
    parts = tuple(
        Part(g.file, g.number, start, g.rows, _at_once(size, g.rows))
        for g, start, size in zip(groups, starts, sizes, strict=False)
    )
    return LargeTable(path, parts, schema, starts[-1], max(sum(sizes), starts[-1] * width), max(sizes), columns)


@dataclass(frozen=True)
class _Group:
    """A row group, by its metadata."""

    file: Place
    number: int
    rows: int
    bytes: int
    repeats: bool
    """Whether texts or bytes in it may be said once and meant often: then `bytes` is too few."""


def _repeats(chunk: Any) -> bool:
    return bool(chunk.physical_type == "BYTE_ARRAY" and chunk.has_dictionary_page)


def _decoded(groups: Sequence[_Group]) -> list[int]:
    """About how many bytes each row group takes: where texts or pictures may repeat, at least as many a row as the widest
    of the first rows of some of them."""
    some_ = [g for g in groups if g.repeats]
    a_row = 0
    for group in some_[:: max(1, len(some_) // PROBED)]:
        with parquet(group.file, pre_buffer=False) as file:
            first = next(file.iter_batches(min(PROBE, group.rows), row_groups=[group.number]))
        a_row = max(a_row, first.nbytes // len(first))
    return [max(g.bytes, g.rows * a_row if g.repeats else 0) for g in groups]


def _at_once(size: int, rows: int) -> int:
    return int(np.clip(BATCH_BYTES * rows // max(size, 1), FEWEST_ROWS, MOST_ROWS))


def batches(part: Part, columns: Sequence[str]) -> Iterator[tuple[int, pd.DataFrame]]:
    """The rows of a row group a batch at a time, indexed by position: (first row, columns)."""
    return ((start, frame_of(rows, part.path, start)) for start, rows in arrow_batches(part, columns))


def arrow_batches(part: Part, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """The same as Arrow tables."""
    import pyarrow as pa

    start, place = part.start, 0
    try:
        with parquet(part.path, pre_buffer=False, buffer_size=1 << 20) as file:
            for batch in file.iter_batches(
                part.batch, row_groups=[part.group], columns=list(columns), use_threads=False
            ):
                rows = pa.Table.from_batches([batch]).select(list(columns))
                if part.without is not None:
                    rows = rows.filter(pa.array(~np.isin(np.arange(place, place + len(rows)), part.without)))
                if len(rows):
                    yield start, rows
                start, place = start + len(rows), place + batch.num_rows
    except (pa.ArrowException, OSError) as broken:
        raise InputError(f"{part.path}: not a whole Parquet file: {first_line(broken)}") from None


def frame_of(table: Any, path: Place, start: int) -> pd.DataFrame:
    """As the whole file's columns would be read."""
    frame = content_of(table.replace_schema_metadata(None), Origin(), str(path)).table
    return frame.set_index(pd.RangeIndex(start, start + len(frame), name=ROW))


def open_data(table: LargeTable, named: Named) -> LargeData:
    """Give the columns their roles and read the labels and the ids; InputError as `load` says it."""
    content = _head(table)
    label = None if named.unlabelled else named.label or _the_label(content)
    known = content.classes if _remembers(content, label) else None
    codes, order = (None, ()) if label is None else _labels(table, label, known)
    head = build(content, replace(named, label=label), order or None)
    inferred = (f"roles are inferred from the first {len(head):,} rows", *head.inferred) if head.inferred else ()
    if head.roles.image is not None:
        _refuse_remote_files(table, head.roles.image)
        head = replace(head, table=head.table.iloc[:FEWEST_ROWS])  # whose cells may be whole pictures
    return LargeData(table, replace(head, inferred=inferred), _ids(table, head), codes)


def _refuse_remote_files(table: LargeTable, image: str) -> None:
    import pyarrow as pa

    kind = table.schema.field(image).type
    cells = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_struct)
    if not isinstance(table.path, Path) and not any(is_(kind) for is_ in cells):
        raise InputError(
            f"{table.path}: column {image!r} holds paths, and pictures at an address are not read; put their bytes into "
            f"the column, or the manifest and the pictures under a path here"
        )


def _head(table: LargeTable) -> Content:
    import pyarrow as pa

    known = remembered(table.schema)
    if known.get("pandas") or known.get("images"):
        what = "row ids" if known.get("pandas") else "pictures"
        raise InputError(f"{table.path}: its {what} lie beside the columns; such a file is not audited block by block")
    first: list[Any] = []
    for part in table.parts:
        wanted = min(HEAD - sum(map(len, first)), part.rows, max(part.batch, FEWEST_ROWS))
        with parquet(part.path, pre_buffer=False) as file:
            first.append(next(file.iter_batches(wanted, row_groups=[part.group])))
        if sum(map(len, first)) >= HEAD or sum(b.nbytes for b in first) >= HEAD_BYTES:
            break
    kind = "parquet-folder" if is_folder(table.path) else "parquet"
    # a worker may stand in another folder
    where = table.path.absolute() if isinstance(table.path, Path) else table.path
    return content_of(pa.Table.from_batches(first, schema=table.schema), Origin(kind, str(where)), str(table.path))


def _remembers(content: Content, label: str | None) -> bool:
    return content.roles is not None and content.roles.label == label and content.classes is not None


def _the_label(content: Content) -> str | None:
    if content.roles is not None:
        return content.roles.label
    found = [c for c in content.table.columns if str(c).lower() in LABEL_NAMES]
    if len(found) != 1:
        listed = ", ".join(map(str, content.table.columns))
        raise InputError(f"{content.name}: name the label column, or say that there is none; columns are {listed}")
    return str(found[0])


def classes_in(table: LargeTable, label: str | None) -> int:
    """How many different labels there are in the column of that name, or in the one that is called like one; 0 where there
    is none, and at most `MOST_CLASSES`, of which more are none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    likely = [c for c in table.schema.names if c.lower() in LABEL_NAMES]
    column = label or (likely[0] if len(likely) == 1 else None)
    if column is None or column not in table.schema.names or pa.types.is_nested(table.schema.field(column).type):
        return 0
    met: set[Hashable] = set()
    for part in table.parts:
        for _, rows in arrow_batches(part, [column]):
            met.update(pc.unique(rows.column(0)).to_pylist())
        if len(met) > MOST_CLASSES:
            return MOST_CLASSES
    return len(met)


def _labels(table: LargeTable, label: str, known: Sequence[Hashable] | None) -> tuple[np.ndarray, tuple[Hashable, ...]]:
    """(n,) positions among the classes, and these: `known`, or all there are in their natural order."""
    if label not in table.schema.names:
        raise UnknownName.of("column", label, table.schema.names, where=str(table.path))
    met: dict[Hashable, int] = {}
    codes = np.empty(table.rows, np.int32)
    gone: list[int] = []
    for start, frame in table.batches([label]):
        own, values = pd.factorize(frame[label])
        gone += (start + np.flatnonzero(own < 0)).tolist()
        plain = [v.item() if isinstance(v, np.generic) else v for v in values]
        place = np.array([met.setdefault(v, len(met)) for v in plain] or [0], np.int32)
        codes[start : start + len(own)] = place[own]
        _refuse_measurements(table, label, met)
    if gone:
        raise InputError(
            f"{table.path}: column {label!r} has no label in {len(gone):,} of {table.rows:,} rows: "
            f"row{'s' if len(gone) > 1 else ''} {some(gone)}, counted from 0; label or drop them first"
        )
    order = (
        tuple(known)
        if known is not None
        else sorted_classes(pd.Series(list(met), name=label, dtype=object), str(table.path))
    )
    if unknown := [v for v in met if v not in order]:
        raise UnknownName.of("class", unknown[0], order, where=str(table.path))
    place = np.array([order.index(v) for v in met], smallest(len(order)))
    return place[codes], order


def _refuse_measurements(table: LargeTable, label: str, met: dict[Hashable, int]) -> None:
    fractions = len(met) > MOST_REAL_CLASSES and any(isinstance(v, float) and v % 1 for v in met)
    if fractions or len(met) > MOST_CLASSES:
        what = "fractions" if fractions else "values"
        raise InputError(f"{table.path}: column {label!r} holds {len(met):,} different {what} or more, not classes")


def _ids(table: LargeTable, head: Dataset) -> pd.Index:
    column = head.roles.id
    if column is None:
        return pd.RangeIndex(table.rows, name=ROW)
    rows: pd.Index = pd.Index(pd.concat([frame[column] for _, frame in table.batches([column])]).array, name=ROW)
    if rows.hasnans:
        raise InputError(
            f"{table.path}: column {column!r} has no id in row {some(np.flatnonzero(rows.isna()).tolist())}"
        )
    if not rows.is_unique:
        twice = rows[rows.duplicated()].unique()
        raise InputError(f"{table.path}: column {column!r} names rows twice: {some(twice)}")
    return rows
