"""Confident learning in blocks against cleanlab's functions: CPU time of one process, equality asserted in the same run."""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from audit.stream import FILTERS, Confident, confident, quality
from tests.audit.stream.made import made
from tests.bench.goals import Goal, at_least

COMMAND = "python -m tests.bench kernel"
SIZES = ((10_000, 10), (100_000, 10), (100_000, 100), (1_000_000, 10), (1_000_000, 100))
LARGE = 1_000_000
BARS = {
    "prune_by_noise_rate": (4, 8), "both": (4, 8), "confident_learning": (None, 7), "predicted_neq_given": (None, None),
    "low_self_confidence": (None, 10), "low_normalized_margin": (None, 10), "prune_by_class": (None, None),
}  # fmt: skip
"""Of each rule's ratio, below a million rows and from there on."""
SCORES = {"self_confidence": 10, "normalized_margin": 3, "confidence_weighted_entropy": None}


@dataclass(frozen=True)
class Timed:
    """Median CPU seconds of either side."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours


def run() -> list[Goal]:
    goals = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="May not flag all label issues")
        for rows, classes in SIZES:
            goals += _size(*made(rows, classes), f"{rows:,} x {classes}")
        return [*goals, _memory(), *_threads()]


def _size(labels: np.ndarray, probabilities: np.ndarray, name: str) -> Iterator[Goal]:
    from cleanlab.count import compute_confident_joint, num_label_issues
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    y, P, large = labels, probabilities, len(labels) >= LARGE
    for rule in FILTERS:
        timed = _against(
            lambda rule=rule: confident(y, P, filter_by=(rule,)).masks[rule],
            lambda rule=rule: find_label_issues(y, P, filter_by=rule, n_jobs=1),
            large,
        )
        yield _goal(f"{rule}, {name}", timed, BARS[rule][large])
    for score, bar in SCORES.items():
        timed = _against(
            lambda score=score: quality(y, P, (score,))[score],
            lambda score=score: get_label_quality_scores(y, P, method=score),
            large,
        )
        yield _goal(f"{score}, {name}", timed, bar if large else None)
    counted = _against(lambda: np.asarray(confident(y, P).count), lambda: np.asarray(num_label_issues(y, P)), large)
    yield _goal(f"num_label_issues, {name}", counted, 6 if large else None)
    joint = _against(lambda: confident(y, P).calibrated_joint, lambda: compute_confident_joint(y, P), large)
    yield _goal(f"compute_confident_joint, {name}", joint, 4 if large else None)


def _against(ours: Callable[[], np.ndarray], theirs: Callable[[], np.ndarray], large: bool) -> Timed:
    """Run both in turn and assert that they agree: nine times, from a million rows on five times, cleanlab three."""
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(5 if large else 9):
        found = _clock(ours, times[0])
        if i < 3 or not large:
            wanted = _clock(theirs, times[1])
            assert found.dtype == wanted.dtype
            assert np.array_equal(found, wanted)
    return Timed(median(times[0]), median(times[1]))


def _clock(work: Callable[[], np.ndarray], into: list[float]) -> np.ndarray:
    start = time.process_time()
    found = work()
    into.append(time.process_time() - start)
    return found


def _goal(name: str, timed: Timed, bar: float | None) -> Goal:
    note = f"{timed.ours * 1e3:.3g} ms against {timed.theirs * 1e3:.4g}; equal"
    title = f"cleanlab against ours: {name}"
    if bar is None:
        return Goal(title, round(timed.ratio, 2), "x", "reported", None, COMMAND, note)
    return at_least(title, timed.ratio, bar, "x", COMMAND, note)


def _memory() -> Goal:
    """What is allocated at most while `both` is found, beside the arrays given."""
    from cleanlab.filter import find_label_issues

    labels, probabilities = made(500_000, 100)
    ours = _peak(lambda: confident(labels, probabilities, filter_by=("both",)))
    theirs = _peak(lambda: find_label_issues(labels, probabilities, filter_by="both", n_jobs=1))
    note = f"{ours / len(labels):.1f} bytes a row against {theirs / len(labels):.0f}"
    return at_least("cleanlab's extra memory against ours: both, 500,000 x 100", theirs / ours, 20, "x", COMMAND, note)


def _peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _threads() -> Iterator[Goal]:
    """Wall clock of two threads against one, and what numpy's sort, which shares nothing, gains on the same cores in the
    same minute: where others use them too, no program gains more."""
    name = "one thread against two, wall clock: {}"
    labels, probabilities = made(LARGE, 100)

    def work(threads: int) -> Confident:
        return confident(labels, probabilities, filter_by=("both",), threads=threads)

    assert np.array_equal(work(1).masks["both"], work(2).masks["both"])
    ours, sort = _speed_up(work, _sorting)
    yield at_least(name.format("both, 1,000,000 x 100"), ours, 1.5, "x", COMMAND, "best of nine")
    note = "what the second core is worth here"
    yield Goal(name.format("numpy's sort of 8 arrays"), round(sort, 2), "x", "reported", None, COMMAND, note)


def _sorting(threads: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    arrays = [np.random.default_rng(i).random(1 << 19) for i in range(8)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(np.sort, arrays))


def _speed_up(*works: Callable[[int], object]) -> list[float]:
    """Best of nine, all in turn: other users of the cores can only slow a run down."""
    seconds = {(i, threads): [] for i in range(len(works)) for threads in (1, 2)}
    for _ in range(9):
        for (i, threads), into in seconds.items():
            start = time.perf_counter()
            works[i](threads)
            into.append(time.perf_counter() - start)
    return [min(seconds[i, 1]) / min(seconds[i, 2]) for i in range(len(works))]
