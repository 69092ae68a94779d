"""CSV, TSV and JSON Lines: every record is carried as it was written, so that the input comes back byte for byte."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.emit.edits import Edits, original_order
from audit.errors import OutputError
from audit.sources.delimited import Records, as_column, plain_suffix, read_text, split_delimited
from audit.sources.jsonlines import split_jsonlines

ENDS = "\r\n"


def cut_lines(before: Dataset, out: Path, rows: np.ndarray) -> None:
    """Write the chosen rows as they are."""
    records = _read(before.origin.file, before.origin.options)
    _write(out, records.head, [raw for raw, chosen in zip(records.raw, rows, strict=True) if chosen])


def edit_lines(before: Dataset, out: Path, edits: Edits) -> dict[str, Any]:
    """Write the rows that stay, edited; returns how to read them again."""
    source, options = before.origin.file, before.origin.options
    records = _read(source, options)
    write = _JsonLines() if _is_json(source) else _Delimited(source, records, edits, options)
    weights = edits.changed_weights()
    lines = []
    for position in np.flatnonzero(edits.kept).tolist():
        raw = records.raw[position]
        changes: dict[str, Any] = {}
        if position in edits.labels:
            changes[str(edits.label)] = edits.labels[position]
        if position in weights:
            changes[str(edits.weight)] = weights[position]
        if changes:
            raw = write.changed(raw, records.fields[position] if records.fields else [], changes)
        if edits.added and edits.weights is not None:
            raw = write.extended(raw, str(edits.weight), float(edits.weights[position]))
        lines.append(raw)
    head = write.headed(records.head, str(edits.weight)) if edits.added else records.head
    _write(out, head, lines)
    return write.options(options, edits)


def join_lines(
    parts: tuple[Path, Path, Path], out: Path, rows: pd.DataFrame, added: str | None, options: Mapping[str, Any]
) -> None:
    """Write the input again from the cleaned rows, the originals and the quarantine."""
    data, originals, quarantine = parts
    told = {**options, "columns": [*options["columns"], added]} if added and options.get("columns") else options
    cleaned = _read(data, told).raw
    if added is not None:
        shorten = _JsonLines.shortened if _is_json(data) else _Delimited.shortened
        mark = json.dumps(added, ensure_ascii=False) if _is_json(data) else _delimiter(data)
        cleaned = [shorten(raw, mark) for raw in cleaned]
    left_out = _read(quarantine, options)
    edited = _read(originals, options).raw
    order = original_order(rows, len(cleaned), len(edited), len(left_out.raw))
    every = [*cleaned, *edited, *left_out.raw]
    _write(out, left_out.head, [every[i] for i in order])


class _JsonLines:
    """How a JSON object is edited without touching what is not edited."""

    @staticmethod
    def changed(raw: str, _fields: list[str], changes: Mapping[str, Any]) -> str:
        body = raw.rstrip(" \t\r\n")
        return json.dumps({**json.loads(body), **changes}, ensure_ascii=False) + raw[len(body) :]

    @staticmethod
    def extended(raw: str, name: str, weight: float) -> str:
        end = raw.rindex("}")
        return f"{raw[:end]}, {json.dumps(name, ensure_ascii=False)}: {weight!r}{raw[end:]}"

    @staticmethod
    def shortened(raw: str, mark: str) -> str:
        end = raw.rindex("}")
        return raw[: raw.rindex(f", {mark}: ", 0, end)] + raw[end:]

    @staticmethod
    def headed(head: str, _name: str) -> str:
        return head

    @staticmethod
    def options(options: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
        names = [*options["names"], edits.weight] if edits.added else options["names"]
        return {**options, "names": list(names)}


class _Delimited:
    """How a line of fields is edited; a label is spelled as the file spells it elsewhere."""

    def __init__(self, source: Path, records: Records, edits: Edits, options: Mapping[str, Any]) -> None:
        self.delimiter = _delimiter(source)
        self.names = records.names
        self.has_header = not options.get("columns")
        self.spelled = _spellings(records, str(edits.label), options) if edits.labels else {}
        self.label = edits.label

    def changed(self, raw: str, fields: list[str], changes: Mapping[str, Any]) -> str:
        values = list(fields)
        for name, value in changes.items():
            values[self.names.index(name)] = self.spelled.get(value, str(value)) if name == self.label else repr(value)
        return self._line(values) + raw[len(raw.rstrip(ENDS)) :]

    def extended(self, raw: str, _name: str, weight: float) -> str:
        body = raw.rstrip(ENDS)
        return f"{body}{self.delimiter}{weight!r}{raw[len(body) :]}"

    @staticmethod
    def shortened(raw: str, mark: str) -> str:
        body = raw.rstrip(ENDS)
        return body.rpartition(mark)[0] + raw[len(body) :]

    def headed(self, head: str, name: str) -> str:
        if not self.has_header:
            return head
        body = head.rstrip(ENDS)
        return f"{body}{self.delimiter}{self._line([name])}{head[len(body) :]}"

    def options(self, options: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
        told = {**options, "kinds": dict(options["kinds"])}
        if edits.weight is not None:
            told["kinds"][edits.weight] = "number"
        if edits.added and not self.has_header:
            told["columns"] = [*options["columns"], edits.weight]
        return told

    def _line(self, values: list[str]) -> str:
        if self.delimiter == ",":
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator=ENDS).writerow(values)  # it quotes the ends of lines that it knows of
            return buffer.getvalue().removesuffix(ENDS)
        broken = [v for v in values if any(c in v for c in "\t\r\n")]
        if broken:
            raise OutputError(f"{broken[0]!r} has a tab or a line end in it: tab-separated values cannot hold it")
        return "\t".join(values)


def _spellings(records: Records, label: str, options: Mapping[str, Any]) -> dict[Hashable, str]:
    place = records.names.index(label)
    cells = [fields[place] for fields in records.fields]
    values = as_column(cells, options["kinds"][label]).tolist()
    return dict(zip(reversed(values), reversed(cells), strict=True))


def _is_json(path: Path) -> bool:
    return plain_suffix(path).startswith((".jsonl", ".ndjson"))


def _delimiter(path: Path) -> str:
    return "\t" if plain_suffix(path).startswith(".tsv") else ","


def _read(path: Path, options: Mapping[str, Any]) -> Records:
    text = read_text(path, empty=True)
    return split_jsonlines(text, path) if _is_json(path) else split_delimited(text, path, options.get("columns"))


def _write(path: Path, head: str, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = (head + "".join(lines)).encode()
    # without a time of packing in it, the same data packs to the same bytes
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix.lower() == ".gz" else content)
