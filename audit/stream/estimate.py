"""Confident learning over an array or a file of any size, equal to cleanlab to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.errors import InputError, UnknownName
from audit.stream import joint as counting
from audit.stream.kernel import Grouped, thresholds
from audit.stream.opening import open_labels, open_source
from audit.stream.passes import Judged, first_pass, scanned, second_pass
from audit.stream.prune import Flagged, by_class, by_noise_rate, lowest
from audit.stream.scores import OF_OTHERS, SCORES, margin_quality, normalized_margin
from audit.stream.source import Source

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_self_confidence",
    "low_normalized_margin",
)
OF_ISSUES = ("confident_learning", "low_self_confidence", "low_normalized_margin")
"""Rules for which it is enough to know of the confidently counted rows whether their label loses."""


@dataclass(frozen=True)
class Confident:
    """What confident learning says of labels and probabilities."""

    masks: Mapping[str, np.ndarray]
    """(n,) bool each: the rows that cleanlab's `find_label_issues` flags, by the name of its rule."""
    scores: Mapping[str, np.ndarray]
    """(n,) each: qualities, 0 wrong to 1 fine."""
    thresholds: np.ndarray
    """(K,) mean self-confidence of each class; 2 for one that no row has."""
    confident_joint: np.ndarray
    """(K, K) counts of (given, confidently counted as), the diagonal at least 1."""
    calibrated_joint: np.ndarray
    """(K, K) counts that add up to the rows of each given class."""
    joint: np.ndarray
    """(K, K) P(given, true)."""
    noise_matrix: np.ndarray
    """(K, K) P(given = i | true = j)."""
    noise_rates: np.ndarray
    """(K,) P(true != i | given = i)."""
    count: int
    """cleanlab's `num_label_issues`."""
    rows: int
    path: str = "exact"
    """How it was computed: exact, every row judged."""
    notes: tuple[str, ...] = ()


def confident(
    labels: np.ndarray | Sequence[int] | str | Path,
    probabilities: np.ndarray | str | Path,
    *,
    filter_by: Sequence[str] = (),
    scores: Sequence[str] = (),
    threads: int = 1,
    columns: Sequence[str] | None = None,
) -> Confident:
    """Estimate the joint of given and true labels, and flag and score the labels, reading the probabilities in blocks.

    Everything equals what cleanlab 2.9 makes of the same arrays, bit for bit; beside the input at most 40 bytes a row
    and some MB are held, and nothing afterwards but the result. Values outside 0 to 1 and NaN are refused. As in
    cleanlab, rows need not sum to 1.

    Args:
        labels: (n,) integers 0 to K - 1: an array, a .npy file, or a column of the probabilities' table.
        probabilities: (n, K) float32 or float64: an array, .npy, .npz, .parquet, .arrow, .feather, or a folder of
            Parquet files, which are read in the order of their names.
        filter_by: rules of cleanlab's `find_label_issues`, any of `FILTERS`.
        scores: any of `SCORES`.
        threads: how many threads share the blocks; the result is the same.
        columns: of a table, the columns of the classes; by default all columns of floating-point numbers.
    """
    _known(filter_by, scores)
    source = open_source(probabilities, columns)
    rows = first_pass(source, open_labels(labels, source), threads)
    if np.count_nonzero(rows.counts) < 2:
        raise InputError("labels: all are of one class; confident learning compares classes")
    limits = thresholds(rows)
    judged = second_pass(
        source, rows.labels, rows.confidence, limits, threads,
        every=not set(filter_by) <= set(OF_ISSUES),
        other="low_normalized_margin" in filter_by or bool(set(scores) & set(OF_OTHERS)),
        entropy="confidence_weighted_entropy" in scores,
    )  # fmt: skip
    counts = counting.confident_joint(judged.pairs)
    calibrated = counting.calibrated(counts, rows.counts)
    masks, ties = _masks(source, rows, judged, calibrated, filter_by, threads)
    return Confident(
        masks=masks,
        scores=_scores(rows.confidence, judged, scores),
        thresholds=limits,
        confident_joint=counts,
        calibrated_joint=calibrated,
        joint=counting.joint(calibrated),
        noise_matrix=counting.noise_matrix(calibrated),
        noise_rates=counting.noise_rates(calibrated),
        count=int(np.count_nonzero(judged.issue)),
        rows=source.rows,
        notes=_notes(ties),
    )


