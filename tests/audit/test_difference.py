"""`diff`: which rows, labels, columns and issues differ."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from toy import CLASSES, blobs, pictures_of, table_of, texts_of

from audit import audit, load
from audit.difference import Relabelled, diff
from audit.errors import InputError, StaleError
from audit.render.diff import diff_markdown, diff_terminal
from audit.suite import Limit, Suite


def trees(n=60, seed=3):
    values, labels = blobs(n, seed)
    return table_of(values, np.array(CLASSES)[labels], classes=CLASSES)


def with_ids(data):
    """The same, its rows called by a column."""
    table = data.table.assign(id=[f"t{i:03}" for i in range(len(data))])
    return load(table, label="label", id="id")


def test_equal_data_is_equal():
    found = diff(trees(), trees())

    assert found.equal
    assert not [d for d in found.drift if d.drifted]
    assert diff_terminal(found) == "EQUAL: trees (60 rows) and trees (60 rows), matched by content"


@pytest.mark.parametrize("named", [True, False])
def test_what_was_added_removed_and_relabelled_is_named(named):
    before = with_ids(trees()) if named else trees()
    rows = list(before.rows)
    after = before.drop(rows[10:12]).relabelled({rows[20]: "birch"})

    found = diff(before, after)

    assert found.matched_by == ("id" if named else "content")
    assert (found.added, found.removed, found.changed, found.moved) == ((), tuple(rows[10:12]), (), ())
    assert found.relabelled == (Relabelled(rows[20], "cedar", "birch"),)
    assert diff(after, before).added == tuple(rows[10:12])


@pytest.mark.parametrize("named", [True, False])
def test_a_changed_value_is_a_changed_row(named):
    before = with_ids(trees()) if named else trees()
    row = before.rows[7]
    table = before.table.copy()
    table.loc[row, "x1"] += 1

    found = diff(before, replace(before, table=table))

    assert found.changed == (row,)
    assert (found.added, found.removed) == ((), ())
    assert found.cells == ({"x1": 1} if named else {})


def test_without_ids_copies_of_one_content_are_matched_by_label_first():
    texts, labels = ["a", "a", "b"], ["x", "y", "x"]

    found = diff(texts_of(texts, labels), texts_of(texts, ["y", "x", "x"]))

    assert found.relabelled == ()


def test_rows_in_another_order_are_moved():
    before = with_ids(trees())

    found = diff(before, before.take(before.rows[::-1]))

    assert len(found.moved) == 60
    assert not found.equal
    assert found.changed == found.relabelled == ()


def test_columns_are_named_and_rows_still_matched_by_what_is_shared():
    before = trees()
    table = before.table.rename(columns={"x3": "y3"})
    after = replace(before, table=table, roles=replace(before.roles, features=("x0", "x1", "x2", "y3")))

    found = diff(before, after)

    assert (found.columns_gone, found.columns_new) == (("x3",), ("y3",))
    assert found.added == found.removed == found.changed == ()


def test_the_same_number_in_another_dtype_is_no_change():
    before = load(
        {"id": [1, 2, 3], "a": [1, 2, 3], "label": ["x", "y", "x"]} and _frame("int64"), label="label", id="id"
    )
    after = load(_frame("float64"), label="label", id="id")

    assert diff(before, after).equal


def _frame(dtype):
    import pandas as pd

    table = pd.DataFrame({"id": [1, 2, 3], "a": [1, 2, 3], "label": ["x", "y", "x"]})
    return table.astype({"a": dtype})


def test_pictures_that_changed_are_changed_rows():
    before = pictures_of(20)
    images = before.images.copy()
    images[4] = 0

    found = diff(before, replace(before, images=images))

    assert found.changed == (4,)


def test_new_and_fixed_issues_are_rows_of_the_reports():
    suite = Suite("s", limits=(Limit("missing.count", 0.0),))
    before = with_ids(trees())
    one, other = before.table.copy(), before.table.copy()
    one.loc["t003", "x0"] = np.nan
    other.loc["t005", "x0"] = np.nan
    pair = [replace(before, table=t) for t in (one, other)]
    reports = tuple(audit(d, suite=suite, checks=["missing"]) for d in pair)

    change = diff(*pair, reports).issues[0]

    assert (change.check, change.fixed, change.new) == ("missing", ("t003",), ("t005",))


def test_a_report_of_other_data_is_refused():
    reports = tuple(audit(trees(seed=s), checks=["missing"]) for s in (3, 4))

    with pytest.raises(StaleError, match="the report is of other data"):
        diff(trees(), trees(), reports)


def test_labelled_and_unlabelled_data_are_not_compared():
    bare = replace(trees(), roles=replace(trees().roles, label=None))

    with pytest.raises(InputError, match="one has a label and the other has none"):
        diff(trees(), bare)


def test_only_one_with_ids_is_said():
    assert diff(trees(), with_ids(trees())).notes == ("only one of the two has ids: matched by content",)


def test_markdown_and_json_hold_what_the_terminal_says():
    before = with_ids(trees())
    found = diff(before, before.drop(["t003"]).relabelled({"t001": "ash"}))

    assert "| relabelled | 1 | t001 (birch to ash) |" in diff_markdown(found)
    assert "removed            1  t003" in diff_terminal(found)
    assert json.loads(json.dumps(found.to_dict()))["removed"] == ["t003"]


def test_a_name_from_the_data_cannot_break_the_table():
    before = texts_of(["a", "b", "c"], ["x", "y", "x"], index=["r|1", "r\x1b2", "r3"])
    found = diff(before, before.relabelled({"r|1": "y", "r\x1b2": "x"}))

    assert "r\\|1 (x to y)" in diff_markdown(found)
    assert "\x1b" not in diff_markdown(found) + diff_terminal(found)


def test_cells_that_differ_for_how_they_are_stored_are_told_from_those_that_say_something_else(tmp_path):
    before = trees()
    narrow = before.table.astype(dict.fromkeys(["x0", "x1"], "float32"))
    found = diff(before, replace(before, table=narrow))

    assert len(found.changed) == 60
    assert found.notes == tuple(
        f"column {c!r} holds fractions of 64 bits before and fractions of 32 bits after: hardly a row would be equal; store "
        "the column alike in both"
        for c in ("x0", "x1")
    )
    assert diff(before, before.drop(before.rows[:9])).notes == ()


def test_a_label_is_not_another_one_for_being_read_as_a_float():
    data = trees()
    codes = data.given.map(dict(zip(CLASSES, range(3), strict=True)))
    before, after = (
        replace(data, table=data.table.assign(label=codes.astype(kind)), classes=tuple(map(kind, range(3))))
        for kind in (int, float)
    )

    assert diff(before, after).relabelled == ()
    assert diff(before, after.relabelled({after.rows[4]: 2.0})).relabelled == (Relabelled(after.rows[4], 1, 2.0),)
