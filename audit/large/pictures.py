"""What pictures take, and the rows whose picture cannot be opened: they are in no check but those of all rows, so
probabilities are taken without them, and what was found among the others is put back among all."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError
from audit.evidence.backbone import Backbone, BackboneSpace
from audit.evidence.embeddings import DIMENSIONS
from audit.large.drawn.sampled import Sample
from audit.large.every.labels import refuse_sums
from audit.large.found import Column, Streamed
from audit.large.read.probabilities import Brought
from audit.large.read.table import LargeData
from audit.stream.source import Read

KINDS = {"b": "boolean", "i": "Int64", "u": "Int64"}
"""What holds a missing value beside a flag or a number, as a report's tables do."""
DECODED = 128 << 20
"""Bytes of one picture of up to 30 million pixels while it is opened: pictures are opened one after the other."""
ROW_BYTES = 40
"""Of a row's id, label and hashes once more, without the rows whose picture cannot be opened."""
PAGED = 2_000
"""Rows that the pages show, at most about so many, whose cells may be whole pictures."""
NETWORK, WEIGHTS = 768 << 20, 4
"""Of torch, once it is imported; and so many times the size of a backbone's file while it is loaded and looks."""


def picture_bytes(data: LargeData) -> int:
    """About what an audit by blocks holds more where rows are pictures."""
    table = data.table
    return 0 if data.head.roles.image is None else DECODED + ROW_BYTES * table.rows + PAGED * table.bytes // table.rows


def backbone_bytes(data: LargeData, backbone: Backbone | None) -> int:
    """The same where a network looks at them; InputError where it is none, or has nothing to look at."""
    if backbone is None:
        return 0
    if data.head.kind != "image":
        raise InputError(f"{data.table.path}: a backbone looks at pictures, and this is {data.head.kind} data")
    BackboneSpace.of(backbone)
    return NETWORK + WEIGHTS * backbone.weights.stat().st_size


def width(backbone: Backbone | None) -> int:
    """Columns of a vector, at most."""
    return DIMENSIONS if backbone is None else BackboneSpace.of(backbone).width


def unopened(head: Dataset) -> Dataset:
    """The first rows with a dot in place of each picture: where nobody looks at them nobody need open them."""
    return head if head.roles.image is None else replace(head, images=np.zeros((len(head), 1, 1, 1), np.uint8))


def brought_for(brought: Brought, out: np.ndarray) -> Brought:
    """The probabilities without the rows at some positions, ascending. These too are refused if they do not sum to 1."""
    if not len(out):
        return brought
    source = brought.source

    def blocks(step: int) -> Iterator[tuple[int, Read]]:
        ends = chain(source.blocks(step), [(source.rows, None)])
        for (start, read), (stop, _) in pairwise(ends):
            low, high = np.searchsorted(out, [start, stop])
            if read is not None and high - low < stop - start:
                yield start - int(low), functools.partial(_kept, read, start, out[low:high] - start)

    return replace(brought, source=replace(source, rows=source.rows - len(out), blocks=blocks, array=None))


def _kept(read: Read, start: int, places: np.ndarray) -> np.ndarray:
    values = read()
    refuse_sums(values, start)
    return np.delete(values, places, axis=0) if len(places) else values


def among_all(streamed: Streamed, out: np.ndarray) -> Streamed:
    """What a check found among the rows without those at some positions, ascending, as of all rows: these have no score."""
    if not len(out):
        return streamed
    return replace(
        streamed,
        columns={name: functools.partial(_spread, column, out) for name, column in streamed.columns.items()},
        flagged=_place(streamed.flagged, out),
        lines=lambda p: streamed.lines(p - np.searchsorted(out, p)),
    )


def sample_among_all(sample: Sample, everything: LargeData, out: np.ndarray) -> Sample:
    """The drawn rows by their places among all rows; their neighbours keep theirs."""
    return replace(sample, data=everything, rows=_place(sample.rows, out)) if len(out) else sample


def _place(positions: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Where rows lie among all, told by where they lie among the others."""
    return positions + np.searchsorted(out - np.arange(len(out)), positions, side="right")


def _spread(column: Column, out: np.ndarray, wanted: slice) -> Any:
    low, high = np.searchsorted(out, [wanted.start, wanted.stop])
    values = pd.Series(column(slice(wanted.start - int(low), wanted.stop - int(high))))
    kind: Any = KINDS.get(values.dtype.kind, values.dtype)
    every = pd.RangeIndex(wanted.start, wanted.stop)
    return values.astype(kind).set_axis(every.delete(out[low:high] - wanted.start)).reindex(every).array
