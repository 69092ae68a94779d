"""Rows of the data, made ready to be looked at: a thumbnail, a text, or the cells of a table row."""

from __future__ import annotations

import base64
import io
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from markupsafe import Markup

from audit.dataset import Dataset
from audit.errors import InputError
from audit.evidence.pictures import picture
from audit.render import words
from audit.render.page.contrary import against, figure
from audit.render.page.differences import differences, markup

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 160
SMALL_SIDE = 80
"""Of a picture that only stands beside another one."""
TINY = 28
HEAVIEST = 16_000
TEXT_LONG = 600
CELL_LONG = 80
CELLS = 6
CONTRARY = 4
"""Of a row whose label is doubted, cells that speak against it and are shown first."""
FEWER_CELLS = 4
"""Of a row that only stands beside another one."""
MOST_DIFFERENT = 12
"""Of two rows side by side, columns that differ and are shown."""
MEASURED_ROWS = 500


@dataclass(frozen=True)
class Cell:
    """One cell of a table row."""

    name: str
    value: str
    differs: bool = False
    """From the row beside it."""
    aside: str = ""
    """What is usual in this column."""


@dataclass(frozen=True)
class Example:
    """One row, ready for the page. Exactly one of `uri`, `text`, `cells` and `why` is filled."""

    row: str
    label: str
    uri: str = ""
    tiny: bool = False
    text: Markup | str = ""
    cells: tuple[Cell, ...] = ()
    more: str = ""
    """Of the cells, what is not shown."""
    why: str = ""
    """Why it cannot be shown."""
    id: str = ""
    """The text of its id, where it is one of the audited rows: its card has an address."""

    @property
    def alt(self) -> str:
        """The picture in words."""
        return f"{self.row}, labelled {self.label}" if self.label else self.row


@dataclass(frozen=True)
class Shelf:
    """A dataset from which rows are taken by id, however the id was written down."""

    data: Dataset
    ids: Mapping[str, Hashable]
    columns: tuple[str, ...] = ()
    """The columns worth showing: the widest, as they tell rows apart best."""
    prefix: str = field(default="")

    @classmethod
    def of(cls, data: Dataset, prefix: str = "", columns: tuple[str, ...] = ()) -> Shelf:
        """Index a dataset by the text of its ids, which is what files and JSON keep of them."""
        return cls(data, {str(row): row for row in data.rows}, columns or _widest(data), prefix)

    def show(self, row: object, first: Sequence[str] | Mapping[str, str] = (), side: int = LONG_SIDE) -> Example:
        """One row; the columns named in `first` come first, and what it says of them stands beside; a picture's long
        side is at most `side`."""
        known = self.ids.get(str(row))
        if known is None:
            return Example(words.row_name(str(row)), "", why="not in this data", id=self._id(row))
        blank = self.named(known)
        if self.data.kind == "image":
            return _picture(self.data, known, blank, side)
        if self.data.kind == "text":
            return replace(blank, text=words.shorten(self.text(known), TEXT_LONG) or " ")
        return replace(blank, cells=_cells(self, known, first))

    def named(self, row: Hashable) -> Example:
        """A row by name and label, with nothing of what is in it."""
        name = words.row_name(row)
        label = "" if self.data.roles.label is None else words.visible(self.data.given.iloc[self.at(row)])
        return Example(f"{self.prefix} {name}" if self.prefix else name, label, id=self._id(row))

    def _id(self, row: object) -> str:
        return "" if self.prefix else str(row)

    def at(self, row: Hashable) -> int:
        """A row's position."""
        return int(self.data.rows.get_loc(row))  # type: ignore[arg-type]  # ids are unique: one number

    def text(self, row: Hashable) -> str:
        """All of a row's text, made safe to show."""
        return words.readable(self.data.texts[self.at(row)])


def _widest(data: Dataset) -> tuple[str, ...]:
    chosen = list(data.roles.features) if data.kind == "table" else []
    head = data.table.head(MEASURED_ROWS)
    width = {c: head[c].astype("str").str.len().mean() for c in chosen}
    kept = set(sorted(chosen, key=lambda c: -width[c])[:CELLS])
    return tuple(c for c in chosen if c in kept)


# -- pictures ----------------------------------------------------------------------------------------------------------


def _picture(data: Dataset, row: Hashable, blank: Example, side: int) -> Example:
    try:
        opened = picture(data, row)
    except InputError as broken:
        return replace(blank, why=words.visible(str(broken).rsplit(": ", 1)[-1]))
    uri, tiny = thumbnail(opened, side)
    return replace(blank, uri=uri, tiny=tiny)


