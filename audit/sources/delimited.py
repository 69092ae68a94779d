"""CSV and TSV, read strictly: nothing that looks like a word becomes a missing value.

CSV is RFC 4180 (commas, quotes, newlines inside quotes); TSV is tabs and lines, without quoting. Both are UTF-8, with
or without a byte order mark. A missing cell is an empty cell: `NA`, `None` and `n/a` are text. A column is numbers
when every filled cell is one as people write it: `00501` stays text, and so does anything beyond 64 bits. In a column
of numbers `nan` and `inf` are numbers too.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from audit.dataset import Origin
from audit.errors import InputError
from audit.sources.content import Content

Kind = Literal["integer", "number", "boolean", "text"]
INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?|-?\.\d+([eE][+-]?\d+)?")
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
BOOLEAN = {"true": True, "false": False, "True": True, "False": False, "TRUE": True, "FALSE": False}
BOM = "\ufeff"
MOSTLY = 0.9
"""A column of words of which this share are numbers is worth a sentence."""


@dataclass(frozen=True)
class Records:
    """A text file, record by record: `head` and then `raw`, one after another, are the file."""

    head: str
    """Everything before the first row: a byte order mark, the header, blank lines."""
    raw: list[str]
    """Each row as it was written, with its line end and any blank lines after it."""
    fields: list[list[str]]
    names: list[str]


def read_delimited(
    path: Path, *, columns: Sequence[str] | None = None, kinds: Mapping[str, Kind] | None = None
) -> Content:
    """Read a .csv, .tsv, .csv.gz or .tsv.gz file; `columns` are its names when it has no header."""
    records = split_delimited(read_text(path), path, columns)
    if not records.raw:
        raise InputError(f"{path}: a header and no rows; columns are {', '.join(records.names)}")
    table, found, notes = _typed(records, kinds or {})
    options = {"columns": list(columns)} if columns else {}
    return Content(
        str(path), table, Origin(plain_suffix(path)[1:], str(path), {**options, "kinds": found}), notes=notes
    )


def plain_suffix(path: Path) -> str:
    """`.csv` or `.csv.gz`: the suffix, with the one before `.gz`."""
    suffixes = [s.lower() for s in path.suffixes]
    return "".join(suffixes[-2:]) if suffixes[-1:] == [".gz"] else "".join(suffixes[-1:])


def read_text(path: Path, *, empty: bool = False) -> str:
    """A whole text file, unpacked; InputError names the file, and the line that is not UTF-8. `empty`: it may be."""
    try:
        content = path.read_bytes()
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None
    if path.suffix.lower() == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as broken:
            raise InputError(f"{path}: not a whole gzip file: {broken}") from None
    if not content.strip() and not empty:
        raise InputError(f"{path}: the file is empty")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = content.count(b"\n", 0, broken.start) + 1
        byte = content[broken.start]
        raise InputError(f"{path}: line {line}: byte 0x{byte:02x} is not UTF-8; convert the file first") from None


def split_delimited(text: str, path: Path, columns: Sequence[str] | None = None) -> Records:
    """Split into records, keeping each as it was written. InputError names the line that does not fit."""
    parsed = _tab_records(text) if plain_suffix(path).startswith(".tsv") else _comma_records(text, path)
    head: list[str] = []
    raw: list[str] = []
    fields: list[list[str]] = []
    names = list(columns) if columns else []
    line = 1
    for values, written in parsed:
        if values is None:  # a blank line belongs to what came before it
            (raw or head)[-1:] = [(raw or head or [""])[-1] + written]
        elif not names:
            names = _column_names(values, path)
            head.append(written)
        else:
            if len(values) != len(names):
                raise InputError(f"{path}: line {line}: {len(values)} fields, the table has {len(names)} columns")
            fields.append(values)
            raw.append(written)
        line += _line_ends(written)
    return _with_mark_in_head(Records("".join(head), raw, fields, names))


def _line_ends(written: str) -> int:
    return len(written.splitlines()) if "\r" in written and "\n" not in written else written.count("\n")


def _with_mark_in_head(records: Records) -> Records:
    """Without a header the byte order mark stands before the first row; it belongs to the head."""
    if records.head or not records.raw or not records.raw[0].startswith(BOM):
        return records
    return Records(BOM, [records.raw[0][1:], *records.raw[1:]], records.fields, records.names)


def _column_names(values: list[str], path: Path) -> list[str]:
    names = [v or f"unnamed_{i}" for i, v in enumerate(values, 1)]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise InputError(f"{path}: line 1: two columns are called {min(twice)!r}")
    return names


def _tab_records(text: str) -> Iterator[tuple[list[str] | None, str]]:
    for number, written in enumerate(io.StringIO(text, newline="\n")):
        body = (written if number else written.removeprefix(BOM)).rstrip("\r\n")
        yield (body.split("\t") if body else None), written


def _comma_records(text: str, path: Path) -> Iterator[tuple[list[str] | None, str]]:
    """Records with the lines they were read from; a record spans lines where a quoted field does."""
    lines = io.StringIO(text, newline="").readlines()
    marked = bool(lines) and lines[0].startswith(BOM)
    start = 0
    with _long_fields():
        reader = csv.reader([lines[0].removeprefix(BOM), *lines[1:]] if marked else lines, strict=True)
        try:
            for values in reader:
                yield values or None, "".join(lines[start : reader.line_num])
                start = reader.line_num
        except csv.Error as broken:
            raise InputError(f"{path}: line {start + 1}: not CSV: {broken}") from None


@contextmanager
def _long_fields() -> Iterator[None]:
    """Python's csv refuses fields above 128 KiB unless told otherwise, and can only be told for the whole process."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


