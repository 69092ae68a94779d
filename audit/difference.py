"""`diff`: what changed between two versions of a dataset: rows, labels, columns, issues, distributions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit import fingerprint as fp
from audit.alike import stored_otherwise
from audit.certificate.rows import by_place
from audit.dataset import Dataset, label_name
from audit.drift import Drift, drift
from audit.errors import InputError, StaleError
from audit.files import plain
from audit.report import Report


@dataclass(frozen=True)
class Relabelled:
    """One row whose label is another one."""

    row: Any
    before: Any
    after: Any


@dataclass(frozen=True)
class CheckChange:
    """What became of the rows that one check flagged."""

    check: str
    fixed: tuple[Any, ...]
    """Rows of before that are flagged no more, or are gone."""
    new: tuple[Any, ...]
    """Rows of after that were not flagged before, or were not there."""
    measures: Mapping[str, tuple[float | None, float | None]]
    """Every measure that is another one, before and after."""


@dataclass(frozen=True)
class Difference:
    """What is not the same in two datasets."""

    before: str
    after: str
    rows: tuple[int, int]
    matched_by: str
    """`id`, or `content` where not both have ids."""
    added: tuple[Any, ...]
    """Rows of after."""
    removed: tuple[Any, ...]
    """Rows of before, as are those below."""
    relabelled: tuple[Relabelled, ...]
    changed: tuple[Any, ...]
    moved: tuple[Any, ...]
    cells: Mapping[str, int]
    """Column to the number of rows that have another value in it."""
    columns_gone: tuple[str, ...]
    columns_new: tuple[str, ...]
    drift: tuple[Drift, ...]
    issues: tuple[CheckChange, ...] | None
    """None: no reports were compared."""
    notes: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether rows, labels, columns and their order are the same; issues and drift follow from those."""
        parts = (
            self.added,
            self.removed,
            self.relabelled,
            self.changed,
            self.moved,
            self.columns_gone,
            self.columns_new,
        )
        return not any(parts)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        values: dict[str, Any] = plain({**asdict(self), "equal": self.equal})
        return values


