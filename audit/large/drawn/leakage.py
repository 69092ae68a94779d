"""Rows that a model would be tested on and has been trained on: equal ones exactly, near ones by the vectors of some
(`near_leaks`), as one check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.leakage import SHOWN, WORDS, against, in_turn, not_counted
from audit.dataset import Dataset, label_name
from audit.errors import NotApplicable
from audit.evidence.gather import GRAPH, NEAR
from audit.large.drawn.near_leaks import Near
from audit.large.drawn.sample import Share, sampled
from audit.large.every.twins import There, Twins
from audit.large.found import EXACT, SAMPLED, Column, Streamed, findings, streamed
from audit.large.read.table import LargeData
from audit.report import Issues

KINDS = tuple(WORDS)
WORTH = "what the leak is worth in a test score is not measured block by block"


@dataclass(frozen=True, eq=False)
class Side:
    """What was found in a reference, or in the other splits."""

    there: There
    equal: Mapping[str, Twins]
    """By `equal_rows`."""
    near: Near | None
    """By `near_rows`; near leaks are estimated from it, with an interval."""
    why: str = ""
    """Where that is None, why nobody looked for near ones."""

    @property
    def twins(self) -> np.ndarray:
        """(m,) rows there that are equal to one here, in whatever way."""
        return np.unique(np.concatenate([np.empty(0, np.int64), *(t.there for t in self.equal.values())]))


@dataclass(frozen=True, eq=False)
class _Leaks:
    """Rows there that are here too, each in the first way that holds of it: (m,) each, side by side, by position there."""

    side: np.ndarray
    there: np.ndarray
    here: np.ndarray
    kind: np.ndarray
    score: np.ndarray


def leakage(data: LargeData, sides: Sequence[Side]) -> Streamed:
    """As the check in memory: counts and rates are of the rows there, of all sides together; those flagged are the rows
    here."""
    for side in sides:
        if not side.equal and side.near is None:
            raise NotApplicable(
                f"{side.there.name} cannot be compared: no content of one form on both sides; {side.why}"
            )
    total = sum(side.there.count for side in sides)
    names = [name for name in KINDS if all(name in side.equal for side in sides)]
    counts = {name: sum(len(side.equal[name].there) for side in sides) for name in names}
    measures = {f"{k}.{m}": v for k, c in counts.items() for m, v in (("count", c), ("rate", c / total))}
    estimate, more = _estimated(sides)
    leaks = _leaks(sides)
    detail: dict[str, Any] = {
        **against([side.there.name for side in sides]),
        "rows_there": total,
        "pairs": _pairs(data, sides, leaks),
        "path": EXACT,
        **more,
        "notes": [
            *(note for side in sides for note in side.there.notes),
            *not_counted([(side.there.name, side.equal) for side in sides]),
            *more["notes"],
        ],
    }
    worth = data.codes is not None and all(side.there.labelled for side in sides)
    if worth and all(_nothing(side) for side in sides):
        estimate = {**estimate, "inflation": 0.0, "inflation_low": 0.0}
    elif worth:
        detail["notes"] = [*detail["notes"], WORTH]
    return _flagged(data, sides, leaks, Issues("leakage", measures={**measures, **estimate}, detail=detail))


def _nothing(side: Side) -> bool:
    """Whether no row there is equal to one here, every one was asked, and none looks the same as one here however far that
    may be."""
    if len(side.twins) or side.near is None:
        return False
    far = np.minimum(side.near.distance, side.near.known) >= side.near.limits[-1]
    return len(side.near.there) == side.there.count and bool(far.all())


def _estimated(sides: Sequence[Side]) -> tuple[dict[str, float], dict[str, Any]]:
    """How many rows there look the same as one here and are not equal to one: measures and details. Of several sides the
    ends of the intervals are added up, which is wide enough: to miss the truth both would have to be wrong in one direction."""
    made = [None if side.near is None else _of_side(side.near, side.twins, side.there) for side in sides]
    parts = [part for part in made if part is not None]
    several = len(sides) > 1
    notes = [
        f"near leaks{f' of {side.there.name}' if several else ''} are not looked for: {side.why}" if part is None else part.note
        for side, part in zip(sides, made, strict=True)
    ]  # fmt: skip
    if len(parts) < len(sides):
        return {}, {"notes": notes}
    if not several:
        part = parts[0]
        return part.share.measures("near."), {
            **sampled(part.share.drawn, part.share.rows, part.ends),
            **_told_so(notes),
        }
    total = sum(part.share.rows for part in parts)
    count = sum(part.share.rate * part.share.rows for part in parts)
    measures = {"near.count": round(count), "near.rate": count / total}
    ends = {
        "near.count": [sum(part.ends["near.count"][end] for part in parts) for end in (0, 1)],
        "near.rate": [sum(part.ends["near.rate"][end] * part.share.rows for part in parts) / total for end in (0, 1)],
    }
    return measures, {**sampled(sum(part.share.drawn for part in parts), total, ends), **_told_so(notes)}


def _told_so(notes: list[str]) -> dict[str, Any]:
    return {"path": f"{EXACT}; near {SAMPLED}", "notes": notes}


@dataclass(frozen=True)
class _Part:
    """Of one side: how many look the same, between which ends, and what a reader must know of it."""

    share: Share
    ends: Mapping[str, list[float]]
    note: str


def _of_side(near: Near, twins: np.ndarray, there: There) -> _Part:
    free = ~np.isin(near.there, twins)
    hits = [int(np.count_nonzero(free & (near.distance < limit))) for limit in near.limits]
    unknown = int(np.count_nonzero(free & (near.known < near.limits[-1]) & (near.distance >= near.limits[-1])))
    m = len(near.there)
    low, share, high = (Share(h, m, there.count) for h in (hits[0], hits[1], hits[2] + unknown))
    ends = [s.intervals("near.") for s in (low, high)]
    intervals = {name: [ends[0][name][0], ends[1][name][1]] for name in ends[0]}
    return _Part(share, intervals, _told(near, share, intervals["near.rate"], unknown, there))


def _told(near: Near, share: Share, ends: list[float], unknown: int, there: There) -> str:
    if ends[0] == ends[1] and share.drawn == share.rows:
        return f"near leaks: all {share.rows:,} rows of {there.name} were held against all rows here"
    some = f"{share.drawn:,} of" if share.drawn < share.rows else "all"
    open_ = (
        f"; of {unknown:,} it is not known, since their {GRAPH} nearest rows look the same and are of {there.name} too: they "
        "count in the upper end" if unknown else ""
    )  # fmt: skip
    return (
        f"near leaks: {share.rate:.2%} ({ends[0]:.2%} to {ends[1]:.2%}) is estimated from {some} {share.rows:,} rows of "
        f"{there.name}, each held against all rows here, and what looks the same from {near.drawn:,} drawn rows{open_}; a limit "
        "is held against the upper end"
    )


def _leaks(sides: Sequence[Side]) -> _Leaks:
    parts = [_leaks_of(i, side) for i, side in enumerate(sides)]
    return _Leaks(*(np.concatenate([vars(p)[f.name] for p in parts]) for f in fields(_Leaks)))


def _leaks_of(number: int, side: Side) -> _Leaks:
    known, parts = np.empty(0, np.int64), []
    for name, found in side.equal.items():
        new = ~np.isin(found.there, known)
        parts.append((found.there[new], found.here[new], KINDS.index(name), np.zeros(np.count_nonzero(new))))
        known = np.union1d(known, found.there)
    near = side.near
    if near is not None:
        close = (near.distance < near.limits[1]) & ~np.isin(near.there, side.twins)
        usual = max(near.limits[1] / NEAR, 1e-12)
        score = np.minimum(near.distance[close] / usual, 1.0)
        parts.append((near.there[close], near.here[close], KINDS.index("near"), score))
    there, here, score = (np.concatenate([part[i] for part in parts]) for i in (0, 1, 3))
    kind = np.repeat([part[2] for part in parts], [len(part[0]) for part in parts])
    order = np.argsort(there, kind="stable")
    return _Leaks(np.full(len(there), number), there[order], here[order], kind[order], score[order])


def _pairs(data: LargeData, sides: Sequence[Side], leaks: _Leaks) -> list[dict[str, Any]]:
    """Some of each kind and side."""
    kinds = [
        np.flatnonzero((leaks.kind == k) & (leaks.side == i))[:SHOWN].tolist()
        for k in range(len(KINDS))
        for i in range(len(sides))
    ]
    at = np.array(in_turn(kinds)[:SHOWN], int)
    ours = data.given(leaks.here[at])
    labels = _labels(data, sides, leaks, at)
    return [
        {
            "kind": KINDS[leaks.kind[q]],
            "row": data.rows[leaks.here[q]],
            "reference_row": sides[leaks.side[q]].there.rows[leaks.there[q]],
            "label": "" if ours is None else label_name(ours[i]),
            "reference_label": labels[i],
            **({"against": sides[leaks.side[q]].there.name} if len(sides) > 1 else {}),
        }
        for i, q in enumerate(at)
    ]


def _labels(data: LargeData, sides: Sequence[Side], leaks: _Leaks, at: np.ndarray) -> list[str]:
    """The labels there of some leaks, "" where there are none."""
    out = np.full(len(at), "", dtype=object)
    for i, side in enumerate(sides):
        mine = np.flatnonzero(leaks.side[at] == i)
        given = _given(data, side.there, leaks.there[at[mine]])
        out[mine] = "" if given is None else [label_name(v) for v in given]
    return out.tolist()


def _given(data: LargeData, there: There, rows: np.ndarray) -> np.ndarray | None:
    other = there.against
    if isinstance(other, Dataset):
        return other.given.iloc[rows].to_numpy(object) if there.labelled else None
    return data.given(rows)


def _flagged(data: LargeData, sides: Sequence[Side], leaks: _Leaks, issues: Issues) -> Streamed:
    """With a finding for each row here that has a twin there: the one that is most its like, of these the first."""
    order = np.lexsort((leaks.there, leaks.side, leaks.kind, leaks.here))
    own = leaks.here[order]
    rows, first = np.unique(own, return_index=True)
    best = order[first]
    score, kind, twin, side = leaks.score[best], leaks.kind[best], leaks.there[best], leaks.side[best]

    def lines(positions: np.ndarray) -> pd.DataFrame:
        at = np.searchsorted(rows, positions)
        there, how = [sides[i].there for i in side[at]], [KINDS[k] for k in kind[at]]
        names = [t.rows[q] for t, q in zip(there, twin[at], strict=True)]
        reason = [WORDS[h].format(name, t.name) for h, name, t in zip(how, names, there, strict=True)]
        group = [t.name for t in there] if len(sides) > 1 else None
        return findings(data, positions, score[at], reason, group=group, kind=how, twin=names)

    worst = rows[np.argsort(score, kind="stable")]
    flags = np.ones(len(rows), bool)
    return streamed(issues, _column(rows, score, 1.0), _column(rows, flags, 0.0), worst, lines)


def _column(rows: np.ndarray, values: np.ndarray, blank: float) -> Column:
    """The values of some rows, ascending, and a blank for all others."""

    def of(wanted: slice) -> np.ndarray:
        low, high = np.searchsorted(rows, [wanted.start, wanted.stop])
        out = np.full(wanted.stop - wanted.start, blank, values.dtype)
        out[rows[low:high] - wanted.start] = values[low:high]
        return out

    return of
