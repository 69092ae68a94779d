"""The faults: each takes data, its reference, a dose and a generator, and gives the data with the fault in it.

A dose is a share, of the rows unless the fault says of what. Larger doses hold the smaller ones: the rows are drawn in
one order for all doses of a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import ROW, Dataset, put

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
FEW = (0.001, 0.01, 0.1)
PARTS = (0.01, 0.1, 1.0)
UNIT = 1000.0


@dataclass(frozen=True)
class Injected:
    """Data with a fault in it."""

    data: Dataset
    rows: int
    """How many rows were touched."""
    where: str = ""
    """The column or class that was drawn."""


Inject = Callable[[Dataset, Dataset | None, float, np.random.Generator], Injected]


@dataclass(frozen=True)
class Fault:
    """One way in which data goes wrong."""

    name: str
    what: str
    doses: tuple[float, ...]
    inject: Inject
    needs: Callable[[Dataset, Dataset | None], str]
    """Why it cannot be put into this data; else ''."""
    measure: str
    """The measure that ought to move."""
    rule: str
    """The expectation that would stop what no measure sees."""


def _drawn(data: Dataset, dose: float, rng: np.random.Generator) -> np.ndarray:
    """Positions of a share of the rows, one at least."""
    return rng.permutation(len(data))[: max(1, round(dose * len(data)))]


def _with_column(data: Dataset, name: str, column: Any) -> Dataset:
    table = data.table.copy(deep=False)
    table[name] = column
    return replace(data, table=table)


def _with_labels(data: Dataset, values: dict[int, Any]) -> Dataset:
    return _with_column(data, str(data.roles.label), put(data.given, values))


def _appended(data: Dataset, rows: pd.DataFrame, images: np.ndarray | None) -> Dataset:
    """The data and further rows behind it; the rows are numbered anew, since a copy's id would be its original's."""
    table = pd.concat([data.table, rows[data.table.columns.tolist()]], ignore_index=True)
    pictures = None if data.images is None or images is None else np.concatenate([data.images, images])
    return replace(data, table=table.rename_axis(ROW), images=pictures)


def _copied(data: Dataset, positions: np.ndarray) -> Dataset:
    images = None if data.images is None else data.images[positions]
    return _appended(data, data.table.iloc[positions], images)


# -- labels ------------------------------------------------------------------------------------------------------------


def _other(data: Dataset, positions: np.ndarray, rng: np.random.Generator) -> list[Any]:
    """Another class for each of these rows, any with equal chance."""
    steps = rng.integers(1, len(data.classes), size=len(positions))
    return [data.classes[k] for k in (data.labels[positions] + steps) % len(data.classes)]


def flips(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Labels replaced by another class."""
    rows = _drawn(data, dose, rng)
    return Injected(_with_labels(data, dict(zip(rows.tolist(), _other(data, rows, rng), strict=True))), len(rows))


