"""`Patch`: what a repair does to a dataset, row by row, with every reason kept.

Columns of `Patch.table`, a line an action: `row`; `action` (drop, relabel, weight); `from` and `to` (labels, as text,
for relabel); `weight` (a factor, for weight); `reason` in words; `score` (0 wrong to 1 fine); `check`, who said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError, StaleError, UnknownName, some
from audit.files import read_table, write_table
from audit.shown import shown

ACTIONS = ("drop", "relabel", "weight")
COLUMNS = ("row", "action", "from", "to", "weight", "reason", "score", "check")


@dataclass(frozen=True, eq=False)
class Patch:
    """Edits to the one dataset whose fingerprint it carries."""

    table: pd.DataFrame
    base: str
    """The fingerprint of the data it is for."""
    treatment: str = ""

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Patch({self.treatment!r}, {len(self):,} edits, for data {self.base[:12]}…)"

    def _repr_html_(self) -> str:
        return shown("audit.render.notebook:patch", self)

    def rows(self, action: str) -> pd.DataFrame:
        """The lines of one action, indexed by row id."""
        return self.table[self.table["action"] == action].set_index("row")

    def apply(self, data: Dataset) -> Dataset:
        """Edit `data`: relabel, then weight, then drop. StaleError if the patch is for other data."""
        now = replace(data).fingerprint  # what it has kept may be of before its table was edited in place
        if now != self.base:
            raise StaleError(f"the patch is for data {self.base[:12]}…, {data.name} is {now[:12]}…")
        self._check_rows(data)
        by_name = {str(c): c for c in data.classes}
        relabel = self.rows("relabel")
        weight = self.rows("weight")
        for row, to in relabel["to"].items():
            if to not in by_name:
                raise UnknownName.of("class", to, by_name, where=f"the patch, row {row}")
        out = data.relabelled({row: by_name[to] for row, to in relabel["to"].items()}) if len(relabel) else data
        out = out.weighted(weight["weight"].to_dict()) if len(weight) else out
        return out.drop(self.rows("drop").index)

    def _check_rows(self, data: Dataset) -> None:
        absent = self.table.loc[~self.table["row"].isin(data.rows), "row"]
        if len(absent):
            raise InputError(f"the patch names rows that {data.name} does not have: {some(absent)}")

    def then(self, other: Patch) -> Patch:
        """Both patches as one. A row is dropped once and relabelled once: the first to speak of it is kept; weights
        multiply."""
        if other.base != self.base:
            raise StaleError(f"patches for different data cannot be composed: {self.base[:12]}…, {other.base[:12]}…")
        # an empty table has no row ids to say of what kind they are: it must not turn the other's into objects
        both = pd.concat([p.table for p in (self, other) if len(p)] or [self.table], ignore_index=True)
        once = both[both["action"] != "weight"].drop_duplicates(["row", "action"])
        weights = both[both["action"] == "weight"]
        names = ",".join(t for t in (self.treatment, other.treatment) if t)
        return Patch(pd.concat([once, _multiplied(weights)], ignore_index=True), self.base, names)

    def write(self, path: Path) -> None:
        """Write Parquet whole or not at all; the base is kept by whoever keeps the manifest."""
        write_table(path, self.table)

    @classmethod
    def read(cls, path: Path, *, base: str, treatment: str = "") -> Patch:
        """Read what `write` wrote."""
        table = read_table(path)
        if tuple(table.columns) != COLUMNS or not table["action"].isin(ACTIONS).all():
            raise InputError(f"{path}: not a patch; its columns must be {', '.join(COLUMNS)}")
        return cls(table, base, treatment)


def _multiplied(weights: pd.DataFrame) -> pd.DataFrame:
    if not weights["row"].duplicated().any():
        return weights
    product = weights.groupby("row", sort=False)["weight"].prod()
    first = weights.drop_duplicates("row").set_index("row")
    return first.assign(weight=product).reset_index()[list(COLUMNS)]


def empty_patch(base: str, treatment: str = "") -> Patch:
    """A patch that does nothing."""
    return Patch(_typed([]), base, treatment)


def make_patch(lines: Iterable[Mapping[str, Any]], *, base: str, treatment: str) -> Patch:
    """Build a patch from lines that hold at least `row`, `action`, `reason` and `check`."""
    return Patch(_typed(list(lines)), base, treatment)


def _typed(lines: list[Mapping[str, Any]]) -> pd.DataFrame:
    # labels become text one by one: beside an empty cell pandas would make 5 into 5.0 first
    texts = [{**line, **{k: str(line[k]) for k in ("from", "to") if line.get(k) is not None}} for line in lines]
    table = pd.DataFrame(texts, columns=list(COLUMNS))
    text = {c: table[c].astype(object).where(table[c].notna(), None) for c in ("from", "to")}
    return table.assign(**text).astype({"weight": "float64", "score": "float64"})