def quality(
    labels: np.ndarray | Sequence[int] | str | Path,
    probabilities: np.ndarray | str | Path,
    scores: Sequence[str] = ("self_confidence",),
    *,
    threads: int = 1,
    columns: Sequence[str] | None = None,
) -> dict[str, np.ndarray]:
    """The scores alone, by name, without counting. `self_confidence` reads, and checks, only the given labels' values."""
    _known((), scores)
    source = open_source(probabilities, columns)
    given_labels = open_labels(labels, source)
    first = scanned(source, given_labels, threads)
    confidence = np.concatenate([p.confidence for p in first.pieces])
    other, entropy = bool(set(scores) & set(OF_OTHERS)), "confidence_weighted_entropy" in scores
    if not other and not entropy:
        return dict.fromkeys(scores, confidence)
    judged = second_pass(source, given_labels, confidence, None, threads, every=False, other=other, entropy=entropy)
    return _scores(confidence, judged, scores)


def _known(filter_by: Sequence[str], scores: Sequence[str]) -> None:
    for what, names, known in (("filter_by", filter_by, FILTERS), ("score", scores, SCORES)):
        for name in names:
            if name not in known:
                raise UnknownName.of(what, name, known)


def _masks(
    source: Source, rows: Grouped, judged: Judged, calibrated: np.ndarray, filter_by: Sequence[str], threads: int
) -> tuple[dict[str, np.ndarray], int]:
    wanted, prune = set(filter_by), counting.to_prune(calibrated)
    number = int(np.count_nonzero(judged.issue))
    found: dict[str, Flagged] = {
        "confident_learning": Flagged(judged.issue, 0),
        "predicted_neq_given": Flagged(judged.loses, 0),
    }
    if "low_self_confidence" in wanted:
        found["low_self_confidence"] = lowest(rows.confidence, number)
    if "low_normalized_margin" in wanted and judged.other is not None:
        found["low_normalized_margin"] = lowest(normalized_margin(rows.confidence, judged.other), number)
    if wanted & {"prune_by_class", "both"}:
        found["prune_by_class"] = by_class(rows, judged.loses, prune)
    if wanted & {"prune_by_noise_rate", "both"}:
        # with `both` alone only what the other rule flags can be flagged
        among = judged.loses if "prune_by_noise_rate" in wanted else found["prune_by_class"].mask
        found["prune_by_noise_rate"] = by_noise_rate(source, rows, judged.loses, prune, among, threads)
    if "both" in wanted:
        found["both"] = Flagged(found["prune_by_noise_rate"].mask & found["prune_by_class"].mask, 0)
    ties = sum(f.ties for f in found.values())
    return {name: found[name].mask for name in filter_by}, ties


def _scores(confidence: np.ndarray, judged: Judged, scores: Sequence[str]) -> dict[str, np.ndarray]:
    found = {"self_confidence": confidence}
    if judged.other is not None:
        found["normalized_margin"] = normalized_margin(confidence, judged.other)
        found["margin_quality"] = margin_quality(confidence, judged.other)
    if judged.entropy is not None:
        found["confidence_weighted_entropy"] = judged.entropy
    return {name: found[name] for name in scores}


def _notes(ties: int) -> tuple[str, ...]:
    if not ties:
        return ()
    many = "1 cut falls" if ties == 1 else f"{ties:,} cuts fall"
    return (f"{many} among equal values; which of these are flagged is numpy's choice, as it is cleanlab's",)
