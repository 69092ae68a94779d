"""Whether an inferred suite flaps: other samples of the same populations must pass, and planted faults must not."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.inference import infer
from audit.run import audit
from audit.sources import load
from audit.suite import Expectation, Limit, Suite
from audit.verdict import gate
from tests.audit.inference.population import FAULTS, drawn
from tests.bench.goals import Goal, at_least

COMMAND = "python -m tests.bench infer"
SAMPLES = 200
RESAMPLES = 100
CHECKS = ("schema", "conflicts", "duplicates", "missing", "imbalance", "leakage")
"""Those that need no models: 200 audits with them all would take an hour."""


def run() -> list[Goal]:
    warnings.filterwarnings("ignore")  # some of Great Expectations' own, of samples without any meaning here
    table = drawn(0)
    suite = _suite(_loaded(table))
    rng = np.random.default_rng(1)
    fresh = [_passes(drawn(seed), suite) for seed in range(1, SAMPLES + 1)]
    parts = [
        _passes(table.iloc[np.sort(rng.permutation(len(table))[: len(table) * 3 // 4])], suite)
        for _ in range(RESAMPLES)
    ]
    caught = [not _passes(change(table), suite) for change, _ in FAULTS.values()]
    share = "of them"
    return [
        at_least("samples that pass a suite inferred from another", float(np.mean(fresh)), 0.99, share, COMMAND, f"{SAMPLES} of 400 rows, 11 columns"),
        at_least("random three quarters that pass the whole's suite", float(np.mean(parts)), 0.99, share, COMMAND, f"{RESAMPLES} of them"),
        at_least("planted faults that fail it", float(np.mean(caught)), 1.0, share, COMMAND, f"{len(caught)} faults"),
    ]  # fmt: skip


def _loaded(table: pd.DataFrame) -> Dataset:
    return load(table.reset_index(drop=True), label="label", id="key")


def _suite(data: Dataset) -> Suite:
    demands = [f.demand for f in infer(data, audit(data, checks=CHECKS)).demands]
    rules = tuple(d for d in demands if isinstance(d, Expectation))
    return Suite("inferred", rules, tuple(d for d in demands if isinstance(d, Limit)))


def _passes(table: pd.DataFrame, suite: Suite) -> bool:
    return gate(audit(_loaded(table), suite=suite, checks=CHECKS), suite).passed
