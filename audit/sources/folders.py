"""A folder of pictures with a folder for each class. A row's id is its path; its label, the folder it lies in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from audit.dataset import ROW, Origin, Roles
from audit.errors import InputError, some
from audit.sources.content import Content
from audit.sources.roles import IMAGE_SUFFIXES, SPLITS


def read_folder(path: Path) -> Content:
    """Read a class-per-folder image folder; pictures are opened when they are looked at, not now."""
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
    empty = [c for c in classes if c not in set(labels)]
    notes = (f"folders without pictures are no classes: {some(empty)}",) if empty else ()
    roles = Roles(label="label", image="path", id="path")
    return Content(str(path), table, Origin("folder", str(path)), roles=roles, notes=notes)


def picture_paths(folder: Path) -> list[str]:
    """The pictures below the class folders, relative, with /, by class and then by name."""
    found = [p.relative_to(folder) for p in folder.rglob("*") if is_picture(p)]
    kept = (p for p in found if len(p.parts) > 1 and not any(part.startswith(".") for part in p.parts))
    return [p.as_posix() for p in sorted(kept, key=lambda p: p.parts)]


def is_picture(path: Path) -> bool:
    """Whether a file's name says it is a picture."""
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
