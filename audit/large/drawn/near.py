"""The nearest of all rows to some rows, without all rows' vectors: exact distances, a tile of rows at a time."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from audit.dataset import Dataset
from audit.evidence.embeddings import Space, directions
from audit.evidence.gather import Progress
from audit.large.engine import Map
from audit.large.read.table import LargeTable, frame_of
from audit.large.read.tiles import TILE, Stretch, slabs, stretches
from audit.neighbours import Neighbours
from audit.neighbours.bounds import STEP
from audit.neighbours.brute import Centred, by_faiss
from audit.neighbours.rerank import SPARE, blocks

AT_ONCE = 1 << 11
"""Rows whose vectors are made at a time: a text's words and signs take far more memory than its vector."""
PICTURES_AT_ONCE = 1 << 8
"""The same where a cell may hold a whole picture."""
TOGETHER = 8
"""Tiles that a worker takes at a time: those after the first need look at no row beyond what the first found."""
QUERIES = 256
"""Queries held against a tile at a time."""
CROWDED = 1 << 12
"""Candidates a query from which on only the nearest are taken: so many rows are equally near that any will do."""
PAIRS = 1 << 14
"""Distances computed at a time."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Whose neighbours are sought, and how rows become vectors."""

    space: Space
    centre: np.ndarray | None
    """Where vectors are compared by direction: from where."""
    head: Dataset
    """Whose roles the rows have."""
    queries: np.ndarray
    """float32 (m, d)."""
    own: np.ndarray
    """(m,) the row that each is, which is not its neighbour."""
    bound: np.ndarray
    """(m,) a distance within which k other rows are known to lie, or infinity."""
    k: int
    tile: int = TILE
    """Rows held against the queries at a time."""

    @property
    def columns(self) -> list[str]:
        """The columns that vectors are made of."""
        roles = self.head.roles
        return [c for c in (roles.text, roles.image, *roles.features) if c is not None]

    @property
    def at_once(self) -> int:
        """Rows whose vectors are made at a time."""
        return at_once(self.head)

    def vectors(self, data: Dataset) -> np.ndarray:
        """float32 (n, d) as they are compared."""
        made = self.space(data)
        return made if self.centre is None else directions(made, self.centre)


def at_once(head: Dataset) -> int:
    """Rows whose vectors are made at a time."""
    return PICTURES_AT_ONCE if head.kind == "image" else AT_ONCE


def nearest_rows(asked: Asked, table: LargeTable, run: Map, progress: Progress) -> Neighbours:
    """The k nearest of all rows to each query but itself, by distance in float64, ties by row: (m, k)."""
    near = nobody(asked)
    found = run(functools.partial(near_here, asked), stretches(table, TOGETHER * asked.tile))
    for stretch, part in zip(stretches(table, TOGETHER * asked.tile), found, strict=True):
        near = joined(near, part)
        progress("neighbours", stretch.stop, table.rows)
    kept = min(asked.k, table.rows - 1)
    return near.first(kept)


def near_here(asked: Asked, stretch: Stretch) -> Neighbours:
    """The nearest of a stretch's rows; where it has too few, -1 at an infinite distance."""
    near = nobody(asked)
    for here, _, base in tiles_of(asked, stretch):
        near = with_tile(asked, near, base, here.start)
    return near


def tiles_of(asked: Asked, stretch: Stretch) -> Iterator[tuple[Stretch, np.ndarray, np.ndarray]]:
    """A stretch tile by tile: with its rows' vectors, and these as they are compared."""
    raw = replace(asked, centre=None)
    for start in range(stretch.start, stretch.stop, asked.tile):
        here = replace(stretch, start=start, stop=min(start + asked.tile, stretch.stop))
        made = vectors_of(raw, here)
        yield here, made, made if asked.centre is None else directions(made, asked.centre)


def nobody(asked: Asked) -> Neighbours:
    """No neighbours yet: -1 at an infinite distance."""
    shape = (len(asked.own), asked.k)
    return Neighbours(np.full(shape, -1, np.int64), np.full(shape, np.inf))


def vectors_of(asked: Asked, stretch: Stretch) -> np.ndarray:
    """float32 (n, d) of a stretch's rows, made `AT_ONCE` at a time."""
    made = []
    roles = replace(asked.head.roles, label=None, id=None, group=None, split=None, weight=None)
    for start, rows in slabs(stretch, asked.columns, asked.at_once):
        frame = frame_of(rows, stretch.parts[0].path, start)
        made.append(asked.vectors(replace(asked.head, table=frame, roles=roles, classes=())))
    return np.concatenate(made)


def with_tile(asked: Asked, near: Neighbours, base: np.ndarray, start: int) -> Neighbours:
    """With the rows of a tile: those that a product in float32 does not show to be too far, their distances in float64."""
    tile, own = _Tile.of(base, asked.queries), asked.own - start
    parts = []
    for here in blocks(len(own), QUERIES):
        mine = Neighbours(near.indices[here], near.distances[here])
        who, row = _candidates(tile, here, np.minimum(asked.bound[here], mine.distances[:, -1]), own[here], asked.k)
        parts.append(_with_pairs(mine, who, row + start, _distances(base, asked.queries[here], who, row)))
    return Neighbours(np.concatenate([p.indices for p in parts]), np.concatenate([p.distances for p in parts]))


