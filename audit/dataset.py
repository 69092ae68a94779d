"""`Dataset`: labelled examples, one row each whatever the modality, whose ids survive every edit.

The table's index is the row ids. Pictures are an array beside the table (`images`), a column of paths or bytes
(`roles.image`), or the feature columns themselves laid out as a grid (`roles.grid`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from audit import fingerprint as fp
from audit.buffers import rows_of
from audit.errors import InputError, UnknownName, some
from audit.shown import shown

Kind = Literal["table", "text", "image"]
ROW = "row"
NEW_WEIGHTS = ("weight", "assay_weight", "assay_weight_2")


@dataclass(frozen=True)
class Roles:
    """What each column is for. A column without a role is kept and described, never learnt from."""

    label: str | None = None
    text: str | None = None
    image: str | None = None
    features: tuple[str, ...] = ()
    id: str | None = None
    group: str | None = None
    split: str | None = None
    weight: str | None = None
    grid: tuple[int, int] | None = None
    """(height, width): the features, in order, are the grey pixels of a picture, row by row."""

    def columns(self) -> list[str]:
        """Every column that has a role."""
        single = (self.label, self.text, self.image, self.id, self.group, self.split, self.weight)
        return [c for c in single if c is not None] + list(self.features)

    def to_dict(self) -> dict[str, Any]:
        """The roles that are filled, as JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items() if v}

    def to_load(self) -> dict[str, Any]:
        """What `load` is told so that it gives the columns these roles again; a grid it finds by itself."""
        named = {k: v for k, v in self.to_dict().items() if k != "grid"}
        return {**named, "unlabelled": self.label is None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Roles:
        """The inverse of `to_dict`."""
        known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**known)


