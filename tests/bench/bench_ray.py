"""What carrying pieces of a grid to other processes costs, and what opening a finished grid costs.

The machine is shared, so times of different runs are not compared: the share that carrying adds to a piece of work is
taken piece by piece, (time between handing it out and hearing that it is done, less what it took where it was done) /
what it took there, and the median is over pieces. An actor's start (it imports torch) is in its first piece alone.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from audit import load
from audit.dataset import Dataset
from tests.bench.goals import Goal, at_most, not_measured, timed
from train.fit.pool import Pool
from train.fit.recipe import Recipe
from train.grid.draws import Rows, light, order
from train.grid.executors import executor_for, processes
from train.grid.grid import Grid, fill
from train.grid.ledger import Ledger, Result
from train.grid.tasks import Draw, Drawn, Ended, Event, Executor, Feed, Finished, Setting, Task, Training, record_of
from train.grid.variants import VARIANTS

COMMAND = "python -m tests.bench ray"
LONG = 1.0
"""Seconds of a group that is worth carrying."""


def run() -> list[Goal]:
    grid = _grid(rows=2_000, test_rows=500, width=32, sizes=(500, 1000, 2000), seeds=7, recipe=_LONG)
    name = "two worker processes, their start and end too, against inline"
    ratio = timed(lambda: fill(grid, Ledger())) / timed(lambda: fill(grid, Ledger(), executor=processes(2)))
    return [
        _carrying("Ray", "ray", grid),
        _carrying("a worker process", "processes", grid),
        Goal(name, round(ratio, 2), "x as fast", "reported", None, COMMAND, "wall clock, on cores that others use too"),
        _reopening(),
    ]


_LONG = Recipe("mlp", width=64, epochs=120)


def _carrying(name: str, executor: str, grid: Grid) -> Goal:
    what = f"{name}: what carrying adds to a group of at least {LONG:g} s"
    if executor == "ray" and not find_spec("ray"):
        return not_measured(what, "<= 0.03", "of it", COMMAND, "Ray is not installed (extra ray)")
    watch = _Watch(executor_for(executor, 1))
    fill(grid, Ledger(), executor=watch)
    shares = [(there - here) / here for there, here in watch.took if here >= LONG]
    if len(shares) < 3:
        return not_measured(what, "<= 0.03", "of it", COMMAND, f"only {len(shares)} groups took {LONG:g} s")
    return at_most(what, median(shares), 0.03, "of it", COMMAND, f"median of {len(shares)} groups")


@dataclass(eq=False)
class _Watch:
    """An executor of one worker that notes, of each group, its time seen from outside and from inside."""

    executor: Executor
    took: list[tuple[float, float]] = field(default_factory=list)

    def __call__(self, setting: Setting, ledger: Ledger, feed: Feed, most: int) -> Generator[Event, None, None]:
        last: list[tuple[Task, float]] = []

        def noted() -> Task | None:
            if (task := feed()) is not None:
                last[:] = [(task, time.perf_counter())]
            return task

        for event in self.executor(setting, ledger, noted, most):
            if isinstance(event, Ended) and isinstance(last[0][0], Training):
                self.took.append((time.perf_counter() - last[0][1], event.seconds))
            yield event


def _reopening() -> Goal:
    grid = _grid(
        rows=20_000, test_rows=10_000, width=512, sizes=(500, 1000, 2000, 4000, 8000, 16000), seeds=10, recipe=_LONG
    )
    with tempfile.TemporaryDirectory() as folder:
        first = fill(grid, Ledger(Path(folder)), executor=_pretended)

        def again() -> None:
            # new values: nothing that was computed once is still at hand, as in a new process
            pool = Pool(_anew(grid.pool.data), _anew(grid.pool.test), grid.pool.vectors, grid.pool.test_vectors)
            assert fill(replace(grid, pool=pool), Ledger(Path(folder))).trained == 0

        taken = []
        for _ in range(5):
            start = time.process_time()  # other work on the machine is not counted
            again()
            taken.append(time.process_time() - start)
    name = f"opening a finished grid of {len(first.results)} cells, 10,000 test rows"
    return at_most(name, median(taken), 1, "CPU s", COMMAND, "hashing the data and 20,000 x 512 embeddings included")


def _anew(data: Dataset) -> Dataset:
    return replace(data, table=data.table.copy())


def _grid(*, rows: int, test_rows: int, width: int, sizes: tuple[int, ...], seeds: int, recipe: Recipe) -> Grid:
    (data, own), (test, other) = _blobs(rows, width, 1), _blobs(test_rows, width, 2)
    named = ("raw", "pruned", "relabelled", "reweighted", "random-pruned")
    variants = tuple(VARIANTS[name] for name in named)
    return Grid(Pool(data, test, own, other), light(data), variants, sizes, seeds, {"mlp": recipe})


def _blobs(rows: int, width: int, seed: int) -> tuple[Dataset, np.ndarray]:
    """Examples of five classes, known by a few columns, and their embeddings."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, rows)
    vectors = (rng.normal(size=(rows, width)) + 2 * np.eye(5, width)[labels]).astype("float32")
    table = pd.DataFrame(vectors[:, :8], columns=[f"x{i}" for i in range(8)])
    return load(table.assign(label=[f"c{k}" for k in labels]), label="label", features=list(table.columns)), vectors


def _pretended(setting: Setting, ledger: Ledger, feed: Feed, most: int) -> Generator[Event, None, None]:
    """Results of the right shape without training: what is measured is reading them."""
    m = len(setting.test_labels)
    while (task := feed()) is not None:
        if isinstance(task, Draw):
            positions = order(setting.light.labels, task.seed)[: task.size]
            rows = Rows(positions, setting.light.labels[positions], np.ones(len(positions)), 0, 0)
            yield Drawn(task, dict.fromkeys(task.variants, rows))
        else:
            for cell, key in task.keys.items():
                scores = {"metrics": dict.fromkeys(("accuracy", "macro_f1", "log_loss"), 0.123456789)}
                record = {**record_of(setting, cell, task.rows[cell]), **scores, "reliability": [[1.0, 0.5, 1.0]] * 15}
                yield Finished(
                    cell, key, Result(record, np.arange(m) % 3 == 0, (np.arange(m) % 5).astype("uint16")), written=False
                )
        yield Ended()
