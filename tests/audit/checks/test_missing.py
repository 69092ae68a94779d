"""Cells without a value, texts without a word, pictures that cannot be opened."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy import evidence_of, pictures_of, table_of, texts_of

from audit.checks.missing import missing
from audit.dataset import Dataset, Roles
from audit.errors import NotApplicable


def test_planted_holes_are_found_and_nothing_else(trees):
    issues = missing(evidence_of(trees.data))
    assert set(issues.flagged) == set(trees.missing)
    assert issues.measures == {"count": 5, "rate": 5 / len(trees.data), "cells": 5, "unreadable": 0}
    assert sum(c["count"] for c in issues.detail["columns"]) == 5


def test_rows_are_scored_by_the_share_of_cells_they_have():
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [1.0, 2.0]])
    issues = missing(evidence_of(table_of(values, ["a", "b", "a"], ["p", "q", "r"])))
    assert issues.scores["score"].tolist() == [0.5, 0.0, 1.0]
    assert issues.findings.index.tolist() == ["q", "p"]
    assert issues.findings["reason"].tolist() == ["no value in x0, x1", "no value in x1"]
    assert issues.detail["columns"] == [
        {"column": "x1", "count": 2, "share": 2 / 3},
        {"column": "x0", "count": 1, "share": 1 / 3},
    ]


@pytest.mark.parametrize("gone", [None, float("nan"), "", "  \n", "\u00a0"])
def test_a_text_without_a_word_is_missing(gone):
    issues = missing(evidence_of(texts_of(["word", gone, "None"], ["a", "b", "a"])))
    assert issues.flagged.tolist() == [1]


@pytest.mark.parametrize("kind", ["Int64", "Float64", "string", "boolean"])
def test_nullable_columns_are_looked_into(kind):
    column = pd.array([1, None, 1] if kind != "string" else ["a", None, "b"], dtype=kind)
    data = Dataset(
        "d", pd.DataFrame({"x": column, "label": list("aba")}), Roles(label="label", features=("x",)), ("a", "b")
    )
    assert missing(evidence_of(data)).flagged.tolist() == [1]


def test_a_column_without_a_role_may_be_empty(clean):
    data = replace(clean, table=clean.table.assign(note=None))
    assert missing(evidence_of(data)).measures["count"] == 0


def test_a_column_with_two_roles_is_counted_once(clean):
    values = clean.table["x0"].where(clean.rows != 4)
    data = replace(clean, table=clean.table.assign(x0=values), roles=replace(clean.roles, group="x0"))
    issues = missing(evidence_of(data))
    assert issues.measures["cells"] == 1
    assert issues.detail["columns"] == [{"column": "x0", "count": 1, "share": 1 / 240}]


def test_pictures_that_cannot_be_opened_are_missing_from_the_whole_data():
    tiles = pictures_of(6)
    table = tiles.table.assign(file=[f"{i}.png" for i in range(6)])
    everything = Dataset("files", table, Roles(label="label", image="file"), tiles.classes)
    evidence = replace(evidence_of(everything.drop([2])), everything=everything, unreadable={2: "cut off"})
    issues = missing(evidence)
    assert issues.measures["unreadable"] == 1
    assert issues.scores.index.tolist() == list(range(6))
    assert issues.flagged.tolist() == [2]
    assert issues.findings.loc[2, ["reason", "kind"]].tolist() == ["cut off", "unreadable"]
    assert issues.detail["unreadable"] == [{"row": 2, "why": "cut off"}]


def test_pictures_in_an_array_are_all_there(tiles):
    assert missing(evidence_of(tiles)).measures == {"count": 0, "rate": 0.0, "cells": 0, "unreadable": 0}


def test_no_column_to_look_into_is_nothing_to_look_at():
    data = Dataset("d", pd.DataFrame({"label": ["a", "b"]}), Roles(label="label"), ("a", "b"))
    with pytest.raises(NotApplicable, match="no column but the label"):
        missing(evidence_of(data))
