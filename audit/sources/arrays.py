"""Arrays: .npz files with features or pictures and their labels, or (X, y) in memory."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from audit.dataset import ROW, Origin, Roles
from audit.errors import InputError
from audit.sources.content import Content

X_NAMES = ("X", "x", "features", "images", "data")
Y_NAMES = ("y", "Y", "labels", "label", "targets", "target")


def read_npz(path: Path, *, split: str | None = None, names: Sequence[str] | None = None) -> Content:
    """Read an .npz of X and y (or images and labels, …); `split` chooses x_train and y_train among several pairs.

    Other arrays with one value a row become columns without a role, or just those in `names`; the rest is left alone.
    """
    arrays = read_arrays(path)
    x, y, others = names_of(path, arrays, split, names)
    plain = {name: name.removesuffix(f"_{split}") for name in (y, *others)}
    given = {plain[name]: arrays[name] for name in others}
    table, images, roles = columns_of(str(path), arrays[x], arrays[y], plain[y], given)
    origin = Origin("npz", str(path), {"names": others, **({"split": split} if split else {})})
    return Content(str(path), table.rename_axis(ROW), origin, images, roles)


def names_of(
    path: Path, arrays: Mapping[str, np.ndarray], split: str | None, names: Sequence[str] | None = None
) -> tuple[str, str, list[str]]:
    """Which arrays hold the examples, the labels, and one more value a row each."""
    suffix = f"_{split}" if split else ""
    x, y = (_the_one(path, arrays, names, suffix) for names in (X_NAMES, Y_NAMES))
    if names is not None:
        return x, y, [name for name in names if name in arrays]
    rows = arrays[y].shape[:1]
    others = [k for k, v in arrays.items() if k not in (x, y) and v.shape == rows and k.endswith(suffix)]
    return x, y, others


def read_npy(path: Path) -> NoReturn:
    """An .npy file holds one array and so no labels: an error that says what to do."""
    raise InputError(f"{path}: one array has no labels; put both into an .npz: numpy.savez(file, X=…, y=…)")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of an .npz, none of them pickled; InputError names the file or array that cannot be read."""
    name = ""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if not hasattr(stored, "files"):
                raise InputError(f"{path}: not an .npz file: it holds one array")
            arrays = {}
            for name in stored.files:
                arrays[name] = stored[name]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as broken:
        raise InputError(f"{path}: not a whole .npz file: {broken}") from None
    except ValueError as refused:
        if not name:  # it is neither a zip file nor one array, and numpy takes it for a pickle
            raise InputError(f"{path}: not an .npz file") from None
        why = "holds Python objects, which need pickle; store numbers or words" if "bject" in str(refused) else refused
        raise InputError(f"{path}: array {name!r} {why}") from None
    return arrays


def _the_one(path: Path, arrays: Mapping[str, np.ndarray], names: tuple[str, ...], suffix: str) -> str:
    found = [n for n in arrays if n.removesuffix(suffix) in names and n.endswith(suffix)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(arrays) or "nothing"
    if len(found) > 1:
        raise InputError(f"{path}: arrays {' and '.join(found)} could each be {names[0]}; it holds {there}")
    splits = sorted({n.rpartition("_")[2] for n in arrays if n.rpartition("_")[0] in names})
    if splits and not suffix:
        raise InputError(f"{path}: holds the splits {', '.join(splits)}; choose one: {path}?split={splits[-1]}")
    raise InputError(f"{path}: no array {names[0]}{suffix} (nor {', '.join(names[1:])}); it holds {there}")


def columns_of(
    name: str, x: np.ndarray, y: np.ndarray, label: str, others: Mapping[str, np.ndarray]
) -> tuple[pd.DataFrame, np.ndarray | None, Roles]:
    """(n, d) numbers as columns x0 …, (n, h, w[, c]) uint8 as pictures, (n,) words as texts; y is (n,) or (n, 1)."""
    x, y = _native(x), _native(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or y.dtype.kind not in "biufU":
        raise InputError(f"{name}: labels must be one number or word a row; y is {_form(y)}")
    if x.ndim == 0 or len(x) != len(y):
        raise InputError(f"{name}: lengths differ: {_form(x)} for {len(y):,} labels")
    given = {label: y, **others}
    if x.ndim in (3, 4) and x.dtype == np.uint8 and (x.ndim == 3 or x.shape[3] in (1, 2, 3, 4)):
        images = x if x.ndim == 4 else x[..., None]
        return pd.DataFrame(given), images, Roles(label=label)
    if x.ndim == 1 and x.dtype.kind == "U":
        return pd.DataFrame({"text": x, **given}), None, Roles(label=label, text="text")
    if x.ndim not in (1, 2) or x.dtype.kind not in "biuf":
        raise InputError(
            f"{name}: X must be (n, d) numbers, (n, h, w[, c]) uint8 pictures or (n,) words; it is {_form(x)}"
        )
    values = x if x.ndim == 2 else x[:, None]
    features = tuple(f"x{i}" for i in range(values.shape[1]))
    clash = [f for f in features if f in given]
    if clash:
        raise InputError(f"{name}: array {clash[0]!r} has the name of a feature column")
    return pd.DataFrame(values, columns=list(features)).assign(**given), None, Roles(label=label, features=features)


def _native(values: np.ndarray) -> np.ndarray:
    """In this machine's order of bytes, the only one that pandas takes."""
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _form(values: np.ndarray) -> str:
    return f"{values.dtype} {values.shape}"
