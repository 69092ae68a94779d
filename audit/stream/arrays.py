"""Probabilities in .npy and .npz files.

They are read, not mapped, so that what was read does not count as resident memory afterwards.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from audit.errors import InputError, some
from audit.stream.source import Read, Source, check_shape, of_array

T = TypeVar("T")
NAMES = ("pred_probs", "probabilities", "probs")
"""What an array of probabilities is called in an archive that holds several."""


def checked(path: Path, read: Callable[[], T]) -> T:
    """What `read` brings; InputError names the file when it is broken."""
    try:
        return read()
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as broken:
        raise InputError(f"{path}: cannot be read: {broken}") from None


def of_npy(path: Path) -> Source:
    """A .npy file; one stored column by column is mapped."""
    mapped = checked(path, lambda: np.load(path, mmap_mode="r", allow_pickle=False))
    rows, classes = check_shape(str(path), mapped.shape, mapped.dtype)
    dtype, offset = mapped.dtype, mapped.offset
    if not mapped.flags.c_contiguous:  # column by column: only a map can pick rows out of it
        return replace(of_array(mapped, str(path)), blocks=partial(_mapped_blocks, path, rows))

    def blocks(step: int) -> Iterator[tuple[int, Read]]:
        return (
            (i, partial(_rows, path, dtype, offset, (i, min(step, rows - i)), classes)) for i in range(0, rows, step)
        )

    return Source(str(path), rows, classes, dtype, blocks)


def _rows(path: Path, dtype: np.dtype[Any], offset: int, place: tuple[int, int], classes: int) -> np.ndarray:
    """(rows, classes) from a first row on, of which a .npy file keeps one after the other."""
    start, wanted = place
    found = np.fromfile(path, dtype, wanted * classes, offset=offset + start * classes * dtype.itemsize)
    if len(found) < wanted * classes:
        raise InputError(f"{path}: ends within row {start + len(found) // classes}")
    return found.reshape(wanted, classes)


def _mapped_blocks(path: Path, rows: int, step: int) -> Iterator[tuple[int, Read]]:
    return ((i, partial(_mapped, path, i, step)) for i in range(0, rows, step))


def _mapped(path: Path, start: int, step: int) -> np.ndarray:
    """Mapped anew by whoever reads it: another process would be sent the whole array."""
    found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)[start : start + step]
    return found


def of_npz(path: Path) -> Source:
    """The array of probabilities in an archive, packed or not, read from its beginning each time."""
    member, shape, dtype, fortran = checked(path, lambda: _member(path))
    rows, classes = check_shape(str(path), shape, dtype)
    if fortran:
        raise InputError(f"{path}: {member} is stored column by column; save np.ascontiguousarray of it")

    def blocks(step: int) -> Iterator[tuple[int, Read]]:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            _header(file)
            for start in range(0, rows, step):
                raw = file.read(min(step, rows - start) * classes * dtype.itemsize)
                yield start, partial(np.frombuffer(raw, dtype).reshape, -1, classes)

    return Source(str(path), rows, classes, dtype, blocks)


def _member(path: Path) -> tuple[str, tuple[int, ...], np.dtype[Any], bool]:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".npy")]
        known = [n for n in names if n.removesuffix(".npy") in NAMES] or names
        if len(known) != 1:
            raise InputError(
                f"{path}: which array holds the probabilities? name one of {', '.join(NAMES)}; there is {some(names)}"
            )
        with archive.open(known[0]) as file:
            shape, fortran, dtype = _header(file)
            return known[0], shape, dtype, fortran


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version not in readers:
        raise ValueError(f"version {version} of the .npy format")
    return readers[version](file)