def shuffled(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Labels dealt out anew among some of the rows."""
    rows = np.sort(_drawn(data, dose, rng))
    dealt = data.given.iloc[rng.permutation(rows)].tolist()
    return Injected(_with_labels(data, dict(zip(rows.tolist(), dealt, strict=True))), len(rows))


def conflicts(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Rows that stand there again under another label."""
    rows = _drawn(data, dose, rng)
    twice, first = _copied(data, rows), len(data)
    other = {first + i: v for i, v in enumerate(_other(data, rows, rng))}
    return Injected(_with_labels(twice, other), len(rows))


def dropped(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Rows of one class left out; a class without rows is no class, as when the file is read."""
    chosen = int(rng.integers(len(data.classes)))
    mine = rng.permutation(np.flatnonzero(data.labels == chosen))
    gone = mine[: max(1, round(dose * len(mine)))]
    kept = data.take(data.rows[np.setdiff1d(np.arange(len(data)), gone)])
    present = set(kept.given)
    return Injected(
        replace(kept, classes=tuple(c for c in data.classes if c in present)),
        len(gone),
        f"class {data.classes[chosen]}",
    )


# -- rows --------------------------------------------------------------------------------------------------------------


def duplicates(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Rows that stand there again."""
    rows = _drawn(data, dose, rng)
    return Injected(_copied(data, rows), len(rows))


def leaked(data: Dataset, reference: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Rows of the reference among the data; a dose is a share of the reference's rows."""
    if reference is None:
        raise ValueError("leaked rows need a reference")
    rows = _drawn(reference, dose, rng)
    if data.roles.label is not None:  # a class that the data has not got is no leak of its rows
        rows = rows[reference.given.iloc[rows].isin(data.classes).to_numpy()]
    table = reference.table.iloc[rows].rename(columns={reference.roles.label: data.roles.label})
    images = None if reference.images is None else reference.images[rows]
    return Injected(_appended(data, table.reindex(columns=data.table.columns), images), len(table))


# -- columns -----------------------------------------------------------------------------------------------------------


def _numeric(data: Dataset) -> list[str]:
    return [c for c in data.roles.features if data.table[c].dtype.kind in "iuf" and data.table[c].notna().any()]


def nulls(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Cells without a value."""
    names = [*data.roles.features, *([data.roles.text] if data.roles.text else [])]
    name = str(rng.choice(names))
    rows = _drawn(data, dose, rng)
    column = data.table[name].astype("float64" if data.table[name].dtype.kind in "iub" else data.table[name].dtype)
    return Injected(_with_column(data, name, column.mask(_mask(data, rows))), len(rows), f"column {name}")


def unit(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """A number in another unit: a thousand times as large."""
    name = str(rng.choice([c for c in _numeric(data) if (data.table[c].fillna(0) != 0).any()]))
    rows = _drawn(data, dose, rng)
    column = data.table[name].astype("float64")
    return Injected(
        _with_column(data, name, column.mask(_mask(data, rows), column * UNIT)), len(rows), f"column {name}"
    )


def swapped(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Two columns of numbers exchanged."""
    one, other = (str(c) for c in rng.choice(_numeric(data), 2, replace=False))
    mask = _mask(data, _drawn(data, dose, rng))
    a, b = data.table[one].astype("float64"), data.table[other].astype("float64")
    turned = _with_column(_with_column(data, one, a.mask(mask, b)), other, b.mask(mask, a))
    return Injected(turned, int(mask.sum()), f"columns {one}, {other}")


def encoding(data: Dataset, _: Dataset | None, dose: float, rng: np.random.Generator) -> Injected:
    """Texts read in a wrong encoding: UTF-8 as Latin-1, and where that changes nothing UTF-16 as Latin-1."""
    rows = _drawn(data, dose, rng)
    name = str(data.roles.text)
    texts = data.texts
    column = put(data.table[name].astype(object), {int(i): _misread(texts[i]) for i in rows})
    return Injected(_with_column(data, name, column), len(rows), f"column {name}")


def _misread(text: str) -> str:
    codec = "utf-16-le" if text.isascii() else "utf-8"
    return text.encode(codec, "surrogatepass").decode("latin-1")


def _mask(data: Dataset, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(data), dtype=bool)
    mask[rows] = True
    return mask


# -- what each needs ---------------------------------------------------------------------------------------------------


def _classes(data: Dataset, _: Dataset | None) -> str:
    return "" if data.roles.label is not None and len(data.classes) > 1 else "there are no two classes"


def _three(data: Dataset, _: Dataset | None) -> str:
    return "" if data.roles.label is not None and len(data.classes) > 2 else "there are no three classes"


def _reference(data: Dataset, reference: Dataset | None) -> str:
    if reference is None:
        return "no reference was given"
    need = [c for c in (*data.roles.features, data.roles.text, data.roles.image) if c is not None]
    lacking = [c for c in need if c not in reference.table.columns]
    if lacking:
        return f"the reference has no column {lacking[0]!r}"
    if (data.roles.label is None) != (reference.roles.label is None):
        return "only one of data and reference has a label"
    shapes = [None if d.images is None else d.images.shape[1:] for d in (data, reference)]
    if shapes[0] != shapes[1]:
        return "the reference's pictures are of another size"
    apart = data.roles.image is not None and data.origin.folder != reference.origin.folder
    return "the reference's pictures lie in another folder" if apart else ""


def _content(data: Dataset, _: Dataset | None) -> str:
    held = data.roles.features or data.roles.text or data.roles.image or data.images is not None
    return "" if held else "the rows have no content"


def _cells(data: Dataset, _: Dataset | None) -> str:
    return "" if data.roles.features or data.roles.text else "there is no column of values"


def _numbers(count: int) -> Callable[[Dataset, Dataset | None], str]:
    def needs(data: Dataset, _: Dataset | None) -> str:
        return "" if len(_numeric(data)) >= count else f"fewer columns of numbers than {count}"

    return needs


def _texts(data: Dataset, _: Dataset | None) -> str:
    return "" if data.roles.text else "there are no texts"


BETWEEN = "expect_column_values_to_be_between"
FAULTS: dict[str, Fault] = {
    f.name: f
    for f in (
        Fault("flips", "labels replaced by another class", SHARES, flips, _classes, "labels.rate", ""),
        Fault("shuffled", "labels dealt out anew among rows", (0.1, 0.5, 1.0), shuffled, _classes, "labels.rate", ""),
        Fault("conflicts", "rows again, under another label", FEW, conflicts, _classes, "conflicts.count", ""),
        Fault("duplicates", "rows again", FEW, duplicates, _content, "duplicates.exact.count", ""),
        Fault("leaked", "rows of the reference among the data", FEW, leaked, _reference, "leakage.exact.count", ""),
        Fault("nulls", "cells without a value", FEW, nulls, _cells, "missing.count", ""),
        Fault("unit", "a column times 1,000", PARTS, unit, _numbers(1), "outliers.rate", BETWEEN),
        Fault("swapped", "two columns exchanged", PARTS, swapped, _numbers(2), "outliers.rate", BETWEEN),
        Fault("encoding", "texts read in a wrong encoding", PARTS, encoding, _texts, "labels.rate",
              "expect_column_values_to_not_match_regex"),
        Fault("dropped", "rows of one class left out", (0.5, 0.9, 1.0), dropped, _three, "imbalance.ratio",
              "expect_column_unique_value_count_to_be_between"),
    )
}  # fmt: skip
"""In the order in which they are tried."""
