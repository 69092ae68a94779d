"""Confident learning across owners who share no rows: what each hands over, and how it is put together.

Two rounds, since the joint is counted over thresholds that only all rows together give:

1. Each site writes `Sums`: for each class how many rows and the exact sum of their self-confidences. Merged, they are
   the thresholds.
2. Each site reads the merged sums and writes `Counts`: how many of its rows of each class are confidently counted as
   each other. Merged, they are the joint, the noise rates and the count.

Sums are exact fractions and counts are integers, so neither the order, nor the grouping, nor how the rows are spread
over the sites changes a bit of the result. A pooled audit of all rows gives the same joint. Its thresholds differ only
as cleanlab's mean is rounded at every addition while ours is rounded once: by at most a few units in the last place
(of float32, about 1e-7), so the joint differs only where a probability lies within that distance of a threshold.

What the files tell others about a site. Round 1: the names of its classes, its rows of each and their mean
self-confidence, to the last digit, which for a class of a single row is that row's probability, and for a few rows
narrows down theirs; and a hash that the same rows always have, by which someone who holds exactly these rows can tell
that they are there. Round 2: a K x K table of counts; a cell of one is one row. No row, no feature and no id leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from audit.errors import InputError, StaleError, some
from audit.files import read_json, write_json
from audit.stream import joint as counting
from audit.stream.kernel import ABSENT, LOWEST, Grouped
from audit.stream.opening import open_labels, open_source
from audit.stream.passes import first_pass, second_pass
from audit.stream.source import Source

SCHEMA = 1
FORMAT = "assay-stats"
MANTISSA, HALF = 53, 26
"""Bits of a float64's mantissa, and of the part of it that is summed by itself."""
FRACTION, LARGEST = re.compile(r"-?\d{1,400}(/\d{1,400})?"), 1 << 53
"""What a file may say: fractions of floats, which have no more digits, and counts."""
AT_ONCE = 1 << 24
"""Rows whose halves of mantissas add up exactly in a float64."""


@dataclass(frozen=True)
class Sums:
    """Round 1, of one site or of several."""

    classes: tuple[str, ...]
    dtype: str
    """float32 or float64: what the probabilities are."""
    counts: tuple[int, ...]
    sums: tuple[Fraction, ...]
    """Of each class's self-confidences, exact."""
    sites: tuple[str, ...]
    """A hash of each site's labels and self-confidences, sorted."""


@dataclass(frozen=True)
class Counts:
    """Round 2, of one site or of several."""

    classes: tuple[str, ...]
    pooled: str
    """Hash of the merged sums that gave the thresholds."""
    pairs: np.ndarray
    """(K, K) rows of (given, confidently counted as)."""
    issues: int
    """Rows counted elsewhere whose label loses."""
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Pooled:
    """What all sites together say; the fields are those of `Confident`."""

    classes: tuple[str, ...]
    thresholds: np.ndarray
    confident_joint: np.ndarray
    calibrated_joint: np.ndarray
    joint: np.ndarray
    noise_matrix: np.ndarray
    noise_rates: np.ndarray
    count: int
    rows: int
    sites: int


def site_sums(
    labels: np.ndarray | Sequence[int] | str | Path,
    probabilities: np.ndarray | str | Path,
    classes: Sequence[str],
    *,
    threads: int = 1,
    columns: Sequence[str] | None = None,
) -> Sums:
    """Round 1 at a site: labels and probabilities as in `confident`, and the names of the classes, in order."""
    source = open_source(probabilities, columns)
    if len(classes) != source.classes or len(set(classes)) != len(classes):
        raise InputError(f"classes: {len(classes)} names, {len(set(classes))} of them different, for {source.classes}")
    rows = first_pass(source, open_labels(labels, source), threads)
    sums = tuple(exact_sum(rows.by_class[rows.of(k)]) for k in range(rows.classes))
    return Sums(tuple(classes), source.dtype.name, tuple(rows.counts.tolist()), sums, (_content(source, rows),))


