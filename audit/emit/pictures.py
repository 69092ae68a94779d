"""Class-per-folder images, and the pictures that a table points to: files are copied as they are."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.emit.edits import Edits
from audit.errors import OutputError, StaleError
from audit.sources.folders import WEIGHTS, picture_paths


def cut_folder(before: Dataset, out: Path, rows: np.ndarray) -> None:
    """Copy the chosen pictures, each into its class's folder."""
    out.mkdir(parents=True, exist_ok=True)
    copy_all(before.origin.file, out, before.table["path"][rows])


def edit_folder(before: Dataset, out: Path, edits: Edits) -> dict[str, Any]:
    """Copy the pictures that stay, relabelled ones into their new class's folder, and whatever else lies there."""
    source, options = before.origin.file, before.origin.options
    if edits.added and (source / WEIGHTS).exists():
        raise OutputError(f"{source / WEIGHTS}: is there already and holds no weights that assay wrote")
    _copy_others(source, out)
    paths = before.table["path"].tolist()
    now = placed(paths, edits)
    for old, new, stays in zip(paths, now, edits.kept, strict=True):
        if stays:
            copy(source / old, out / new)
    if edits.weights is None:
        return dict(options)
    kept = np.flatnonzero(edits.kept)
    _write_weights(out / WEIGHTS, [(now[i], float(edits.weights[i])) for i in kept])
    return {**options, "weights": edits.weight}


def join_folder(
    parts: tuple[Path, Path, Path], out: Path, rows: pd.DataFrame, added: str | None, _options: Mapping[str, Any]
) -> None:
    """Copy every picture back to where it was."""
    data, originals, quarantine = parts
    _copy_others(data, out)
    if added is not None:
        (out / WEIGHTS).unlink()
    elif (originals / WEIGHTS).exists():
        copy(originals / WEIGHTS, out / WEIGHTS)
    for was, now, state in zip(rows["was"], rows["file"], rows["state"], strict=True):
        source = quarantine / was if state == "dropped" else data / now
        if not source.is_file():
            raise StaleError(f"{source}: no such file: the cleaned folder was edited after it was written")
        copy(source, out / was)


def cut_weights(before: Dataset, out: Path, rows: np.ndarray) -> None:
    """What moving a picture loses: only the table of weights, when there was one."""
    out.mkdir(parents=True, exist_ok=True)
    if before.roles.weight is not None and rows.any():
        copy(before.origin.file / WEIGHTS, out / WEIGHTS)


def placed(paths: Sequence[str], edits: Edits) -> list[str]:
    """Where each picture goes: a relabelled one to its new class's folder, under a name that is free there."""
    taken = set(paths)
    out = list(paths)
    for position, label in edits.labels.items():
        if "/" in str(label) or str(label).startswith("."):
            raise OutputError(f"class {label!r} cannot be the name of a folder")
        wanted = PurePosixPath(str(label), *PurePosixPath(paths[position]).parts[1:])
        free, number = wanted, 2
        while free.as_posix() in taken:
            free, number = wanted.with_name(f"{wanted.stem}~{number}{wanted.suffix}"), number + 1
        taken.add(free.as_posix())
        out[position] = free.as_posix()
    return out


def copy(source: Path, target: Path) -> None:
    """Copy one file with its times, making its folders."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def copy_all(source: Path, target: Path, paths: Iterable[object]) -> None:
    """Copy pictures that a table points to by paths within its folder; one that is not there stays so."""
    for path in {p for p in paths if isinstance(p, str) and not Path(p).is_absolute()}:
        if ".." in PurePosixPath(path).parts:
            raise OutputError(
                f"{path}: a picture outside its table's folder cannot be copied along; use absolute paths"
            )
        if (source / path).is_file():
            copy(source / path, target / path)


def _copy_others(source: Path, out: Path) -> None:
    """The folders, even empty ones, and the files that are no pictures."""
    pictures = set(picture_paths(source))
    out.mkdir(parents=True, exist_ok=True)
    for found in source.rglob("*"):
        name = found.relative_to(source).as_posix()
        if found.is_dir():
            (out / name).mkdir(parents=True, exist_ok=True)
        elif name not in pictures:
            copy(found, out / name)


def _write_weights(path: Path, weights: Sequence[tuple[str, float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("path", "weight"), *((p, repr(w)) for p, w in weights)])
