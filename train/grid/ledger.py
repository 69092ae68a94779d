"""`Ledger`: one file a finished cell, written whole and renamed. It is the only truth about what has been trained.

A cell's key is a hash of all that its result depends on, so a cell that is there is never trained again, and one of
other data, another recipe or another version is never taken for it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import OutputError
from audit.files import plain, write_bytes

CELLS = "cells"
MEMBERS = ("key", "record", "correct", "predicted")
"""Of a cell's file. Each is read once: a look into an archive costs as much as all else about a small cell."""


@dataclass(frozen=True, eq=False)
class Result:
    """What became of one cell."""

    record: Mapping[str, Any]
    """Variant, size, seed, model, rows, metrics, steps, epochs, examples seen, seconds; or `failed` and why."""
    correct: np.ndarray
    """(m,) bool: which test rows the model got right; empty when it failed."""
    predicted: np.ndarray
    """(m,) uint16 class numbers; empty when it failed."""

    @property
    def failed(self) -> str:
        """Why there is no model; '' when there is."""
        return str(self.record.get("failed", ""))


@dataclass(frozen=True)
class Ledger:
    """A folder of finished cells; without a folder, cells live as long as this object."""

    folder: Path | None = None
    notes: list[str] = field(default_factory=list)
    _held: dict[str, Result] = field(default_factory=dict)

    def get(self, key: str) -> Result | None:
        """The cell's result, if it is there and whole; a file that is not is noted and trained again."""
        if key in self._held:
            return self._held[key]
        if self.folder is None:
            return None
        path = self._path(key)
        try:
            with (
                path.open("rb") as file,
                np.load(file, allow_pickle=False) as values,
            ):  # numpy leaks a handle it opened itself
                result = _read(key, {name: values[name] for name in MEMBERS})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as broken:
            self.notes.append(f"{path.name} in the ledger cannot be read ({broken}); that cell is trained again")
            return None
        self._held[key] = result
        return result

    def hold(self, key: str, result: Result) -> None:
        """Remember a finished cell that a worker has written."""
        self._held[key] = result

    def put(self, key: str, result: Result) -> None:
        """Keep a finished cell."""
        self._held[key] = result
        if self.folder is None:
            return
        buffer = io.BytesIO()
        record = json.dumps(plain(result.record), sort_keys=True)
        bits, predicted = np.packbits(result.correct), result.predicted
        np.savez(buffer, key=np.array(key), record=np.array(record), correct=bits, predicted=predicted)
        try:
            (self.folder / CELLS).mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise OutputError(f"{self.folder}: cannot write here: {refused.strerror}") from None
        write_bytes(self._path(key), buffer.getvalue())

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / CELLS / f"{key}.npz"


def _read(key: str, values: Mapping[str, np.ndarray]) -> Result:
    """A file's content as a result; ValueError, KeyError or TypeError if it is not what `put` wrote under this key."""
    if str(values["key"]) != key:
        raise ValueError(f"it is the file of cell {str(values['key'])[:12]}")
    record = json.loads(str(values["record"]))
    if not isinstance(record, dict):
        raise TypeError(f"its record is a {type(record).__name__}")
    rows = 0 if record.get("failed") else record["test_rows"]
    if len(values["correct"]) != -(-rows // 8):
        raise ValueError(f"{len(values['correct'])} bytes for {rows} test rows")
    if len(values["predicted"]) != rows:
        raise ValueError(f"{len(values['predicted'])} predictions for {rows} test rows")
    return Result(record, np.unpackbits(values["correct"], count=rows).astype(bool), values["predicted"])


def failure(record: Mapping[str, Any], why: str) -> Result:
    """The result of a cell that has no model."""
    return Result({**record, "failed": why}, np.zeros(0, dtype=bool), np.zeros(0, dtype=np.uint16))