def site_counts(
    labels: np.ndarray | Sequence[int] | str | Path,
    probabilities: np.ndarray | str | Path,
    pooled: Sums,
    *,
    threads: int = 1,
    columns: Sequence[str] | None = None,
) -> Counts:
    """Round 2 at a site: its rows counted over the thresholds of all; StaleError if its sums are not among them."""
    source = open_source(probabilities, columns)
    if source.classes != len(pooled.classes):
        raise InputError(f"{source.name}: {source.classes} columns for {len(pooled.classes)} classes")
    rows = first_pass(source, open_labels(labels, source), threads)
    site = _content(source, rows)
    if site not in pooled.sites:
        raise StaleError(
            f"{source.name}: its sums are not among the {len(pooled.sites)} that were merged; rows changed?"
        )
    limits = thresholds(pooled)
    judged = second_pass(source, rows.labels, rows.confidence, limits, threads, every=False, other=False, entropy=False)
    return Counts(pooled.classes, _hash(pooled), judged.pairs, int(np.count_nonzero(judged.issue)), (site,))


def thresholds(pooled: Sums) -> np.ndarray:
    """(K,) mean self-confidence of each class over all sites, rounded once."""
    kind = np.dtype(pooled.dtype).type
    means = [kind(float(s / n)) if n else ABSENT for s, n in zip(pooled.sums, pooled.counts, strict=True)]
    return np.asarray(np.clip(means, a_min=LOWEST, a_max=None))


def merge_sums(*parts: Sums) -> Sums:
    """Round 1 of several sites as one; any order, any grouping."""
    _mergeable([(p.classes, p.sites) for p in parts])
    if len({p.dtype for p in parts}) > 1:
        raise InputError("stats: some sites' probabilities are float32, others' float64; they would be rounded unlike")
    counts = tuple(sum(c) for c in zip(*(p.counts for p in parts), strict=True))
    sums = tuple(sum(s, Fraction()) for s in zip(*(p.sums for p in parts), strict=True))
    return Sums(parts[0].classes, parts[0].dtype, counts, sums, tuple(sorted(s for p in parts for s in p.sites)))


def merge_counts(*parts: Counts) -> Counts:
    """Round 2 of several sites as one; any order, any grouping."""
    _mergeable([(p.classes, p.sites) for p in parts])
    if len({p.pooled for p in parts}) > 1:
        raise StaleError("stats: counted over different thresholds; take the same merged sums everywhere")
    pairs, issues = np.sum([p.pairs for p in parts], axis=0), sum(p.issues for p in parts)
    return Counts(parts[0].classes, parts[0].pooled, pairs, issues, tuple(sorted(s for p in parts for s in p.sites)))


def conclude(pooled: Sums, counts: Counts) -> Pooled:
    """The joint, the noise rates and the count of all sites; StaleError while one of them is missing."""
    if counts.pooled != _hash(pooled):
        raise StaleError("stats: the counts were made over other merged sums than these")
    missing = len(set(pooled.sites) - set(counts.sites))
    if missing:
        raise StaleError(f"stats: counts of {missing} of {len(pooled.sites)} sites are missing")
    if (counts.pairs.sum(axis=1) > np.array(pooled.counts)).any():
        raise InputError("stats: more rows of a class are counted than there are")
    if sum(n > 0 for n in pooled.counts) < 2:
        raise InputError("stats: all labels are of one class; confident learning compares classes")
    confident = counting.confident_joint(counts.pairs)
    calibrated = counting.calibrated(confident, np.array(pooled.counts))
    return Pooled(
        classes=pooled.classes,
        thresholds=thresholds(pooled),
        confident_joint=confident,
        calibrated_joint=calibrated,
        joint=counting.joint(calibrated),
        noise_matrix=counting.noise_matrix(calibrated),
        noise_rates=counting.noise_rates(calibrated),
        count=counts.issues,
        rows=sum(pooled.counts),
        sites=len(pooled.sites),
    )


def exact_sum(values: np.ndarray) -> Fraction:
    """The sum of floating-point numbers, without any rounding."""
    total = Fraction()
    for i in range(0, len(values), AT_ONCE):
        mantissas, exponents = np.frexp(values[i : i + AT_ONCE].astype(np.float64))
        whole = np.ldexp(mantissas, MANTISSA).astype(np.int64)
        lowest = int(exponents.min())
        place = exponents - lowest
        high = np.bincount(place, weights=whole >> HALF)
        low = np.bincount(place, weights=whole & ((1 << HALF) - 1))
        units = sum(((int(h) << HALF) + int(lo)) << e for e, (h, lo) in enumerate(zip(high, low, strict=True)))
        total += Fraction(units) * Fraction(2) ** (lowest - MANTISSA)
    return total


