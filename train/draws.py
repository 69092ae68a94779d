"""Draws: which rows a seed trains on at each size, what its own audit finds in them, and what each variant makes of it.

Every (size, seed) draw is audited by itself: a cleaner that has seen rows beyond the draw knows what nobody with that
many rows can know, and was measured to flip the sign of the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.dataset import Dataset, Roles
from audit.errors import InputError, Undecided
from audit.evidence import Evidence, Given
from audit.report import Report
from audit.run import audit
from train.rng import key, numpy_generator
from train.variants import Variant

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


def audit_draw(data: Dataset, vectors: np.ndarray, positions: np.ndarray, seed: int) -> tuple[Dataset, Report]:
    """The part of a draw that can be audited, as a dataset, and its audit for label errors and copies on embeddings
    that know no labels. Rows of classes too rare in this draw are in neither."""
    draw = data.take(data.rows[positions])
    audited = _learnable(draw, vectors[positions])
    if len(np.unique(draw.labels[audited])) < 2:
        raise InputError(
            f"{data.name}: {len(draw):,} rows have fewer than two classes with {FEWEST_OF_A_CLASS} rows; draw larger sizes"
        )
    part = draw.take(draw.rows[audited])
    given = Given(embeddings=vectors[positions[audited]])
    report = audit(part, checks=("labels", "duplicates"), given=given, seed=key(seed, "folds") % 2**31)
    if report.errors:
        why = report.errors[0].why
        raise Undecided(f"{data.name}: a draw of {len(draw):,} rows (seed {seed}) cannot be audited: {why}")
    return part, report


def _learnable(draw: Dataset, vectors: np.ndarray) -> np.ndarray:
    """(n,) the rows of classes that lie in at least two blocks of rows and have enough rows."""
    together = Evidence(draw, given=Given(embeddings=vectors)).together
    enough = [
        (draw.labels == k).sum() >= FEWEST_OF_A_CLASS and len(np.unique(together[draw.labels == k])) >= 2
        for k in range(len(draw.classes))
    ]
    return np.asarray(np.array(enough)[draw.labels])


def treated(variant: Variant, data: Dataset, positions: np.ndarray, part: Dataset, report: Report, seed: int) -> Rows:
    """The draw's rows as the variant leaves them."""
    patch = variant.treat(part, report, seed)
    rows = data.rows[positions]
    labels = data.labels[positions].copy()
    given = np.ones(len(positions)) if data.weights is None else data.weights[positions]
    weights = given.copy()
    number = {str(c): i for i, c in enumerate(data.classes)}
    for row, to in patch.rows("relabel")["to"].items():
        labels[rows.get_loc(row)] = number[to]
    weight = patch.rows("weight")["weight"]
    weights[rows.get_indexer(weight.index)] *= weight.to_numpy()
    stays = ~rows.isin(patch.rows("drop").index)
    changed = ~stays | (labels != data.labels[positions]) | (weights != given)
    return Rows(positions[stays], labels[stays], weights[stays], int(changed.sum()), len(positions) - len(part))
