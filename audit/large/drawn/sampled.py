"""Checks that need vectors, on a sample of the rows, each held against all rows: what they find is of the rows drawn, and
what they measure is estimated for all, with an interval."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.duplicates import WORDS
from audit.checks.findings import scored
from audit.checks.non_iid import FEWEST, MOST, PERMUTATIONS, SIGNIFICANT, beyond, sorted_by_label, untied
from audit.checks.non_iid import K as ORDERED
from audit.checks.outliers import K as FAR
from audit.checks.outliers import far_of
from audit.dataset import Dataset
from audit.errors import InputError, NotApplicable
from audit.evidence.backbone import BackboneSpace
from audit.evidence.embeddings import describe
from audit.evidence.gather import NEAR
from audit.large.drawn.near import Asked
from audit.large.drawn.sample import Share, sampled, told
from audit.large.every.copies import SETS, Sets
from audit.large.found import SAMPLED, Streamed, findings
from audit.large.read.table import LargeData
from audit.neighbours import Neighbours, sets
from audit.report import Issues

CHAIN = 4
"""Links of a chain of look-alikes that are followed from a drawn row."""
TOGETHER = 200
"""Drawn rows whose neighbours are read again in one reading of the table."""
CUTS = 1000
"""Places where the order may be cut that are tried."""
SURE = 1.358
"""Of Kolmogorov's distribution, 95 %: how far a sample's cumulative distribution may lie from the true one, times the
root of the sample's size (Massart, The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality, 1990)."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Drawn rows, and the nearest of all rows to each."""

    data: LargeData
    rows: np.ndarray
    """(m,) positions, ascending."""
    own: Dataset
    """The drawn rows."""
    asked: Asked
    near: Neighbours
    """(m, k) positions among all rows."""

    @property
    def all(self) -> bool:
        """Whether every row was drawn."""
        return len(self.rows) == self.data.table.rows

    @property
    def made_of(self) -> str:
        """How vectors are made, in words."""
        space = self.asked.space
        return describe(self.own, space.backbone if isinstance(space, BackboneSpace) else None)

    @property
    def threshold(self) -> float:
        """The distance below which two rows look the same."""
        nearest = self.near.distances[:, :1]
        return NEAR * float(np.median(nearest)) if nearest.size else 0.0

    def share(self, hits: np.ndarray) -> Share:
        """Of all rows, by the drawn ones that have it."""
        return Share(int(np.count_nonzero(hits)), len(self.rows), self.data.table.rows)


def of_drawn(data: LargeData, rows: np.ndarray, issues: Issues) -> Streamed:
    """What a check found among drawn rows (m,): the others have no score.

    Args:
        data: all rows.
        rows: (m,) their positions, ascending.
        issues: the check's, with scores of the drawn rows in that order and findings of some of them.
    """
    scores, findings_ = issues.scores, issues.findings
    flagged = rows[scores.index.get_indexer(findings_.index)]
    return Streamed(
        replace(issues, scores=pd.DataFrame(), detail={"path": SAMPLED, **issues.detail}),
        {str(c): functools.partial(_part, rows, scores[c]) for c in scores},
        flagged,
        lambda p: findings_.loc[data.rows[p]],
    )


def _part(rows: np.ndarray, values: pd.Series, wanted: slice) -> Any:
    """The values of some consecutive rows of all, missing where a row was not drawn."""
    low, high = np.searchsorted(rows, [wanted.start, wanted.stop])
    kind: Any = {"b": "boolean", "i": "Int64"}.get(values.dtype.kind)
    own = values.iloc[low:high] if kind is None else values.iloc[low:high].astype(kind)
    return own.set_axis(rows[low:high]).reindex(pd.RangeIndex(wanted.start, wanted.stop)).array


# -- far rows ----------------------------------------------------------------------------------------------------------


def outliers(sample: Sample, spread: float = 6.0) -> Streamed:
    """As the check in memory: a drawn row's distances are to its nearest of all rows, and what is usual is what is
    usual among the drawn ones."""
    if len(sample.rows) < FEWEST:
        raise NotApplicable(f"{len(sample.rows)} rows are too few to say what is far (from {FEWEST} on)")
    near = sample.near.first(FAR)
    far = far_of(near.distances.mean(axis=1), spread)
    share = sample.share(far.flagged)
    at = np.flatnonzero(far.flagged)
    twin = sample.data.rows[near.indices[at, 0]]
    lines = findings(sample.data, sample.rows[at], far.score[at], far.reasons(at), kind="outlier", twin=twin)
    detail = {
        **sampled(share.drawn, share.rows, share.intervals()),
        "notes": [told("outliers", share)],
        "threshold": far.threshold,
        "meaning": f"mean distance to {FAR} neighbours against the median row's; {sample.made_of}",
    }
    scores = scored(sample.own.rows, far.score, far.flagged)
    issues = Issues("outliers", measures=share.measures(), scores=scores, findings=lines, detail=detail)
    return of_drawn(sample.data, sample.rows, issues)


