"""`planted:…`: data with known faults put in, so that what a check finds can be held against what is there."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import ROW, Dataset, Origin, Roles, check_dataset
from audit.errors import InputError
from audit.sources.content import Content, parse_query
from audit.sources.digits import read_digits

PLANTED = "planted"
"""The column that says which fault a row has: flip, exact, near, leaked, missing, range, or '' for none."""
TRUE = "true_label"
CELLS = 3
"""How many feature cells of a row a near duplicate, a missing value or an out-of-range value touches."""


@dataclass(frozen=True)
class Faults:
    """How much of what to plant. `flips` is a share of the training rows, the others are numbers of rows."""

    flips: float = 0.08
    exact: int = 25
    near: int = 25
    leaked: int = 20
    missing: int = 15
    range: int = 15


@dataclass(frozen=True, eq=False)
class Planted:
    """A training set with faults, and a test set with rows leaked into it."""

    train: Dataset
    test: Dataset


def read_planted(where: str) -> Content:
    """`planted:digits?flips=0.08&exact=25&…&seed=0`, or `planted:digits-test?…` for the test set that goes with it."""
    known = {f.name: float if f.name == "flips" else int for f in fields(Faults)} | {"seed": int}
    name, options = parse_query(where, known)
    seed = options.pop("seed", 0)
    faults = Faults(**options)
    which = name.removeprefix("planted:")
    if which not in ("digits", "digits-test"):
        raise InputError(f"{where}: faults are planted in planted:digits or planted:digits-test")
    train, test = (_dataset(read_digits(part)) for part in ("digits", "digits-test"))
    planted = plant(train, test, faults, seed)
    chosen = planted.train if which == "digits" else planted.test
    origin = Origin("memory", None, {"where": where, **asdict(faults), "seed": seed})
    return Content(name, chosen.table, origin, roles=chosen.roles, classes=chosen.classes)


def plant(train: Dataset, test: Dataset, faults: Faults, seed: int) -> Planted:
    """Put faults into numeric data; one kind a row, and no row that another fault was copied from has one.

    flip: the label, uniformly, to another class. exact: a copy, some rows further down. near: the same with tiny
    noise. leaked: a training row copied into the test set, marked on both sides. missing: empty cells. range: cells
    far outside what the column holds. The truth is in the columns `planted` and `true_label`, which have no role.
    """
    rng = np.random.default_rng(seed)
    check_faults(train, faults)
    label = str(train.roles.label)
    features = list(train.roles.features)
    chosen = _choose(len(train), faults, rng)
    clean = _with_truth(train).reset_index(drop=True)
    original = clean[features].to_numpy("float64")
    values = original.copy()
    for kind, edit in (("missing", _missing), ("range", _far_away)):
        values[chosen[kind]] = edit(original[chosen[kind]], original, rng)
    marks = clean[PLANTED].to_numpy(dtype=object, copy=True)
    for kind in ("flip", "leaked", "missing", "range"):
        marks[chosen[kind]] = kind
    edited = _with_values(clean, features, values)
    truth: dict[str, Any] = {PLANTED: marks, label: _flipped(train, chosen["flip"], rng)}
    edited = edited.assign(**truth)
    near = edited.iloc[chosen["near"]]
    noisy = _shaken(near[features].to_numpy("float64"), original, rng)
    copies = [
        edited.iloc[chosen["exact"]].assign(**{PLANTED: "exact"}),
        _with_values(near, features, noisy).assign(**{PLANTED: "near"}),
    ]
    leaked = edited.iloc[chosen["leaked"]]
    shuffled_test = pd.concat([_with_truth(test), leaked]).iloc[rng.permutation(len(test) + len(leaked))]
    return Planted(_replaced(train, _interleaved(edited, copies, rng)), _replaced(test, shuffled_test))


def _with_truth(data: Dataset) -> pd.DataFrame:
    truth: dict[str, Any] = {PLANTED: "", TRUE: data.given}
    return data.table.assign(**truth)


def _with_values(table: pd.DataFrame, features: list[str], values: np.ndarray) -> pd.DataFrame:
    columns = {name: values[:, i] for i, name in enumerate(features)}
    return table.assign(**columns)


def check_faults(train: Dataset, faults: Faults) -> None:
    """InputError when there are too few rows for the faults, or the features are not numbers."""
    if not 0 <= faults.flips <= 1:
        raise InputError(f"{train.name}: flips={faults.flips:g} is a share of the rows, from 0 to 1")
    negative = [f.name for f in fields(Faults) if getattr(faults, f.name) < 0]
    if negative:
        raise InputError(f"{train.name}: {negative[0]}={getattr(faults, negative[0])} is negative")
    wanted = sum(_counts(len(train), faults).values())
    if wanted > len(train):
        raise InputError(f"{train.name}: {wanted:,} rows are needed for these faults, there are {len(train):,}")
    words = [c for c in train.roles.features if train.table[c].dtype.kind not in "iuf"]
    if words or not train.roles.features:
        raise InputError(f"{train.name}: faults are planted in numbers; column {words[0] if words else None!r} is not")


def _counts(rows: int, faults: Faults) -> dict[str, int]:
    whole = {name: int(getattr(faults, name)) for name in ("exact", "near", "leaked", "missing", "range")}
    return {"flip": round(faults.flips * rows), **whole}


def _choose(rows: int, faults: Faults, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Positions for each kind of fault, none of them twice."""
    shuffled = rng.permutation(rows)
    counts = _counts(rows, faults)
    ends = np.cumsum(list(counts.values()))
    return {kind: np.sort(shuffled[end - n : end]) for (kind, n), end in zip(counts.items(), ends, strict=True)}