def diff(before: Dataset, after: Dataset, reports: tuple[Report, Report] | None = None) -> Difference:
    """Match the rows of two datasets, by id where both have a column of ids, else by content, and say what differs.

    Without ids a row that is in both stays matched however far it moved, and one that stands alone between matched rows
    on both sides was changed.

    Args:
        before: the older one.
        after: the newer one.
        reports: an audit of each, for the issues that are new and those that are fixed.

    Raises:
        InputError: if one is labelled and the other is not.
        StaleError: if a report is of other data.
    """
    before, after = replace(before), replace(after)  # their hashes may be of before their tables were edited in place
    if (before.roles.label is None) != (after.roles.label is None):
        raise InputError(f"{before.name} and {after.name}: one has a label and the other has none")
    for data, report in zip((before, after), reports or (), strict=False):
        if report.dataset.fingerprint != data.fingerprint:
            raise StaleError(f"{data.name}: the report is of other data; audit it again")
    by_id = before.roles.id is not None and after.roles.id is not None
    match = _by_id(before, after) if by_id else _by_content(before, after)
    relabelled = _relabelled(before, after, match.pairs)
    cells, touched = _cells(before, after, match.pairs)
    changed = [*before.rows[list(match.changed)], *before.rows[touched]]
    gone, new = _columns(before, after), _columns(after, before)
    ids = (
        "" if by_id or before.roles.id is after.roles.id is None else "only one of the two has ids: matched by content"
    )
    return Difference(
        before=before.name, after=after.name, rows=(len(before), len(after)),
        matched_by="id" if by_id else "content",
        added=tuple(after.rows[list(match.added)]), removed=tuple(before.rows[list(match.removed)]),
        relabelled=relabelled, changed=tuple(dict.fromkeys(changed)), moved=tuple(before.rows[list(match.moved)]),
        cells=cells, columns_gone=gone, columns_new=new, drift=drift(before, after),
        issues=None if reports is None else _issues(before, after, reports, match.pairs),
        notes=(*((ids,) if ids else ()), *stored_otherwise(before, after)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Match:
    """Positions: of after for `added`, of before for the others; (m, 2) pairs of both."""

    pairs: np.ndarray
    added: Sequence[int]
    removed: Sequence[int]
    changed: Sequence[int]
    moved: Sequence[int]


def _by_id(before: Dataset, after: Dataset) -> _Match:
    there = after.rows.get_indexer(before.rows)
    kept = np.flatnonzero(there >= 0)
    pairs = np.stack([kept, there[kept]], axis=1)
    order = np.sort(pairs[:, 1])
    added = np.flatnonzero(before.rows.get_indexer(after.rows) < 0)
    moved = kept[pairs[:, 1] != order]
    return _Match(pairs, added.tolist(), np.flatnonzero(there < 0).tolist(), (), moved.tolist())


def _by_content(before: Dataset, after: Dataset) -> _Match:
    then, now = (_shared(a, b).content for a, b in ((before, after), (after, before)))
    found = by_place(then.tolist(), now.tolist())
    places: dict[bytes, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, hashes in enumerate((then, now)):
        for position, value in enumerate(hashes):
            places[value][side].append(position)
    pairs = [pair for olds, news in places.values() for pair in _paired(olds, news, before, after)]
    return _Match(
        np.array(sorted(pairs), dtype=int).reshape(-1, 2), found.added, found.removed, found.changed, found.moved
    )


def _shared(data: Dataset, other: Dataset) -> Dataset:
    """The data as it is known by the columns that both learn from."""
    features = tuple(c for c in data.roles.features if c in other.roles.features)
    return replace(data, roles=replace(data.roles, features=tuple(sorted(features)), grid=None))


def _paired(olds: list[int], news: list[int], before: Dataset, after: Dataset) -> list[tuple[int, int]]:
    """Copies of one content: those of one label first, then in their order."""
    if before.roles.label is None or len(olds) == len(news) == 1:
        return list(zip(olds, news, strict=False))
    pairs, left = [], list(news)
    rest = []
    for old in olds:
        same = next((n for n in left if after.given.iloc[n] == before.given.iloc[old]), None)
        if same is None:
            rest.append(old)
        else:
            left.remove(same)
            pairs.append((old, same))
    return [*pairs, *zip(rest, left, strict=False)]


def _relabelled(before: Dataset, after: Dataset, pairs: np.ndarray) -> tuple[Relabelled, ...]:
    if before.roles.label is None or not len(pairs):
        return ()
    old, new = before.given.to_numpy(object)[pairs[:, 0]], after.given.to_numpy(object)[pairs[:, 1]]
    rows = before.rows[pairs[:, 0]]
    return tuple(Relabelled(r, o, n) for r, o, n in zip(rows, old, new, strict=True) if label_name(o) != label_name(n))


def _cells(before: Dataset, after: Dataset, pairs: np.ndarray) -> tuple[dict[str, int], np.ndarray]:
    """How many matched rows have another value in each shared column that is no label, and which rows have one."""
    touched = np.zeros(len(pairs), dtype=bool)
    counts: dict[str, int] = {}
    for name in before.table.columns:
        if name == before.roles.label or name not in after.table.columns or not len(pairs):
            continue
        old, new = before.table[name].iloc[pairs[:, 0]], after.table[name].iloc[pairs[:, 1]]
        differ = _differ(old, new)
        if differ.any():
            counts[str(name)] = int(differ.sum())
            touched |= differ
    if len(pairs) and before.images is not None and after.images is not None:
        differ = _pictures_differ(before, after, pairs)
        counts |= {"picture": int(differ.sum())} if differ.any() else {}
        touched |= differ
    return counts, pairs[touched, 0] if len(pairs) else np.zeros(0, dtype=int)


def _differ(old: pd.Series, new: pd.Series) -> np.ndarray:
    """By canonical value, so that 1 and 1.0, and two missing cells, are the same."""
    one, other = (fp.hash_rows([fp.canonical(s.reset_index(drop=True))], len(s)) for s in (old, new))
    return np.asarray(one != other, dtype=bool)


def _pictures_differ(before: Dataset, after: Dataset, pairs: np.ndarray) -> np.ndarray:
    one, other = (np.array(fp.array_rows(d.images), dtype=object) for d in (before, after) if d.images is not None)
    return np.asarray(one[pairs[:, 0]] != other[pairs[:, 1]], dtype=bool)


def _columns(one: Dataset, other: Dataset) -> tuple[str, ...]:
    return tuple(str(c) for c in one.table.columns if c not in other.table.columns)


def _issues(
    before: Dataset, after: Dataset, reports: tuple[Report, Report], pairs: np.ndarray
) -> tuple[CheckChange, ...]:
    """What each check of both flags now and did not, and the other way round."""
    old, new = reports
    there = dict(zip(before.rows[pairs[:, 0]], after.rows[pairs[:, 1]], strict=True))
    back = {b: a for a, b in there.items()}
    out = []
    for name in old.checks:
        if name not in new.checks:
            continue
        then, now = set(old[name].flagged), set(new[name].flagged)
        fixed = tuple(r for r in old[name].flagged if there.get(r) not in now or r not in there)
        fresh = tuple(r for r in new[name].flagged if back.get(r) not in then or r not in back)
        values = {
            m: (old.measures.get(m), new.measures.get(m))
            for m in dict.fromkeys([*old.measures, *new.measures])
            if m.startswith(f"{name}.") and old.measures.get(m) != new.measures.get(m)
        }
        if fixed or fresh or values:
            out.append(CheckChange(name, fixed, fresh, values))
    return tuple(out)
