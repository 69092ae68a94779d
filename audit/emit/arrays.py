"""Arrays (.npz), and data that was never in a file, which is written as Parquet with its pictures beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from audit.dataset import Dataset, put
from audit.emit.columns import write_arrow
from audit.emit.edits import Edits, original_order
from audit.errors import OutputError
from audit.sources.arrays import names_of, read_arrays
from audit.sources.tables import read_arrow, read_pictures, remember

IMAGES = "images.npy"


def cut_npz(before: Dataset, out: Path, rows: np.ndarray) -> None:
    """Write the chosen rows as they are, and none of the arrays that do not go by rows."""
    arrays, by_row = _arrays(before)
    _write(out, {name: arrays[name][rows] for name in by_row}, packed=_is_packed(before.origin.file))


def edit_npz(before: Dataset, out: Path, edits: Edits) -> dict[str, Any]:
    """Write the rows that stay, edited, and whatever else the file holds."""
    source, options = before.origin.file, before.origin.options
    arrays, by_row = _arrays(before)
    suffix = f"_{options['split']}" if "split" in options else ""
    if edits.labels:
        label = f"{edits.label}{suffix}"
        arrays[label] = _with(arrays[label], edits.labels)
    if edits.weights is not None:
        weight = f"{edits.weight}{suffix}"
        by_row = by_row if weight in by_row else [*by_row, weight]
        arrays[weight] = edits.weights
    cleaned = {name: v[edits.kept] if name in by_row else v for name, v in arrays.items()}
    _write(out, cleaned, packed=_is_packed(source))
    return {**options, "names": by_row[2:]}


def join_npz(
    parts: tuple[Path, Path, Path], out: Path, rows: pd.DataFrame, added: str | None, options: Mapping[str, Any]
) -> None:
    """Write the input again from the cleaned rows, the originals and the quarantine."""
    data, originals, left_out = (read_arrays(part) for part in parts)
    order = original_order(rows, *(len(part[next(iter(left_out))]) for part in (data, originals, left_out)))
    gone = f"{added}_{options['split']}" if "split" in options else added
    every = {}
    for name, values in data.items():
        if name in left_out:
            whole = np.concatenate([values, originals[name], left_out[name]])[order]
            # the quarantine's kind is the input's: labels grow wider when a longer word is put in
            every[name] = whole.astype(left_out[name].dtype, copy=False)
        elif name != gone:
            every[name] = values
    _write(out, every, packed=_is_packed(parts[0]))


def _arrays(data: Dataset) -> tuple[dict[str, np.ndarray], list[str]]:
    path = data.origin.file
    arrays = read_arrays(path)
    options = data.origin.options
    x, y, others = names_of(path, arrays, options.get("split"), options["names"])
    return arrays, [x, y, *others]


def _is_packed(path: Path) -> bool:
    with zipfile.ZipFile(path) as stored:
        return any(entry.compress_type != zipfile.ZIP_STORED for entry in stored.infolist())


def _write(path: Path, arrays: Mapping[str, np.ndarray], *, packed: bool) -> None:
    """As numpy.savez does, which cannot take an array called `file` and writes down the time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for name, values in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = file.compression
            with file.open(entry, "w", force_zip64=True) as handle:
                np.lib.format.write_array(handle, np.asanyarray(values), allow_pickle=False)


def _with(labels: np.ndarray, changes: Mapping[int, Any]) -> np.ndarray:
    new = np.asarray(list(changes.values()))
    out = labels.astype(np.result_type(labels, new) if labels.dtype.kind == "U" else labels.dtype)
    out[list(changes)] = new.reshape(-1, *([1] * (out.ndim - 1)))
    return out


# -- data from memory ----------------------------------------------------------------------------------------------


def cut_memory(before: Dataset, out: Path, rows: np.ndarray) -> None:
    """Write the chosen rows as they are."""
    images = None if before.images is None else before.images[rows]
    # the whole table says what its columns hold; of no rows at all, pandas 2 would have Arrow guess "nothing"
    schema = _as_arrow(before.table, before).schema
    write_stored(out, before.table[rows], images, before, schema)


def edit_memory(before: Dataset, out: Path, edits: Edits) -> dict[str, Any]:
    """Write the rows that stay, edited."""
    table = before.table
    if edits.labels:
        table = table.assign(**{str(edits.label): put(table[str(edits.label)], edits.labels)})
    if edits.weights is not None:
        table = table.assign(**{str(edits.weight): edits.weights})
    images = None if before.images is None else before.images[edits.kept]
    weighted = replace(before, table=table, roles=replace(before.roles, weight=edits.weight))
    write_stored(out, table[edits.kept], images, weighted)
    return {}


def join_memory(
    parts: tuple[Path, Path, Path], out: Path, rows: pd.DataFrame, added: str | None, _options: Mapping[str, Any]
) -> None:
    """Write the input again from the cleaned rows, the originals and the quarantine."""
    data, originals, left_out = (read_arrow(part) for part in parts)
    data = data.drop_columns([added]) if added else data
    plain = pa.table([data.column(f.name).cast(f.type) for f in left_out.schema], schema=left_out.schema)
    order = original_order(rows, len(plain), len(originals), len(left_out))
    write_arrow(pa.concat_tables([plain, originals, left_out]).take(pa.array(order)), out)
    if (parts[2].parent / IMAGES).exists():
        images = [read_pictures(part.parent / IMAGES) for part in parts]
        np.save(out.parent / IMAGES, np.concatenate(images)[order])


def _as_arrow(table: pd.DataFrame, like: Dataset, schema: pa.Schema | None = None) -> pa.Table:
    try:
        return pa.Table.from_pandas(table, schema=schema, preserve_index=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as refused:
        raise OutputError(f"{like.name}: Parquet cannot hold it: {' '.join(map(str, refused.args))}") from None


def write_stored(
    path: Path, table: pd.DataFrame, images: np.ndarray | None, like: Dataset, schema: pa.Schema | None = None
) -> None:
    """Write a pandas table as Parquet with its row ids, its roles, and its pictures beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrow = _as_arrow(table, like, schema)
    beside = {} if images is None else {"images": IMAGES}
    write_arrow(remember(arrow, like.roles, like.classes, pandas=True, **beside), path)
    if images is not None:
        np.save(path.parent / IMAGES, images)
