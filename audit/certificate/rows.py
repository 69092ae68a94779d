"""Hashes of rows and columns, and what two lists of them say was changed, added, removed or moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit import fingerprint as fp
from audit.certificate.listing import Listing
from audit.certificate.record import Certificate
from audit.certificate.trees import split_query
from audit.certificate.verify import LISTING_GONE, Changes
from audit.dataset import Dataset, Origin, Roles
from audit.errors import AssayError
from audit.files import plain
from audit.sources import read_format
from audit.sources.content import Content

WHOLE, LEARNT = 8, 16
"""Bytes a row: enough to name a row; enough to let one be trained on."""
COLUMN = 8


@dataclass(frozen=True)
class Rows:
    """The rows of some data, hashed."""

    ids: tuple[Any, ...] | None
    whole: bytes
    columns: tuple[tuple[str, str], ...]


def rows_of(table: pd.DataFrame, images: np.ndarray | None, image: str | None, origin: Origin, id_: str | None) -> Rows:
    """Hash every row over all its columns and its picture, and every column over all its rows.

    Takes parts, not a Dataset, since data that was changed need not be a sound one any more.
    """
    columns = {str(name): fp.canonical(table[name]) for name in table.columns}
    parts: list[fp.Canonical] = list(columns.values())
    if images is not None or image in table.columns:
        shown = table.reset_index(drop=True)
        bare = Dataset("pictures", shown, Roles(image=image if image in table.columns else None), (), origin, images)
        parts.append(bare.content.tolist())
    whole = b"".join(h[:WHOLE] for h in fp.hash_rows(parts, len(table)))
    hashed = tuple((name, fp.hash_column(column)[:COLUMN].hex()) for name, column in columns.items())
    return Rows(_ids(table, id_), whole, hashed)


def _ids(table: pd.DataFrame, id_: str | None) -> tuple[Any, ...] | None:
    """The rows' ids in JSON's types; None where they are their places."""
    if id_ in table.columns:
        return tuple(plain(table[id_].tolist()))
    ids = table.index.tolist()
    return None if ids == list(range(len(ids))) else tuple(plain(ids))


def learnt_of(data: Dataset) -> list[bytes]:
    """16 bytes a row over what is learnt from it: features, text, picture and label, wherever the row stands."""
    label = [] if data.roles.label is None else [fp.canonical(data.given)]
    return [h[:LEARNT] for h in fp.hash_rows([data.content.tolist(), *label], len(data))]


def rows_of_data(data: Dataset) -> Rows:
    """`rows_of` a dataset."""
    return rows_of(data.table, data.images, data.roles.image, data.origin, data.roles.id)


def named_changes(where: str | Path, certificate: Certificate) -> Changes:
    """Read the file again as it was read then, and name the rows that are not as they were."""
    gated, (path, _) = certificate.gated, split_query(where)
    try:
        content = read_format(gated.format, path / gated.inner if gated.inner else path, gated.options)
    except AssayError as broken:
        return Changes(notes=(f"it cannot be read as it was: {broken}",))
    found = content_changes(content, certificate)
    return found if found.sentences() else replace(found, notes=(ONLY_BYTES,))


ONLY_BYTES = "every row reads as it did: line ends, compression or metadata differ; gate it again"


def content_changes(content: Content, certificate: Certificate) -> Changes:
    """The rows of some data that are not as they were, and the columns."""
    roles = Roles.from_dict(certificate.gated.roles)
    now = rows_of(content.table, content.images, roles.image, content.origin, roles.id)
    return changes_between(certificate, now, len(content.table))


def changes_between(certificate: Certificate, now: Rows, count: int) -> Changes:
    """Rows of then against rows of now, by their ids where a column gives them, else by what stands around them."""
    listing = certificate.rows()
    if listing is None:
        return Changes(columns=_columns(certificate.gated.columns, now.columns), notes=(LISTING_GONE,))
    if listing.ids is None or now.ids is None:
        found = by_place(cut(listing.whole, WHOLE), cut(now.whole, WHOLE))
        found = found if listing.ids is None else _called(found, listing.ids)
    else:
        found = _by_id(listing, listing.ids, now, now.ids)
    same_rows = certificate.gated.rows == count and not (found.added or found.removed or found.moved)
    columns = _columns(certificate.gated.columns, now.columns, values=same_rows)
    return replace(found, columns=columns)


def _called(found: Changes, ids: Sequence[Any]) -> Changes:
    """Places of then by the ids that the rows there had."""
    changed, removed, moved = ([ids[i] for i in places] for places in (found.changed, found.removed, found.moved))
    return replace(found, changed=changed, removed=removed, moved=moved)


def cut(joined: bytes, size: int) -> list[bytes]:
    """Hashes of one size, laid end to end, apart again."""
    return [joined[i : i + size] for i in range(0, len(joined), size)]


def _by_id(listing: Listing, ids: tuple[Any, ...], now: Rows, now_ids: tuple[Any, ...]) -> Changes:
    then = dict(zip(ids, cut(listing.whole, WHOLE), strict=True))
    today = dict(zip(now_ids, cut(now.whole, WHOLE), strict=True))
    common, order = [i for i in ids if i in today], [i for i in today if i in then]
    notes = () if len(today) == len(now_ids) else (f"{len(now_ids) - len(today):,} ids stand twice",)
    return Changes(
        changed=[i for i in common if then[i] != today[i]],
        added=[i for i in today if i not in then],
        removed=[i for i in ids if i not in today],
        moved=[i for i, other in zip(common, order, strict=True) if i != other],
        notes=notes,
    )


def by_place(then: Sequence[bytes], now: Sequence[bytes]) -> Changes:
    """Rows without ids. `changed`, `removed` and `moved` are places of then, `added` places of now.

    Rows that are in both stay matched however far they went; where one of then and one of now are unmatched at the
    same point between matched ones, that row was changed.
    """
    alone_then, alone_now = _unmatched(then, now), _unmatched(now, then)
    changed, removed, moved = [], [], []
    added: list[int] = []
    i = j = 0
    while i < len(then) or j < len(now):
        gone, new = i < len(then) and alone_then[i], j < len(now) and alone_now[j]
        if gone and new:
            changed.append(i)
        elif gone:
            removed.append(i)
        elif new:
            added.append(j)
        elif then[i] != now[j]:
            moved.append(i)
        step = (gone, new) if gone or new else (True, True)
        i, j = i + step[0], j + step[1]
    return Changes(changed=changed, added=added, removed=removed, moved=moved)


def _unmatched(ours: Sequence[bytes], theirs: Sequence[bytes]) -> list[bool]:
    """Which of ours have no counterpart: of three equal rows against two, the last."""
    left = Counter(theirs)

    def takes() -> Iterator[bool]:
        for value in ours:
            left[value] -= 1
            yield left[value] < 0

    return list(takes())


def _columns(
    then: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]], *, values: bool = True
) -> tuple[str, ...]:
    """What became of the columns; of their values only where the rows are the same ones."""
    before, after = dict(then), dict(now)
    renamed = {a: b for (a, x), (b, y) in zip(then, now, strict=False) if a not in after and b not in before and x == y}
    said = [f"column {a!r} is now called {b!r}" for a, b in renamed.items()]
    said += [f"column gone: {a!r}" for a in before if a not in after and a not in renamed]
    said += [f"column new: {b!r}" for b in after if b not in before and b not in renamed.values()]
    shared: list[Hashable] = [a for a in before if a in after]
    if shared != [b for b in after if b in before]:
        said.append("the columns are in another order")
    differ = [a for a in before if a in after and before[a] != after[a]]
    if values and differ:
        said.append(f"in column{'s' if len(differ) > 1 else ''} {', '.join(map(repr, differ))}")
    return tuple(said)
