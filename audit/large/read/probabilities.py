"""Probabilities brought along in a file of any size: which column is which class."""

from __future__ import annotations

import zipfile
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.dataset import label_name
from audit.errors import InputError, UnknownName, some
from audit.probabilities import names_among
from audit.stream.opening import open_source
from audit.stream.source import Source


@dataclass(frozen=True, eq=False)
class Brought:
    """A source of probabilities whose columns have names."""

    source: Source
    names: tuple[str, ...]
    """The class of each column, as text."""

    def places(self, classes: Sequence[Hashable]) -> np.ndarray:
        """(K,) the column of each class; InputError if a class has no column or a column no class."""
        own, wanted = list(self.names), names_among(self.names, classes)
        if missing := [c for c in wanted if c not in own]:
            raise UnknownName.of("column for class", missing[0], own, where=self.source.name)
        if extra := [c for c in own if c not in wanted]:
            raise InputError(
                f"{self.source.name}: column {extra[0]!r} is no class of the data; classes are {some(wanted, 12)}"
            )
        return np.array([own.index(c) for c in wanted])

    @property
    def group(self) -> int:
        """Bytes of the largest row group, where the source is Parquet; reading holds about one of them."""
        from pyarrow import parquet

        metas = [parquet.read_metadata(f) for f in self.source.table if f.suffix == ".parquet"]
        return max((m.row_group(g).total_byte_size for m in metas for g in range(m.num_row_groups)), default=0)


def bring(path: Path, classes: Sequence[Hashable], said: Sequence[str] | None) -> Brought:
    """Open probabilities whose columns are named in the file, by `said`, or, in a bare array, by classes 0 to K - 1."""
    source = open_source(path.absolute())  # a worker may stand in another folder
    names = tuple(said) if said is not None else _names(path, source, classes)
    if twice := [c for i, c in enumerate(names) if c in names[:i]]:
        raise InputError(f"{path}: two columns are for class {twice[0]!r}")
    if len(names) != source.classes:
        raise InputError(f"{path}: {source.classes} columns for {len(names)} classes")
    return Brought(source, names)


def _names(path: Path, source: Source, classes: Sequence[Hashable]) -> tuple[str, ...]:
    if source.table:
        return _columns(source)
    if path.suffix == ".npz" and (named := _archived(path)) is not None:
        return named
    if all(isinstance(c, int) for c in classes) and list(classes) == list(range(len(classes))):
        return tuple(str(k) for k in range(source.classes))
    raise InputError(
        f"{path}: a bare array does not say which column is which class; give --classes in the columns' order, "
        f"or a .npz or Parquet file with names (the data's classes are {some(classes, 12)})"
    )


def _columns(source: Source) -> tuple[str, ...]:
    import pyarrow as pa
    from pyarrow import ipc, parquet

    if source.table[0].suffix == ".parquet":
        schema = parquet.read_schema(source.table[0])
    else:
        with pa.memory_map(str(source.table[0])) as mapped, ipc.open_file(mapped) as file:
            schema = file.schema
    floats = tuple(f.name for f in schema if pa.types.is_floating(f.type))
    if not floats:
        raise InputError(f"{source.name}: a column of lists does not say which entry is which class; give --classes")
    return floats


def _archived(path: Path) -> tuple[str, ...] | None:
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return tuple(label_name(c) for c in file["classes"].tolist()) if "classes" in file.files else None
    except (ValueError, OSError, zipfile.BadZipFile) as broken:
        raise InputError(f"{path}: not a readable archive: {broken}") from None
