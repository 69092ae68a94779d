"""Whether the intervals that contrasts have cover what they say, in a simulated world whose true differences are known,
and how wide they are.

The world is a threshold model: a model is right on a row when its level, the row's difficulty (shared by all), what
the row has against this version, chance that versions of one seed share, chance of its own and the seed's effects add
up to more than zero. Sizes of the parts are those seen on CIFAR-10N with 60 seeds of a linear model and of an MLP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from tests.bench.goals import Goal, at_least, at_most
from train.grid.ledger import Result
from train.judge.contrasts import Pair, by_labels
from train.judge.corrected import by_verified
from train.judge.intervals import family
from train.judge.statistics import Difference, crossed_shares, over_seeds
from train.judge.truth import Verified

COMMAND = "python -m tests.bench statistics"
ACCURACY = 0.55
EFFECTS = (0.0, 0.02, 0.01, 0.0, 0.03, -0.02, 0.05)
"""True differences in accuracy of the versions from the first."""
DRAW_SD = 0.006
"""What a seed adds to the accuracy of all its versions."""
OWN_SD = (0.0015, 0.002, 0.003, 0.004, 0.005, 0.006, 0.002)
"""What a seed adds to each version by itself."""
PARTS = (0.5, 0.008, 0.35, 0.142)
"""Variance of difficulty, of what a row has against a version, and of chance, shared and own: a repair of worse labels
by assay's own treatments against raw. Differences vary by 0.003 from row to row and by 0.17 by chance."""
MENDED = (0.455, 0.03, 0.28, 0.235)
"""The same where half the wrong labels are made right, which changes more predictions: 0.010 and 0.23."""
CLASSES, NOISE, VERIFIED = 10, 0.09, 300


@dataclass
class Tally:
    """Coverage and half-widths, gathered."""

    covered: list[list[bool]]
    halves: list[list[float]]

    def add(self, found: list[Difference], truths: np.ndarray) -> None:
        ends = [f.interval() for f in found]
        self.covered.append([low <= t <= high for (low, high), t in zip(ends, truths, strict=True)])
        self.halves.append([(high - low) / 2 for low, high in ends])

    @property
    def coverage(self) -> float:
        return float(np.mean(self.covered))

    @property
    def worst(self) -> float:
        return float(np.mean(self.covered, axis=0).min())

    @property
    def half(self) -> float:
        return float(np.mean(self.halves))


def run() -> list[Goal]:
    goals = []
    for rows, repeats in ((1000, 1000), (2000, 700), (5000, 500)):
        goals += _intervals(rows, repeats)
    return goals + _alone() + _corrected()


def right(
    rng: np.random.Generator, seeds: int, difficulty: np.ndarray, versions: int = 7, parts: Sequence[float] = PARTS
) -> np.ndarray:
    """(versions, seeds, rows): which rows each model gets right; the mean over everything is known by construction."""
    rows = len(difficulty)
    hard, taste, shared, own_chance = np.sqrt(parts)
    draw = DRAW_SD / norm.pdf(norm.ppf(ACCURACY))
    own = np.array(OWN_SD[:versions])[:, None, None] / norm.pdf(norm.ppf(ACCURACY))
    spread = np.sqrt(1 + draw**2 + own**2)
    level = norm.ppf(ACCURACY + np.array(EFFECTS[:versions]))[:, None, None] * spread

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    seed = draw * normal(1, seeds, 1) + own * normal(versions, seeds, 1)
    row = hard * difficulty + taste * normal(versions, 1, rows)
    chance = shared * normal(1, seeds, rows) + own_chance * normal(versions, seeds, rows)
    return np.asarray(level + seed + row + chance > 0)


def against_first(correct: np.ndarray, predicted: np.ndarray) -> list[Pair]:
    """Every version beside the first, as cells' results: what contrasts are made of."""
    versions = zip(correct, predicted.astype("uint16"), strict=True)
    results = [[Result({}, *seed) for seed in zip(*version, strict=True)] for version in versions]
    return [(version, results[0]) for version in results[1:]]