def _flipped(train: Dataset, positions: np.ndarray, rng: np.random.Generator) -> pd.Series:
    codes = train.labels.copy()
    step = rng.integers(1, len(train.classes), size=len(positions))
    codes[positions] = (codes[positions] + step) % len(train.classes)
    values: list[Hashable] = [train.classes[i] for i in codes]
    return pd.Series(values, dtype=train.given.dtype)


def _cells(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """(rows, CELLS) different columns for each row."""
    return rng.permuted(np.tile(np.arange(columns), (rows, 1)), axis=1)[:, :CELLS]


def _missing(own: np.ndarray, everything: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = own.copy()
    np.put_along_axis(out, _cells(len(own), everything.shape[1], rng), np.nan, axis=1)
    return out


def _far_away(own: np.ndarray, everything: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    cells = _cells(len(own), everything.shape[1], rng)
    above = rng.random(cells.shape) < 0.5
    out = own.copy()
    np.put_along_axis(out, cells, np.where(above, high + 5 * (high - low), low - 0.5 * (high - low)), axis=1)
    return out


def _shaken(own: np.ndarray, everything: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sixteenth of the range up or down, inwards at the ends, in a few cells: one grey level of a digit."""
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    cells = _cells(len(own), everything.shape[1], rng)
    old = np.take_along_axis(own, cells, axis=1)
    step = (high - low) / 16 * rng.choice([-1.0, 1.0], size=cells.shape)
    inwards = np.where((old + step < low) | (old + step > high), -step, step)
    out = own.copy()
    np.put_along_axis(out, cells, old + inwards, axis=1)
    return out


def _interleaved(rows: pd.DataFrame, copies: list[pd.DataFrame], rng: np.random.Generator) -> pd.DataFrame:
    """The rows in their order and every copy at a random place after the row that it was copied from.

    So the copy, not the row itself, is the one beyond the first.
    """
    both = pd.concat([rows, *copies])
    source = both.index.to_numpy(dtype="float64")
    extra = np.arange(len(both)) >= len(rows)
    place = np.where(extra, rng.uniform(source + 0.1, len(rows)), source)
    return both.iloc[np.argsort(place, kind="stable")]


def _replaced(data: Dataset, table: pd.DataFrame) -> Dataset:
    fresh = table.set_index(pd.RangeIndex(len(table), name=ROW))
    out = replace(data, table=fresh, origin=Origin())
    check_dataset(out)
    return out


def _dataset(content: Content) -> Dataset:
    return Dataset(content.name, content.table, content.roles or Roles(), content.classes or ())
