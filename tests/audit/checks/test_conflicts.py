"""The same content under different labels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy import evidence_of, table_of, texts_of

from audit.checks.conflicts import conflicts
from audit.dataset import Dataset, Roles
from audit.errors import NotApplicable


def test_planted_conflicts_are_found_and_nothing_else(trees):
    issues = conflicts(evidence_of(trees.data))
    twins = {
        r for r in trees.data.rows if (trees.data.content == trees.data.content[trees.data.rows.get_loc(r)]).sum() > 1
    }
    assert set(trees.exact[:2]) <= set(issues.flagged) <= twins
    assert issues.measures == {"count": 2, "rows": 4, "rate": 4 / len(trees.data)}


def test_equal_rows_with_equal_labels_do_not_conflict():
    data = table_of(np.array([[1.0], [1.0], [2.0], [2.0]]), ["a", "a", "a", "b"])
    issues = conflicts(evidence_of(data))
    assert issues.flagged.tolist() == [2, 3]
    assert issues.findings["twin"].tolist() == ["3", "2"]
    assert issues.findings["group"].tolist() == ["2", "2"]
    assert issues.detail["sets"] == [{"rows": [2, 3], "labels": ["a", "b"]}]
    assert issues.findings["reason"].iloc[0] == "the same content is labelled a and b"


def test_texts_conflict_after_normalisation():
    issues = conflicts(evidence_of(texts_of(["Hi there", "hi  THERE", "hi you"], ["x", "y", "x"], ["p", "q", "r"])))
    assert issues.flagged.tolist() == ["p", "q"]


def test_a_twin_has_another_label():
    data = table_of(np.ones((5, 1)), ["a", "a", "b", "a", "c"])
    issues = conflicts(evidence_of(data))
    assert issues.measures["count"] == 1
    assert all(data.given[int(t)] != data.given[r] for r, t in issues.findings["twin"].items())


def test_a_group_s_set_does_not_depend_on_row_order():
    data = table_of(np.array([[1.0], [2.0], [1.0], [2.0], [3.0]]), list("abbbb"))
    one, other = conflicts(evidence_of(data)), conflicts(evidence_of(data.take([4, 2, 3, 1, 0])))
    assert set(one.flagged) == set(other.flagged) == {0, 2}


def test_ids_labels_and_other_columns_are_no_content():
    data = table_of(np.ones((2, 1)), ["a", "b"])
    data = replace(data, table=data.table.assign(note=["one", "two"]))
    assert conflicts(evidence_of(data)).measures["count"] == 1


def test_rows_known_by_embeddings_alone_never_conflict():
    data = Dataset("d", pd.DataFrame({"label": list("abab")}), Roles(label="label"), ("a", "b"))
    assert conflicts(evidence_of(data)).measures["count"] == 0


def test_without_labels_there_is_nothing_to_look_at(clean):
    with pytest.raises(NotApplicable):
        conflicts(evidence_of(Dataset("d", clean.table, Roles(features=("x0",)), ())))