# -- rows that look the same -------------------------------------------------------------------------------------------


def with_near(found: Streamed, sample: Sample, equal: Sequence[Sets]) -> Streamed:
    """Exact duplicates of all rows, with the near ones among the drawn rows beside them."""
    data = sample.data
    again = np.isin(sample.rows, np.concatenate([s.rows[s.beyond] for s in equal]))
    first = np.where(again, sample.rows, _first_alike(sample))
    flagged = first < sample.rows
    share = sample.share(flagged)
    positions, twin = sample.rows[flagged], data.rows[first[flagged]]
    usual = max(sample.threshold / NEAR, 1e-12)
    score = np.minimum(sample.near.distances[flagged, 0] / usual, 1.0) if flagged.any() else np.empty(0)
    reason = [WORDS["near"].format(t) for t in twin]
    lines = findings(data, positions, score, reason, group=twin, kind="near", twin=twin)
    issues, place = found.issues, dict(zip(positions.tolist(), range(len(positions)), strict=True))
    marked = np.zeros(data.table.rows, bool)
    marked[positions] = True

    def with_score(s: slice) -> np.ndarray:
        out = np.array(found.columns["score"](s), dtype="float64")
        here = np.flatnonzero(marked[s])
        out[here] = [score[place[p]] for p in (here + (s.start or 0)).tolist()]
        return out

    def all_lines(p: np.ndarray) -> pd.DataFrame:
        parts = [found.lines(p[~marked[p]])] if (~marked[p]).any() else []
        parts += [lines.loc[data.rows[p[marked[p]]]]] if marked[p].any() else []
        return pd.concat(parts)

    detail = {
        **issues.detail,
        **sampled(share.drawn, share.rows, share.intervals("near.")),
        "path": f"{issues.detail['path']}; near {SAMPLED}",
        "near_threshold": sample.threshold,
        "meaning": f"near: closer than {NEAR:g} of the median distance between nearest neighbours; {sample.made_of}",
        "notes": [told("near duplicates", share)],
        "sets": [*issues.detail["sets"], *_pairs(sample, positions, first[flagged])][:SETS],
    }
    worst = positions[np.argsort(score, kind="stable")]
    whole = replace(issues, measures={**issues.measures, **share.measures("near.")}, detail=detail)
    shown = pd.concat([found.issues.findings, lines]) if len(found.issues.findings) else lines
    return Streamed(
        replace(whole, findings=shown),
        {"score": with_score, "flagged": lambda s: np.asarray(found.columns["flagged"](s)) | marked[s]},
        np.concatenate([found.flagged, worst]),
        all_lines,
    )


def _pairs(sample: Sample, positions: np.ndarray, first: np.ndarray) -> list[dict[str, object]]:
    data, pairs = sample.data, np.stack([first, positions], axis=1)[:SETS]
    given = [data.given(pair) for pair in pairs]
    names = [[] if g is None else sorted({str(v) for v in g}) for g in given]
    return [{"kind": "near", "rows": list(data.rows[pair]), "labels": n} for pair, n in zip(pairs, names, strict=True)]


