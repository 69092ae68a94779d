"""Keep what was computed under the hash of what it was computed from.

One file a value, written whole and renamed and never changed again, so that an interrupted audit leaves only finished
values behind and audits at the same time do not disturb one another. A file that cannot be read (cut off by a full
disk, edited by hand) is computed again; `Cache.notes` says so. Beyond `LIMIT` what was not used for longest goes.
"""

from __future__ import annotations

import functools
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from audit.errors import OutputError
from audit.files import plain, write_bytes

Arrays = Mapping[str, np.ndarray]
LIMIT = 4 * 2**30
"""Bytes that a folder holds at most."""
ABANDONED = 24 * 3600
"""Seconds after which a temporary file is taken for what a killed process left behind."""


@dataclass(frozen=True)
class Cache:
    """A folder of computed values; without a folder, values live as long as this object."""

    folder: Path | None = None
    notes: list[str] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    """What was kept for some of the rows, in words; no part of a report, which no cache may change."""
    limit: int = LIMIT
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
                if any(self.folder.glob(f"{what}-*.npz")):
                    self.reused.append(f"{what}: computed anew, what is kept is of other rows or settings")
                self._write(self.folder, name, kept)
        else:
            self.hits.append(what)
        self._held[name] = kept
        return kept

    def branch(self) -> Cache:
        """The values that are held in memory; those that are added to it are neither added here nor written."""
        return replace(self, folder=None, _held=dict(self._held))

    def rows(
        self,
        what: str,
        key: Mapping[str, Any],
        hashes: Sequence[bytes],
        compute: Callable[[np.ndarray], np.ndarray],
    ) -> np.ndarray:
        """One line of values a row, computed only for rows whose hash is new.

        Args:
            what: their name.
            key: what they depend on beside the row.
            hashes: (n,) what tells one row from another.
            compute: the values (m, ...) at some positions (m,). A row's values must not depend on which other rows
                are asked for, else they would depend on what the cache held.
        """
        name = f"{what}-{digest_of(key)}"
        kept = self._kept_rows(name)
        new = {h: i for i, h in enumerate(hashes) if h not in kept}
        if new:
            made = compute(np.array(sorted(new.values())))
            fresh = {hashes[i]: values for i, values in zip(sorted(new.values()), made, strict=True)}
            if self.folder is not None:
                self._write(self.folder, f"{name}-{digest_of({'rows': b''.join(fresh).hex()})}", _segment(fresh, made))
            kept |= fresh
        old = len(hashes) - sum(h in new for h in hashes)
        if old:
            self.reused.append(f"{what}: {old:,} of {len(hashes):,} rows as they were kept, {len(new):,} computed")
        return np.stack([kept[h] for h in hashes])

    def _kept_rows(self, name: str) -> dict[bytes, np.ndarray]:
        """Every kept row's values by its hash; each file holds those that one audit computed."""
        found: dict[bytes, np.ndarray] = {}
        for path in sorted(self.folder.glob(f"{name}-*.npz")) if self.folder is not None else ():
            if (kept := self._read(path.stem)) is not None:
                found |= {h.tobytes(): v for h, v in zip(kept["hashes"], kept["values"], strict=True)}
        return found

    def _read(self, name: str) -> Arrays | None:
        if self.folder is None:
            return None
        path = self.folder / f"{name}.npz"
        try:
            # opened here, since np.load leaves a broken archive open
            with path.open("rb") as file, np.load(file, allow_pickle=False) as values:
                found = {k: values[k] for k in values.files}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as broken:
            self.notes.append(f"{path.name} in the cache could not be read ({broken}); computed again")
            return None
        with suppress(OSError):  # a folder that may only be read is a cache too
            os.utime(path)
        return found

    def _write(self, folder: Path, name: str, values: Arrays) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
        buffer = io.BytesIO()
        np.savez(buffer, **values)  # type: ignore[arg-type]  # numpy's stub forgets that any name may be a keyword
        write_bytes(folder / f"{name}.npz", buffer.getvalue())
        _prune(folder, self.limit)


def _segment(fresh: Mapping[bytes, np.ndarray], made: np.ndarray) -> Arrays:
    hashes = np.frombuffer(b"".join(fresh), dtype=np.uint8).reshape(len(fresh), -1)
    return {"hashes": hashes, "values": made}


def _prune(folder: Path, limit: int) -> None:
    """Delete what was not used for longest until the rest fits, and what killed processes left half written."""
    room = limit
    for _, size, path in sorted(_sizes(folder.glob("*.npz")), reverse=True):
        room -= size
        if room < 0:
            path.unlink(missing_ok=True)
    for used, _, path in _sizes(folder.glob(".*.npz.*")):
        if used < time.time() - ABANDONED:
            path.unlink(missing_ok=True)


def _sizes(paths: Iterable[Path]) -> Iterator[tuple[float, int, Path]]:
    """(time of last use, bytes, path) of each file that is still there."""
    for path in paths:
        with suppress(FileNotFoundError):
            found = path.stat()
            yield found.st_mtime, found.st_size, path


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