def _intervals(rows: int, repeats: int) -> list[Goal]:
    """Six contrasts with one baseline, five seeds: the family's interval against Student's t over the seeds."""
    rng = np.random.default_rng(rows)
    ours, single, students = Tally([], []), Tally([], []), Tally([], [])
    truths = np.array(EFFECTS[1:])
    for _ in range(repeats):
        values = right(rng, 5, rng.standard_normal(rows))
        differences = [v.astype(float) - values[0] for v in values[1:]]
        ours.add(by_labels(against_first(values, values)), truths)
        single.add([crossed_shares(d) for d in differences], truths)
        students.add([over_seeds(d.mean(axis=1)) for d in differences], truths)
    name = f"six contrasts, 5 seeds, {rows:,} test rows"
    note = f"each contrast by itself {single.coverage:.3f}, t over seeds {students.coverage:.3f}"
    worst = f"worst contrast {ours.worst:.3f}; {note}"
    width = f"each contrast by itself {single.half / students.half:.3f}"
    return [
        *_within(f"coverage of 95 %, {name}", ours.coverage, 0.93, 0.97, worst),
        at_most(f"half-width of t over seeds, {name}", ours.half / students.half, 0.85, "of it", COMMAND, width),
    ]


def _within(name: str, value: float, low: float, high: float, note: str) -> list[Goal]:
    return [Goal(name, round(value, 4), "", f"{low:g} to {high:g}", low <= value <= high, COMMAND, note)]


def _alone() -> list[Goal]:
    """One contrast by itself: nothing to pool with, so only its coverage has a bar."""
    rng = np.random.default_rng(1)
    ours, students = Tally([], []), Tally([], [])
    for _ in range(1500):
        values = right(rng, 5, rng.standard_normal(2000), versions=2)
        ours.add(by_labels(against_first(values, values)), np.array(EFFECTS[1:2]))
        students.add([over_seeds(values[1].mean(axis=1) - values[0].mean(axis=1))], np.array(EFFECTS[1:2]))
    note = f"half-width {ours.half / students.half:.2f} of t over seeds, which covers {students.coverage:.3f}"
    return [
        at_least("coverage of 95 %, one contrast, 5 seeds, 2,000 test rows", ours.coverage, 0.93, "", COMMAND, note)
    ]


def _corrected() -> list[Goal]:
    """Test labels of which 9 % are wrong, more of the difficult ones; 300 rows verified at random."""
    rng = np.random.default_rng(2)
    ours, verified_only, naive = Tally([], []), Tally([], []), Tally([], [])
    truths = np.array(EFFECTS[1:])
    for _ in range(120):
        predicted, given, true = _noisy(rng, 5, 10_000)
        rows = np.sort(rng.choice(len(true), VERIFIED, replace=False))
        truth = Verified(rows, true[rows], float((given != true)[rows].mean()))
        correct = (predicted[:, :, rows] == true[rows]).astype(float)
        pairs = against_first(predicted == given, predicted)
        ours.add(by_verified(truth, given)(pairs), truths)
        verified_only.add(family([c - correct[0] for c in correct[1:]]), truths)
        naive.add(by_labels(pairs), truths)
    name = f"{NOISE:.0%} of 10,000 test labels wrong, {VERIFIED} verified"
    only = f"verified rows alone: {verified_only.half * 100:.2f} points, {verified_only.coverage:.3f}"
    return [
        at_most(f"half-width of verified rows alone, {name}", ours.half / verified_only.half, 0.5, "of it", COMMAND, only),
        at_least(f"coverage of 95 %, {name}", ours.coverage, 0.93, "", COMMAND, f"uncorrected {naive.coverage:.3f}"),
    ]  # fmt: skip


def _noisy(rng: np.random.Generator, seeds: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, given labels and true ones. On the wrongly labelled rows a model is right 0.42 of the time and
    repeats the wrong label 0.17 of it; models on CIFAR-10N's aggregated labels 0.40 and 0.18."""
    difficulty = rng.standard_normal(rows)
    correct = right(rng, seeds, difficulty, parts=MENDED)
    true = rng.integers(0, CLASSES, rows)
    mistaken = (true + 1) % CLASSES
    given = np.where(rng.random(rows) < 2 * NOISE * norm.cdf(-0.75 * difficulty), mistaken, true)
    other = (true + rng.integers(2, CLASSES, correct.shape)) % CLASSES
    wrong = np.where(rng.random(correct.shape) < 0.3, mistaken, other)
    return np.where(correct, true, wrong), given, true
