"""What the answers say beyond their rows: how precise the flags are, how many labels are wrong, what was missed.

Only rows in the order of their numbers at random count, up to the first that nobody answered (audit/review/queue.py):
those are a simple random sample of their stratum, whoever stopped where. Rows that were picked (taken in from a file,
looked at again) do not measure. A row counts as wrong when it is to be relabelled or dropped; rows about which nobody
is sure, or about which reviewers disagree, count on neither side and are told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from audit.review.decisions import DROP, KEEP, RELABEL, Settled
from audit.review.queue import Plan
from audit.statistics import wilson

FEWEST = 5
"""Answers that a stratum must have to stand by itself; one with fewer is joined to its neighbour."""
DRAWS = 4000
NEXT = 100


@dataclass(frozen=True)
class Share:
    """A share of some rows with its 95 % interval, and the answers that it rests on."""

    value: float
    low: float
    high: float
    answers: int


@dataclass(frozen=True)
class Stratum:
    """Rows drawn from together: how many there are, how many answers count, how many of those say "wrong"."""

    rows: int
    answers: int
    wrong: int
    unsure: int = 0
    """Rows looked at that say neither."""


@dataclass(frozen=True)
class Measured:
    """None where too little was answered to say."""

    flagged: int
    decided: int
    """Rows that somebody decided, whether or not they measure."""
    unsure: int
    """Rows of those that measure on which nobody is sure, or reviewers disagree."""
    precision: Share | None
    """Of the flagged rows, the share that is wrong."""
    expected: float
    """What the audit expected of that; NaN where it offered no probabilities."""
    missed: Share | None
    """Of the rows that were not flagged, the share that is wrong."""
    rate: Share | None
    """Of all rows, the share that is wrong."""
    recall: Share | None
    """Of the wrong rows, the share that was flagged."""
    next_rows: int
    """How many rows of the queue come next, at most `NEXT`."""
    next_wrong: float | None
    """How many of those are expected to be wrong, by the measured share of each stratum."""


def measure(design: Plan, settled: Mapping[str, Settled], queue: np.ndarray) -> Measured:
    """Everything that can be said of the answers so far."""
    strata = [_answered(design, settled, h) for h in range(design.strata + 1)]
    flagged, others = joined(strata[:-1]), strata[-1]
    open_rows = [int(p) for p in queue if design.ids[p] not in settled][:NEXT]
    known = others.answers >= FEWEST
    precision = stratified(flagged) if flagged else None
    both = [*flagged, others] if known and (flagged or not design.strata) else []
    return Measured(
        flagged=int(design.flagged.sum()),
        decided=len(settled),
        unsure=sum(s.unsure for s in strata),
        precision=precision,
        expected=_hoped(design),
        missed=stratified([others]) if known else None,
        rate=_rate(both) if both else None,
        recall=_recall(flagged, others) if known and flagged else None,
        next_rows=len(open_rows),
        next_wrong=_expected(design, open_rows, strata),
    )


def _hoped(design: Plan) -> float:
    known = design.is_probability and design.flagged.any()
    return float(design.wrong[design.flagged].mean()) if known else math.nan


def _answered(design: Plan, settled: Mapping[str, Settled], number: int) -> Stratum:
    """A stratum's answers up to the first row without one."""
    drawn = design.drawn(number)
    outcomes: list[str] = []
    for position in drawn.tolist():
        found = settled.get(design.ids[position])
        if found is None:
            break
        outcomes.append(found.outcome)
    wrong = sum(o in (RELABEL, DROP) for o in outcomes)
    sure = wrong + outcomes.count(KEEP)
    return Stratum(len(drawn), sure, wrong, len(outcomes) - sure)


def joined(strata: Sequence[Stratum]) -> list[Stratum]:
    """Strata with too few answers, joined to the one before (the first to the one after); none if all are too few."""
    out: list[Stratum] = []
    for s in strata:
        if out and (s.answers < FEWEST or out[-1].answers < FEWEST):
            last = out.pop()
            s = Stratum(*(a + b for a, b in zip(astuple(last), astuple(s), strict=True)))  # noqa: PLW2901
        out.append(s)
    return out if out and out[-1].answers >= FEWEST else []


