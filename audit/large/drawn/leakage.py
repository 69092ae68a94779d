"""Rows that a model would be tested on and has been trained on: equal ones exactly, near ones by the vectors of some of
those that it would be tested on, each held against all that it has been trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.leakage import SHOWN, WORDS, in_turn
from audit.dataset import Dataset
from audit.errors import NotApplicable
from audit.evidence.gather import GRAPH, NEAR, Progress
from audit.large.drawn.near import nearest_rows
from audit.large.drawn.sample import Share, drawn, sampled
from audit.large.drawn.sampled import Sample
from audit.large.engine import Map
from audit.large.every.copies import sets_of
from audit.large.every.twins import There, Twins
from audit.large.found import EXACT, SAMPLED, Column, Streamed, findings, streamed
from audit.large.read.rows import halves
from audit.large.read.table import LargeData
from audit.report import Issues

KINDS = tuple(WORDS)
HALF = 0.98
"""Half of 1.96: by so many roots of a sample's size the ranks that hold the true median in 95 % lie from the middle."""
WORTH = "what the leak is worth in a test score is not measured block by block"


@dataclass(frozen=True, eq=False)
class Near:
    """Rows there, and the nearest row here of each."""

    there: np.ndarray
    """(m,) positions there, ascending."""
    here: np.ndarray
    """(m,) positions here."""
    distance: np.ndarray
    """(m,) infinite where no row here is known to be near, and the position says nothing."""
    known: np.ndarray
    """(m,) within this distance all rows here are known."""
    limits: tuple[float, float, float]
    """The distance below which rows look the same, between the ends of its 95 % interval: low, estimate, high."""
    drawn: int
    """Rows here by which it is estimated."""


# -- rows that look the same -------------------------------------------------------------------------------------------


def near_rows(sample: Sample, there: There, most: int, run: Map, seed: int, progress: Progress) -> Near:
    """The nearest row here of some rows there, in the space fitted to the sample.

    Of a reference `most` rows are drawn by what they hold, and held against all rows. Of other splits it is the rows that
    the sample has: their `GRAPH` nearest of all rows are known, and where these look the same and are all of other
    splits, whether one here does is not known.
    """
    limits = _limits(sample)
    here = there.against
    if isinstance(here, Dataset):
        hashes = halves(here.content)
        rows = drawn(hashes, sets_of(hashes), most, seed)
        near = _of_reference(sample, here, rows, limits[-1], run, progress)
        return Near(rows, *near, np.full(len(rows), np.inf), limits, len(sample.rows))
    mine = ~here[sample.rows]
    if not mine.any():
        raise NotApplicable(f"none of the {len(mine):,} drawn rows is of {there.name}")
    indices, distances = sample.near.indices[mine], sample.near.distances[mine]
    known = distances[:, -1] if indices.shape[1] < sample.data.table.rows - 1 else np.full(len(indices), np.inf)
    distances = np.where(here[indices], distances, np.inf)
    line, best = np.arange(len(indices)), distances.argmin(axis=1)
    return Near(sample.rows[mine], indices[line, best], distances[line, best], known, limits, len(sample.rows))


