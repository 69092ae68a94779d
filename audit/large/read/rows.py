"""One reading of the table: each row's hash of what it is, and which of its cells are empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from audit import fingerprint as fp
from audit.dataset import Dataset, Origin, Roles, unheld, why_unheld
from audit.errors import InputError
from audit.evidence.pictures import unreadable
from audit.large.engine import Map
from audit.large.read.table import LargeData, Part, batches

WORDS = fp.DIGEST_BYTES // 8


@dataclass(frozen=True)
class Wanted:
    """What is looked at in a row group."""

    part: Part
    content: tuple[str, ...]
    """The columns that make an example what it is."""
    text: str | None
    filled: tuple[str, ...]
    """The columns in which a value is missed."""
    image: str | None = None
    """The column of pictures, which belongs to the content too."""
    origin: Origin = field(default_factory=Origin)
    """What the paths of pictures are relative to."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What is kept of some rows."""

    start: int
    content: np.ndarray
    """(m, 2) uint64 halves of the hash of each row's content; (m, 0) where rows have none."""
    normalised: np.ndarray | None
    """The same with the text normalised, where there is a text."""
    gone: np.ndarray
    """(m, columns / 8) uint8 bits of the empty cells."""
    shut: Mapping[int, str] = field(default_factory=dict)
    """Positions of the rows whose picture cannot be opened, ascending, and why."""

    @property
    def out(self) -> np.ndarray:
        """(s,) these positions."""
        return np.fromiter(self.shut, np.int64, len(self.shut))

    def without(self, out: np.ndarray) -> Looked:
        """All rows but those at some positions."""
        if not len(out):
            return self
        both = None if self.normalised is None else np.delete(self.normalised, out, axis=0)
        return Looked(self.start, np.delete(self.content, out, axis=0), both, np.delete(self.gone, out, axis=0))


def wanted_columns(roles: Roles) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns that make an example what it is, and columns in which a value is missed, as the ordinary checks take."""
    content = tuple(c for c in (roles.text, *roles.features) if c is not None)
    return content, tuple(c for c in dict.fromkeys(roles.columns()) if c != roles.label)


def look(wanted: Wanted) -> Looked:
    """Read one row group, a batch at a time."""
    columns = tuple(dict.fromkeys([*wanted.content, *wanted.filled]))
    content, normalised, gone = [], [], []
    shut: dict[int, str] = {}
    for start, frame in batches(wanted.part, columns):
        _refuse_unheld(frame, wanted, start)
        texts = None
        if wanted.text is not None:
            column = frame[wanted.text]
            texts = ["" if gone_ else str(t) for t, gone_ in zip(column, column.isna(), strict=True)]
        gone.append(_empty(frame, wanted, texts))
        if wanted.image is not None:
            pictured = _pictured(frame, wanted)
            content.append(halves(pictured.content))
            normalised += [] if texts is None else [halves(pictured.normalised_content)]
            why = unreadable(pictured)
            places = start + pictured.rows.get_indexer(pd.Index(list(why)))
            shut |= dict(zip(places.tolist(), why.values(), strict=True))
            continue
        content.append(_hashes([frame[c] for c in wanted.content], len(frame)))
        if texts is not None:
            folded = pd.Series([fp.normalise_text(t) for t in texts], dtype=object)
            others = [frame[c] for c in wanted.content if c != wanted.text]
            normalised.append(_hashes([folded, *others], len(frame)))
    both = np.concatenate(normalised) if normalised else None
    return Looked(wanted.part.start, np.concatenate(content), both, np.concatenate(gone), shut)


def _pictured(frame: pd.DataFrame, wanted: Wanted) -> Dataset:
    """The rows as what they are in memory, so that files are read and hashed as there, one after the other."""
    features = tuple(c for c in wanted.content if c != wanted.text)
    roles = Roles(text=wanted.text, image=wanted.image, features=features)
    return Dataset(str(wanted.part.path), frame, roles, (), wanted.origin)


def _hashes(columns: Sequence[pd.Series], rows: int) -> np.ndarray:
    if not columns:
        return np.empty((rows, 0), np.uint64)
    return halves(fp.hash_rows([fp.canonical(c) for c in columns], rows))


def halves(hashes: np.ndarray) -> np.ndarray:
    """(m, 2) uint64 of hashes as a Dataset has them."""
    return np.frombuffer(b"".join(hashes), np.uint64).reshape(len(hashes), WORDS)


def _empty(frame: pd.DataFrame, wanted: Wanted, texts: Iterable[str] | None) -> np.ndarray:
    gone = frame[list(wanted.filled)].isna()
    if wanted.text is not None and texts is not None:
        gone[wanted.text] = [not t.strip() for t in texts]
    return np.packbits(gone.to_numpy(bool), axis=1)


def _refuse_unheld(frame: pd.DataFrame, wanted: Wanted, start: int) -> None:
    for name in wanted.content:
        if len(places := unheld(frame[name])):
            wrong = f"{why_unheld(frame[name].iloc[places[0]])} in row {start + places[0]}, counted from 0"
            raise InputError(f"{wanted.part.path}: column {name!r} {wrong}")


def look_at_all(data: LargeData, run: Map) -> Looked:
    """All row groups, each wherever `run` works on it."""
    roles, n = data.head.roles, data.table.rows
    content, filled = wanted_columns(roles)
    hashes = np.empty((n, WORDS if content or roles.image is not None else 0), np.uint64)
    folded = np.empty((n, WORDS), np.uint64) if roles.text is not None else None
    gone = np.empty((n, -(-len(filled) // 8)), np.uint8)
    shut: dict[int, str] = {}
    asked = (Wanted(p, content, roles.text, filled, roles.image, data.head.origin) for p in data.table.parts)
    for found in run(look, asked):
        shut |= found.shut
        here = slice(found.start, found.start + len(found.gone))
        hashes[here], gone[here] = found.content, found.gone
        if folded is not None:
            folded[here] = found.normalised
    if len(shut) == n:
        raise InputError(f"{data.head.name}: none of the {n:,} pictures can be opened: {next(iter(shut.values()))}")
    return Looked(0, hashes, folded, gone, shut)