@dataclass(frozen=True, eq=False)
class _Tile:
    """Rows and queries as factors of one product that is never less than what their distance makes of it."""

    points: Centred
    sizes: np.ndarray
    """float32 (m,) the queries' squared lengths, less what rounding may add; infinite where float32 does not hold them."""
    columns: np.ndarray
    """float32 (d + 1, n): the rows, and minus half of their squared lengths, less what rounding may add."""
    slack: float
    """Of the sum of two rows' squared lengths: how wrong their squared distance may be."""

    @classmethod
    def of(cls, base: np.ndarray, queries: np.ndarray) -> _Tile:
        # about what most queries are near to: one far row would move a mean, and cost all others their digits
        middle = np.median(queries[:QUERIES], axis=0).astype("float32")
        points = Centred(np.ascontiguousarray(base - middle), np.ascontiguousarray(queries - middle))
        slack = 4 * (base.shape[1] + 12) * STEP
        with np.errstate(over="ignore"):
            sizes, lengths = (np.einsum("nd,nd->n", x, x) * np.float32(1 - slack) for x in (points.asked, points.base))
        return cls(points, sizes, np.ascontiguousarray(np.hstack([points.base, lengths[:, None] / -2]).T), slack)


def _candidates(tile: _Tile, here: slice, reach: np.ndarray, own: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (query of `here`, row of the tile), query by query, among which are each query's nearest k rows but its own
    that are not beyond its reach (q,). Where nearly all rows are equally near, k of them."""
    queries, sizes = tile.points.asked[here], tile.sizes[here]
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 does not hold is measured
        products = np.hstack([queries, np.ones((len(sizes), 1), "float32")]) @ tile.columns
        floor = np.where(np.isfinite(sizes), (sizes - reach**2) / 2, -np.inf).astype("float32")
        close = ~(products < np.nextafter(floor, np.float32(-np.inf))[:, None])
        if np.count_nonzero(close) > CROWDED * len(sizes):
            found = by_faiss(Centred(tile.points.base, queries), min(len(tile.points.base), k + SPARE + 1))[1]
            who, row = np.repeat(np.arange(len(sizes)), found.shape[1]), found.ravel()
            return who[row != own[who]], row[row != own[who]]
        who, row = np.divmod(np.flatnonzero(close), len(tile.points.base))
        who, row = who[row != own[who]], row[row != own[who]]
        least = sizes[who] - 2 * products[who, row]
        most = least + 2 * tile.slack / (1 - tile.slack) * (sizes[who] - 2 * tile.columns[-1, row])
    kept = ~(least > _kth(who, np.where(np.isnan(most), np.inf, most), k))
    return who[kept], row[kept]


def _distances(base: np.ndarray, queries: np.ndarray, who: np.ndarray, row: np.ndarray) -> np.ndarray:
    """float64 distances of pairs of a query and a row."""
    distance = np.empty(len(who))
    for part in blocks(len(who), PAIRS):
        gap = base[row[part]].astype("float64")
        gap -= queries[who[part]]
        distance[part] = np.sqrt(np.einsum("pd,pd->p", gap, gap))
    return distance


def _kth(who: np.ndarray, gap: np.ndarray, k: int) -> np.ndarray:
    """For each pair the k-th smallest value of its query's, infinite where there are fewer; pairs come query by query."""
    order = np.lexsort((gap, who))
    heads = np.flatnonzero(np.diff(who, prepend=-1))
    sizes = np.diff(np.append(heads, len(who)))
    kth = np.where(sizes >= k, gap[order][np.minimum(heads + k, len(who)) - 1], np.inf) if len(who) else gap
    return np.repeat(kth, sizes)


def _with_pairs(near: Neighbours, who: np.ndarray, row: np.ndarray, distance: np.ndarray) -> Neighbours:
    """With other rows for some queries. The order of candidates is total, so neither their order nor how they are
    grouped matters."""
    touched, place = np.unique(who, return_inverse=True)
    k = near.indices.shape[1]
    whose = np.concatenate([np.repeat(np.arange(len(touched)), k), place])
    indices = np.concatenate([near.indices[touched].ravel(), row])
    distances = np.concatenate([near.distances[touched].ravel(), distance])
    order = np.lexsort((indices, distances, whose))
    heads = np.flatnonzero(np.diff(whose[order], prepend=-1))
    best = order[heads[:, None] + np.arange(k)]
    both = near.indices.copy(), near.distances.copy()
    both[0][touched], both[1][touched] = indices[best], distances[best]
    return Neighbours(*both)


def joined(near: Neighbours, more: Neighbours) -> Neighbours:
    """The nearest of both."""
    m, k = near.indices.shape
    return _with_pairs(near, np.repeat(np.arange(m), k), more.indices.ravel(), more.distances.ravel())
