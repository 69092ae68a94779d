"""Draws: which rows a seed trains on at each size, what its own audit finds in them, and what each variant makes of it.

Every (size, seed) draw is audited by itself: a cleaner that has seen rows beyond the draw knows what nobody with that
many rows can know, and was measured to flip the sign of the verdict.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.dataset import Dataset, Roles
from audit.errors import InputError, Undecided
from audit.evidence.cache import Cache
from audit.evidence.gather import Evidence
from audit.evidence.given import Given
from audit.expected import Expected, expected
from audit.report import Card, Report
from audit.run import audit
from train.fit.rng import key, numpy_generator
from train.grid.variants import Treat, Variant

ONE_FOLDING = {"labels": {"seeds": 1}}
"""Nobody looks at a draw's rows one by one, so their stability is not tried."""
FEWEST_OF_A_CLASS = 3
"""Rows of classes with fewer in a draw are not audited and stay as they are: nothing could be learnt of them."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What one variant trains on: positions in the pool, and a label and a weight for each."""

    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    edits: int
    """Rows of the draw that were dropped, or have another label or weight."""
    unaudited: int
    """Rows of the draw whose class is too rare in it to be audited; they stay as they are."""
    noise: float | None = None
    """The share of these rows whose label is not the true one, where that is known."""
    flags: Expected | None = None
    """What the draw's audit says of its flags."""
    repair_seconds: float = 0.0
    """What auditing the draw took, once for all its variants, and this variant's treatment."""


@dataclass(frozen=True, eq=False)
class Audited:
    """The part of some rows that can be audited, and its audit."""

    part: Dataset
    report: Report


def rows_of(
    data: Dataset,
    vectors: np.ndarray,
    size: int,
    seed: int,
    variants: Sequence[Variant],
    whole: Audited | None = None,
    truth: str | None = None,
) -> dict[str, Rows]:
    """What each variant trains on of one draw, by the variant's name.

    Args:
        data: the pool, light (`light`).
        vectors: (n, d) its embeddings.
        size: rows drawn.
        seed: of the draw, its folds and its treatments.
        variants: which ones; the draw is audited once for all of them.
        whole: the audit of the whole pool, for variants whose cleaner saw it.
        truth: a column of `data` with the true labels.
    """
    start = time.perf_counter()
    positions = order(data.labels, seed)[:size]
    own = audited(data, vectors, positions, seed)
    took = time.perf_counter() - start
    made: dict[tuple[Treat, str], Rows] = {}
    for variant in variants:  # versions that differ in augmentation alone have the same rows
        if (variant.treat, variant.cleaner) in made:
            continue
        start = time.perf_counter()
        by = own if variant.cleaner == "draw" else _seen_whole(own, whole)
        rows = treated(variant, data, positions, by.part, by.report, seed)
        noise = None if truth is None else noise_of(data, rows.positions, truth, rows.labels)
        rows = replace(rows, noise=noise, flags=expected(by.report), repair_seconds=took + time.perf_counter() - start)
        made[variant.treat, variant.cleaner] = rows
    return {v.name: made[v.treat, v.cleaner] for v in variants}


def _seen_whole(own: Audited, whole: Audited | None) -> Audited:
    """The draw's rows with what the audit of the whole pool says of them."""
    if whole is None:
        raise InputError("a variant whose cleaner saw the whole pool needs the audit of the whole pool")
    part = own.part.take(own.part.rows[own.part.rows.isin(whole.part.rows)])
    checks = {
        name: replace(
            found,
            scores=found.scores[found.scores.index.isin(part.rows)],
            findings=found.findings[found.findings.index.isin(part.rows)],
        )
        for name, found in whole.report.checks.items()
    }
    return Audited(part, replace(whole.report, dataset=Card.of(part), checks=checks, _rows=part.rows))


def noise_of(data: Dataset, positions: np.ndarray, truth: str, labels: np.ndarray | None = None) -> float:
    """The share of these rows whose label, their given one by default, is not what the column of true labels says."""
    names = np.array([str(c) for c in data.classes], dtype=object)
    own = data.labels[positions] if labels is None else labels
    true = data.table[truth].map(str).to_numpy(dtype=object)[positions]
    return float((names[own] != true).mean()) if len(true) else 0.0


