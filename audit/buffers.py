"""Columns as buffers: canonical numbers and texts, and each row's bytes put together from them without a Python call
a cell.

Numbers are float64 (n,) with NaN where missing; texts an Arrow LargeBinaryArray of UTF-8 with null where missing. How
a cell is written, and that these buffers write the same, is audit/fingerprint.py's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

EXACT = 2**53
"""Beyond this a float no longer tells neighbouring integers apart."""
MISSING = b"\x00"
PREFIX = 9
"""Bytes of a number (tag and float64), and before a text (tag and length)."""
BLOCK = 2**14
"""Rows handled in one go: they stay in the processor's cache."""
LARGE = 4096
"""Bytes of a cell beyond which rows are put together one at a time: whole pictures are not to stand in memory twice."""
NEGATIVE_ZERO = np.int64(-(2**63))
"""The bits of -0.0."""
MIX = np.uint64(0x9E3779B97F4A7C15)


def numbers_of(column: pd.Series | pd.Index) -> np.ndarray | None:
    """A column of numbers; None for another, and where one is beyond `EXACT`."""
    kind = getattr(column.dtype, "kind", "O")
    if kind not in "iuf":
        return None
    if isinstance(column.dtype, np.dtype):
        return _canonical(column.to_numpy())
    numbers = _canonical(column.to_numpy(dtype=f"{kind}8", na_value=0 if kind in "iu" else np.nan))
    gone = np.asarray(column.isna())
    return np.where(gone, np.nan, numbers) if numbers is not None and gone.any() else numbers


def _canonical(values: np.ndarray) -> np.ndarray | None:
    """float64 without -0.0 and with one NaN; None where a number is beyond what a float tells apart."""
    if _is_canonical(values):
        return values
    out = np.empty(len(values), dtype="<f8")
    sizes = np.empty(min(BLOCK, len(values)))
    for start in range(0, len(values), BLOCK):
        block, own = values[start : start + BLOCK], out[start : start + BLOCK]
        np.add(block, 0.0, out=own, casting="unsafe")
        if np.abs(own, out=sizes[: len(own)]).max() < EXACT:
            continue  # nor is any of them NaN
        own[np.isnan(own)] = np.nan
        large = (block > EXACT) | (block < -EXACT) if block.dtype.kind in "iu" else np.abs(own) > EXACT
        if (large & np.isfinite(own)).any():
            return None
    return out


def _is_canonical(values: np.ndarray) -> bool:
    """Whether they can be taken as they are, without a copy: most columns of floats can."""
    if values.dtype != np.dtype("<f8") or not values.flags.c_contiguous:
        return False
    sizes = np.empty(min(BLOCK, len(values)))
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        if not np.abs(block, out=sizes[: len(block)]).max() < EXACT or (block.view("<i8") == NEGATIVE_ZERO).any():
            return False
    return True


def texts_of(column: pd.Series | pd.Index) -> pa.LargeBinaryArray | None:
    """A column of texts; None if it holds anything else, or nothing at all."""
    import pyarrow as pa

    if not isinstance(column.dtype, pd.StringDtype) and pd.api.types.infer_dtype(column, skipna=True) != "string":
        return None
    try:
        texts = pa.array(column.array, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):  # half a surrogate pair is not UTF-8
        return None
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return None if texts.null_count == len(texts) else texts.cast(pa.large_binary())


def dates_of(column: pd.Series | pd.Index) -> pa.LargeBinaryArray | None:
    """A column of moments without a time zone as the texts that pandas' `str` makes of them: to the second, the
    microsecond or the nanosecond, whichever says all; None for another column, or one without a moment."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(column.dtype, np.dtype) or column.dtype.kind != "M" or column.isna().all():
        return None
    moments = column.to_numpy()
    whole = pa.array(moments)
    text = whole.cast(pa.timestamp("s"), safe=False).cast(pa.large_string())
    for coarse, fine in (("s", "us"), ("us", "ns")):
        finer = moments != moments.astype(f"M8[{coarse}]")
        if (finer & ~np.isnat(moments)).any():
            text = pc.if_else(pa.array(finer), whole.cast(pa.timestamp(fine), safe=False).cast(pa.large_string()), text)
    return text.cast(pa.large_binary())


def binary(cells: Sequence[bytes | None]) -> pa.LargeBinaryArray:
    """Byte strings as an Arrow array."""
    import pyarrow as pa

    return pa.array(cells, type=pa.large_binary())


def lengths_of(texts: pa.LargeBinaryArray) -> tuple[np.ndarray, memoryview]:
    """(n,) int64 lengths in bytes, -1 where missing; and all the bytes, one text after the other."""
    offsets, data = _bytes_of(texts.fill_null(b"") if texts.null_count else texts)
    lengths = np.diff(offsets)
    if texts.null_count:
        lengths[texts.is_null().to_numpy(zero_copy_only=False)] = -1
    return lengths, data[offsets[0] : offsets[-1]]


def _bytes_of(cells: pa.LargeBinaryArray) -> tuple[np.ndarray, memoryview]:
    """(n + 1,) offsets into the bytes, and these."""
    _, places, data = cells.buffers()
    offsets = np.frombuffer(places, dtype="<i8")[cells.offset : cells.offset + len(cells) + 1]
    return offsets, memoryview(data if data is not None else b"")


def rows_of(columns: Sequence[Any], rows: int) -> Iterator[bytes]:
    """Each row's cells one after the other. Columns are numbers, texts or lists of cells."""
    for start in range(0, rows, BLOCK):
        block = [c[start : start + BLOCK] for c in columns]
        if any(map(_is_large, block)):
            yield from map(b"".join, zip(*(c if _is_large(c) else _split(_joined([c])) for c in block), strict=True))
        else:
            yield from _split(_joined(block))


