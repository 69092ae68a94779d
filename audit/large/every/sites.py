"""What one owner of rows hands over so that several audit their labels together: the two rounds of audit/stream/sites.py
over a data set and its probabilities."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np

from audit.errors import InputError, UnknownName, some
from audit.large.read.probabilities import bring
from audit.stream.sites import (
    Counts,
    Pooled,
    Sums,
    conclude,
    merge_counts,
    merge_sums,
    read_stats,
    site_counts,
    site_sums,
)


def partial(
    codes: np.ndarray,
    classes: Sequence[Hashable],
    probabilities: Path,
    *,
    said: Sequence[str] | None = None,
    pooled: Path | None = None,
) -> Sums | Counts:
    """Round 1 of a site, or with the merged sums of all sites in `pooled` its round 2.

    Args:
        codes: (n,) positions of the given labels in `classes`.
        classes: that occur here; there may be more elsewhere.
        probabilities: a file with a column for every class that occurs anywhere, in the same order at every site.
        said: what the columns of a file without names are.
        pooled: the merged sums.
    """
    brought = bring(probabilities, classes, said)
    if brought.source.rows != len(codes):
        raise InputError(
            f"{probabilities}: {brought.source.rows:,} rows of probabilities for {len(codes):,} rows of data"
        )
    own = [str(c) for c in classes]
    if missing := [c for c in own if c not in brought.names]:
        raise UnknownName.of("column for class", missing[0], brought.names, where=str(probabilities))
    names = brought.names
    labels = np.array([names.index(c) for c in own])[codes]
    if pooled is None:
        return site_sums(labels, probabilities, names)
    merged = read_stats(pooled)
    if not isinstance(merged, Sums):
        raise InputError(f"{pooled}: holds counts of round 2; the merged sums of round 1 are expected")
    if names != merged.classes:
        raise InputError(
            f"{probabilities}: its classes are {some(names, 12)}, the merged ones {some(merged.classes, 12)}"
        )
    return site_counts(labels, probabilities, merged)


def merged(files: Sequence[Path], pooled: Path | None = None) -> Sums | Counts | Pooled:
    """Statistics of one round put together; counts with the merged sums in `pooled` to the joint of all sites."""
    parts = [read_stats(f) for f in files]
    sums, counts = [p for p in parts if isinstance(p, Sums)], [p for p in parts if isinstance(p, Counts)]
    if sums and counts:
        raise InputError(
            "merge: some of these files are of round 1 (sums), others of round 2 (counts); merge each by itself"
        )
    if sums:
        if pooled is not None:
            raise InputError("merge: --thresholds goes with files of round 2; these are of round 1, and make it")
        return merge_sums(*sums)
    together = merge_counts(*counts)
    if pooled is None:
        return together
    over = read_stats(pooled)
    if not isinstance(over, Sums):
        raise InputError(f"{pooled}: holds counts of round 2; the merged sums of round 1 are expected")
    return conclude(over, together)