def stratified(strata: Sequence[Stratum]) -> Share:
    """The share of wrong rows, sum W_h p_h with W_h the stratum's share of the rows, and Wilson's interval at the
    number of answers drawn from all rows alike that would be as exact (Korn and Graubard, Survey Methodology 1998, with
    Wilson's interval in place of Clopper's). Where all rows were looked at, all that is open is what those are that
    nobody is sure of: none of them wrong, or all."""
    weight = np.array([s.rows for s in strata], dtype=float) / sum(s.rows for s in strata)
    answers, wrong = (np.array([getattr(s, name) for s in strata], dtype=float) for name in ("answers", "wrong"))
    left = 1 - answers / np.array([s.rows for s in strata])  # what is known of all rows has no error
    share = float(weight @ (wrong / answers))
    near = (wrong + 0.5) / (answers + 1)  # a stratum whose answers are all alike is not known for certain
    variance = float((weight**2 * near * (1 - near) / answers) @ left)
    middle = float(weight @ near)
    size = 0.0 if variance == 0 else middle * (1 - middle) / variance
    low, high = (share, share) if variance == 0 else wilson(share * size, size)
    rows, unsure = (sum(getattr(s, name) for s in strata) for name in ("rows", "unsure"))
    if answers.sum() + unsure == rows:
        low, high = float(wrong.sum()) / rows, float(wrong.sum() + unsure) / rows
    return Share(share, low, high, int(answers.sum()))


def _rate(strata: Sequence[Stratum]) -> Share:
    """As `stratified`, with the interval by draws from each stratum's posterior under Jeffreys' prior: where a few wrong
    rows stand for most of the data, one interval that is as wide on both sides misses too often."""
    rng, rows = np.random.default_rng(0), sum(s.rows for s in strata)
    value = sum(s.rows * s.wrong / s.answers for s in strata) / rows
    return _within(value, np.sum([_draws(rng, s) for s in strata], axis=0) / rows, strata)


def _recall(flagged: Sequence[Stratum], others: Stratum) -> Share:
    """By draws as well, being a ratio of two measured counts."""
    rng = np.random.default_rng(0)
    hit = np.sum([_draws(rng, s) for s in flagged], axis=0)
    right, missed = sum(s.rows * s.wrong / s.answers for s in flagged), others.rows * others.wrong / others.answers
    value = right / (right + missed) if right + missed else 1.0
    return _within(value, hit / np.maximum(hit + _draws(rng, others), 1e-12), [*flagged, others])


def _within(value: float, drawn: np.ndarray, strata: Sequence[Stratum]) -> Share:
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return Share(value, min(low, value), max(high, value), sum(s.answers for s in strata))


def _draws(rng: np.random.Generator, s: Stratum) -> np.ndarray:
    """(DRAWS,) wrong rows of a stratum: those that were counted, and of the rest what the posterior predicts."""
    left = rng.binomial(s.rows - s.answers, rng.beta(s.wrong + 0.5, s.answers - s.wrong + 0.5, DRAWS))
    return np.asarray(s.wrong + left, dtype=float)


def _expected(design: Plan, rows: Sequence[int], strata: Sequence[Stratum]) -> float | None:
    """How many of some open rows are wrong: each by the share measured in its stratum, that of a flagged row drawn
    towards the share of all flagged rows by the weight of one answer; None where nothing was measured."""
    shares = {h: (s.wrong + 0.5) / (s.answers + 1) for h, s in enumerate(strata) if s.answers}
    flagged = [s for s in strata[:-1] if s.answers]
    if flagged:  # a stratum has few answers for long: one half would weigh more than they do
        pooled = (sum(s.wrong for s in flagged) + 0.5) / (sum(s.answers for s in flagged) + 1)
        shares |= {h: (s.wrong + pooled) / (s.answers + 1) for h, s in enumerate(strata[:-1])}
    wanted = design.stratum[list(rows)].tolist()
    return sum(shares[h] for h in wanted) if rows and set(wanted) <= set(shares) else None


def verified(design: Plan, settled: Mapping[str, Settled]) -> tuple[list[tuple[str, str]], int]:
    """(row, true label) of every row up to the first, in the order of the numbers at random over all rows, that nobody
    answered; and how many of those have no one label and are left out. The rows are a simple random sample of the data.
    """
    found: list[tuple[str, str]] = []
    unknown = 0
    for position in np.argsort(design.luck).tolist():
        answer = settled.get(design.ids[position])
        if answer is None:
            break
        if answer.outcome in (KEEP, RELABEL):
            found.append((answer.row, answer.label or design.given[position]))
        else:
            unknown += 1
    return found, unknown
