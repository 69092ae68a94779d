"""Hashes of a file, of a folder with all that is in it, and of files that some data names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from audit.errors import InputError

LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave behind; every other file in a folder counts, hidden ones too, since loaders read those."""
LARGE = 1 << 20
"""From here on a file is mapped and hashed by several threads; below, that costs more than it saves."""


@dataclass(frozen=True)
class Member:
    """One file by its path within the folder (empty: the file itself); no hash: it is not there."""

    path: str
    bytes: int
    blake3: str


@dataclass(frozen=True)
class Tree:
    """Some files as one: of a single file the hash is that of its bytes, as `b3sum` prints it."""

    files: int
    bytes: int
    blake3: str


def members_of(where: Path) -> list[Member]:
    """The file, or every file below the folder by path. InputError for a link to a folder: it could lead anywhere."""
    if not where.exists():
        raise InputError(f"{where}: no such file or folder")
    if where.is_file():
        return [member(where, "")]
    return [member(where / path, path) for path in sorted(_below(str(where), ""))]


def members_named(folder: Path, paths: Iterable[str]) -> list[Member]:
    """The files of these names, relative to `folder`, each once; one that is not there has no hash."""
    return [member(folder / p, p) if (folder / p).is_file() else Member(p, 0, "") for p in sorted(dict.fromkeys(paths))]


def member(path: Path, name: str) -> Member:
    """Hash one file."""
    try:
        size = path.stat().st_size
        if size >= LARGE:
            return Member(name, size, blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest())
        content = path.read_bytes()
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None
    return Member(name, len(content), blake3(content).hexdigest())


def tree_of(members: Sequence[Member]) -> Tree:
    """Many hashes as one."""
    size = sum(m.bytes for m in members)
    if len(members) == 1 and members[0].path == "":
        return Tree(1, size, members[0].blake3)
    listed = json.dumps([[m.path, m.bytes, m.blake3] for m in members]).encode()
    return Tree(len(members), size, blake3(listed).hexdigest())


def split_query(where: str | Path) -> tuple[Path, str]:
    """The path of an address, and what it asks for beside: `data.npz?split=test`."""
    path = Path(where)
    if path.exists():
        return path, ""
    plain, _, query = str(where).partition("?")
    return Path(plain), query


def suffix_of(path: Path) -> str:
    """By which a file is read, `.csv.gz` whole; nothing for a folder."""
    if path.is_dir():
        return ""
    last = path.suffix.lower()
    return Path(path.stem).suffix.lower() + last if last == ".gz" else last


def _below(folder: str, prefix: str) -> Iterable[str]:
    """Every file below a folder, by its path with / from there."""
    try:
        entries = list(os.scandir(folder))
    except OSError as refused:
        raise InputError(f"{folder}: cannot be read: {refused.strerror}") from None
    for entry in entries:
        if entry.name in LITTER:
            continue
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if entry.is_symlink():
                raise InputError(f"{entry.path}: a link to a folder; a certificate covers what lies in one place")
            yield from _below(entry.path, f"{name}/")
        elif entry.is_file():
            yield name
        else:
            raise InputError(f"{entry.path}: neither a file nor a folder, or a link to nothing")
