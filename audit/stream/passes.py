"""The two readings of a source: each row's self-confidence, then what each row says against all rows' thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.stream.kernel import Block, Grouped, Partial, Rows, grouped, judge, merge, scan
from audit.stream.scores import weighted_entropy
from audit.stream.source import Read, Source, in_threads


@dataclass(frozen=True)
class Judged:
    """What the second pass found, all rows together."""

    loses: np.ndarray
    issue: np.ndarray
    pairs: np.ndarray
    other: np.ndarray | None
    entropy: np.ndarray | None


def scanned(source: Source, labels: np.ndarray, threads: int) -> Partial:
    """Every block scanned, and merged."""

    def work(block: tuple[int, Read]) -> Partial:
        X = block[1]()
        return scan(Block(block[0], labels[block[0] : block[0] + len(X)], X))

    return merge(*in_threads(work, source.blocks(source.block_rows), threads))


def first_pass(source: Source, labels: np.ndarray, threads: int) -> Grouped:
    """Pass 1 over all blocks: the rows by class."""
    return grouped(scanned(source, labels, threads))


def second_pass(
    source: Source,
    labels: np.ndarray,
    confidence: np.ndarray,
    limits: np.ndarray | None,
    threads: int,
    *,
    every: bool,
    other: bool,
    entropy: bool,
) -> Judged:
    """Pass 2 over all blocks, as `judge`; without `limits` (thresholds) nothing is counted."""
    n, K = source.rows, source.classes
    loses, issue, pairs = np.zeros(n, bool), np.zeros(n, bool), np.zeros((K, K), np.int64)
    others = np.empty(n, source.dtype) if other else None
    entropies = np.empty(n, np.float64) if entropy else None

    def work(block: tuple[int, Read]) -> tuple[Rows, np.ndarray]:
        start, X = block[0], block[1]()
        here = slice(start, start + len(X))
        if entropies is not None:
            entropies[here] = weighted_entropy(X, confidence[here], start)
        return judge(Block(start, labels[here], X), limits, every=every, other=other)

    for rows, counted in in_threads(work, source.blocks(source.block_rows), threads):
        here = slice(rows.start, rows.start + len(rows.loses))
        loses[here], issue[here] = rows.loses, rows.issue
        if others is not None:
            others[here] = rows.other
        pairs += counted
    return Judged(loses, issue, pairs, others, entropies)