@dataclass(frozen=True)
class Origin:
    """Where a dataset was read from and how, so that it can be written back the same way."""

    format: str = "memory"
    path: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The file or folder it was read from."""
        return Path(self.path or "")

    @property
    def folder(self) -> Path:
        """The folder that relative image paths are relative to."""
        if self.path is None:
            return Path()
        path = Path(self.path)
        return path if path.is_dir() else path.parent


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled examples, one row each. Build one with `audit.load`; edits return a new one."""

    name: str
    table: pd.DataFrame
    roles: Roles
    classes: tuple[Hashable, ...]
    origin: Origin = Origin()
    images: np.ndarray | None = None
    """(n, height, width, channels) uint8, aligned with the table, when the pictures came as an array."""
    inferred: tuple[str, ...] = ()
    """What was not said and was inferred, in words."""

    def __post_init__(self) -> None:
        check_dataset(self)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {len(self):,} rows, {len(self.classes)} classes, {self.kind})"

    def _repr_html_(self) -> str:
        return shown("audit.render.notebook:dataset", self)

    @property
    def rows(self) -> pd.Index:
        """The row ids, in order."""
        return self.table.index

    @property
    def kind(self) -> Kind:
        """What an example is: a picture, a text, or a line of a table."""
        if self.images is not None or self.roles.image or self.roles.grid:
            return "image"
        return "text" if self.roles.text else "table"

    @property
    def given(self) -> pd.Series:
        """The given label of every row, by row id."""
        if self.roles.label is None:
            raise InputError(f"{self.name}: no label column was named; columns are {list(self.table.columns)}")
        return self.table[self.roles.label]

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,) int64 positions of the given labels in `classes`."""
        position = {c: i for i, c in enumerate(self.classes)}
        return np.fromiter((position[v] for v in self.given), dtype=np.int64, count=len(self))

    @property
    def features(self) -> pd.DataFrame:
        """The feature columns."""
        return self.table[list(self.roles.features)]

    @property
    def weights(self) -> np.ndarray | None:
        """(n,) float64 weights, when a column has that role."""
        return None if self.roles.weight is None else self.table[self.roles.weight].to_numpy("float64")

    # -- content ---------------------------------------------------------------------------------------------------

    @cached_property
    def content(self) -> np.ndarray:
        """(n,) hashes of what each example *is*: features, text and picture; not its label, id, group or weight.

        Where there is none of these (the examples are known by embeddings alone) no two rows are the same.
        """
        return self._hashes([self.roles.text, *self.roles.features])

    @cached_property
    def normalised_content(self) -> np.ndarray:
        """As `content`, with the text normalised (`fingerprint.normalise_text`) before it is hashed."""
        if self.roles.text is None:
            return self.content
        return self._hashes([self._normalised, *self.roles.features])

    @cached_property
    def first_of_content(self) -> np.ndarray:
        """(n,) position of the first row of equal `content`, itself for most; quicker than all the hashes."""
        return self._first([self.roles.text, *self.roles.features], lambda: self.content)

    @cached_property
    def first_of_normalised(self) -> np.ndarray:
        """As `first_of_content`, of equal `normalised_content`."""
        if self.roles.text is None:
            return self.first_of_content
        return self._first([self._normalised, *self.roles.features], lambda: self.normalised_content)

    @cached_property
    def _normalised(self) -> pd.Series:
        return pd.Series([fp.normalise_text(t) for t in self.texts], dtype=object)

    def _columns(self, named: Iterable[str | pd.Series | None]) -> list[fp.Canonical]:
        """The columns' canonical forms; the row ids' where there is neither a column nor a picture."""
        columns = [fp.canonical(c if isinstance(c, pd.Series) else self.table[c]) for c in named if c is not None]
        return columns if columns or self._has_pictures else [fp.canonical(self.rows)]

    def _hashes(self, named: Iterable[str | pd.Series | None]) -> np.ndarray:
        columns = self._columns(named)
        if self.images is not None or self.roles.image is None:
            arrays = [] if self.images is None else [fp.array_rows(self.images)]
            return fp.hash_rows([*columns, *arrays], len(self))
        beside = [rows_of(columns, len(self))] if columns else []
        return fp.row_hashes([*beside, self._pictures_as_bytes()], len(self))

    def _first(self, named: Iterable[str | pd.Series | None], hashes: Callable[[], np.ndarray]) -> np.ndarray:
        if not self._has_pictures:
            return fp.first_equal(self._columns(named), len(self))
        codes, _ = pd.factorize(hashes())  # putting pictures side by side to compare them costs more than their hashes
        return np.unique(codes, return_index=True)[1][codes]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of names, order, values, pictures and roles: equal only for equal data put to the same use."""
        head = [repr(sorted(self.roles.to_dict().items())).encode(), repr(self.classes).encode()]
        columns = [fp.canonical(self.table[c]) for c in self.table.columns]
        return self._digest(list(self.table.columns), head, [fp.canonical(self.rows), *columns])

    @cached_property
    def content_fingerprint(self) -> str:
        """A hash of what the examples are, in their order: equal for data that differs in what is said of them only."""
        roles = self.roles
        named = [roles.text, *roles.features]
        head = [f"{roles.text!r} {roles.image is not None} {roles.features!r} {roles.grid!r}".encode()]
        return self._digest([c for c in named if c is not None], head, self._columns(named))

    def _digest(self, names: Sequence[str], head: Sequence[bytes], columns: Sequence[fp.Canonical]) -> str:
        pictures = [b"".join(self.content)] if self._has_pictures else []  # kept, so that files are read once
        return fp.digest([*(str(n).encode() for n in names), *head, *map(fp.hash_column, columns), *pictures])

    @cached_property
    def texts(self) -> list[str]:
        """The texts; a missing one is the empty text."""
        if self.roles.text is None:
            raise InputError(f"{self.name}: no text column was named; columns are {list(self.table.columns)}")
        column = self.table[self.roles.text]
        return ["" if gone else str(t) for t, gone in zip(column, column.isna(), strict=True)]

    @property
    def _has_pictures(self) -> bool:
        return self.images is not None or self.roles.image is not None

    def _pictures_as_bytes(self) -> Iterator[bytes]:
        """One after the other: all files together may be larger than memory."""
        column = self.table[self.roles.image]
        return (fp.encode_cell(v) if isinstance(v, bytes) else self._file_bytes(v) for v in column)

    def _file_bytes(self, path: object) -> bytes:
        if not isinstance(path, str):
            return fp.MISSING
        try:
            return fp.encode_cell((self.origin.folder / path).read_bytes())
        except (OSError, ValueError):  # a file that cannot be read is an issue of that row, found by the missing check
            return fp.MISSING

    # -- edits -----------------------------------------------------------------------------------------------------

    def take(self, rows: Iterable[Hashable]) -> Dataset:
        """Keep these rows, in the order given."""
        wanted = pd.Index(list(rows))
        positions = self.rows.get_indexer(wanted)
        if (positions < 0).any():
            raise InputError(f"{self.name}: no such rows: {some(wanted[positions < 0])}")
        images = None if self.images is None else self.images[positions]
        return replace(self, table=self.table.iloc[positions], images=images)

    def drop(self, rows: Iterable[Hashable]) -> Dataset:
        """Leave these rows out; ids that are not there are ignored."""
        keep = ~self.rows.isin(list(rows))
        return self if keep.all() else self.take(self.rows[keep])

    def relabelled(self, labels: Mapping[Hashable, Hashable]) -> Dataset:
        """Give the named rows other labels; ids that are not there are ignored."""
        unknown = [v for v in labels.values() if v not in self.classes]
        if unknown:
            raise UnknownName.of("class", unknown[0], self.classes, where=self.name)
        positions = self.rows.get_indexer(pd.Index(list(labels)))
        column = put(self.given, {int(i): v for i, v in zip(positions, labels.values(), strict=True) if i >= 0})
        return replace(self, table=self.table.assign(**{str(self.roles.label): column}))

    def weighted(self, weights: Mapping[Hashable, float]) -> Dataset:
        """Multiply the named rows' weights; every other row's stays as it was (1 where there was none).

        Where no column has the role, a new one gets it: `weight`, or `assay_weight` where that is taken.
        """
        name = self.roles.weight or next(c for c in NEW_WEIGHTS if c not in self.table.columns)
        old = self.weights if self.weights is not None else np.ones(len(self))
        factor = pd.Series(weights, dtype="float64").reindex(self.rows).fillna(1.0).to_numpy()
        table = self.table.assign(**{name: old * factor})
        return replace(self, table=table, roles=replace(self.roles, weight=name))


