"""Canonical content hashes: of a row, of a column, of a text, of a whole dataset.

A cell's bytes are written the same way on every machine: a tag of the kind of value, its length where it has one,
then the value little-endian or as UTF-8. The same number hashes the same whether its column was read as an integer
or a float, since CSV and Parquet disagree about that; -0.0 is 0.0, and every missing value is one and the same.

`encode_cell` is the definition; an integer beyond what a float tells apart is written digit by digit. Whole columns
reach the same bytes without a Python call a cell: most hold numbers or texts, which are buffers (`canonical`).
"""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from blake3 import blake3

from audit.buffers import (
    EXACT,
    MISSING,
    PREFIX,
    binary,
    dates_of,
    lengths_of,
    numbers_of,
    occurs_again,
    rows_of,
    taken,
    texts_of,
)

__all__ = [
    "DIGEST_BYTES",
    "MISSING",
    "Canonical",
    "array_rows",
    "canonical",
    "digest",
    "encode_cell",
    "encode_column",
    "first_equal",
    "hash_column",
    "hash_rows",
    "normalise_text",
    "row_hashes",
]

DIGEST_BYTES = 16


def normalise_text(text: str) -> str:
    """Fold what people do not mean when they say two texts differ: Unicode NFKC, case, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


# -- the definition, a cell at a time ----------------------------------------------------------------------------------


def encode_cell(value: object) -> bytes:
    """One value's canonical bytes. No cell's bytes are the beginning of another's."""
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        return b"s" + struct.pack("<Q", len(raw)) + raw
    if isinstance(value, bytes):
        return b"b" + struct.pack("<Q", len(value)) + value
    if isinstance(value, (bool, np.bool_)):
        return b"t" if value else b"f"
    if isinstance(value, (int, np.integer)):
        return _encode_integer(int(value))
    if isinstance(value, (float, np.floating)):
        return _encode_float(float(value))
    if isinstance(value, np.ndarray):
        return encode_cell(value.tolist())
    if isinstance(value, (list, tuple)):
        return b"l" + struct.pack("<Q", len(value)) + b"".join(encode_cell(v) for v in value)
    return encode_cell(str(value))


def _encode_integer(value: int) -> bytes:
    exact = -EXACT <= value <= EXACT
    return b"n" + struct.pack("<d", float(value)) if exact else b"i" + str(value).encode() + b";"


def _encode_float(value: float) -> bytes:
    if math.isnan(value):
        return MISSING
    large = abs(value) > EXACT and value not in (float("inf"), float("-inf"))
    return _encode_integer(int(value)) if large else b"n" + struct.pack("<d", value + 0.0)


# -- a column at a time ------------------------------------------------------------------------------------------------

Canonical = Any
"""A column in the narrowest of three forms that holds it: numbers, float64 (n,), NaN where missing; texts, an Arrow
LargeBinaryArray of UTF-8, null where missing; or else its cells, list[bytes]. Equal cells have equal forms."""


def canonical(column: pd.Series | pd.Index) -> Canonical:
    """The column in the narrowest form that holds it."""
    for narrow in (numbers_of, dates_of, texts_of):
        if (found := narrow(column)) is not None:
            return found
    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype.kind in "bmM":
        codes, values = pd.factorize(column)
        cells = [*map(encode_cell, values), MISSING]
        return _narrowed([cells[code] for code in codes])
    return _narrowed([encode_cell(v) for v in column.array])


def _narrowed(cells: list[bytes]) -> Canonical:
    tags = {cell[:1] for cell in cells} - {MISSING}
    if tags <= {b"n"}:
        return np.array([math.nan if c == MISSING else struct.unpack("<d", c[1:])[0] for c in cells], dtype="<f8")
    return binary([None if c == MISSING else c[PREFIX:] for c in cells]) if tags == {b"s"} else cells


def encode_column(column: pd.Series) -> list[bytes]:
    """A column's canonical bytes, a row at a time."""
    return list(rows_of([canonical(column)], len(column)))


def hash_column(column: Canonical) -> bytes:
    """Hash a whole column over its buffers: the same hash whatever kind of column held the same cells."""
    if isinstance(column, np.ndarray):
        return _hashed(b"n", [column.view("u1")])
    if isinstance(column, list):
        return _hashed(b"c", column)
    lengths, data = lengths_of(column)
    return _hashed(b"s", [lengths.view("u1"), data])


def _hashed(kind: bytes, parts: Iterable[Any]) -> bytes:
    hasher = blake3(kind)
    for part in parts:
        hasher.update(part)
    return hasher.digest(length=DIGEST_BYTES)


# -- a row at a time ---------------------------------------------------------------------------------------------------


def row_hashes(columns: Sequence[Iterable[bytes]], rows: int) -> np.ndarray:
    """Hash each row over its columns' canonical bytes. Returns (rows,) of `DIGEST_BYTES`-byte strings."""
    if not columns:
        return np.full(rows, b"", dtype=object)
    return _hashes(map(b"".join, zip(*columns, strict=True)), rows)


def hash_rows(columns: Sequence[Canonical], rows: int) -> np.ndarray:
    """`row_hashes` of whole columns, the same hashes."""
    return _hashes(rows_of(columns, rows), rows)


def _hashes(written: Iterable[bytes], rows: int) -> np.ndarray:
    out = np.empty(rows, dtype=object)
    out[:] = [blake3(row).digest(DIGEST_BYTES) for row in written]
    return out


def first_equal(columns: Sequence[Canonical], rows: int) -> np.ndarray:
    """(rows,) the position of the first row that each row is equal to: itself for most.

    Equal by `hash_rows`, but only rows that may be equal to another are hashed.
    """
    first = np.arange(rows)
    again = occurs_again(columns, rows)
    if len(again):
        codes, _ = pd.factorize(hash_rows([taken(c, again) for c in columns], len(again)))
        _, heads = np.unique(codes, return_index=True)  # codes are numbered in the order of their first rows
        first[again] = again[heads[codes]]
    return first


# -- other things ------------------------------------------------------------------------------------------------------


def array_rows(values: np.ndarray) -> list[bytes]:
    """The bytes of each row of a numeric array, with its shape and kind before it."""
    array = np.ascontiguousarray(values)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    head = f"a{array.dtype.str[1:]}{array.shape[1:]}".encode()
    return [head + row.tobytes() for row in array]


def digest(parts: Iterable[bytes]) -> str:
    """One hexadecimal hash over length-prefixed parts."""
    hasher = blake3()
    for part in parts:
        hasher.update(struct.pack("<Q", len(part)))
        hasher.update(part)
    return hasher.hexdigest(length=DIGEST_BYTES)
