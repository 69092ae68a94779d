"""What it costs to know content by its hash: a whole table, and the rows that stand in it twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
import pandas as pd
from blake3 import blake3

from audit import fingerprint as fp
from audit.dataset import Dataset, Roles
from tests.bench.goals import Goal, at_least, at_most

COMMAND = "python -m tests.bench fingerprint"
ROWS = 200_000
REPEATS = 5


def run() -> list[Goal]:
    rng = np.random.default_rng(0)
    return [_duplicates(rng), *_fingerprints(rng), _rows(rng)]


def _duplicates(rng: np.random.Generator) -> Goal:
    """Which rows of 10 float32 columns repeat an earlier one; both name the same rows, else it is an error."""
    values = rng.normal(size=(ROWS, 10)).astype("float32")
    values[rng.integers(0, ROWS, ROWS // 100)] = values[rng.integers(0, ROWS, ROWS // 100)]
    data = _dataset(pd.DataFrame(values).add_prefix("x"))
    ours, theirs = _afresh(data, lambda d: d.first_of_content), _cpu(lambda: np.unique(values, axis=0))
    _, first, number = np.unique(values, axis=0, return_index=True, return_inverse=True)
    if not np.array_equal(data.first_of_content, first[number.reshape(-1)]):
        raise AssertionError("the duplicates that hashes find are not those that np.unique finds")
    return at_least("np.unique(axis=0) against exact duplicates", theirs / ours, 10, "x", COMMAND, "200k x 10 float32")


def _fingerprints(rng: np.random.Generator) -> list[Goal]:
    numbers = pd.DataFrame(rng.normal(size=(ROWS, 14))).add_prefix("x")
    texts = {f"t{i}": pd.Series(rng.integers(0, 10**6, ROWS)).astype(str) + " is a short text" for i in range(4)}
    days = pd.Series(pd.Timestamp("2024") + pd.to_timedelta(rng.integers(0, 10**7, ROWS), unit="s"))
    mixed = numbers.assign(**texts, day=days, kind=rng.choice(["red", "green", "blue"], ROWS))
    return [_against_pandas(mixed), _against_blake3(numbers)]


def _against_pandas(table: pd.DataFrame) -> Goal:
    data = _dataset(table)
    ours, theirs = _afresh(data, lambda d: d.fingerprint), _cpu(lambda: pd.util.hash_pandas_object(table))
    name = "pandas hash_pandas_object against the fingerprint"
    return at_least(name, theirs / ours, 8, "x", COMMAND, "200k x 20: 14 floats, 5 texts, dates")


def _against_blake3(table: pd.DataFrame) -> Goal:
    """Of floats alone pandas' hash, four operations a number, is nearly as quick as any that cannot be forged."""
    data = _dataset(table)
    ours, theirs = _afresh(data, lambda d: d.fingerprint), _cpu(lambda: pd.util.hash_pandas_object(table))
    alone = _cpu(lambda: [blake3(table[c].to_numpy().view("u1")).digest() for c in table])
    note = (
        f"14 floats; pandas hash_pandas_object takes {theirs / ours:.1f}x the fingerprint, {theirs / alone:.1f}x blake3"
    )
    return at_most("fingerprint of floats against blake3 of their bytes", ours / alone, 2.5, "x", COMMAND, note)


def _rows(rng: np.random.Generator) -> Goal:
    """A hash of each row: bounded by one call of blake3 a row."""
    table = pd.DataFrame(rng.normal(size=(ROWS, 10)), columns=[f"x{i}" for i in range(10)])
    few = table.iloc[: ROWS // 10]
    cells = 10 * _cpu(lambda: fp.row_hashes([[fp.encode_cell(v) for v in few[c].array] for c in few], len(few)))
    data = _dataset(table)
    ours = _afresh(data, lambda d: d.content)
    raw = bytes(80)
    bound = f"{_cpu(lambda: [blake3(raw).digest(16) for _ in range(ROWS)]) / ours:.0%} of it is blake3, a call a row"
    return at_least("row hashes cell by cell against row hashes", cells / ours, 5, "x", COMMAND, bound)


def _dataset(table: pd.DataFrame) -> Dataset:
    return Dataset("bench", table, Roles(features=tuple(table.columns)), ())


def _afresh(data: Dataset, work: Callable[[Dataset], object]) -> float:
    """CPU seconds of work on data that has computed nothing yet; checking that data is sound is not part of it."""
    fresh = iter([replace(data) for _ in range(REPEATS)])
    return _cpu(lambda: work(next(fresh)))


def _cpu(work: Callable[[], object]) -> float:
    """Median CPU seconds."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return median(seconds)
