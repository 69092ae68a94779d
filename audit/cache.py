"""Keep what was computed under the hash of what it was computed from.

One file a value, written whole and renamed, so that an interrupted audit leaves only finished values behind. A file
that cannot be read (cut off by a full disk, edited by hand) is computed again; `Cache.notes` says so.
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from audit.errors import OutputError
from audit.files import plain, write_bytes

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Cache:
    """A folder of computed values; without a folder, values live as long as this object."""

    folder: Path | None = None
    notes: list[str] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    _held: dict[str, Arrays] = field(default_factory=dict)

    def arrays(self, what: str, key: Mapping[str, Any], compute: Callable[[], Arrays]) -> Arrays:
        """The named arrays for `key`, computed now if they are not kept yet."""
        name = f"{what}-{digest_of(key)}"
        if name in self._held:
            return self._held[name]
        kept = self._read(name)
        if kept is None:
            kept = compute()
            if self.folder is not None:
                self._write(self.folder, name, kept)
        else:
            self.hits.append(what)
        self._held[name] = kept
        return kept

    def _read(self, name: str) -> Arrays | None:
        if self.folder is None or not (path := self.folder / f"{name}.npz").exists():
            return None
        try:
            # opened here, since np.load leaves a broken archive open
            with path.open("rb") as file, np.load(file, allow_pickle=False) as values:
                return {k: values[k] for k in values.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as broken:
            self.notes.append(f"{path.name} in the cache could not be read ({broken}); computed again")
            return None

    def _write(self, folder: Path, name: str, values: Arrays) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
        buffer = io.BytesIO()
        np.savez(buffer, **values)  # type: ignore[arg-type]  # numpy's stub forgets that any name may be a keyword
        write_bytes(folder / f"{name}.npz", buffer.getvalue())


@functools.cache
def installed(distribution: str) -> str:
    """The version of an installed distribution; looking it up costs more than one would think."""
    return version(distribution)


def digest_of(key: Mapping[str, Any]) -> str:
    """A short hash of a key's JSON."""
    text = json.dumps(plain(key), sort_keys=True, ensure_ascii=False, default=str)
    return blake3(text.encode()).hexdigest(length=12)


def array_digest(values: np.ndarray) -> str:
    """A hash of an array's kind, shape and values."""
    array = np.ascontiguousarray(values)
    hasher = blake3(f"{array.dtype.str}{array.shape}".encode())
    hasher.update(array.tobytes())
    return hasher.hexdigest(length=16)
