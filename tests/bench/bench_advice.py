"""How far off `advise` is where the truth is known: labels read backwards from pollution against an oracle, and what it
would say of collecting more rows on simulated curves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from audit import Dataset, load
from tests.bench.goals import Goal, at_least, at_most
from train import Comparison, compare
from train.advice.actions import Estimate, judge
from train.advice.backwards import extrapolate_backwards
from train.comparison import BASELINE
from train.judge.curves import Refused, fit_curve

COMMAND = "python -m tests.bench advice"
ROWS, TEST_ROWS, SEEDS = 900, 800, 5
LEVELS = (10, 20, 30)
"""Percent: nothing is read backwards from less than two thirds of the data's own noise."""
CURVES = 150
SIZES = np.array([500.0, 1000.0, 2000.0, 4000.0, 8000.0])


@dataclass(frozen=True)
class Reading:
    """One comparison with known labels: what perfect ones bring, and what was read backwards. In points."""

    noise: float
    oracle: float
    gain: float
    held: bool
    """Whether the reading's interval holds the oracle's gain."""


def run() -> list[Goal]:
    readings = [
        _reading(*_planted(kind, way, noise), noise, model)
        for kind, way, noise in product(("blobs", "digits"), ("pair", "uniform"), (0.1, 0.2, 0.3))
        for model in ("linear", "mlp")
    ]
    mild, strong = [r for r in readings if r.noise < 0.25], [r for r in readings if r.noise > 0.25]
    return [*_read("10 and 20 % noise", mild), *_read("30 % noise", strong), *_collecting()]


def _read(where: str, readings: list[Reading]) -> list[Goal]:
    off = float(np.mean([abs(r.gain - r.oracle) for r in readings]))
    still = float(np.mean([abs(r.oracle) for r in readings]))
    held = sum(r.held for r in readings)
    name = f"perfect labels, read backwards from pollution, against the oracle: {where}"
    note = f"{off:.1f} points, the oracle's gain {still:.1f}; the interval holds it in {held} of {len(readings)}"
    return [Goal(name, round(off / still, 3), "of the gain", "reported", None, COMMAND, note)]


def _planted(kind: str, way: str, noise: float) -> tuple[Dataset, Dataset]:
    """Training rows with moved labels beside their true ones, and clean test rows."""
    rng = np.random.default_rng(1)
    if kind == "digits":
        digits = load_digits()
        chosen = rng.permutation(len(digits.data))[: ROWS + TEST_ROWS]
        x, true = digits.data[chosen], digits.target[chosen]
    else:
        true = rng.integers(0, 5, ROWS + TEST_ROWS)
        x = 2.2 * np.eye(5, 8)[true] + rng.normal(size=(len(true), 8))
    classes = int(true.max()) + 1
    other = true + (1 if way == "pair" else rng.integers(1, classes, len(true)))
    given = np.where((rng.random(len(true)) < noise) & (np.arange(len(true)) < ROWS), other % classes, true)
    columns = [f"x{i}" for i in range(x.shape[1])]
    table = pd.DataFrame(x, columns=columns)
    table = table.assign(label=[f"c{k}" for k in given], truth=[f"c{k}" for k in true])
    data, test = (load(part, label="label", features=columns) for part in (table[:ROWS], table[ROWS:]))
    return data, test


def _reading(data: Dataset, test: Dataset, noise: float, model: str) -> Reading:
    variants = ["oracle", *(f"polluted:{p}" for p in LEVELS)]
    found = compare(data, test, variants=variants, sizes=[ROWS], seeds=SEEDS, models=(model,), truth="truth")
    errors = {p / 100: _errors(found, f"polluted:{p}") for p in LEVELS} | {0.0: _errors(found, BASELINE)}
    own = [c["noise"] for c in found.cells if c["variant"] == BASELINE]
    read = extrapolate_backwards(errors, own)
    assert not isinstance(read, Refused), read.why
    oracle = found.contrast("oracle", ROWS, model).diff
    return Reading(noise, 100 * oracle, 100 * read.gain, read.low <= oracle <= read.high)


def _errors(found: Comparison, variant: str) -> list[float]:
    return [1 - c["metrics"]["accuracy"] for c in found.cells if c["variant"] == variant]


def _collecting() -> list[Goal]:
    """Twice the rows: called worth it on flat curves, and its interval on falling ones."""
    rng = np.random.default_rng(0)
    flat, falling = [], []
    for level, noise in product((0.05, 0.2, 0.4), (0.005, 0.02)):
        flat += [_twice(np.full(5, level), noise, rng) for _ in range(CURVES)]
    for power, floor in ((0.3, 0.0), (0.5, 0.05)):
        gain = 2 * 8000**-power - 2 * 16000**-power
        falling += [(_twice(2 * SIZES**-power + floor, 0.01, rng), gain) for _ in range(CURVES)]
    called = [e is not None and judge(e, 0.003) == "do it" for e in flat]
    told = [e.low <= gain <= e.high for e, gain in falling if e is not None]
    return [
        at_most("flat curves on which collecting rows is called worth it", float(np.mean(called)), 0.025, "", COMMAND,
                f"{sum(called)} of {len(called)} simulated"),
        at_least("falling curves on which the interval holds what twice the rows bring", float(np.mean(told)), 0.95, "",
                 COMMAND, f"{sum(told)} of {len(told)} simulated"),
    ]  # fmt: skip


def _twice(errors: np.ndarray, noise: float, rng: np.random.Generator) -> Estimate | None:
    curve = fit_curve(SIZES, errors * np.exp(noise * rng.normal(size=5)), noise * errors)
    if isinstance(curve, Refused):
        return None
    here, there = SIZES[-1], 2 * SIZES[-1]
    gain = float((curve.laws.errors(here) - curve.laws.errors(there))[0])
    low, high = np.quantile(curve.draws.errors(here) - curve.draws.errors(there), [0.025, 0.975])
    return Estimate(gain, min(float(low), gain), max(float(high), gain))
