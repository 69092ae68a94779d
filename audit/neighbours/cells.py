"""Nearest neighbours beyond brute force: k-means cuts the space into cells, and few of them are looked at.

The rows of the cells nearest to a query are scanned as product codes of 2 bits a column (Jégou, Douze, Schmid: Product
quantization for nearest neighbor search, 2011), more are kept than are wanted, and their distances computed from the
vectors. The number of cells is raised until a sample of the queries finds the share of its true neighbours that is asked
for. Where codes so short never do, vectors are scanned; where that takes too many cells, brute force is as quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.neighbours.brute import Centred, flat
from audit.neighbours.look import k_means
from audit.neighbours.rerank import reranked

SAMPLE = 500
"""Queries by which the recall is measured."""
SURE = 1.645
"""Standard errors by which the recall on the sample must exceed what is asked for: one-sided, 95 %."""
CELLS = 2.0
"""Cells, in square roots of the number of rows."""
PER_CELL, ROUNDS = 40, 6
"""Rows for each cell by which k-means places them, and its rounds, for cells and for codes."""
DEPTH = 4
"""Candidates by codes for each one wanted."""
FEWEST_COLUMNS, FEWEST_ROWS = 16, 1000
"""With fewer columns codes of 2 bits a column tell too little apart, from fewer rows they are learnt badly, and either
way vectors are as quick to scan."""
MOST_BY_CODES, MOST_BY_VECTORS = 0.25, 0.1
"""Share of the cells above which a scan takes longer than matrix products with every row."""


@dataclass(frozen=True, eq=False)
class Found:
    """Candidates, (m, c) positions, and how many of the true neighbours are among them."""

    candidates: np.ndarray
    recall: float
    how: str


def by_cells(points: Centred, want: int, k: int, own: np.ndarray | None, recall: float) -> Found | None:
    """`want` candidates for each query, such that a share `recall` of the k nearest is among them; None where brute
    force finds them as quickly.

    Args:
        points: base (n, d) and queries (m, d).
        want: candidates for each query.
        k: neighbours that will be kept of them.
        own: (m,) the row of the base that a query is, which is not its neighbour.
        recall: the share to find, in (0, 1].
    """
    points = _even(points)
    whole = flat(points.base)
    rows = np.sort(np.random.default_rng(0).permutation(len(points.asked))[:SAMPLE])
    sample, mine = points.asked[rows], None if own is None else own[rows]
    truth = reranked(points.base, sample, whole.search(sample, want)[1], k, mine).distances
    for index, how in _ways(points.base, whole):
        guess = reranked(points.base, sample, index.search(sample, want)[1], k, mine).distances
        hits = (guess <= truth[:, -1:]).mean(axis=1)
        if hits.mean() - SURE * hits.std() / len(hits) ** 0.5 >= recall:
            found = _filled(index, whole, points.asked, want)
            return Found(found, float(hits.mean()), f"{how}; measured on {len(rows):,} rows")
    return None


def _filled(index: Any, whole: Any, asked: np.ndarray, want: int) -> np.ndarray:
    """What the index finds, and by brute force what it finds in cells of too few rows."""
    found = np.asarray(index.search(asked, want)[1])
    lost = np.flatnonzero((found < 0).any(axis=1))
    if len(lost):
        found[lost] = whole.search(asked[lost], want)[1]
    return found


def _ways(base: np.ndarray, whole: Any) -> Iterator[tuple[Any, str]]:
    """Indexes ready to search, from quick to sure, and what they are in words."""
    import faiss

    n, d = base.shape
    count = max(1, int(CELLS * n**0.5))
    centres = flat(k_means(base, count, PER_CELL, ROUNDS))
    steps = [round(2 ** (i / 3)) for i in range(9, 100)]  # 8, 10, 13, 16, 20, ...
    if d >= FEWEST_COLUMNS and n >= FEWEST_ROWS:
        codes = faiss.IndexIVFPQFastScan(centres, d, count, d // 2, 4)
        codes.by_residual = False  # else a table of distances is computed for each query and cell, not each query
        codes.implem = 10  # a query at a time: cells of some hundred rows are too short to gain by batching
        codes.pq.cp.niter = ROUNDS
        codes.train(base)
        codes.add(base)
        refined = faiss.IndexRefine(codes, whole)
        refined.k_factor = DEPTH
        for codes.nprobe in (p for p in steps if p <= MOST_BY_CODES * count):
            yield refined, f"{codes.nprobe:,} of {count:,} cells, short codes"
    vectors = faiss.IndexIVFFlat(centres, d, count)
    vectors.add(base)
    for vectors.nprobe in (p for p in steps if p <= MOST_BY_VECTORS * count):
        yield vectors, f"{vectors.nprobe:,} of {count:,} cells"


def _even(points: Centred) -> Centred:
    """A column of zeros more where their number is odd: a code is of two columns."""
    if points.base.shape[1] % 2 == 0:
        return points
    base = np.pad(points.base, ((0, 0), (0, 1)))
    return Centred(base, base if points.asked is points.base else np.pad(points.asked, ((0, 0), (0, 1))))
