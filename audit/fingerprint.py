"""Canonical content hashes: of a row, of a text, of a whole dataset.

A row's bytes are written the same way on every machine: a tag of the kind of value, its length where it has one,
then the value little-endian or as UTF-8. The same number hashes the same whether its column was read as an integer
or a float, since CSV and Parquet disagree about that; -0.0 is 0.0, and every missing value is one and the same.
"""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from blake3 import blake3

MISSING = b"\x00"
DIGEST_BYTES = 16
EXACT = 2**53
"""Beyond this a float no longer tells neighbouring integers apart; such numbers are written digit by digit."""


def normalise_text(text: str) -> str:
    """Fold what people do not mean when they say two texts differ: Unicode NFKC, case, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def encode_cell(value: object) -> bytes:
    """One value's canonical bytes."""
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


def encode_column(column: pd.Series) -> list[bytes]:
    """A column's canonical bytes, a row at a time."""
    if column.dtype.kind in "iuf" and isinstance(column.dtype, np.dtype):
        return _encode_numbers(column.to_numpy())
    return [encode_cell(v) for v in column.array]


def _encode_numbers(values: np.ndarray) -> list[bytes]:
    floats = values.astype("<f8") + 0.0
    if (np.abs(floats) >= EXACT).any():
        return [encode_cell(v) for v in values]
    packed = floats.tobytes()
    return [MISSING if gone else b"n" + packed[8 * i : 8 * i + 8] for i, gone in enumerate(np.isnan(floats).tolist())]


def row_hashes(columns: Sequence[Iterable[bytes]], rows: int) -> np.ndarray:
    """Hash each row over its columns' canonical bytes. Returns (rows,) of `DIGEST_BYTES`-byte strings."""
    if not columns:
        return np.full(rows, b"", dtype=object)
    hashed = [blake3(b"".join(parts)).digest(length=DIGEST_BYTES) for parts in zip(*columns, strict=True)]
    out = np.empty(rows, dtype=object)
    out[:] = hashed
    return out


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