def _is_large(column: Any) -> bool:
    return isinstance(column, list) and sum(map(len, column)) > LARGE * len(column)


def _split(cells: pa.LargeBinaryArray) -> list[bytes]:
    offsets, data = _bytes_of(cells)
    raw = bytes(data)
    return [raw[a:b] for a, b in pairwise(offsets.tolist())]


def _joined(columns: Sequence[Any]) -> pa.LargeBinaryArray:
    """The columns' cells row by row; numbers that stand side by side are written together."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: list[pa.LargeBinaryArray] = []
    beside: list[np.ndarray] = []
    for column in columns:
        if isinstance(column, np.ndarray):
            beside.append(column)
            continue
        parts += [_numbers(beside)] if beside else []
        beside = []
        parts += [binary(column)] if isinstance(column, list) else _texts(column)
    parts += [_numbers(beside)] if beside else []
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.large_binary()))


def _numbers(columns: Sequence[np.ndarray]) -> pa.LargeBinaryArray:
    """The cells of each row's numbers."""
    cells = np.empty((len(columns[0]), len(columns)), dtype=[("tag", "S1"), ("value", "<f8")])
    cells["tag"] = b"n"
    for i, column in enumerate(columns):
        cells["value"][:, i] = column
    return _tagged(cells, np.isnan(cells["value"]))


def _texts(texts: pa.LargeBinaryArray) -> list[pa.LargeBinaryArray]:
    """What stands before each text, and the texts."""
    lengths, _ = lengths_of(texts)
    heads = np.empty((len(texts), 1), dtype=[("tag", "S1"), ("length", "<u8")])
    heads["tag"], heads["length"] = b"s", np.maximum(lengths, 0)[:, None]
    return [_tagged(heads, lengths[:, None] < 0), texts.fill_null(b"") if texts.null_count else texts]


def _tagged(cells: np.ndarray, gone: np.ndarray) -> pa.LargeBinaryArray:
    """(n, columns) cells of `PREFIX` bytes, row by row; those that are `gone` are written as `MISSING`."""
    import pyarrow as pa

    raw = cells.view("u1").reshape(*cells.shape, PREFIX)
    widths = np.full(len(cells), cells.shape[1] * PREFIX)
    if gone.any():
        raw[gone, 0] = MISSING[0]
        kept = np.repeat(~gone[:, :, None], PREFIX, axis=2)
        kept[:, :, 0] = True
        raw, widths = raw[kept], widths - gone.sum(axis=1) * (PREFIX - 1)
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype("<i8")
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(raw)]
    return pa.Array.from_buffers(pa.large_binary(), len(cells), buffers)


def occurs_again(columns: Sequence[Any], rows: int) -> np.ndarray:
    """(k,) positions of the rows that may be equal to another; every other row is equal to none.

    By a 64-bit mix of each row's numbers, sorted; a text's number is the place of its first occurrence.
    """
    words = [c.view("<u8") if isinstance(c, np.ndarray) else _codes(c) for c in columns]
    mixed = np.zeros(rows, dtype="<u8")
    for start in range(0, rows, BLOCK):
        own = mixed[start : start + BLOCK]
        for word in words:
            own ^= word[start : start + BLOCK]
            own *= MIX
            own ^= own >> np.uint64(29)
    ordered = np.sort(mixed)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return _among(mixed, twice) if len(twice) else np.empty(0, dtype=np.int64)


def _among(values: np.ndarray, few: np.ndarray) -> np.ndarray:
    """Positions of the values that are among a few sorted ones. A table of leading bits rules nearly all others out:
    searching for each would take longer than all else."""
    shift = np.uint64(64 - min(24, len(few).bit_length() + 6))
    seen = np.zeros(2 ** (64 - int(shift)), dtype=bool)
    seen[few >> shift] = True
    likely = np.flatnonzero(seen[values >> shift])
    place = np.minimum(np.searchsorted(few, values[likely]), len(few) - 1)
    return np.asarray(likely[few[place] == values[likely]])


def _codes(cells: Any) -> np.ndarray:
    """(n,) uint64, the same for the same text or cell."""
    whole = binary(cells) if isinstance(cells, list) else cells
    codes = whole.dictionary_encode("encode").indices.to_numpy(zero_copy_only=False)
    return np.asarray(codes.astype("<u8"))


def taken(column: Any, positions: np.ndarray) -> Any:
    """Some rows of a column."""
    return [column[i] for i in positions] if isinstance(column, list) else column.take(positions)