def _first_alike(sample: Sample) -> np.ndarray:
    """(m,) the first of the rows that each drawn row looks the same as, itself for most. Rows look the same that a chain
    of look-alikes joins; those of up to `CHAIN` links that stay among the row's known neighbours are followed."""
    near, limit = sample.near, sample.threshold
    close = near.distances < limit
    first = np.minimum(sample.rows, np.where(close, near.indices, sample.data.table.rows).min(axis=1, initial=2**62))
    around = near.distances < CHAIN * limit
    before = np.where(around, near.indices, sample.data.table.rows).min(axis=1, initial=2**62)
    open_ = np.flatnonzero(close.any(axis=1) & (before < first))
    for some in np.array_split(open_, -(-len(open_) // TOGETHER)) if len(open_) else ():
        members = [np.sort(np.append(near.indices[i][around[i]], sample.rows[i])) for i in some]
        rows = np.unique(np.concatenate(members))
        vectors = sample.asked.vectors(sample.data.at(rows)).astype("float64")
        for i, mine in zip(some, members, strict=True):
            own = vectors[np.searchsorted(rows, mine)]
            apart = np.sqrt(((own[:, None] - own) ** 2).sum(axis=2))
            number = sets(np.argwhere(apart < limit), len(mine))
            joined = mine[number == number[np.searchsorted(mine, sample.rows[i])]]
            first[i] = min(first[i], joined.min())
    return np.asarray(first)


# -- order -------------------------------------------------------------------------------------------------------------


def non_iid(sample: Sample, significance: float = SIGNIFICANT) -> Streamed:
    """How far the neighbours of drawn rows lie from them in the order of all rows, against all pairs of rows.

    The statistic is estimated, and its interval is Massart's. The evidence is not measured: a p-value of some rows says
    nothing of one of all. That of the drawn rows is among the details.
    """
    n, m = sample.data.table.rows, len(sample.rows)
    if m < FEWEST:
        raise NotApplicable(f"{m} rows are too few to say whether their order matters (from {FEWEST} on)")
    if not 0 < significance < 1:
        raise InputError(f"non_iid: significance must lie between 0 and 1, this is {significance}")
    kept = untied(sample.near, ORDERED)
    if not kept.any():
        raise NotApplicable("all drawn rows have more equally near neighbours than are kept, and ties come in order")
    ends = np.stack([np.repeat(sample.rows, kept.sum(axis=1)), sample.near.indices[:, : kept.shape[1]][kept]])
    seen, chance = _apart(ends, n), _by_chance(ends, n)
    surprise = min(beyond(seen, chance), MOST)
    open_ = 0.0 if sample.all else SURE / m**0.5
    low, high = max(0.0, seen - open_), min(1.0, seen + open_)
    every = f"order: all {n:,} rows were drawn; evidence is not measured block by block"
    note = (
        f"order: the statistic, {seen:.3f} ({low:.3f} to {high:.3f}), is estimated from {m:,} of {n:,} rows, each held "
        f"against all; evidence is not measured, since a p-value of some rows is not one of all"
    )
    detail = {
        **sampled(m, n, {"statistic": [low, high]}),
        "p_value": float(10**-surprise),
        "matters": bool(surprise > -np.log10(significance)),
        "significance": significance,
        "nearer": bool(np.abs(ends[0] - ends[1]).mean() < (n + 1) / 3),
        "sorted_by_label": sorted_by_label(sample.own),
        "cut": _cut(sample, ends),
        "meaning": f"distances in order of {ORDERED} neighbours against all pairs; {sample.made_of}",
        "notes": [every if sample.all else note],
    }
    scores = scored(sample.own.rows, _nearness(sample, kept), np.zeros(m, bool))
    return of_drawn(
        sample.data, sample.rows, Issues("non_iid", measures={"statistic": seen}, scores=scores, detail=detail)
    )


def _apart(ends: np.ndarray, n: int) -> float:
    """Kolmogorov and Smirnov's distance between the gaps of these pairs (2, e) and those of all pairs of n rows, as the
    check in memory takes it."""
    gaps, counts = np.unique(np.abs(ends[0] - ends[1]), return_counts=True)
    upto, edges = np.cumsum(counts), counts.sum()
    pairs = gaps * (2.0 * n - gaps - 1) / (n * (n - 1.0))
    first, last = (upto - counts) / edges, (upto - 1) / edges
    return float(np.maximum(np.abs(first - pairs), np.abs(last - pairs)).max())


def _by_chance(ends: np.ndarray, n: int) -> np.ndarray:
    """The same where rows are renumbered at random."""
    rows, place = np.unique(ends, return_inverse=True)
    place = place.reshape(ends.shape)
    rng = np.random.default_rng(0)
    return np.array([_apart(rng.choice(n, len(rows), replace=False)[place], n) for _ in range(PERMUTATIONS)])


def _nearness(sample: Sample, kept: np.ndarray) -> np.ndarray:
    """(m,) the mean share of rows that lie nearer in order than the neighbours do, doubled, at most 1."""
    n, row = sample.data.table.rows, sample.rows[:, None]
    gap = np.abs(row - sample.near.indices[:, : kept.shape[1]])
    nearer = (np.minimum(gap - 1, row) + np.minimum(gap - 1, n - 1 - row)) / (n - 1)
    edges = kept.sum(axis=1)
    return np.where(edges > 0, np.minimum(1.0, 2 * (nearer * kept).sum(axis=1) / np.maximum(edges, 1)), 1.0)


def _cut(sample: Sample, ends: np.ndarray) -> dict[str, object]:
    """Of some places between rows the one across which fewest neighbours lie, against as many as by chance."""
    n = sample.data.table.rows
    low, high = np.sort(ends.min(axis=0)), np.sort(ends.max(axis=0))
    before = np.unique(np.linspace(0.05 * n, 0.95 * n, CUTS).astype(np.int64).clip(1, n - 1))
    across = np.searchsorted(low, before) - np.searchsorted(high, before)
    share = across / (ends.shape[1] * 2 * before * (n - before) / (n * (n - 1.0)))
    best = int(np.argmin(share))
    return {"row": sample.data.rows[before[best]], "share": float(share[best])}
