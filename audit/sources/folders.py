"""A folder of pictures with a folder for each class. A row's id is its path; its label, the folder it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from audit.dataset import ROW, Origin, Roles
from audit.errors import InputError, StaleError, some
from audit.sources.content import Content
from audit.sources.delimited import read_delimited
from audit.sources.roles import IMAGE_SUFFIXES, SPLITS

WEIGHTS = "weights.csv"
"""A table of path and weight beside the class folders: where cleaning puts weights, which pictures cannot carry."""


def read_folder(path: Path, *, weights: str | None = None) -> Content:
    """Read a class-per-folder image folder; pictures are opened when they are looked at, not now.

    `weights` is the name that the column of weights in `WEIGHTS` shall have.
    """
    classes = sorted(p.name for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if classes and set(map(str.lower, classes)) <= set(SPLITS):
        raise InputError(f"{path}: holds the splits {', '.join(classes)}; load one of them: {path / classes[0]}")
    found = picture_paths(path)
    if not found:
        raise InputError(f"{path}: no pictures ({', '.join(IMAGE_SUFFIXES)}) in folders named for their class")
    loose = [p.name for p in sorted(path.iterdir()) if is_picture(p)]
    if loose:
        raise InputError(f"{path}: pictures in no class's folder: {some(loose)}")
    labels = [p.split("/", 1)[0] for p in found]
    table = pd.DataFrame({"path": found, "label": labels}, index=pd.Index(found, name=ROW))
    if weights is not None:
        table = table.assign(**{weights: read_weights(path / WEIGHTS, found)})
    empty = [c for c in classes if c not in set(labels)]
    notes = (f"folders without pictures are no classes: {some(empty)}",) if empty else ()
    roles = Roles(label="label", image="path", id="path", weight=weights)
    origin = Origin("folder", str(path), {"weights": weights} if weights else {})
    return Content(str(path), table, origin, roles=roles, notes=notes)


def read_weights(path: Path, pictures: list[str]) -> list[float]:
    """The weight of each picture."""
    table = read_delimited(path, kinds={"path": "text", "weight": "number"}).table
    weights = dict(zip(table["path"], table["weight"], strict=True))
    lacking = [p for p in pictures if p not in weights]
    if lacking:
        raise InputError(f"{path}: no weight for {some(lacking)}")
    return [float(weights[p]) for p in pictures]


def picture_paths(folder: Path) -> list[str]:
    """The pictures below the class folders, relative, with /, by class and then by name."""
    found = [p.relative_to(folder) for p in folder.rglob("*") if is_picture(p)]
    kept = (p for p in found if len(p.parts) > 1 and not any(part.startswith(".") for part in p.parts))
    return [p.as_posix() for p in sorted(kept, key=lambda p: p.parts)]


def is_picture(path: Path) -> bool:
    """Whether a file's name says it is a picture."""
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


def in_order(content: Content, paths: Sequence[str]) -> Content:
    """The pictures in this order, not by name: moving a picture to another class must not move its row."""
    places = pd.Index(content.table["path"]).get_indexer(pd.Index(paths))
    if (places < 0).any() or len(places) != len(content.table):
        absent = [p for p, place in zip(paths, places, strict=True) if place < 0]
        why = f"no picture {some(absent)}" if absent else f"{len(content.table):,} pictures, not {len(paths):,}"
        raise StaleError(f"{content.name}: {why}: changed since it was read or written")
    return replace(content, table=content.table.iloc[places])
