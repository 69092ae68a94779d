"""What is told of a table from its metadata and its first rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.errors import InputError
from audit.large.every.twins import check_kinds, compared
from audit.large.plan import fits
from audit.large.read.table import LargeData, classes_in, open_data, open_table
from audit.sources import load
from audit.sources.roles import Named

N = 600


def written(path: Path, frame: pd.DataFrame, group: int = N) -> Path:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)
    return path


def opened(path: Path, **named: str) -> LargeData:
    return open_data(open_table(path), Named(**named))


@pytest.mark.parametrize("group", [1, 7, N])
def test_roles_are_read_off_the_first_rows_however_they_are_grouped(tmp_path, group):
    rng = np.random.default_rng(0)
    said = [None, *(" ".join(rng.choice(["ash", "elm", "oak", "fir"], 6)) + str(i) for i in range(N - 1))]
    frame = pd.DataFrame({"text": said, "z": rng.normal(size=N), "label": rng.choice(["u", "v"], N)})
    data = opened(written(tmp_path / "d.parquet", frame, group))

    assert data.head.roles.text == "text"
    assert len(data.head) == N
    assert "first 600 rows" in data.head.inferred[0]


def test_a_text_that_repeats_is_counted_as_often_as_it_is_there(tmp_path):
    frame = pd.DataFrame({"text": ["a long story " * 400] * 5_000, "y": [0, 1] * 2_500})
    table = open_table(written(tmp_path / "d.parquet", frame, 1_000))
    once = pq.read_metadata(tmp_path / "d.parquet").row_group(0).total_byte_size

    assert once < 100_000
    assert table.group == pytest.approx(1_000 * (400 * 13 + 8), rel=0.05)
    assert table.bytes == pytest.approx(5 * table.group, rel=0.05)
    assert table.parts[0].batch == pytest.approx((8 << 20) / 5_200, rel=0.1)


@pytest.mark.parametrize("here", ["numbers", "words"])
def test_a_column_empty_in_the_first_rows_is_told_from_one_of_another_kind(tmp_path, here):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=N), "k": rng.integers(0, 9, N).astype(float), "y": ["u", "v"] * (N // 2)}
    )
    other = frame.loc[200:299].assign(k=lambda f: f["k"].astype(int).astype(str))
    own, there = (frame, other) if here == "numbers" else (frame.assign(k=frame["k"].astype(int).astype(str)), frame)
    own.loc[:99, "k"] = None
    path = written(tmp_path / "d.parquet", own, 50)
    data = opened(path, label="y")
    short = LargeData(data.table, data.head.take(data.head.rows[:100]), data.rows, data.codes)

    with pytest.raises(InputError, match="no rows would ever be equal"):
        check_kinds(short, load(there.loc[200:299].reset_index(drop=True), label="y"))
    check_kinds(short, load(own.loc[200:299].reset_index(drop=True), label="y"))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (pd.date_range("2024-01-01", periods=N, freq="D"), pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d")),
        (np.where(np.arange(N) < 100, 1, np.arange(N) / 7), (np.arange(N) / 7).astype("float32")),
        (np.where(np.arange(N) < 100, 1, np.arange(N) / 7).astype("float32"), np.arange(N) / 7),
    ],
    ids=["dates", "64 against 32", "32 against 64"],
)
def test_a_column_of_which_the_first_rows_say_nothing_is_held_against_the_reference_by_its_type(tmp_path, here, there):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=N), "k": here, "y": ["u", "v"] * (N // 2)})
    frame["k"] = frame["k"].where(frame.index >= 100) if frame["k"].dtype.kind == "M" else frame["k"]
    data = opened(written(tmp_path / "d.parquet", frame, 50), label="y")
    short = LargeData(data.table, data.head.take(data.head.rows[:100]), data.rows, data.codes)

    with pytest.raises(InputError, match=r"would.* be equal; store the column alike in both"):
        check_kinds(short, load(frame.assign(k=there), label="y"))
    check_kinds(short, load(frame, label="y"))


def test_a_split_is_no_list(tmp_path):
    frame = pd.DataFrame({"a": range(N), "s": [["train"], ["test"]] * (N // 2), "y": ["u", "v"] * (N // 2)})
    data = opened(written(tmp_path / "d.parquet", frame), label="y", split="s")

    with pytest.raises(InputError, match="column 's' holds lists or records, not splits"):
        compared(data, None)


def test_classes_are_counted_before_it_is_said_that_data_fits(tmp_path):
    frame = pd.DataFrame({"a": np.arange(20_000.0), "y": [f"c{i % 9_000}" for i in range(20_000)]})
    path = written(tmp_path / "d.parquet", frame, 5_000)
    few = written(tmp_path / "few.parquet", frame.assign(y=frame["y"].str[:2]), 5_000)

    assert [classes_in(open_table(path), name) for name in ("y", "a", "none", None)] == [9_000, 20_000, 0, 9_000]
    assert fits(str(few), 1 << 30, [], label="y")
    assert not fits(str(path), 1 << 30, [], label="y")