def thumbnail(opened: Image, side: int = LONG_SIDE) -> tuple[str, bool]:
    """A data URI with its long side at most `side`, and whether it is so small that pixels show.

    It weighs at most 16 KB, in proportion less where `side` is smaller.
    """
    from PIL import Image

    tiny = max(opened.size) <= TINY
    small = opened.convert("L" if opened.mode in ("1", "L", "I", "F", "I;16") else "RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    if tiny:
        return _uri(small, "png"), True
    for quality in (85, 60, 35, 10):
        uri = _uri(small, "jpeg", quality=quality)
        if len(uri) <= HEAVIEST * (side / LONG_SIDE) ** 2:
            break
    return uri, False


def _uri(opened: Image, form: str, **options: int) -> str:
    held = io.BytesIO()
    opened.save(held, form, optimize=True, **options)
    return f"data:image/{form};base64,{base64.b64encode(held.getvalue()).decode()}"


# -- texts and cells ---------------------------------------------------------------------------------------------------


def _cells(shelf: Shelf, row: Hashable, first: Sequence[str] | Mapping[str, str]) -> tuple[Cell, ...]:
    own = shelf.data.table
    line = own.iloc[shelf.at(row)]
    beside = first if isinstance(first, Mapping) else {}
    shown = [c for c in dict.fromkeys([*first, *shelf.columns]) if c in own.columns][:CELLS]
    return tuple(Cell(words.visible(c), cell_text(line[c]), aside=beside.get(c, "")) for c in shown)


def cell_text(value: object) -> str:
    """A cell in words, a missing one as a dash."""
    if not isinstance(value, (list, tuple, dict, np.ndarray)) and pd.isna(value):  # type: ignore[call-overload]
        return words.UNKNOWN
    text = figure(value) if isinstance(value, float) else str(value)
    return words.shorten(words.visible(text), CELL_LONG)


def doubted(shelf: Shelf, row: object, given: str, suggested: str) -> Example:
    """One row whose label is doubted; a table row with its label cell first, then the cells that speak most against it."""
    label = shelf.data.roles.label
    shown = shelf.show(row, contrary(shelf, row, given, suggested))
    if not shown.cells or label is None:
        return shown
    return replace(shown, cells=(Cell(words.visible(label), words.visible(given)), *shown.cells[: CELLS - 1]))


def contrary(shelf: Shelf, row: object, given: str, suggested: str) -> dict[str, str]:
    """The columns of a table row that speak against its label, most contrary first, and what is usual there."""
    known = shelf.ids.get(str(row))
    if shelf.data.kind != "table" or known is None or shelf.data.roles.label is None:
        return {}
    return {x.column: x.usual for x in against(shelf.data, known, given, suggested)[:CONTRARY]}


# -- two rows side by side ---------------------------------------------------------------------------------------------


def side_by_side(here: Shelf, row: object, there: Shelf, other: object) -> tuple[Example, Example]:
    """Two rows with the words or cells in which they differ marked; differing cells come first, whichever they are."""
    known, twin = here.ids.get(str(row)), there.ids.get(str(other))
    if here.data.kind == "image" or known is None or twin is None:
        return here.show(row), there.show(other)
    a, b = here.named(known), there.named(twin)
    if here.data.kind == "text":
        texts = here.text(known), there.text(twin)
        if texts[0] == texts[1]:
            whole = words.shorten(texts[0], TEXT_LONG) or " "
            return replace(a, text=whole), replace(b, text=whole)
        left, right = differences(*texts)
        return replace(a, text=markup(left)), replace(b, text=markup(right))
    return _rows_beside(here, known, a, there, twin, b)


def _rows_beside(
    here: Shelf, row: Hashable, a: Example, there: Shelf, other: Hashable, b: Example
) -> tuple[Example, Example]:
    columns = [c for c in here.data.roles.features if c in there.data.table.columns]
    lines = [shelf.data.table.iloc[shelf.at(r)] for shelf, r in ((here, row), (there, other))]
    values = {c: _told_apart(lines[0][c], lines[1][c]) for c in columns}
    apart = [c for c in columns if values[c][0] != values[c][1]]
    shown = apart[:MOST_DIFFERENT]
    shown += [c for c in here.columns if c in values and c not in apart][: max(CELLS - len(shown), 0)]
    more = _unseen(len(apart[MOST_DIFFERENT:]), len(columns) - len(shown) - len(apart[MOST_DIFFERENT:]))
    one, two = (tuple(Cell(words.visible(c), values[c][k], c in apart) for c in shown) for k in (0, 1))
    return replace(a, cells=one, more=more), replace(b, cells=two, more=more)


def _unseen(differing: int, same: int) -> str:
    said = [words.plural(differing, "more column differs", "more columns differ")] if differing else []
    said += [words.plural(same, "more column is the same", "more columns are the same")] if same else []
    return ", ".join(said)


def _told_apart(a: object, b: object) -> tuple[str, str]:
    """Both values in words, in full where the short forms would look alike though the values are not."""
    short = cell_text(a), cell_text(b)
    if short[0] != short[1] or short[0] == words.UNKNOWN or a == b:
        return short
    return words.visible(a), words.visible(b)
