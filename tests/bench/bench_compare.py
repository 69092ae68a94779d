"""How long a comparison takes on real data, and what opening a finished one costs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from audit import load
from tests.bench.goals import SHARED, Goal, at_most, not_measured, timed
from train import compare

COMMAND = "python -m tests.bench compare"
MINUTES = "to its verdicts, 7 versions, 1,000 and 4,000 rows, 5 seeds"


def run() -> list[Goal]:
    names = [f"{d} {MINUTES}" for d in ("banking77", "CIFAR-10N worse, embeddings,")]
    if not SHARED.is_dir():
        return [not_measured(n, "<= 10", "min", COMMAND, "benchmark data absent") for n in names]
    return _timed(names[0], "banking77", **_banking77()) + _timed(names[1], "CIFAR-10N", **_cifar10n())


def _timed(name: str, short: str, **asked: Any) -> list[Goal]:
    with tempfile.TemporaryDirectory() as scratch:

        def once() -> None:
            compare(**asked, sizes=(1000, 4000), seeds=5, runs=Path(scratch) / "runs")

        first = timed(once)
        again = timed(once, repeats=3)
    return [
        at_most(name, first / 60, 10, "min", COMMAND),
        at_most(f"{short}: opening the finished comparison against running it", again / first, 0.1, "of it", COMMAND),
    ]


def _banking77() -> dict[str, Any]:
    train, test = (load(SHARED / f"text/banking77_{p}.csv", text="text", label="category") for p in ("train", "test"))
    return {"data": train, "test": test}


def _cifar10n() -> dict[str, Any]:
    folder = SHARED / "cifar10n"
    names = ("train_20k", "test_10k")
    own, other = (np.load(folder / f"embeddings_{n}.npy").astype("float32") for n in names)
    return {
        "data": load(folder / "train_20k.parquet", label="worse_label", image="jpeg"),
        "test": load(folder / "test_10k.parquet", label="label", image="jpeg"),
        "embeddings": own,
        "test_embeddings": other,
    }
