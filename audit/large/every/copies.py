"""Rows that are there more than once, and those of them whose labels differ: exact, by the hashes of all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.duplicates import WORDS
from audit.large.found import Streamed, findings, streamed
from audit.large.read.table import LargeData
from audit.report import Issues

SETS = 50


@dataclass(frozen=True, eq=False)
class Sets:
    """Rows that are equal to another."""

    rows: np.ndarray
    """(m,) positions, ascending, of all members of sets of two or more."""
    first: np.ndarray
    """(m,) the position of the first row of each one's set."""

    @property
    def beyond(self) -> np.ndarray:
        """(m,) bool: not the first of its set."""
        return np.asarray(self.rows != self.first)

    def first_of(self, positions: np.ndarray) -> np.ndarray:
        """The first row of the set of each of these members."""
        return np.asarray(self.first[np.searchsorted(self.rows, positions)])

    def members(self, first: int) -> np.ndarray:
        """The set that begins with this row."""
        return np.asarray(self.rows[self.first == first])


def sets_of(hashes: np.ndarray) -> Sets:
    """The sets of equal hashes (n, 2); beside them 8 bytes a row are held, and more only for rows that repeat."""
    empty = np.empty(0, np.int64)
    if not hashes.shape[1]:
        return Sets(empty, empty)
    ordered = np.sort(hashes[:, 0])
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    if not len(twice):
        return Sets(empty, empty)
    at = np.minimum(np.searchsorted(twice, hashes[:, 0]), len(twice) - 1)
    likely = np.flatnonzero(twice[at] == hashes[:, 0])
    del at
    order = np.lexsort((hashes[likely, 1], hashes[likely, 0]))  # stable: equal rows stay in their order
    rows = likely[order]
    del likely, order
    own = hashes[rows]
    new = np.concatenate([[True], (own[1:] != own[:-1]).any(axis=1)])
    del own
    heads = np.flatnonzero(new)
    sizes = np.diff(np.append(heads, len(rows)))
    first = np.repeat(rows[heads], sizes)
    kept = np.repeat(sizes > 1, sizes)
    back = np.argsort(rows[kept], kind="stable")
    return Sets(rows[kept][back], first[kept][back])


def duplicates(data: LargeData, exact: Sets, normalised: Sets | None) -> Streamed:
    """Repeats of an earlier row: equal ones, and for texts those equal after normalisation."""
    n = data.table.rows
    kinds = {"exact": exact, **({} if normalised is None else {"normalised": normalised})}
    counts = {name: int(np.count_nonzero(s.beyond)) for name, s in kinds.items()}
    flagged, plain = np.zeros(n, bool), np.zeros(n, bool)
    plain[exact.rows[exact.beyond]] = True
    for s in reversed(kinds.values()):
        flagged[s.rows[s.beyond]] = True
    widest = exact if normalised is None else normalised

    def lines(positions: np.ndarray) -> pd.DataFrame:
        heads = widest.first_of(positions)
        kind = np.where(plain[positions], "exact", "normalised")
        twin = data.rows[heads]
        reason = [WORDS[k].format(t) for k, t in zip(kind, twin, strict=True)]
        return findings(data, positions, np.zeros(len(positions)), reason, group=twin, kind=kind, twin=twin)

    issues = Issues(
        "duplicates",
        measures={f"{k}.{m}": v for k, c in counts.items() for m, v in (("count", c), ("rate", c / n))},
        detail={"sets": _sets(data, widest, plain), "near_threshold": None},
    )
    return streamed(
        issues, lambda s: np.where(flagged[s], 0.0, 1.0), lambda s: flagged[s], np.flatnonzero(flagged), lines
    )


def without_near(found: Streamed, why: str) -> Streamed:
    """The same where nobody looked for near duplicates, and why."""
    note = f"near duplicates are not looked for: {why}"
    detail = {**found.issues.detail, "meaning": note, "notes": [note]}
    return replace(found, issues=replace(found.issues, detail=detail))


def _sets(data: LargeData, sets: Sets, plain: np.ndarray) -> list[dict[str, Any]]:
    lines = []
    for head in np.unique(sets.first)[:SETS]:
        rows = sets.members(int(head))
        given = data.given(rows)
        names = [] if given is None else sorted({str(v) for v in given})
        kind = "exact" if plain[rows[1:]].all() else "normalised"
        lines.append({"kind": kind, "rows": list(data.rows[rows[:SETS]]), "labels": names})
    return sorted(lines, key=lambda line: -len(line["labels"]))


def conflicts(data: LargeData, alike: Sets) -> Streamed:
    """Sets of equal rows (texts: after normalisation) whose labels are not equal."""
    n, codes = data.table.rows, data.labels
    own = pd.Series(codes[alike.rows].astype(np.int64)).groupby(alike.first)
    torn = (own.transform("max") != own.transform("min")).to_numpy(bool)
    clash = Sets(alike.rows[torn], alike.first[torn])
    flagged = np.zeros(n, bool)
    flagged[clash.rows] = True
    twins = _twins(codes, clash)
    heads = np.unique(clash.first)

    def lines(rows: np.ndarray) -> pd.DataFrame:
        mine = clash.first_of(rows)
        words = _labels_of(data, clash, np.unique(mine))
        reason = [f"the same content is labelled {' and '.join(words[h])}" for h in mine.tolist()]
        twin = data.rows[twins[np.searchsorted(clash.rows, rows)]]
        return findings(data, rows, np.zeros(len(rows)), reason, group=data.rows[mine], kind="conflict", twin=twin)

    shown = _labels_of(data, clash, heads[:SETS])
    issues = Issues(
        "conflicts",
        measures={"count": len(heads), "rows": len(clash.rows), "rate": len(clash.rows) / n},
        detail={"sets": [{"rows": list(data.rows[clash.members(h)][:SETS]), "labels": shown[h]} for h in shown]},
    )
    return streamed(issues, lambda s: np.where(flagged[s], 0.0, 1.0), lambda s: flagged[s], clash.rows, lines)


def _labels_of(data: LargeData, sets: Sets, heads: np.ndarray) -> dict[int, list[str]]:
    """What the rows of some sets are labelled, each label once."""
    mine = np.isin(sets.first, heads)
    given = data.given(sets.rows[mine])
    found: dict[int, set[str]] = {int(h): set() for h in heads}
    for head, label in zip(sets.first[mine].tolist(), given if given is not None else (), strict=True):
        found[head].add(str(label))
    return {head: sorted(names) for head, names in found.items()}


def _twins(codes: np.ndarray, sets: Sets) -> np.ndarray:
    """Of each row the first row of its set that has another label: the set's first row, or the first unlike that."""
    unlike = codes[sets.rows] != codes[sets.first]
    other = pd.Series(sets.rows[unlike]).groupby(sets.first[unlike]).first()
    return np.where(unlike, sets.first, other.reindex(sets.first).to_numpy())
