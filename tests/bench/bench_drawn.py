"""Labels of all rows by models trained on some of them: how much is lost against an audit that trains on all, and what
a row costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from audit.evidence.gather import Evidence, silent
from audit.large.drawn.around import look_around, place
from audit.large.drawn.taught import known, taught, too_few
from audit.large.every.copies import sets_of
from audit.large.read.rows import look_at_all
from audit.large.read.table import LargeData, open_data, open_table
from audit.noise.cut import flags_of_many
from audit.sources.roles import Named
from tests.bench.goals import SHARED, Goal, at_least, not_measured

COMMAND = "python -m tests.bench drawn"
LEAST = 0.9
"""Of the average precision of the audit in memory."""
SHARE = 5
"""One row in so many is drawn."""
ROWS = 400_000


@dataclass(frozen=True)
class Case:
    """A table in a file, and which of its labels are wrong."""

    name: str
    file: Path
    columns: Named
    wrong: np.ndarray


def run() -> list[Goal]:
    with tempfile.TemporaryDirectory() as scratch:
        return [*_against_memory(Path(scratch)), *_cost(Path(scratch))]


# -- what is lost ------------------------------------------------------------------------------------------------------


def _against_memory(scratch: Path) -> Iterator[Goal]:
    for make, name in ((_banking77, "banking77"), (_mnist, "MNIST"), (_cifar10n, "CIFAR-10N worse")):
        case = make(scratch, name)
        if case is None:
            yield not_measured(f"{name}: average precision against memory", f">= {LEAST}", "of it", COMMAND, "no data")
            continue
        yield _compared(case)


def _compared(case: Case) -> Goal:
    data = open_data(open_table(case.file), case.columns)
    n = data.table.rows
    whole = Evidence(data.at(np.arange(n))).noise
    best = average_precision_score(case.wrong, whole.wrong)
    rows = np.sort(np.random.default_rng(0).choice(n, n // SHARE, replace=False))
    score, low, high = _judged(data, rows)
    found = average_precision_score(case.wrong, 1 - score)
    flagged = flags_of_many(score)
    note = (
        f"{found:.3f} by {len(rows):,} of {n:,} rows, {best:.3f} by all; flags right {case.wrong[flagged].mean():.0%} and "
        f"{case.wrong[whole.flagged].mean():.0%}; rate {1 - score.mean():.3f} ({low:.3f} to {high:.3f}), "
        f"{whole.rate:.3f} by all, truly {case.wrong.mean():.3f}"
    )
    name = f"{case.name}: average precision of all labels by a fifth of the rows, against that in memory"
    return at_least(name, found / best, LEAST, "of it", COMMAND, note)


def _judged(data: LargeData, rows: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(n,) quality of all labels, and the interval of the rate."""
    placed = place(rows, data.at(rows), 0)
    looked = look_at_all(data, map).content
    assert data.codes is not None
    what = taught(data, placed, too_few(looked, sets_of(looked), data.codes, rows, 0), 0, silent)
    _, said = look_around(data, placed, map, silent, what.judge, known(data, what))
    assert said is not None
    own = what.evidence.noise
    score = said.score.copy()
    score[what.rows] = own.score
    return score, own.rate_low, own.rate_high


def _banking77(scratch: Path, name: str) -> Case | None:
    file = SHARED / "text/banking77_train.csv"
    if not file.is_file():
        return None
    frame = pd.read_csv(file)[["text", "category"]]
    return _stored(scratch / "banking77.parquet", name, *_flipped(frame, "category"), Named("category", text="text"))


def _mnist(scratch: Path, name: str) -> Case | None:
    file = SHARED / "mnist/mnist.npz"
    if not file.is_file():
        return None
    with np.load(file) as arrays:
        pixels, digits = arrays["x_train"][:12_000], arrays["y_train"][:12_000]
    small = pixels.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(pixels), -1)
    frame = pd.DataFrame(small, columns=[f"p{i}" for i in range(small.shape[1])]).assign(y=digits.astype("int64"))
    return _stored(scratch / "mnist.parquet", name, *_flipped(frame, "y"), Named("y"))


def _cifar10n(scratch: Path, name: str) -> Case | None:
    """People's labels, and embeddings as columns."""
    folder = SHARED / "cifar10n"
    if not folder.is_dir():
        return None
    table = pd.read_parquet(folder / "train_20k.parquet")
    vectors = np.load(folder / "embeddings_train_20k.npy").astype("float32")
    frame = pd.DataFrame(vectors, columns=[f"e{i}" for i in range(vectors.shape[1])])
    frame["y"] = table["worse_label"].to_numpy()
    wrong = (table["worse_label"] != table["clean_label"]).to_numpy()
    return _stored(scratch / "cifar.parquet", name, frame, wrong, Named("y"))


def _flipped(frame: pd.DataFrame, label: str) -> tuple[pd.DataFrame, np.ndarray]:
    """With a tenth of the labels wrong."""
    rng = np.random.default_rng(0)
    codes, names = pd.factorize(frame[label])
    wrong = rng.random(len(frame)) < 0.1
    codes[wrong] = (codes[wrong] + rng.integers(1, len(names), wrong.sum())) % len(names)
    return frame.assign(**{label: np.asarray(names)[codes]}), wrong


def _stored(file: Path, name: str, frame: pd.DataFrame, wrong: np.ndarray, columns: Named) -> Case:
    frame.to_parquet(file, index=False, row_group_size=4_000)
    return Case(name, file, columns, wrong)


# -- what it costs -----------------------------------------------------------------------------------------------------


def _cost(scratch: Path) -> Iterator[Goal]:
    """The same reading of all rows with and without a judge, 10,000 rows drawn."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, ROWS)
    values = (rng.normal(size=(10, 32))[truth] + rng.normal(size=(ROWS, 32))).astype("float32")
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(32)]).assign(y=truth)
    case = _stored(scratch / "many.parquet", "many", *_flipped(frame, "y"), Named("y"))
    data = open_data(open_table(case.file), case.columns)
    rows = np.sort(rng.choice(ROWS, 10_000, replace=False))
    placed = place(rows, data.at(rows), 0)
    what = taught(data, placed, rows[:0], 0, silent)
    judging = what.judge, known(data, what)
    seconds = []
    for more in ((), judging):
        start = time.process_time()
        look_around(data, placed, map, silent, *more)
        seconds.append(time.process_time() - start)
    name = f"judging all labels beside finding neighbours of 10,000 drawn rows: {ROWS:,} x 32, 10 classes"
    note = f"{seconds[0]:.1f} s of CPU without, {seconds[1]:.1f} s with"
    yield Goal(name, round(seconds[1] / seconds[0], 2), "x", "reported", None, COMMAND, note)