def order(labels: np.ndarray, seed: int) -> np.ndarray:
    """A permutation of the rows whose every prefix has each class in about its share; a size's draw is its prefix."""
    rng = numpy_generator(seed, "draw")
    place = np.empty(len(labels))
    for k in np.unique(labels):
        mine = np.flatnonzero(labels == k)
        shuffled = rng.permutation(mine)
        # row j of n_k stands at (j + u) / n_k of the way, so that classes interleave in proportion
        place[shuffled] = (np.arange(len(mine)) + rng.random(len(mine))) / len(mine)
    return np.argsort(place, kind="stable")


def light(data: Dataset, keep: Sequence[str] = ()) -> Dataset:
    """The rows with their label, group and weight and nothing else: with embeddings at hand an audit for label errors
    needs no more, and copies of a row are seen by theirs: equal rows have equal embeddings."""
    roles = Roles(label=data.roles.label, group=data.roles.group, weight=data.roles.weight)
    columns = list(dict.fromkeys([*roles.columns(), *keep]))
    return Dataset(data.name, data.table[columns], roles, data.classes)


def audited(data: Dataset, vectors: np.ndarray, positions: np.ndarray, seed: int) -> Audited:
    """The part of a draw that can be audited, as a dataset, and its audit for label errors and copies on embeddings
    that know no labels. Rows of classes too rare in this draw are in neither."""
    draw, folds, cache = data.take(data.rows[positions]), key(seed, "folds") % 2**31, Cache()
    audited = _learnable(Evidence(draw, given=Given(embeddings=vectors[positions]), seed=folds, cache=cache))
    if len(np.unique(draw.labels[audited])) < 2:
        raise InputError(f"{data.name}: {_why_none(draw)}; draw larger sizes")
    part = draw.take(draw.rows[audited])
    given = Given(embeddings=vectors[positions[audited]])
    # where all rows can be audited, the neighbours are those just found
    report = audit(part, checks=("labels", "duplicates"), given=given, options=ONE_FOLDING, seed=folds, cache=cache)
    if report.errors:
        why = report.errors[0].why
        raise Undecided(f"{data.name}: a draw of {len(draw):,} rows (seed {seed}) cannot be audited: {why}")
    return Audited(part, report)


def _learnable(evidence: Evidence) -> np.ndarray:
    """(n,) the rows of classes that lie in at least two blocks of rows and have enough rows."""
    draw, together = evidence.data, evidence.together
    enough = [
        (draw.labels == k).sum() >= FEWEST_OF_A_CLASS and len(np.unique(together[draw.labels == k])) >= 2
        for k in range(len(draw.classes))
    ]
    return np.asarray(np.array(enough)[draw.labels])


def _why_none(draw: Dataset) -> str:
    """Why no two classes of a draw can be audited."""
    counts = np.bincount(draw.labels, minlength=len(draw.classes))
    if (counts >= FEWEST_OF_A_CLASS).sum() < 2:
        return f"{len(draw):,} rows have fewer than two classes with {FEWEST_OF_A_CLASS} rows"
    apart = "two different rows" if draw.roles.group is None else f"rows of two groups (column {draw.roles.group!r})"
    return f"{len(draw):,} rows have fewer than two classes with {apart}, to learn from the one about the other"


def treated(variant: Variant, data: Dataset, positions: np.ndarray, part: Dataset, report: Report, seed: int) -> Rows:
    """The draw's rows as the variant leaves them."""
    patch = variant.treat(part, report, seed)
    rows = data.rows[positions]
    labels = data.labels[positions].copy()
    given = np.ones(len(positions)) if data.weights is None else data.weights[positions]
    weights = given.copy()
    number = {str(c): i for i, c in enumerate(data.classes)}
    to = patch.rows("relabel")["to"]
    labels[rows.get_indexer(to.index)] = [number[name] for name in to]
    weight = patch.rows("weight")["weight"]
    weights[rows.get_indexer(weight.index)] *= weight.to_numpy()
    stays = ~rows.isin(patch.rows("drop").index)
    changed = ~stays | (labels != data.labels[positions]) | (weights != given)
    return Rows(positions[stays], labels[stays], weights[stays], int(changed.sum()), len(positions) - len(part))