# -- kinds of columns ----------------------------------------------------------------------------------------------


def _typed(records: Records, kinds: Mapping[str, Kind]) -> tuple[pd.DataFrame, dict[str, Kind], tuple[str, ...]]:
    columns: dict[str, pd.Series] = {}
    found: dict[str, Kind] = {}
    notes: list[str] = []
    for name, cells in zip(records.names, zip(*records.fields, strict=True), strict=True):
        found[name] = kinds.get(name) or kind_of(cells)
        columns[name] = as_column(cells, found[name])
        if found[name] == "text" and name not in kinds:
            notes += _mostly_numbers(name, cells)
    return pd.DataFrame(columns), found, tuple(notes)


def kind_of(cells: Sequence[str]) -> Kind:
    """What every filled cell of a column is."""
    filled = [c for c in cells if c]
    if not filled:
        return "text"
    if all(c in BOOLEAN for c in filled):
        return "boolean"
    if all(INTEGER.fullmatch(c) for c in filled):
        return "integer"
    some_number = any(NUMBER.fullmatch(c) for c in filled)
    if some_number and all(_is_number(c) or NOT_FINITE.fullmatch(c) for c in filled):
        return "number"
    return "text"


def _is_number(cell: str) -> bool:
    """A number as people write it; a whole one beyond 64 bits would not survive as one."""
    return NUMBER.fullmatch(cell) is not None and not (len(cell) > 18 and cell.lstrip("-").isdigit())


def as_column(cells: Sequence[str], kind: Kind) -> pd.Series:
    """The cells as values of their kind; an empty one is missing."""
    gaps = "" in cells
    if kind == "text":
        return pd.Series([c or None for c in cells], dtype="str" if _has_str_dtype() else "object")
    if kind == "boolean":
        return pd.Series([BOOLEAN[c] if c else None for c in cells], dtype="boolean" if gaps else "bool")
    if kind == "integer":
        return whole_numbers([int(c) if c else None for c in cells])
    return pd.Series([float(c) if c else float("nan") for c in cells], dtype="float64")


def whole_numbers(values: Sequence[int | None]) -> pd.Series:
    """As integers; with gaps as the floats that everybody expects there, where a float holds them exactly."""
    if None not in values:
        return pd.Series(values, dtype="int64")
    exact = all(v is None or abs(v) <= 2**53 for v in values)
    signed = max(v for v in values if v is not None) < 2**63 if not exact else True
    return pd.Series(values, dtype="float64" if exact else "Int64" if signed else "UInt64")


def _has_str_dtype() -> bool:
    return int(pd.__version__.split(".", 1)[0]) >= 3


def _mostly_numbers(name: str, cells: Sequence[str]) -> list[str]:
    filled = [(i, c) for i, c in enumerate(cells) if c]
    odd = [(i, c) for i, c in filled if not NUMBER.fullmatch(c)]
    if not odd or len(odd) > (1 - MOSTLY) * len(filled):
        return []
    row, cell = odd[0]
    return [
        f"column {name!r} is read as words: {len(odd):,} of {len(filled):,} cells are no numbers (row {row}: {cell!r})"
    ]