def put(column: pd.Series, values: Mapping[int, Hashable]) -> pd.Series:
    """The column with other values at some positions, of the kind that it was."""
    cells = column.to_numpy(dtype=object, copy=True)
    for position, value in values.items():
        cells[position] = value
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):  # a category that pandas does not know would become a missing label
        dtype = pd.CategoricalDtype([*dtype.categories, *(v for v in {*values.values()} if v not in dtype.categories)])
    return pd.Series(cells, index=column.index, name=column.name, dtype=dtype)


def check_dataset(data: Dataset) -> None:
    """Raise InputError, naming the column and rows, if `data` breaks what every Dataset promises."""
    _check_columns(data)
    if len(data.table) == 0:
        raise InputError(f"{data.name}: no rows")
    if not data.table.index.is_unique:
        twice = data.table.index[data.table.index.duplicated()].unique()
        where = f"column {data.roles.id!r}" if data.roles.id else "the index"
        raise InputError(f"{data.name}: {where} names rows twice: {some(twice)}")
    if data.images is not None and len(data.images) != len(data.table):
        raise InputError(f"{data.name}: {len(data.images):,} pictures for {len(data.table):,} rows")
    _check_labels(data)
    _check_features(data)


def _check_columns(data: Dataset) -> None:
    for name in data.roles.columns():
        if name not in data.table.columns:
            raise UnknownName.of("column", name, data.table.columns, where=data.name)
    if data.roles.label is not None:
        for role in ("text", "image", "id"):
            if getattr(data.roles, role) == data.roles.label:
                raise InputError(f"{data.name}: column {data.roles.label!r} cannot be both the label and the {role}")
        if data.roles.label in data.roles.features:
            raise InputError(f"{data.name}: column {data.roles.label!r} cannot be both the label and a feature")


def _check_labels(data: Dataset) -> None:
    if data.roles.label is None:
        return
    given = data.table[data.roles.label]
    gone = given.index[given.isna()]
    if len(gone):
        raise InputError(
            f"{data.name}: column {data.roles.label!r} has no label in {len(gone):,} of {len(given):,} rows: "
            f"row{'s' if len(gone) > 1 else ''} {some(gone)}; label or drop them first"
        )
    unknown = given.index[~given.isin(data.classes)]
    if len(unknown):
        raise UnknownName.of("class", given.loc[unknown[0]], data.classes, where=f"{data.name}: row {unknown[0]}")


LARGEST = float(np.finfo("float32").max)
"""Vectors are made of float32, in which a larger number is infinite."""


def unheld(column: pd.Series) -> np.ndarray:
    """(m,) places of floats beyond `LARGEST`, infinite ones among them."""
    if column.dtype.kind != "f":
        return np.empty(0, np.int64)
    return np.flatnonzero(np.abs(column.to_numpy("float64", na_value=np.nan)) > LARGEST)


def why_unheld(value: float) -> str:
    """What is wrong with one of them: `is infinite`."""
    return "is infinite" if np.isinf(value) else f"holds {value:g}, and nothing beyond {LARGEST:.2g} can be compared,"


def _check_features(data: Dataset) -> None:
    for name in data.roles.features:
        column = data.table[name]
        if len(places := unheld(column)):
            wrong = why_unheld(column.iloc[places[0]])
            raise InputError(f"{data.name}: column {name!r} {wrong} in row {some(column.index[places])}")
        if column.dtype == object:
            kinds = column.dropna().map(type)
            counts = Counter(kinds)
            if len(counts) > 1:
                odd = kinds.index[kinds != counts.most_common(1)[0][0]]
                names = " and ".join(sorted(k.__name__ for k in counts))
                raise InputError(f"{data.name}: column {name!r} mixes {names}: row {some(odd)}")


def label_name(label: Hashable) -> str:
    """A label as text, 1 and 1.0 alike: whether whole numbers are read as integers or as floats depends on the file."""
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        return str(int(label))
    return str(label)


def sorted_classes(labels: pd.Series, name: str) -> tuple[Hashable, ...]:
    """The classes in a label column, in their natural order (numbers by size, words by letters)."""
    values = [v.item() if isinstance(v, np.generic) else v for v in labels.dropna().unique()]
    kinds = {type(v) for v in values}
    if len(kinds) > 1 and not kinds <= {int, float}:
        words = " and ".join(sorted(k.__name__ for k in kinds))
        raise InputError(f"{name}: column {labels.name!r} mixes {words} as labels: {some(map(repr, values))}")
    return tuple(sorted(values))
