"""Parquet (a file or a folder of them) and Arrow IPC: typed tables, which remember the roles we gave them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from audit.dataset import ROW, Origin, Roles
from audit.errors import InputError, some
from audit.sources.content import Content
from audit.sources.delimited import whole_numbers

METADATA = b"assay.roles"
"""Where in a schema's metadata the roles stand, with the classes."""


def read_parquet(path: Path) -> Content:
    """Read one Parquet file, and the pictures beside it when we wrote some there."""
    table = read_arrow(path)
    content = content_of(table, Origin("parquet", str(path)), str(path))
    beside = remembered(table.schema).get("images")
    return content if beside is None else replace(content, images=read_pictures(path.parent / beside))


def read_pictures(path: Path) -> np.ndarray:
    """(n, h, w, c) uint8 from an .npy file."""
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as broken:
        raise InputError(f"{path}: not a whole .npy file: {broken}") from None


def read_parquet_folder(path: Path) -> Content:
    """Read a folder of Parquet files, in the order of their names, as one table."""
    parts = {p: read_arrow(p) for p in parquet_files(path)}
    first, schema = next((p, t.schema) for p, t in parts.items())
    for part, table in parts.items():
        if table.schema.names != schema.names:
            raise InputError(f"{part}: columns are {_listed(table)}; {first} has {', '.join(schema.names)}")
    try:
        whole = pa.concat_tables(parts.values(), promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as differ:
        raise InputError(f"{path}: the files' columns differ in kind: {differ}") from None
    return content_of(whole, Origin("parquet-folder", str(path)), str(path))


def read_ipc(path: Path) -> Content:
    """Read an Arrow IPC file (.arrow, .feather)."""
    return content_of(read_arrow(path), Origin("arrow", str(path)), str(path))


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files in a folder and those below it, by name."""
    return sorted(p for p in folder.rglob("*.parquet") if not p.name.startswith((".", "_")))


def read_arrow(path: Path) -> pa.Table:
    """A Parquet or Arrow IPC file as it is; InputError names the file that is not one."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pq.ParquetFile(path).read()
        with pa.memory_map(str(path)) as source:
            return _read_ipc(source)
    except (pa.ArrowException, OSError) as broken:
        if not path.is_file():
            raise InputError(f"{path}: no such file") from None
        what = "Parquet" if path.suffix.lower() in (".parquet", ".pq") else "Arrow IPC"
        raise InputError(f"{path}: not a whole {what} file: {_first_line(broken)}") from None


def _read_ipc(source: pa.NativeFile) -> pa.Table:
    try:
        return pa.ipc.open_file(source).read_all()
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_stream(source).read_all()  # what other tools write under the same suffix


def _first_line(broken: BaseException) -> str:
    return str(broken).splitlines()[0] if str(broken) else type(broken).__name__


def content_of(table: pa.Table, origin: Origin, name: str) -> Content:
    """An Arrow table's columns as pandas', with the roles its metadata remembers."""
    if table.num_columns == 0 or table.num_rows == 0:
        raise InputError(f"{name}: no rows; columns are {_listed(table) or 'none'}")
    twice = [n for n in table.column_names if table.column_names.count(n) > 1]
    if twice:
        raise InputError(f"{name}: two columns are called {twice[0]!r}")
    known = remembered(table.schema)
    if known.get("pandas"):  # written from a pandas table: its own row ids and kinds come back
        frame, origin = table.to_pandas(), replace(origin, format="memory")
    else:
        frame = pd.DataFrame({c: _as_pandas(table.column(c)) for c in table.column_names})
    content = Content(name, frame.rename_axis(ROW), origin)
    return _with_memory(content, known) if "roles" in known else content


def _with_memory(content: Content, known: Mapping[str, Any]) -> Content:
    """With the roles that the file remembers, unless somebody has since removed a column that one of them names."""
    table = content.table
    try:
        roles = Roles.from_dict(known["roles"])
    except TypeError:
        raise InputError(f"{content.name}: the roles in its metadata are of another version of assay") from None
    gone = [c for c in roles.columns() if c not in table.columns]
    if gone:
        return replace(content, notes=(f"the roles that the file remembers name columns that are gone: {some(gone)}",))
    if roles.id is not None and not known.get("pandas"):
        table = table.set_index(pd.Index(table[roles.id], name=ROW))
    classes = tuple(known.get("classes", ()))
    fit = roles.label is not None and bool(table[roles.label].isin(classes).all())
    return replace(content, table=table, roles=roles, classes=classes if fit else None)


def remembered(schema: pa.Schema) -> dict[str, Any]:
    """What we wrote into a schema's metadata: roles, classes, whether it was a pandas table; {} when nothing."""
    written = (schema.metadata or {}).get(METADATA)
    if written is None:
        return {}
    try:
        return dict(json.loads(written))
    except ValueError:
        raise InputError(f"the metadata {METADATA.decode()} is not JSON") from None


def remember(table: pa.Table, roles: Roles, classes: Sequence[Any], **more: Any) -> pa.Table:
    """The table with roles and classes in its schema's metadata."""
    values: Mapping[str, Any] = {"roles": roles.to_dict(), "classes": list(classes), **more}
    note = {METADATA: json.dumps(values, ensure_ascii=False).encode()}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **note})


def _as_pandas(column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_struct(column.type) and "bytes" in [f.name for f in column.type]:
        column = pa.chunked_array([c.field("bytes") for c in column.chunks], pa.binary())
    if column.null_count and pa.types.is_integer(column.type) and column.type.bit_width == 64:
        return whole_numbers(column.to_pylist())
    values: pd.Series = column.to_pandas()
    return values


def _listed(table: pa.Table) -> str:
    return ", ".join(table.column_names)
