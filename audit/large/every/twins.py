"""Rows of a reference, or of other splits, that are equal to one here: by the hashes of all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.address import short
from audit.alike import check_column
from audit.checks.leakage import NOTHING, kinds_of_equality, trained_on
from audit.dataset import Dataset
from audit.errors import InputError, NotApplicable
from audit.evidence.embeddings import DIMENSIONS
from audit.large.every.copies import Sets, sets_of
from audit.large.read.rows import Looked, halves
from audit.large.read.table import LargeData

CHUNK = 1 << 20
"""Rows whose hashes are looked up at a time."""
SPLITS = 1 << 16
"""Splits at most: a column of more values names no splits."""
COPIES, HELD = 3, 300
"""A reference in memory takes so many times its table (its texts are there as they are, as Python's and normalised), and
so many bytes a row beside (hashes, and what Python adds to a text)."""


@dataclass(frozen=True, eq=False)
class There:
    """What the rows here are held against: a reference, or the other splits of the same data."""

    name: str
    rows: pd.Index
    """The ids by position there; of other splits those of all rows, by their position here."""
    count: int
    against: Dataset | np.ndarray
    """The reference; of other splits the rows here that are trained on, (n,) bool."""
    notes: tuple[str, ...] = ()
    """What was taken for granted."""

    @property
    def labelled(self) -> bool:
        """Whether its rows have labels where those here do."""
        return not isinstance(self.against, Dataset) or self.against.roles.label is not None


@dataclass(frozen=True, eq=False)
class Twins:
    """Rows there and the first row here that each is equal to."""

    there: np.ndarray
    """(m,) positions there, ascending."""
    here: np.ndarray
    """(m,) positions here."""


def held_bytes(reference: Dataset) -> int:
    """About how many bytes a reference takes in memory, with its vectors."""
    table = int(reference.table.memory_usage(deep=True).sum())
    pictures = 0 if reference.images is None else reference.images.nbytes
    return COPIES * table + pictures + len(reference) * (HELD + 4 * DIMENSIONS)


# -- what rows are held against ----------------------------------------------------------------------------------------


def compared(data: LargeData, reference: Dataset | None) -> list[There]:
    """What rows here are held against: other data, and the other splits where there are some; NotApplicable where there is
    nothing.

    Args:
        data: all rows.
        reference: other data, with the features of this in its order.
    """
    own = _other_splits(data)
    if reference is None:
        if isinstance(own, str):
            raise NotApplicable(own)
        return [own]
    there = There(short(reference.name), reference.rows, len(reference), reference)
    return [there] if isinstance(own, str) else [there, own]


def _other_splits(data: LargeData) -> There | str:
    """The splits that are not trained on, or why there are none."""
    column = data.head.roles.split
    if column is None:
        return NOTHING
    codes, names = _splits(data, column)
    rows = pd.Series(np.bincount(codes, minlength=len(names))).groupby(names).sum()
    trained, note = trained_on(rows)
    here = (names == trained)[codes]
    if here.all():
        return f"column {column!r} holds one split only: {trained!r}"
    others = ", ".join(sorted(name for name in rows.index if name != trained))
    count = int(np.count_nonzero(~here))
    return There(f"split {others}", data.rows, count, here, (note,) if note else ())


def check_kinds(data: LargeData, reference: Dataset) -> None:
    """InputError where a feature of which the first rows say too little, since they have no value of it or no fraction, is
    kept otherwise in the reference; what the first rows do hold is looked at as in memory."""
    for name in data.head.roles.features:
        first, some = data.head.table[name], _one_of(data.table.schema.field(name).type)
        silent = first.isna().all() or (first.dtype.kind == "f" and not (first.dropna() % 1).any())
        if silent and some is not None and name in reference.table:
            here, there = str(data.table.path), f"{reference.name} (reference)"
            check_column(name, (here, some), (there, reference.table[name]))


def _one_of(kind: Any) -> pd.Series | None:
    """A column of one value of an Arrow type, of floats a fraction that each width rounds its own way."""
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = kind.value_type if kinds.is_dictionary(kind) else kind
    values = ((kinds.is_floating, 0.1), (kinds.is_integer, 1), (kinds.is_boolean, True), (kinds.is_timestamp, 0),
              (kinds.is_string, "a"), (kinds.is_large_string, "a"))  # fmt: skip
    return next((pa.array([value], kind).to_pandas() for is_one, value in values if is_one(kind)), None)


def _splits(data: LargeData, column: str) -> tuple[np.ndarray, np.ndarray]:
    """(n,) number of each row's split in small integers, and (splits,) their names; a missing one is a name too."""
    import pyarrow.types as kinds

    if kinds.is_nested(data.table.schema.field(column).type):
        raise InputError(f"{data.table.path}: column {column!r} holds lists or records, not splits")
    codes = np.empty(data.table.rows, np.uint16)
    met: dict[Any, int] = {}
    firsts: list[int] = []
    for start, frame in data.table.batches([column]):
        own, values = pd.factorize(frame[column], use_na_sentinel=False)
        keys = [None if pd.isna(v) else v for v in values]
        for at, key in enumerate(keys):
            if key not in met:
                met[key] = len(met)
                firsts.append(start + int(np.argmax(own == at)))
        if len(met) > SPLITS:
            raise InputError(
                f"{data.table.path}: column {column!r} holds {len(met):,} different values or more, not splits"
            )
        codes[start : start + len(own)] = np.array([met[key] for key in keys], np.uint16)[own]
    # written as the whole column would be: whether 1 is 1.0 depends on all its values
    order = np.sort(np.array(firsts))
    names = np.empty(len(met), dtype=object)
    names[codes[order]] = data.at(order).table[column].map(str).to_numpy(object)
    return codes, names


# -- equal rows --------------------------------------------------------------------------------------------------------


def equal_rows(
    data: LargeData, there: There, looked: Looked, exact: Sets, normalised: Sets | None
) -> Mapping[str, Twins]:
    """For each way in which rows can be equal the rows there that are equal to one here, by the hashes of all rows."""
    reference = there.against
    if not isinstance(reference, Dataset):
        sets = {"exact": exact, "normalised": normalised}
        names = kinds_of_equality(data.head, data.head)
        return {name: _across(s, reference) for name in names if (s := sets[name]) is not None}
    hashes = {"exact": looked.content, "normalised": looked.normalised}
    return {
        name: _elsewhere(own, halves(reference.content if name == "exact" else reference.normalised_content))
        for name in kinds_of_equality(data.head, reference)
        if (own := hashes[name]) is not None
    }


def _across(equal: Sets, here: np.ndarray) -> Twins:
    """Rows not here whose set has a row here, and the first of these."""
    own = here[equal.rows]
    heads, at = np.unique(equal.first[own], return_index=True)
    rows, mine = equal.rows[~own], np.searchsorted(heads, equal.first[~own])
    found = np.append(heads, -1)[mine] == equal.first[~own]
    return Twins(rows[found], equal.rows[own][at[mine[found]]])


def _elsewhere(hashes: np.ndarray, asked: np.ndarray) -> Twins:
    """Of other hashes (m, 2) those that are among these (n, 2), and the first row of each here."""
    keys = np.unique(asked[:, 0])
    likely = [np.empty(0, np.int64)]
    for i in range(0, len(hashes), CHUNK):
        first = hashes[i : i + CHUNK, 0]
        at = np.minimum(np.searchsorted(keys, first), len(keys) - 1)
        likely.append(i + np.flatnonzero(keys[at] == first))
    rows = np.concatenate(likely)
    both = sets_of(np.concatenate([hashes[rows], asked]))
    other = (both.rows >= len(rows)) & (both.first < len(rows))
    return Twins(both.rows[other] - len(rows), rows[both.first[other]])
