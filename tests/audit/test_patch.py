"""A patch does to its own data what it says, and nothing to any other."""

import numpy as np
import pandas as pd
import pytest
from toy import table_of

from audit.errors import InputError, StaleError, UnknownName
from audit.patch import COLUMNS, Patch, empty_patch, make_patch

IDS = pytest.mark.parametrize(
    "ids", [[4, 7, 1, 9], ["4", "07", "1", "9"], [4.5, 7.0, 1.0, 9.0]], ids=["int", "str", "float"]
)


def data_of(ids=(4, 7, 1, 9), labels=("a", "b", "a", "b")):
    return table_of(np.arange(8.0).reshape(4, 2), list(labels), list(ids))


def line(row, action, **more):
    return {"row": row, "action": action, "reason": "because", "check": "labels", **more}


def patch_of(data, *lines, treatment="own") -> Patch:
    return make_patch(lines, base=data.fingerprint, treatment=treatment)


def test_a_patch_relabels_weighs_and_drops():
    data = data_of()
    patch = patch_of(
        data, line(4, "relabel", **{"from": "a", "to": "b"}), line(7, "weight", weight=0.25), line(9, "drop", score=0.1)
    )
    out = patch.apply(data)
    assert out.rows.tolist() == [4, 7, 1]
    assert out.given.tolist() == ["b", "b", "a"]
    assert out.weights.tolist() == [1.0, 0.25, 1.0]
    assert data.given.tolist() == ["a", "b", "a", "b"]


def test_a_patch_that_does_nothing_gives_the_data_back():
    data = data_of()
    assert empty_patch(data.fingerprint).apply(data) is data
    assert len(empty_patch(data.fingerprint)) == 0


def test_a_patch_for_other_data_is_refused():
    data = data_of()
    patch = patch_of(data, line(4, "drop"))
    with pytest.raises(StaleError, match="the patch is for data"):
        patch.apply(data.take([4, 7, 9]))
    with pytest.raises(StaleError):
        patch.apply(patch.apply(data))


def test_rows_that_are_not_there_are_named():
    data = data_of()
    with pytest.raises(InputError, match="does not have: 5"):
        patch_of(data, line(5, "drop")).apply(data)
    with pytest.raises(InputError, match="does not have: 4"):
        patch_of(data, line("4", "drop")).apply(data)


def test_a_class_that_is_not_there_is_named_with_its_row():
    data = data_of()
    with pytest.raises(UnknownName, match="the patch, row 4: no class 'z'; there is a, b"):
        patch_of(data, line(4, "relabel", **{"from": "a", "to": "z"})).apply(data)


@pytest.mark.parametrize(
    ("labels", "to", "expected"),
    [([0, 1, 0, 1], "1", 1), ([True, False, True, False], "False", False), ([0.5, 1.5, 0.5, 1.5], "1.5", 1.5)],
)
def test_relabelling_keeps_the_labels_kind(labels, to, expected):
    data = data_of(labels=labels)
    out = patch_of(data, line(4, "relabel", **{"from": str(labels[0]), "to": to})).apply(data)
    assert out.given.loc[4] == expected
    assert out.given.dtype == data.given.dtype


@IDS
def test_a_patch_comes_back_from_its_file(tmp_path, ids):
    data = data_of(ids)
    patch = patch_of(
        data, line(ids[0], "drop", score=0.25), line(ids[1], "relabel", **{"from": "b", "to": "a"}), line(ids[2], "weight", weight=0.5)
    )  # fmt: skip
    patch.write(tmp_path / "patch.parquet")
    back = Patch.read(tmp_path / "patch.parquet", base=data.fingerprint)
    assert back.apply(data).fingerprint == patch.apply(data).fingerprint
    assert back.table["row"].tolist() == ids[:3]
    assert back.table["from"].isna().tolist() == [True, False, True]


@IDS
def test_composing_with_an_empty_patch_keeps_the_row_ids_kind(tmp_path, ids):
    data = data_of(ids)
    nothing, patch = empty_patch(data.fingerprint), patch_of(data, line(ids[0], "drop"))
    for both in (nothing.then(patch), patch.then(nothing), nothing.then(patch).then(nothing)):
        assert both.table["row"].dtype == patch.table["row"].dtype
        both.write(tmp_path / "patch.parquet")
        assert len(Patch.read(tmp_path / "patch.parquet", base=data.fingerprint).apply(data)) == 3
    assert len(nothing.then(nothing)) == 0


def test_relabelling_twice_is_relabelling_once():
    data = data_of()
    patch = patch_of(data, line(4, "relabel", **{"from": "a", "to": "b"}))
    assert patch.then(patch).table.equals(patch.table)
    other = patch_of(data, line(4, "relabel", **{"from": "a", "to": "a"}))
    assert patch.then(other).apply(data).given.loc[4] == "b"


def test_dropping_and_weighing_compose_and_weights_multiply():
    data = data_of()
    half = patch_of(data, line(7, "weight", weight=0.5), line(1, "weight", weight=0.5), treatment="half")
    drop = patch_of(data, line(7, "drop"), treatment="drop")
    both = half.then(drop).then(half)
    assert both.treatment == "half,drop,half"
    assert both.base == data.fingerprint
    out = both.apply(data)
    assert out.rows.tolist() == [4, 1, 9]
    assert out.weights.tolist() == [1.0, 0.25, 1.0]


def test_composing_changes_neither_patch():
    data = data_of()
    one, other = patch_of(data, line(7, "weight", weight=0.5)), patch_of(data, line(7, "weight", weight=0.5))
    before = one.table.copy()
    one.then(other)
    pd.testing.assert_frame_equal(one.table, before)


def test_patches_for_different_data_do_not_compose():
    one, other = data_of(), data_of(labels=("b", "b", "a", "b"))
    with pytest.raises(StaleError, match="cannot be composed"):
        patch_of(one, line(4, "drop")).then(patch_of(other, line(4, "drop")))


def test_a_file_that_is_no_patch_is_refused(tmp_path):
    path = tmp_path / "patch.parquet"
    pd.DataFrame({"row": [1]}).to_parquet(path)
    with pytest.raises(InputError, match="not a patch; its columns must be row, action"):
        Patch.read(path, base="x")
    data = data_of()
    table = patch_of(data, line(4, "drop")).table.assign(action="explode")
    table.to_parquet(path)
    with pytest.raises(InputError, match="not a patch"):
        Patch.read(path, base="x")


def test_a_patch_has_its_columns_whatever_its_lines_hold():
    data = data_of()
    assert tuple(patch_of(data, line(4, "drop")).table.columns) == COLUMNS
    assert tuple(empty_patch("x").table.columns) == COLUMNS
