"""Rows that mislead their neighbours."""

import numpy as np
import pytest
from toy import blobs, evidence_of, table_of

from audit.checks.valuation import K, beyond_chance, valuation
from audit.dataset import Dataset, Roles
from audit.errors import InputError, NotApplicable
from audit.evidence.valuation import knn_shapley
from audit.render.sentences import say
from audit.report import Card


def test_wrong_labels_among_their_class_mislead():
    values, labels = blobs(240)
    wrong = [30, 100, 170]
    labels = labels.copy()
    labels[wrong] = (labels[wrong] + 1) % 3
    issues = valuation(evidence_of(table_of(values, labels)))
    assert set(issues.flagged) == set(wrong)
    assert issues.measures == {"count": 3, "rate": 3 / 240}
    assert issues.findings["reason"].str.match(r"votes wrong on \d+ of its neighbours, right on 0").all()


def test_labels_without_meaning_flag_nobody():
    flagged = [
        valuation(evidence_of(table_of(blobs(240)[0], np.random.default_rng(seed).integers(0, 2, 240)))).measures[
            "count"
        ]
        for seed in range(5)
    ]
    assert sum(flagged) <= 1


def test_the_value_of_every_row_is_kept(clean):
    evidence = evidence_of(clean)
    scores = valuation(evidence).scores
    assert scores["value"].to_numpy() == pytest.approx(knn_shapley(evidence.neighbours.first(K), clean.labels))
    assert scores["score"].between(0, 1).all()


def test_a_row_is_flagged_by_how_often_not_by_chance():
    helped, misled = np.array([0, 0, 5, 0]), np.array([20, 1, 5, 0])
    assert beyond_chance(helped, misled, 0.05).tolist() == [True, False, False, False]
    assert beyond_chance(helped[1:], misled[1:], 0.05).tolist() == [False, False, False]


def test_more_false_flags_allowed_are_more_flags():
    helped, misled = np.zeros(10, int), np.arange(10)
    assert beyond_chance(helped, misled, 0.01).sum() < beyond_chance(helped, misled, 0.5).sum()


def test_what_it_cannot_do_is_said(clean):
    with pytest.raises(NotApplicable, match="no label"):
        valuation(evidence_of(Dataset("d", clean.table, Roles(features=("x0",)), ())))
    with pytest.raises(NotApplicable, match="2 rows are too few"):
        valuation(evidence_of(table_of(np.array([[0.0], [1.0]]), [0, 1])))
    with pytest.raises(InputError, match="between 0 and 1, this is 0"):
        valuation(evidence_of(clean), false=0)


def test_the_sentence_counts_them(clean):
    values, labels = blobs(240)
    labels[30] = (labels[30] + 1) % 3
    data = table_of(values, labels)
    assert say(valuation(evidence_of(data)), Card.of(data)).sentence == "1 row misleads its neighbours"
    assert say(valuation(evidence_of(clean)), Card.of(clean)).sentence == "no row misleads its neighbours"
