"""One reading of all rows for everything that needs their vectors: the nearest of them to each drawn row, and what is
said of their labels by what was learnt of the drawn ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.dataset import Dataset
from audit.evidence.backbone import Backbone
from audit.evidence.embeddings import Space, directions, fit
from audit.evidence.gather import GRAPH, Progress
from audit.large.drawn.judge import Judge, Known
from audit.large.drawn.near import TOGETHER, Asked, joined, nobody, tiles_of, with_tile
from audit.large.drawn.sampled import Sample
from audit.large.engine import Map
from audit.large.read.table import LargeData, LargeTable
from audit.large.read.tiles import TILE, Stretch, stretches
from audit.neighbours import Neighbours, nearest
from audit.noise.transfer import Others


@dataclass(frozen=True, eq=False)
class Placed:
    """Drawn rows in a space that is fitted to them."""

    rows: np.ndarray
    """(m,) positions among all rows, ascending."""
    own: Dataset
    space: Space
    vectors: np.ndarray
    """float32 (m, d)."""
    backbone: Backbone | None = None


def place(rows: np.ndarray, own: Dataset, seed: int, backbone: Backbone | None = None) -> Placed:
    """Fit a space to drawn rows; InputError where there is nothing to fit it to."""
    vectors, space = fit(own, seed=seed, backbone=backbone)
    if own.kind != "image":  # each of which was opened for that
        vectors = space(own)  # as all rows' are made, so that a row's copy lies where it lies
    return Placed(rows, own, space, vectors, backbone)


@dataclass(frozen=True, eq=False)
class Around:
    """What all rows are held against."""

    asked: Asked
    judge: Judge | None


@dataclass(frozen=True, eq=False)
class Here:
    """Some rows, and what is known of them from elsewhere where they are to be judged."""

    stretch: Stretch
    known: Known | None


@dataclass(frozen=True, eq=False)
class Seen:
    """What was found among them."""

    near: Neighbours
    said: Others | None


@dataclass(frozen=True, eq=False)
class Said:
    """What is said of the labels of all rows; of those that were not judged, NaN."""

    score: np.ndarray
    """float32 (n,) probability that the label is right: what is near 0 is what is told apart."""
    suggested: np.ndarray
    """(n,) the most probable other class among those that were learnt."""
    probability: np.ndarray
    """float32 (n,) that it is the true one."""
    pairs: np.ndarray
    """(K, K) expected rows given as the first class whose true class is the second."""


def look_around(
    data: LargeData,
    placed: Placed,
    run: Map,
    progress: Progress,
    judge: Judge | None = None,
    known: Known | None = None,
) -> tuple[Sample, Said | None]:
    """The nearest of all rows to each drawn one, exactly; and what the judge says of the rows that are `known`.

    Args:
        data: all rows.
        placed: the drawn ones.
        run: an engine.
        progress: told of (what, done, total).
        judge: what was learnt of the labels of drawn rows.
        known: (n,) of all rows.
    """
    centre = None if placed.own.kind == "table" else placed.vectors.mean(axis=0)
    queries = placed.vectors if centre is None else directions(placed.vectors, centre)
    among = nearest(queries, GRAPH).distances  # among all rows the k-th is no farther
    bound = among[:, -1] if among.shape[1] == GRAPH else np.full(len(queries), np.inf)
    asked = Asked(placed.space, centre, data.head, queries, placed.rows, bound, GRAPH)
    near, said = nobody(asked), None if judge is None else _nothing(data.table.rows, judge.classes)
    found = run(functools.partial(look, Around(asked, judge)), _items(data.table, known))
    for item, seen in zip(_items(data.table, known), found, strict=True):
        near = joined(near, seen.near)
        if said is not None and seen.said is not None:
            _put(said, item.stretch, seen.said)
        progress("neighbours", item.stretch.stop, data.table.rows)
    near = near.first(min(GRAPH, data.table.rows - 1))
    return Sample(data, placed.rows, placed.own, asked, near), said


def _items(table: LargeTable, known: Known | None) -> Iterator[Here]:
    for stretch in stretches(table, TOGETHER * TILE):
        here = slice(stretch.start, stretch.stop)
        yield Here(stretch, None if known is None else Known(known.labels[here], known.block[here]))


def look(around: Around, here: Here) -> Seen:
    """One stretch, tile by tile."""
    asked, stretch = around.asked, here.stretch
    near, parts = nobody(asked), []
    for tile, vectors, base in tiles_of(asked, stretch):
        near = with_tile(asked, near, base, tile.start)
        if around.judge is not None and here.known is not None:
            own = slice(tile.start - stretch.start, tile.stop - stretch.start)
            parts.append(around.judge(vectors, Known(here.known.labels[own], here.known.block[own])))
    return Seen(near, _together(parts) if parts else None)


def _together(parts: list[Others]) -> Others:
    def column(name: str) -> Any:
        return np.concatenate([getattr(p, name) for p in parts])

    return Others(column("wrong"), column("suggested"), column("probability"), np.sum([p.pairs for p in parts], axis=0))


def _nothing(n: int, classes: int) -> Said:
    gone = np.full((2, n), np.nan, "float32")
    return Said(gone[0], np.zeros(n, np.min_scalar_type(classes)), gone[1], np.zeros((classes, classes)))


def _put(said: Said, stretch: Stretch, others: Others) -> None:
    here = slice(stretch.start, stretch.stop)
    said.score[here], said.suggested[here] = 1 - others.wrong, others.suggested
    said.probability[here] = others.probability
    said.pairs[:] += others.pairs
