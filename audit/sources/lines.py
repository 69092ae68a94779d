"""Where a row stands in the file it was read from, for tools that point at a line."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.dataset import Dataset
from audit.sources.delimited import Records, plain_suffix, read_text, split_delimited
from audit.sources.jsonlines import split_jsonlines

DELIMITED = (".csv", ".tsv")
JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Places:
    """Which file, and which line of it, each row stands on; what is not known is None."""

    file: str | None = None
    lines: Mapping[Hashable, int] = field(default_factory=dict)
    """Row id to the line, counted from 1, on which the row begins; empty where the source is no plain text file."""
    is_folder: bool = False
    """A folder of pictures, whose rows are called by their paths in it."""

    def of(self, row: Hashable) -> tuple[str | None, int | None]:
        """The file and line of a row."""
        if self.is_folder and self.file is not None:
            return (Path(self.file) / str(row)).as_posix(), None
        return self.file, self.lines.get(row)


def places_of(data: Dataset) -> Places:
    """Find the lines of every row of a CSV, TSV or JSON Lines file, and the files of a folder of pictures.

    Packed files and binary ones have no lines. None are given either where the file no longer has as many rows.
    """
    if data.origin.path is None:
        return Places()
    path = data.origin.file
    if not plain_suffix(path).startswith(DELIMITED + JSON_LINES) or path.suffix.lower() == ".gz":
        return Places(path.as_posix(), is_folder=data.origin.format == "folder")
    numbers = _line_numbers(path, data.origin.options.get("columns"))
    return Places(path.as_posix(), dict(zip(data.rows, numbers, strict=True)) if len(numbers) == len(data) else {})


def _line_numbers(path: Path, columns: list[str] | None) -> list[int]:
    text, is_json = read_text(path), plain_suffix(path) in JSON_LINES
    records: Records = split_jsonlines(text, path) if is_json else split_delimited(text, path, columns)
    end = "\n" if "\n" in text else "\r"
    line = 1 + records.head.count(end)
    numbers = []
    for raw in records.raw:
        numbers.append(line)
        line += raw.count(end)
    return numbers
