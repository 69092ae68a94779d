"""`Manifest`: what stands in a cleaned folder, and what is needed to make the input of it again.

clean/data/         the cleaned data, in the format it came in
clean/quarantine/   the dropped rows, whole, in that format
clean/originals/    the rows that were edited, as they were, in that format
clean/rows.parquet  every row of the input in its order: its id, and whether it was kept, edited or dropped
clean/patch.parquet, clean/manifest.json
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from audit.dataset import ROW, Dataset, Roles
from audit.errors import InputError, StaleError
from audit.files import read_json, read_table, write_json, write_table

MANIFEST = "manifest.json"
ROWS = "rows.parquet"
STATES = ("kept", "edited", "dropped")
VERSION = 1


@dataclass(frozen=True)
class State:
    """What the data was before, or is after."""

    fingerprint: str
    rows: int
    roles: Roles
    classes: tuple[Hashable, ...]
    options: Mapping[str, Any]
    """How its reader was told to read it."""

    @classmethod
    def of(cls, data: Dataset, options: Mapping[str, Any]) -> State:
        """Describe `data`."""
        return cls(data.fingerprint, len(data), data.roles, data.classes, options)


@dataclass(frozen=True)
class Manifest:
    """manifest.json."""

    name: str
    """What the input was called."""
    format: str
    data: str
    """Where the data is, from the folder: `data/reviews.csv`, or `data` itself for a folder of files."""
    before: State
    after: State
    added: str | None
    """The column of weights that cleaning added."""
    treatment: str
    report: Mapping[str, Any]
    suite: Mapping[str, Any]
    versions: Mapping[str, str]
    command: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Hashes of the input's files, where they come back byte for byte."""

    @property
    def file(self) -> str:
        """The data's place below `data/`, `quarantine/` and `originals/`; empty when it is the whole folder."""
        return self.data.removeprefix("data").removeprefix("/")

    def write(self, folder: Path) -> None:
        """Write manifest.json, whole or not at all."""
        states = {k: {**asdict(v), "roles": v.roles.to_dict()} for k, v in self._states().items()}
        write_json(folder / MANIFEST, {"schema_version": VERSION, **asdict(self), **states})

    def _states(self) -> dict[str, State]:
        return {"before": self.before, "after": self.after}

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read what `write` wrote; InputError names the file that is not a manifest."""
        path = folder / MANIFEST
        values = read_json(path)
        if values.pop("schema_version", None) != VERSION:
            raise InputError(f"{path}: not a manifest of this version of assay ({VERSION})")
        try:
            states = {k: _state(values[k]) for k in ("before", "after")}
            return cls(**{**values, **states})
        except (KeyError, TypeError) as lacking:
            raise InputError(f"{path}: not a whole manifest: {lacking}") from None


def _state(values: Mapping[str, Any]) -> State:
    return State(**{**values, "roles": Roles.from_dict(values["roles"]), "classes": tuple(values["classes"])})


def write_rows(folder: Path, rows: pd.DataFrame) -> None:
    """Write rows.parquet: `row` and `state`; for a folder of pictures also `was` and `file`, then and now."""
    write_table(folder / ROWS, rows)


def read_rows(folder: Path, manifest: Manifest) -> pd.DataFrame:
    """What `write_rows` wrote. StaleError when it is not of this manifest."""
    table: pd.DataFrame = read_table(folder / ROWS)
    if list(table.columns)[:2] != [ROW, "state"] or not table["state"].isin(STATES).all():
        raise InputError(f"{folder / ROWS}: not the rows of a cleaned folder")
    kept = int((table["state"] != "dropped").sum())
    if len(table) != manifest.before.rows or kept != manifest.after.rows:
        raise StaleError(f"{folder / ROWS}: {kept:,} of {len(table):,} rows kept; the manifest says "
                         f"{manifest.after.rows:,} of {manifest.before.rows:,}")  # fmt: skip
    return table
