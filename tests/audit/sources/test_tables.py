"""Parquet and Arrow: typed tables that remember their roles."""

import io

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.dataset import Roles
from audit.errors import InputError
from audit.sources import load
from audit.sources.tables import remember

TABLE = pa.table({"a": pa.array([1, 2, 3], pa.int16()), "label": ["u", "v", "u"]})


def png(value=0):
    buffer = io.BytesIO()
    Image.new("L", (4, 4), value).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_folder_of_files_is_one_table_in_the_order_of_their_names(tmp_path):
    pq.write_table(TABLE.slice(1), tmp_path / "b.parquet")
    pq.write_table(TABLE.slice(0, 1), tmp_path / "a.parquet")

    assert load(tmp_path).table["a"].tolist() == [1, 2, 3]


def test_files_of_a_folder_must_have_the_same_columns(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    pq.write_table(TABLE.rename_columns(["b", "label"]), tmp_path / "b.parquet")

    with pytest.raises(InputError, match=r"b.parquet: columns are b, label; .*a.parquet has a, label"):
        load(tmp_path)


def test_files_of_a_folder_must_agree_on_kinds(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    pq.write_table(pa.table({"a": ["x"], "label": ["u"]}), tmp_path / "b.parquet")

    with pytest.raises(InputError, match="differ in kind"):
        load(tmp_path)


def test_arrow_files_and_streams_are_read(tmp_path):
    pyarrow.feather.write_feather(TABLE, tmp_path / "d.feather")
    with pa.OSFile(str(tmp_path / "d.arrow"), "wb") as sink, pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)

    assert load(tmp_path / "d.feather").fingerprint == load(tmp_path / "d.arrow").fingerprint


def test_roles_written_into_the_schema_are_used_when_none_is_named(tmp_path):
    table = pa.table({"a": [1, 2], "what": ["u", "v"], "label": [1, 2], "key": ["p", "q"]})
    pq.write_table(remember(table, Roles(label="what", features=("a",), id="key"), ("v", "u")), tmp_path / "d.parquet")

    data = load(tmp_path / "d.parquet")

    assert (data.roles.label, data.classes, list(data.rows)) == ("what", ("v", "u"), ["p", "q"])
    assert load(tmp_path / "d.parquet", label="label").classes == (1, 2)


def test_remembered_roles_are_not_used_once_a_column_of_theirs_is_gone(tmp_path):
    table = remember(
        pa.table({"a": [1, 2], "b": [1, 2], "label": ["u", "v"]}), Roles(label="label", features=("a", "b")), "uv"
    )
    pq.write_table(table.drop_columns(["b"]), tmp_path / "d.parquet")

    data = load(tmp_path / "d.parquet")

    assert data.roles.features == ("a",)
    assert "the roles that the file remembers name columns that are gone: b" in data.inferred


def test_remembered_classes_are_not_used_once_there_are_others(tmp_path):
    table = remember(pa.table({"a": [1, 2], "label": ["u", "v"]}), Roles(label="label", features=("a",)), ["v", "w"])
    pq.write_table(table, tmp_path / "d.parquet")

    assert load(tmp_path / "d.parquet").classes == ("u", "v")


def test_encoded_pictures_are_known_by_their_first_bytes(tmp_path):
    pq.write_table(pa.table({"jpeg": [png(), png(9)], "label": [0, 1], "note": ["a", "b"]}), tmp_path / "d.parquet")

    data = load(tmp_path / "d.parquet")

    assert data.roles.image == "jpeg"
    assert data.roles.features == ()


def test_pictures_in_a_struct_of_bytes_and_path_are_taken_out(tmp_path):
    column = pa.array([{"bytes": png(), "path": "a.png"}, {"bytes": png(9), "path": None}])
    pq.write_table(pa.table({"image": column, "label": [0, 1]}), tmp_path / "d.parquet")

    assert load(tmp_path / "d.parquet").table["image"].iloc[0] == png()


def test_labels_in_a_dictionary_column_are_words(tmp_path):
    table = TABLE.set_column(1, "label", TABLE["label"].dictionary_encode())
    pq.write_table(table, tmp_path / "d.parquet")

    assert load(tmp_path / "d.parquet").classes == ("u", "v")


def test_small_numbers_as_labels_are_plain_integers(tmp_path):
    pq.write_table(pa.table({"a": [1, 2], "label": pa.array([3, 5], pa.uint8())}), tmp_path / "d.parquet")

    data = load(tmp_path / "d.parquet")

    assert [type(c) for c in data.classes] == [int, int]
    assert data.relabelled({0: 5}).given.tolist() == [5, 5]


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather"])
def test_a_truncated_file_is_named(tmp_path, suffix):
    path = tmp_path / f"d.{suffix}"
    if suffix == "parquet":
        pq.write_table(TABLE, path)
    else:
        pyarrow.feather.write_feather(TABLE, path)
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(InputError, match=rf"d\.{suffix}: not a whole"):
        load(path)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_an_empty_file_is_named(tmp_path, suffix):
    (tmp_path / f"d.{suffix}").write_bytes(b"")

    with pytest.raises(InputError, match=rf"d\.{suffix}: not a whole"):
        load(tmp_path / f"d.{suffix}")


def test_a_file_without_rows_is_named(tmp_path):
    pq.write_table(TABLE.slice(0, 0), tmp_path / "d.parquet")

    with pytest.raises(InputError, match="no rows; columns are a, label"):
        load(tmp_path / "d.parquet")


def test_two_columns_of_one_name_are_an_error(tmp_path):
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "d.parquet")

    with pytest.raises(InputError, match="two columns are called 'a'"):
        load(tmp_path / "d.parquet")


def test_whole_numbers_with_gaps_keep_their_size(tmp_path):
    large = 2**53 + 1
    pq.write_table(pa.table({"a": [large, None], "label": ["u", "v"]}), tmp_path / "d.parquet")

    assert int(load(tmp_path / "d.parquet").table["a"].iloc[0]) == large
    assert load(tmp_path / "d.parquet").table["a"].isna().tolist() == [False, True]