def write_stats(path: Path, stats: Sums | Counts) -> None:
    """Write one round's statistics as JSON, whole or not at all."""
    write_json(path, {"format": FORMAT, "schema": SCHEMA} | _plain(stats))


def read_stats(path: Path) -> Sums | Counts:
    """Read what `write_stats` wrote; InputError names the file and what in it is wrong."""
    values = read_json(path)
    if values.get("format") != FORMAT:
        raise InputError(f"{path}: not a file of statistics")
    if values.get("schema") != SCHEMA:
        raise InputError(
            f"{path}: written by another version of assay: schema {values.get('schema')}, this reads {SCHEMA}"
        )
    try:
        return _sums(values) if values["round"] == 1 else _counts(values)
    except KeyError as missing:
        raise InputError(f"{path}: no {missing}") from None
    except (ValueError, TypeError, ZeroDivisionError, OverflowError) as broken:
        raise InputError(f"{path}: broken: {broken}") from None


def _plain(stats: Sums | Counts) -> dict[str, Any]:
    common = {"classes": list(stats.classes), "sites": list(stats.sites)}
    if isinstance(stats, Sums):
        sums = [str(s) for s in stats.sums]
        return {"round": 1} | common | {"dtype": stats.dtype, "counts": list(stats.counts), "sums": sums}
    return {"round": 2} | common | {"pooled": stats.pooled, "issues": stats.issues, "pairs": stats.pairs.tolist()}


def _sums(values: Mapping[str, Any]) -> Sums:
    classes, sites = _names(values["classes"]), _names(values["sites"])
    counts, sums = tuple(map(_count, values["counts"])), tuple(map(_fraction, values["sums"]))
    if not len(classes) == len(counts) == len(sums) or values["dtype"] not in ("float32", "float64"):
        raise ValueError(f"{len(classes)} classes, {len(counts)} counts and {len(sums)} sums of {values['dtype']}")
    if not all(abs(s - Fraction(n, 2)) <= n * Fraction(51, 100) for s, n in zip(sums, counts, strict=True)):
        raise ValueError("a mean self-confidence is not between 0 and 1")
    return Sums(classes, values["dtype"], counts, sums, sites)


def _counts(values: Mapping[str, Any]) -> Counts:
    classes, sites = _names(values["classes"]), _names(values["sites"])
    pairs = np.array([[_count(n) for n in row] for row in values["pairs"]], np.int64)
    if pairs.shape != (len(classes), len(classes)):
        raise ValueError(f"{len(classes)} classes, a table of shape {pairs.shape}")
    return Counts(classes, str(values["pooled"]), pairs, _count(values["issues"]), sites)


def _names(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise ValueError("a list of names is expected")
    return tuple(values)


def _fraction(value: Any) -> Fraction:
    if not FRACTION.fullmatch(value):  # Fraction would take 1e999999999 too, and work on it for ever
        raise ValueError(f"{value[:40]!r} is no fraction")
    return Fraction(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < LARGEST:
        raise ValueError(f"{value!r} is no count")
    return value


def _mergeable(parts: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    if not parts:
        raise InputError("stats: nothing to merge")
    for classes, _ in parts:
        if classes != parts[0][0]:
            raise InputError(f"stats: the classes differ: {some(parts[0][0])} and {some(classes)}")
    sites = [site for _, named in parts for site in named]
    twice = [site for site in set(sites) if sites.count(site) > 1]
    if twice:
        raise InputError(f"stats: site {twice[0]} is there twice")


def _content(source: Source, rows: Grouped) -> str:
    """A hash of a site's labels and self-confidences that does not depend on the order of its rows."""
    hasher = blake3(f"{source.dtype.name} {rows.counts.tolist()}".encode())
    for k in range(rows.classes):
        hasher.update(np.sort(rows.by_class[rows.of(k)]).tobytes())
    return hasher.hexdigest(length=16)


def _hash(pooled: Sums) -> str:
    return blake3(repr(sorted(_plain(pooled).items())).encode()).hexdigest(length=16)
