"""The map of an audit by blocks: of its drawn rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from audit.evidence.gather import Progress
from audit.evidence.layout import plane
from audit.evidence.project import FEWEST, chosen, whole
from audit.large.drawn.sampled import Sample
from audit.large.found import Streamed
from audit.large.read.table import LargeData
from audit.projection import Projection


def project(
    sample: Sample, found: dict[str, Streamed], seed: int, progress: Progress
) -> tuple[Projection | None, dict[str, Streamed]]:
    """Place drawn rows in the plane, by the vectors that they have already: the worst flagged ones of every check, and
    others of each class by its share. With what was found, to which the findings of the placed rows are added.

    None where fewer than `FEWEST` rows were drawn, or where all have the same place.
    """
    if len(sample.rows) < FEWEST:
        return None, found
    flagged = [np.searchsorted(sample.rows, _among(sample.rows, s.flagged)).tolist() for s in found.values()]
    shown = chosen(sample.own, flagged, seed)
    progress("map", 0, 1)
    places, trust = plane(sample.asked.queries[shown])
    progress("map", 1, 1)
    if trust is None:
        return None, found
    placed = whole(places, sample.own.rows[shown])
    made_of, rows = sample.made_of, sample.data.table.rows
    projection = Projection(placed, rows, round(trust, 4), made_of, drawn=len(sample.rows))
    return projection, {name: _with_findings(s, sample.data, sample.rows[shown]) for name, s in found.items()}


def _with_findings(streamed: Streamed, data: LargeData, positions: np.ndarray) -> Streamed:
    """With the findings of all flagged rows among some positions, ascending: the report may have the worst only."""
    here, known = _among(positions, streamed.flagged), streamed.issues.findings
    more = here[~data.rows[here].isin(known.index)]
    if not len(more):
        return streamed
    return replace(streamed, issues=replace(streamed.issues, findings=pd.concat([known, streamed.lines(more)])))


def _among(rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The positions that are among the rows, which ascend; in the order given."""
    at = np.searchsorted(rows, positions).clip(max=len(rows) - 1)
    return np.asarray(positions[rows[at] == positions])
