"""Rows of the data, made ready to be looked at: a thumbnail, a text, or the cells of a table row."""

from __future__ import annotations

import base64
import difflib
import io
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup, escape

from audit.dataset import Dataset
from audit.errors import InputError
from audit.pictures import picture
from audit.render import words

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
MEASURED_ROWS = 500


@dataclass(frozen=True)
class Cell:
    """One cell of a table row."""

    name: str
    value: str
    differs: bool = False


@dataclass(frozen=True)
class Example:
    """One row, ready for the page. Exactly one of `uri`, `text`, `cells` and `why` is filled."""

    row: str
    label: str
    uri: str = ""
    tiny: bool = False
    text: Markup | str = ""
    cells: tuple[Cell, ...] = ()
    why: str = ""
    """Why it cannot be shown."""

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

    def show(self, row: object, first: Sequence[str] = (), side: int = LONG_SIDE) -> Example:
        """One row; the columns named in `first` come first; a picture's long side is at most `side`."""
        known = self.ids.get(str(row))
        if known is None:
            return Example(words.row_name(str(row)), "", why="not in this data")
        name = words.row_name(known)
        if self.prefix:
            name = f"{self.prefix} {name}"
        label = ""
        if self.data.roles.label is not None:
            label = words.visible(self.data.given.iloc[self.data.rows.get_loc(known)])
        if self.data.kind == "image":
            return _picture(self.data, known, Example(name, label), side)
        if self.data.kind == "text":
            return Example(name, label, text=_text(self.data, known) or " ")
        return Example(name, label, cells=_cells(self, known, first))


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


def _text(data: Dataset, row: Hashable) -> str:
    text = data.texts[int(data.rows.get_loc(row))]  # type: ignore[arg-type]  # ids are unique: one number
    return words.shorten(words.readable(text), TEXT_LONG)


def _cells(shelf: Shelf, row: Hashable, first: Sequence[str]) -> tuple[Cell, ...]:
    own = shelf.data.table
    line = own.iloc[own.index.get_loc(row)]
    named = [c for c in first if c in own.columns]
    rest = [c for c in shelf.columns if c not in named]
    return tuple(Cell(words.visible(c), cell_text(line[c])) for c in [*named, *rest][:CELLS] if c in own.columns)


def cell_text(value: object) -> str:
    """A cell in words: floats to six figures, a missing one as a dash."""
    if not isinstance(value, (list, tuple, dict)) and pd.isna(value):  # type: ignore[call-overload]
        return words.UNKNOWN
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return words.shorten(words.visible(text), CELL_LONG)


def marked(a: Example, b: Example) -> tuple[Example, Example]:
    """Two rows side by side, with the words or cells in which they differ marked."""
    if a.cells and b.cells:
        other = {c.name: c.value for c in b.cells}
        changed = {c.name for c in a.cells if other.get(c.name, c.value) != c.value}
        return tuple(replace(x, cells=tuple(replace(c, differs=c.name in changed) for c in x.cells)) for x in (a, b))  # type: ignore[return-value]
    if a.text and b.text:
        left, right = mark_words(str(a.text), str(b.text))
        return replace(a, text=left), replace(b, text=right)
    return a, b


def mark_words(a: str, b: str) -> tuple[Markup, Markup]:
    """Both texts, escaped, with `<mark>` around the words that the other does not have there."""
    left, right = a.split(" "), b.split(" ")
    same = difflib.SequenceMatcher(a=left, b=right, autojunk=False).get_opcodes()
    return (
        Markup(" ").join(_part(left[i:j], kind) for kind, i, j, _, _ in same if j > i),
        Markup(" ").join(_part(right[i:j], kind) for kind, _, _, i, j in same if j > i),
    )


def _part(some: list[str], kind: str) -> Markup:
    text = escape(" ".join(some))
    return text if kind == "equal" else Markup("<mark>{}</mark>").format(text)
