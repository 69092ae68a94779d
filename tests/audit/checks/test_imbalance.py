"""Classes that have many more rows than others."""

import numpy as np
import pytest
from toy import evidence_of, table_of

from audit.checks.imbalance import imbalance
from audit.dataset import Dataset, Roles
from audit.errors import NotApplicable


def of(counts: dict, classes=None, index=None):
    labels = [c for c, n in counts.items() for _ in range(n)]
    return table_of(np.arange(float(len(labels)))[:, None], labels, index, classes)


def test_the_ratio_is_of_the_largest_class_to_the_smallest():
    issues = imbalance(evidence_of(of({"a": 30, "b": 10, "c": 20})))
    assert issues.measures == {"ratio": 3.0}
    assert issues.detail["classes"] == [
        {"class": "a", "rows": 30, "share": 0.5},
        {"class": "c", "rows": 20, "share": 20 / 60},
        {"class": "b", "rows": 10, "share": 10 / 60},
    ]


def test_rows_of_rare_classes_are_flagged():
    evidence = evidence_of(of({0: 97, 1: 3}))
    issues = imbalance(evidence)
    assert issues.flagged.tolist() == [97, 98, 99]
    assert issues.scores["score"].tolist() == pytest.approx([1.0] * 97 + [0.06] * 3)
    assert issues.findings["reason"].iloc[0] == "class 1 has 3 of 100 rows"
    assert imbalance(evidence, rare=0.05).flagged.tolist() == []


def test_even_classes_have_no_rare_one():
    issues = imbalance(evidence_of(of({False: 5, True: 5})))
    assert issues.measures["ratio"] == 1.0
    assert issues.flagged.tolist() == []


def test_one_class_is_as_large_as_itself():
    assert imbalance(evidence_of(of({"a": 5}))).measures["ratio"] == 1.0


def test_a_class_without_rows_is_shown():
    issues = imbalance(evidence_of(of({"a": 5, "b": 5}, classes=("a", "b", "c"))))
    assert issues.detail["classes"][-1] == {"class": "c", "rows": 0, "share": 0.0}


def test_without_labels_there_is_nothing_to_look_at(clean):
    with pytest.raises(NotApplicable):
        imbalance(evidence_of(Dataset("d", clean.table, Roles(features=("x0",)), ())))