def _of_reference(
    sample: Sample, reference: Dataset, rows: np.ndarray, limit: float, run: Map, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) the nearest of all rows here to some rows there and its distance, where that is less than the limit."""
    step = sample.asked.at_once
    parts = (reference.take(reference.rows[rows[i : i + step]]) for i in range(0, len(rows), step))
    queries = np.concatenate([sample.asked.vectors(some) for some in parts])
    none = np.full(len(rows), -1)  # no row here is the row itself
    asked = replace(sample.asked, queries=queries, own=none, bound=np.full(len(rows), limit), k=1)
    near = nearest_rows(asked, sample.data.table, run, progress)
    return near.indices[:, 0], near.distances[:, 0]


def _limits(sample: Sample) -> tuple[float, float, float]:
    """The distance below which rows look the same, between the ends of its 95 % interval: it is a part of the median
    distance to the nearest row, and by which ranks of a sample its median is bounded does not depend on how it is spread."""
    m, n = len(sample.rows), sample.data.table.rows
    if sample.all:
        return (sample.threshold,) * 3
    nearest = np.sort(sample.near.distances[:, 0])
    open_ = HALF * (m * (n - m) / (n - 1)) ** 0.5
    low, high = max(math.floor(m / 2 - open_) - 1, 0), min(math.ceil(m / 2 + open_), m - 1)
    return NEAR * float(nearest[low]), sample.threshold, NEAR * float(nearest[high])


# -- both --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Leaks:
    """Rows there that are here too, each in the first way that holds of it: (m,) each, by position there."""

    there: np.ndarray
    here: np.ndarray
    kind: np.ndarray
    score: np.ndarray


def leakage(data: LargeData, there: There, equal: Mapping[str, Twins], near: Near | None, why: str = "") -> Streamed:
    """As the check in memory: counts and rates are of the rows there, those flagged are the rows here.

    Args:
        data: all rows.
        there: what they are held against.
        equal: by `equal_rows`.
        near: by `near_rows`; near leaks are estimated from it, with an interval.
        why: where that is None, why nobody looked for near ones.
    """
    if not equal and near is None:
        raise NotApplicable(f"{there.name} cannot be compared: no content of one form on both sides; {why}")
    twins = np.unique(np.concatenate([np.empty(0, np.int64), *(t.there for t in equal.values())]))
    counts = {name: len(t.there) for name, t in equal.items()}
    measures = {f"{k}.{m}": v for k, c in counts.items() for m, v in (("count", c), ("rate", c / there.count))}
    detail: dict[str, Any] = {"against": there.name, "rows_there": there.count, "pairs": [], "path": EXACT}
    if near is None:
        detail["notes"] = [f"near leaks are not looked for: {why}"]
    else:
        estimate, more = _estimated(near, twins, there)
        measures, detail = {**measures, **estimate}, {**detail, **more}
    leaks = _leaks(equal, near, twins)
    detail["pairs"] = _pairs(data, there, leaks)
    if data.codes is not None and there.labelled:
        if not len(twins) and near is not None and _nothing_near(near, there):
            measures = {**measures, "inflation": 0.0, "inflation_low": 0.0}
        else:
            detail["notes"] = [*detail["notes"], WORTH]
    return _flagged(data, there, leaks, Issues("leakage", measures=measures, detail=detail))


def _nothing_near(near: Near, there: There) -> bool:
    """Whether every row there was asked, and none looks the same as one here however far that may be."""
    far = np.minimum(near.distance, near.known) >= near.limits[-1]
    return len(near.there) == there.count and bool(far.all())


def _estimated(near: Near, twins: np.ndarray, there: There) -> tuple[dict[str, float], dict[str, Any]]:
    """How many rows there look the same as one here and are not equal to one: measures and details."""
    free = ~np.isin(near.there, twins)
    hits = [int(np.count_nonzero(free & (near.distance < limit))) for limit in near.limits]
    unknown = int(np.count_nonzero(free & (near.known < near.limits[-1]) & (near.distance >= near.limits[-1])))
    m = len(near.there)
    low, share, high = (Share(h, m, there.count) for h in (hits[0], hits[1], hits[2] + unknown))
    ends = [s.intervals("near.") for s in (low, high)]
    intervals = {name: [ends[0][name][0], ends[1][name][1]] for name in ends[0]}
    detail = {
        **sampled(m, there.count, intervals),
        "path": f"{EXACT}; near {SAMPLED}",
        "notes": [_told(near, share, intervals["near.rate"], unknown, there)],
    }
    return share.measures("near."), detail


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


def _leaks(equal: Mapping[str, Twins], near: Near | None, twins: np.ndarray) -> _Leaks:
    known, parts = np.empty(0, np.int64), []
    for name, found in equal.items():
        new = ~np.isin(found.there, known)
        kind = np.full(np.count_nonzero(new), KINDS.index(name))
        parts.append(_Leaks(found.there[new], found.here[new], kind, np.zeros(len(kind))))
        known = np.union1d(known, found.there)
    if near is not None:
        close = (near.distance < near.limits[1]) & ~np.isin(near.there, twins)
        usual = max(near.limits[1] / NEAR, 1e-12)
        score = np.minimum(near.distance[close] / usual, 1.0)
        parts.append(_Leaks(near.there[close], near.here[close], np.full(len(score), KINDS.index("near")), score))
    order = np.argsort(np.concatenate([p.there for p in parts]), kind="stable")
    return _Leaks(
        *(np.concatenate([vars(p)[name] for p in parts])[order] for name in ("there", "here", "kind", "score"))
    )


def _pairs(data: LargeData, there: There, leaks: _Leaks) -> list[dict[str, Any]]:
    """Some of each kind."""
    at = np.array(in_turn([np.flatnonzero(leaks.kind == k)[:SHOWN].tolist() for k in range(len(KINDS))])[:SHOWN], int)
    ours, theirs = data.given(leaks.here[at]), _given(data, there, leaks.there[at])
    return [
        {
            "kind": KINDS[leaks.kind[q]],
            "row": data.rows[leaks.here[q]],
            "reference_row": there.rows[leaks.there[q]],
            "label": "" if ours is None else str(ours[i]),
            "reference_label": "" if theirs is None else str(theirs[i]),
        }
        for i, q in enumerate(at)
    ]


def _given(data: LargeData, there: There, rows: np.ndarray) -> np.ndarray | None:
    other = there.against
    if isinstance(other, Dataset):
        return other.given.iloc[rows].to_numpy(object) if there.labelled else None
    return data.given(rows)


def _flagged(data: LargeData, there: There, leaks: _Leaks, issues: Issues) -> Streamed:
    """With a finding for each row here that has a twin there: the one that is most its like, of these the first."""
    order = np.lexsort((leaks.there, leaks.kind, leaks.here))
    own = leaks.here[order]
    rows, first = np.unique(own, return_index=True)
    best = order[first]
    score, kind, twin = leaks.score[best], leaks.kind[best], leaks.there[best]

    def lines(positions: np.ndarray) -> pd.DataFrame:
        at = np.searchsorted(rows, positions)
        names, how = there.rows[twin[at]], [KINDS[k] for k in kind[at]]
        reason = [WORDS[h].format(name, there.name) for h, name in zip(how, names, strict=True)]
        return findings(data, positions, score[at], reason, kind=how, twin=names)

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
