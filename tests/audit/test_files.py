"""Nothing is ever half there."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.errors import InputError, OutputError
from audit.files import plain, read_json, read_table, refuse_existing, staged, write_bytes, write_json, write_table


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_numpy_and_pandas_values_become_json_values():
    values = {"a": np.int64(3), "b": np.array([1.5, 2.0]), "c": pd.Index(["x"]), 4: (True, None), "p": Path("f")}
    assert json.loads(json.dumps(plain(values))) == {"a": 3, "b": [1.5, 2.0], "c": ["x"], "4": [True, None], "p": "f"}


def test_dates_become_their_text():
    assert plain([pd.Timestamp("2024-02-03"), np.datetime64("2024-02-03")]) == ["2024-02-03 00:00:00", "2024-02-03"]


def test_a_write_replaces_the_whole_file_and_leaves_no_temporary(tmp_path):
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_a_write_into_no_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write here"):
        write_bytes(tmp_path / "none" / "a.bin", b"x")


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert read_json(tmp_path / "a.json") == {"x": 1}
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    ("content", "said"), [(b"{", "not JSON"), (b"\xff\xfe{}", "not JSON"), (b"[1]", "an? JSON object|a JSON object")]
)
def test_broken_json_names_the_file(tmp_path, content, said):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_json(tmp_path / "a.json")
    assert "a.json" in str(caught.value)


def test_json_that_is_not_there_or_is_a_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_json(tmp_path)


def test_a_table_comes_back_with_its_kinds(tmp_path):
    table = pd.DataFrame(
        {
            "ints": pd.Series([1, 2, 3], dtype=object),
            "flags": pd.Series([True, None, False], dtype=object),
            "words": ["a", None, "c"],
            "raw": [b"\x00", b"\x01", None],
        }
    )
    write_table(tmp_path / "t.parquet", table)
    back = read_table(tmp_path / "t.parquet")
    assert back["ints"].tolist() == [1, 2, 3]
    assert [back["flags"][0], back["flags"][2]] == [True, False]
    assert back["flags"].isna().tolist() == [False, True, False]
    assert back["words"].isna().tolist() == [False, True, False]
    assert back["raw"].tolist()[:2] == [b"\x00", b"\x01"]


def test_columns_of_mixed_kinds_are_written_as_text_and_missing_stays_missing(tmp_path):
    table = pd.DataFrame({"m": pd.Series([1, "a", None, pd.NA, float("nan")], dtype=object)})
    write_table(tmp_path / "t.parquet", table)
    back = read_table(tmp_path / "t.parquet")["m"]
    assert back.tolist()[:2] == ["1", "a"]
    assert back.isna().tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("kept", [0, 4, 100, 400])
def test_a_truncated_parquet_file_is_an_input_error(tmp_path, kept):
    path = tmp_path / "t.parquet"
    write_table(path, pd.DataFrame({"a": range(100)}))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"t.parquet: not a readable Parquet file"):
        read_table(path)


def test_a_table_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "t.parquet")


def test_a_folder_that_holds_something_is_refused_unless_forced(tmp_path):
    refuse_existing(tmp_path, force=False)
    (tmp_path / "f").write_text("x")
    with pytest.raises(OutputError, match="--force"):
        refuse_existing(tmp_path, force=False)
    refuse_existing(tmp_path, force=True)
    with pytest.raises(OutputError, match="not a folder"):
        refuse_existing(tmp_path / "f", force=True)


def test_a_staged_folder_appears_whole_and_replaces_the_old_one(tmp_path):
    target = tmp_path / "out"
    for word in ("one", "two"):
        with staged(target) as folder:
            (folder / word).write_text(word)
            assert not (target / word).exists()
        assert names(target) == [word]
    assert names(tmp_path) == ["out"]


def test_a_block_that_breaks_leaves_the_old_folder_and_nothing_else(tmp_path):
    target = tmp_path / "out"
    with staged(target) as folder:
        (folder / "old").write_text("old")

    def interrupted() -> None:
        with staged(target) as folder:
            (folder / "new").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == ["out"]
    assert names(target) == ["old"]
