"""The label check over blocks: confident learning, equal to cleanlab's to the last bit, and what the pages show of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.checks.labels import looks_like
from audit.confident import DEFAULT, RULES, FilterBy
from audit.errors import InputError, UnknownName
from audit.large.engine import Map
from audit.large.found import Streamed, findings, streamed
from audit.large.read.probabilities import Brought
from audit.large.read.table import LargeData
from audit.noise.faults import memorised, other_order, shuffled
from audit.noise.judge import Judged, Ranked, cleanlabs
from audit.noise.tables import tables
from audit.probabilities import ROW_SUM_TOLERANCE
from audit.report import Issues
from audit.stream import joint as counting
from audit.stream.kernel import Block, Grouped, Partial, grouped, judge, merge, scan, thresholds
from audit.stream.prune import by_class, by_noise_rate
from audit.stream.source import Read, Source

METHOD = "cleanlab"
TRIED = 4_000_000
"""Probabilities, of rows spread evenly, by which columns and rows in another order are noticed."""
FEWEST = 20
"""Such rows a class, from which on it is told whether columns are in another order."""


@dataclass(frozen=True)
class Look:
    """A block to look at: what reads it, its labels (of columns), and in the second pass the thresholds."""

    start: int
    read: Read
    labels: np.ndarray
    limits: np.ndarray | None = None
    every: int = 1
    """Every so many-th row of the data is among those that are looked at for plain faults."""


@dataclass(frozen=True, eq=False)
class Said:
    """What the second pass says of the rows of a block."""

    start: int
    loses: np.ndarray
    issue: np.ndarray
    other: np.ndarray
    """(m,) the likeliest other column."""
    probability: np.ndarray
    """(m,) its probability."""
    pairs: np.ndarray
    """(K, K) counts of (given, confidently counted as)."""
    tried: np.ndarray
    """(t, K) the rows that are looked at for plain faults."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """Confident learning over all blocks, in columns' order."""

    rows: Grouped
    flags: dict[FilterBy, np.ndarray]
    count: int
    other: np.ndarray
    probability: np.ndarray
    loses: np.ndarray
    tried: np.ndarray
    every: int


def first(look: Look) -> Partial:
    """Pass 1 over one block."""
    X = look.read()
    return scan(Block(look.start, look.labels[: len(X)], X))


def second(look: Look) -> Said:
    """Pass 2 over one block; InputError names the first row that does not sum to 1."""
    X = look.read()
    labels = look.labels[: len(X)]
    refuse_sums(X, look.start)
    rows, pairs = judge(Block(look.start, labels, X), look.limits)
    others = X.copy()
    each = np.arange(len(X))
    others[each, labels] = -1
    other = others.argmax(axis=1).astype(labels.dtype)
    return Said(
        look.start,
        rows.loses,
        rows.issue,
        other,
        others[each, other],
        pairs,
        X[-look.start % look.every :: look.every].copy(),
    )


def refuse_sums(X: np.ndarray, start: int) -> None:
    """InputError naming the first row, `start` being that of the first line, which does not sum to 1."""
    sums = X.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(~(np.abs(sums - 1) <= ROW_SUM_TOLERANCE))  # NaN is wrong too
    if len(wrong):
        raise InputError(f"probabilities: row {start + wrong[0]} does not sum to 1 (sum {sums[wrong[0]]:.4g})")


def looks(source: Source, labels: np.ndarray, limits: np.ndarray | None = None, every: int = 1) -> Iterator[Look]:
    """The blocks of a source, each with its labels."""
    step = source.block_rows
    return (Look(i, read, labels[i : i + step], limits, every) for i, read in source.blocks(step))


