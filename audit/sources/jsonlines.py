"""JSON Lines (.jsonl, .ndjson): an object a line. A missing cell is `null`, or a key that is not there."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from audit.dataset import Origin
from audit.errors import InputError
from audit.sources.content import Content
from audit.sources.delimited import BOM, Records, plain_suffix, read_text, whole_numbers


def read_jsonlines(path: Path, *, names: Sequence[str] = ()) -> Content:
    """Read a .jsonl or .ndjson file, or one of them packed as .gz.

    `names` are the columns and their order when they are known; else every key there is, as they first appear.
    """
    records = split_jsonlines(read_text(path), path)
    objects = [json.loads(raw) for raw in records.raw]
    names = list(names) or records.names
    columns = {name: _as_column([o.get(name) for o in objects]) for name in names}
    return Content(str(path), pd.DataFrame(columns), Origin(plain_suffix(path)[1:], str(path), {"names": names}))


def split_jsonlines(text: str, path: Path) -> Records:
    """Split into lines, keeping each as it was written. InputError names the line that is no JSON object."""
    head = ""
    raw: list[str] = []
    names: dict[str, None] = {}
    for number, written in enumerate(io.StringIO(text, newline="\n"), 1):
        line = written.removeprefix(BOM) if number == 1 else written
        head += written[: len(written) - len(line)]
        if line.strip():
            names.update(dict.fromkeys(_object(line, f"{path}: line {number}")))
            raw.append(line)
        elif raw:
            raw[-1] += line
        else:
            head += line
    return Records(head, raw, [], list(names))


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line, object_pairs_hook=_once)
        if "\\ud" in line or "\\uD" in line:  # as each half of a pair is written, and half a pair cannot be encoded
            json.dumps(values, ensure_ascii=False).encode()
    except InputError as twice:
        raise InputError(f"{where}: {twice}") from None
    except UnicodeEncodeError as half:
        raise InputError(f"{where}: holds half of a character, {half.object[half.start]!r}, which is no text") from None
    except ValueError as broken:
        raise InputError(f"{where}: not JSON: {broken}") from None
    except RecursionError:
        raise InputError(f"{where}: nested too deeply") from None
    if not isinstance(values, dict):
        raise InputError(f"{where}: a JSON object is expected, this is a {type(values).__name__}")
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: of two, readers differ in which one they take."""
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise InputError(f"the key {twice!r} stands twice")
    return values


def _as_column(values: list[Any]) -> pd.Series:
    """The kind of column that fits, where one does; otherwise the values as they are, for the Dataset to judge."""
    kinds = {type(v) for v in values if v is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    if kinds == {int} and all(v is None or abs(v) < 2**63 for v in values):
        return whole_numbers(values)
    if kinds in ({int, float}, {float}):
        return pd.Series([float("nan") if v is None else float(v) for v in values], dtype="float64")
    if kinds <= {str}:
        return pd.Series(values, dtype=None if kinds else "object")
    return pd.Series(values, dtype="object")
