"""Which rows the map shows, and where they lie on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.evidence.gather import Evidence
from audit.projection import SCALE, Projection
from audit.report import Issues

ROWS = 2000
"""Rows that a map shows at most."""
FLAGGED = 1000
"""Of these the worst flagged ones at most, taken from each check in turn."""
FEWEST = 50
EMBEDDED = ("duplicates", "labels", "leakage", "non_iid", "outliers", "valuation")
"""Checks that look at the embeddings: where none of them could be carried out, no map is worth embedding for."""


def project(evidence: Evidence, found: Mapping[str, Issues]) -> Projection | None:
    """Place the worst flagged rows of every check, and others drawn from each class by its share, in the plane.

    None where no check looked at embeddings, where there are fewer than `FEWEST` rows, or where all have the same place.
    """
    ran = any(check in found and found[check].status == "ran" for check in EMBEDDED)
    data = evidence.data
    if not ran or len(data) < FEWEST:
        return None
    chosen = sampled(data, found, evidence.seed)
    places, trust = evidence.plane(chosen)
    if trust is None:
        return None
    return Projection(whole(places, data.rows[chosen]), len(data), round(trust, 4), evidence.made_of)


def whole(places: np.ndarray, rows: pd.Index) -> pd.DataFrame:
    """Places (m, 2) as a Projection keeps them, by row."""
    low, side = places.min(axis=0), float(np.ptp(places, axis=0).max())
    return pd.DataFrame(np.round((places - low) / side * SCALE).astype("int16"), index=rows, columns=["x", "y"])


def sampled(data: Dataset, found: Mapping[str, Issues], seed: int, most: int = ROWS) -> np.ndarray:
    """(m,) positions, ascending, as `chosen` by what the checks found."""
    flagged = [_places(data.rows, i.findings.index[: min(FLAGGED, most // 2)]) for i in found.values()]
    return chosen(data, flagged, seed, most)


def chosen(data: Dataset, flagged: Iterable[Sequence[int]], seed: int, most: int = ROWS) -> np.ndarray:
    """(m,) positions, ascending: all rows if there are at most `most`, else the worst of each check and a draw of the
    others, each class by its share.

    Args:
        data: the rows.
        flagged: of each check the positions that it flags, worst first; -1 for what is not among the rows.
        seed: by which the others are drawn.
        most: rows at most.
    """
    n = len(data)
    if n <= most:
        return np.arange(n)
    worst = _worst(flagged, min(FLAGGED, most // 2))
    others = np.setdiff1d(np.arange(n), worst)
    drawn = np.random.default_rng(seed).permutation(others)
    if data.roles.label is not None:
        # each class in the order drawn, all classes side by side: the first m hold each by its share
        labels = pd.Series(data.labels[drawn])
        turn = (labels.groupby(labels).cumcount() + 0.5) / labels.map(labels.value_counts())
        drawn = drawn[np.argsort(turn.to_numpy(), kind="stable")]
    return np.sort(np.concatenate([worst, drawn[: most - len(worst)]]))


def _worst(flagged: Iterable[Sequence[int]], most: int) -> np.ndarray:
    """(m,) positions of the worst findings, from each check in turn."""
    lines = [(rank, p) for positions in flagged for rank, p in enumerate(positions[:most])]
    order = [p for _, p in sorted(lines, key=lambda line: line[0]) if p >= 0]
    return np.array(list(dict.fromkeys(order))[:most], dtype=np.int64)


def _places(rows: pd.Index, some: pd.Index) -> list[int]:
    """Where `some` lie among `rows`, -1 for those that do not; ids of mixed kinds come back from a cache as text."""
    at = rows.get_indexer(some)
    if (at < 0).any():
        at = np.maximum(at, rows.astype(str).get_indexer(some.astype(str)))
    return [int(p) for p in at]