def learn(source: Source, labels: np.ndarray, run: Map) -> Learnt:
    """Confident learning in two passes, each block wherever `run` works on it.

    Args:
        source: (n, K) probabilities.
        labels: (n,) columns of the given labels, in the smallest integers that hold them.
        run: an engine.
    """
    n, K = source.rows, source.classes
    rows = grouped(merge(*run(first, looks(source, labels))))
    if np.count_nonzero(rows.counts) < 2:
        raise InputError("labels: all are of one class; confident learning compares classes")
    loses, issue, pairs = np.zeros(n, bool), np.zeros(n, bool), np.zeros((K, K), np.int64)
    other, probability = np.empty(n, labels.dtype), np.empty(n, source.dtype)
    every, tried = max(1, n * K // TRIED), []
    for said in run(second, looks(source, labels, thresholds(rows), every)):
        here = slice(said.start, said.start + len(said.loses))
        loses[here], issue[here], other[here], probability[here] = said.loses, said.issue, said.other, said.probability
        pairs += said.pairs
        tried.append(said.tried)
    prune = counting.to_prune(counting.calibrated(counting.confident_joint(pairs), rows.counts))
    by_rate, by_k = by_noise_rate(source, rows, loses, prune, loses).mask, by_class(rows, loses, prune).mask
    flags: dict[FilterBy, np.ndarray] = {
        "prune_by_noise_rate": by_rate,
        "prune_by_class": by_k,
        "both": by_rate & by_k,
        "confident_learning": issue,
        "predicted_neq_given": loses,
    }
    return Learnt(rows, flags, int(np.count_nonzero(issue)), other, probability, loses, np.concatenate(tried), every)


def check_fit(data: LargeData, brought: Brought) -> None:
    """InputError if the probabilities are not of as many rows, or not of the data's classes."""
    if brought.source.rows != data.table.rows:
        many = f"{brought.source.rows:,} rows of probabilities for {data.table.rows:,} rows of data"
        raise InputError(f"{brought.source.name}: {many}")
    if data.codes is not None:
        brought.places(data.classes)


def labels(data: LargeData, brought: Brought, run: Map, filter_by: FilterBy = DEFAULT) -> Streamed:
    """Exactly what cleanlab flags by `filter_by`, scored by its self-confidence, with its count, as the ordinary check
    says it by `method = "cleanlab"`; the probabilities are taken as they stand in the file, in its dtype."""
    if filter_by not in RULES:
        raise UnknownName.of("filter_by", filter_by, RULES, where="labels")
    codes, source = data.labels, brought.source
    places = brought.places(data.classes).astype(codes.dtype)
    back = np.argsort(places).astype(codes.dtype)
    given = places[codes]
    found = learn(source, given, run)
    unseen = _refuse_faults(found, given, brought)
    ranked = Ranked(found.rows.confidence, found.flags[filter_by], back[found.other], found.probability)
    said = cleanlabs(ranked, codes, found.rows.classes, found.count, filter_by)
    flagged = np.flatnonzero(said.flagged)
    worst = flagged[np.argsort(said.score[flagged], kind="stable")]
    return streamed(
        Issues("labels", measures=_measures(said), detail=_detail(brought, found, said, data, unseen)),
        lambda s: said.score[s].astype("float64"),
        lambda s: said.flagged[s],
        worst,
        lambda p: lines_of(data, said, p),
        given=lambda s: data.named(codes[s]),
        suggested=lambda s: data.named(said.suggested[s]),
        suggested_probability=lambda s: said.probability[s].astype("float64"),
        **{f"cleanlab.{rule}": mask.__getitem__ for rule, mask in found.flags.items()},
    )


def _refuse_faults(found: Learnt, labels: np.ndarray, brought: Brought) -> tuple[str, ...]:
    """What is plainly wrong with probabilities is seen on rows spread evenly over the data; what could not be."""
    tried, own = found.tried, labels[:: found.every].astype(np.int64)
    enough = len(own) >= FEWEST * tried.shape[1] or found.every == 1
    order = other_order(tried, own, brought.names) if enough else None
    if why := order or shuffled(tried, own) or memorised(tried, own):
        raise InputError(f"{brought.source.name}: {why}")
    return () if enough else ("with so many classes nobody looked whether the columns are in another order",)


def _measures(said: Judged) -> dict[str, float]:
    measured = {name: getattr(said, name) for name in ("count", "rate", "rate_low", "rate_high")}
    return {**measured, "flagged": int(np.count_nonzero(said.flagged))}


def _detail(brought: Brought, found: Learnt, said: Judged, data: LargeData, unseen: tuple[str, ...]) -> dict[str, Any]:
    n, name = data.table.rows, brought.source.name
    agreement = 1 - np.count_nonzero(found.loses) / n
    return {
        "method": METHOD,
        "made_of": f"your probabilities ({name})",
        **{
            k: getattr(said, k) for k in ("score_used", "cutoff_used", "rule", "count", "rate", "rate_low", "rate_high")
        },
        "expected_precision": None,
        "expected_recall": None,
        "views": [{"view": "your probabilities", "agreement": agreement, "weight": None}],
        "seeds": None,
        "agreement": agreement,
        "notes": [
            "confident learning alone, every row judged; assay's estimate from several views needs the data in memory",
            "that the probabilities are out of sample is your word: there is no second view to hold them against",
            *unseen,
        ],
        **tables(said, data.labels, list(data.classes)),
        "cleanlab": {
            "evidence": ["your probabilities"],
            "engine": "assay's streaming kernel, equal to cleanlab's",
            "count": found.count,
            "filter_by": {
                rule: {"flagged": int(mask.sum()), "flagged_here_too": int((mask & said.flagged).sum())}
                for rule, mask in found.flags.items()
            },
        },
        "why": [],
    }


def lines_of(data: LargeData, said: Judged, positions: np.ndarray) -> pd.DataFrame:
    """What is found of flagged rows, in the order given."""
    suggested = data.named(said.suggested[positions])
    given = data.named(data.labels[positions])
    reason = looks_like(given, suggested, said.probability[positions])
    return findings(data, positions, said.score[positions], reason, suggested=suggested)
