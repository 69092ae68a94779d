"""Rows that are there more than once."""

import numpy as np
import pandas as pd
import pytest
from toy import blobs, evidence_of, pictures_of, sentences, table_of, texts_of

from audit.checks.duplicates import duplicates
from audit.dataset import Dataset, Roles


def test_planted_copies_are_found_whatever_their_labels(trees):
    issues = duplicates(evidence_of(trees.data))
    kinds = issues.findings["kind"]
    assert set(kinds[kinds == "exact"].index) == set(trees.exact)
    assert set(kinds[kinds == "near"].index) == set(trees.near)
    assert issues.measures["exact.count"] == 6
    assert issues.measures["near.count"] == 4
    assert issues.measures["exact.rate"] == 6 / len(trees.data)
    assert "normalised.count" not in issues.measures


def test_counts_are_rows_beyond_the_first_of_each_set():
    values, labels = blobs(60)
    data = table_of(np.vstack([values, values[[0, 0, 0, 5]]]), np.r_[labels, labels[[0, 0, 0, 5]]])
    issues = duplicates(evidence_of(data))
    assert issues.measures["exact.count"] == 4
    assert issues.flagged.tolist() == [60, 61, 62, 63]
    assert issues.findings["twin"].tolist() == ["0", "0", "0", "5"]
    assert issues.findings["group"].tolist() == ["0", "0", "0", "5"]
    assert [s["rows"] for s in issues.detail["sets"]] == [[0, 60, 61, 62], [5, 63]]


def test_normalised_copies_count_the_exact_ones_and_have_their_own_word():
    texts, labels = sentences()
    texts = [*texts, texts[0], texts[1].upper(), f"  {texts[2]}\n"]
    issues = duplicates(evidence_of(texts_of(texts, [*labels, *labels[:3]])))
    assert {k: v for k, v in issues.measures.items() if k.endswith("count")} == {
        "exact.count": 1,
        "normalised.count": 3,
        "near.count": 0,
    }
    assert issues.findings["kind"].sort_index().tolist() == ["exact", "normalised", "normalised"]
    assert issues.findings.loc[81, "reason"] == ("is the same as row 1 but for case or spaces")


def test_pictures_that_are_copies_are_found():
    tiles = pictures_of()
    images = tiles.images.copy()
    images[31] = images[4]
    data = Dataset("tiles", tiles.table, tiles.roles, tiles.classes, images=images)
    issues = duplicates(evidence_of(data))
    assert issues.measures["exact.count"] == 1
    assert issues.flagged.tolist() == [31]


def test_sets_with_several_labels_come_first():
    values, labels = blobs(60)
    both = np.vstack([values, values[[0, 5]]])
    data = table_of(both, np.array(["a", "b", "c"])[np.r_[labels, labels[0], (labels[5] + 1) % 3]])
    sets = duplicates(evidence_of(data)).detail["sets"]
    assert [s["rows"] for s in sets] == [[5, 61], [0, 60]]
    assert len(sets[0]["labels"]) == 2


def test_exact_copies_do_not_depend_on_row_order(trees):
    """Which row is the first changes; which rows belong together, and how many are too many, does not."""
    reversed_ = trees.data.take(trees.data.rows[::-1])
    one, other = (duplicates(evidence_of(d)) for d in (trees.data, reversed_))
    assert one.measures == other.measures
    sets = [{frozenset(s["rows"]) for s in i.detail["sets"]} for i in (one, other)]
    assert sets[0] == sets[1]


@pytest.mark.parametrize("index", [["0", "1", "2", "3"], [7, 5, 3, 1], [0.5, 1.5, 2.5, 3.5]])
def test_rows_are_named_by_their_ids(index):
    data = table_of(np.array([[1.0], [9.0], [1.0], [5.0]]), list("abab"), index)
    issues = duplicates(evidence_of(data))
    assert issues.flagged.tolist() == [index[2]]
    assert issues.findings["twin"].tolist() == [str(index[0])]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_rows_are_looked_at_too(n):
    data = table_of(np.arange(float(n))[:, None], ["a"] * n)
    assert duplicates(evidence_of(data)).measures["exact.count"] == 0


def test_a_table_in_which_all_rows_are_equal_has_all_but_one_too_many():
    assert duplicates(evidence_of(table_of(np.ones((40, 2)), ["a", "b"] * 20))).measures["exact.count"] == 39


def test_without_labels_copies_are_found_all_the_same():
    data = Dataset("d", pd.DataFrame({"x": [1.0, 2.0, 1.0]}), Roles(features=("x",)), ())
    issues = duplicates(evidence_of(data))
    assert issues.measures["exact.count"] == 1
    assert issues.detail["sets"] == [{"kind": "exact", "rows": [0, 2], "labels": []}]


def test_scores_are_0_for_equal_rows_and_at_most_1(trees):
    issues = duplicates(evidence_of(trees.data))
    assert (issues.scores.loc[list(trees.exact), "score"] == 0).all()
    assert issues.scores["score"].between(0, 1).all()
