"""Label flags are cleanlab's own."""

from typing import get_args

import numpy as np
import pytest
from cleanlab.count import num_label_issues
from cleanlab.filter import find_label_issues
from hypothesis import given
from hypothesis import strategies as st
from toy import noisy_probabilities

from audit import confident
from audit.errors import UnknownName


def noisy(n=300, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    labels = np.where(rng.random(n) < 0.15, (true + 1) % classes, true)
    return labels, noisy_probabilities(true, classes, seed)


@pytest.mark.parametrize("rule", get_args(confident.FilterBy))
@pytest.mark.parametrize("seed", [0, 1])
def test_the_flagged_rows_are_cleanlab_s(rule, seed):
    labels, pred_probs = noisy(seed=seed)
    expected = find_label_issues(labels, pred_probs, filter_by=rule, return_indices_ranked_by=None, n_jobs=1)
    flagged = confident.flags(labels, pred_probs, rule)
    assert flagged.any()
    assert np.array_equal(flagged, expected)


def test_ten_times_over_the_same_rows_are_flagged():
    labels, pred_probs = noisy()
    first = confident.flags(labels, pred_probs, "both")
    assert all(np.array_equal(confident.flags(labels, pred_probs, "both"), first) for _ in range(9))


def test_a_class_that_no_row_has_is_no_hindrance():
    labels, pred_probs = noisy(classes=3)
    wider = np.hstack([pred_probs, np.full((len(labels), 1), 1e-12)])
    wider /= wider.sum(axis=1, keepdims=True)
    assert np.array_equal(confident.flags(labels, wider, "both"), confident.flags(labels, pred_probs, "both"))


def test_an_unknown_rule_is_named():
    labels, pred_probs = noisy()
    with pytest.raises(UnknownName, match=r"labels: no filter_by 'bth'; .*did you mean 'both'"):
        confident.flags(labels, pred_probs, "bth")


def test_the_count_is_cleanlab_s():
    labels, pred_probs = noisy()
    assert confident.count(labels, pred_probs) == num_label_issues(labels, pred_probs)


def test_self_confidence_is_the_given_label_s_probability():
    labels, pred_probs = noisy()
    assert confident.self_confidence(labels, pred_probs) == pytest.approx(pred_probs[np.arange(300), labels])


def test_nothing_is_changed_by_looking():
    labels, pred_probs = noisy()
    before = labels.copy(), pred_probs.copy()
    confident.flags(labels, pred_probs, "both")
    confident.margin_quality(labels, pred_probs)
    assert np.array_equal(labels, before[0])
    assert np.array_equal(pred_probs, before[1])


def test_the_margin_says_who_is_likelier():
    pred_probs = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.4, 0.4, 0.2], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    quality = confident.margin_quality(np.array([0, 1, 1, 0, 2]), pred_probs)
    assert quality == pytest.approx([8 / 9, 1 / 9, 0.5, 1.0, 0.0])


@given(st.lists(st.lists(st.floats(1e-6, 1), min_size=3, max_size=3), min_size=1, max_size=8), st.integers(0, 2))
def test_the_margin_is_a_quality_and_half_where_the_given_label_is_as_likely_as_another(rows, label):
    pred_probs = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    labels = np.full(len(rows), label)
    quality = confident.margin_quality(labels, pred_probs)
    assert ((quality >= 0) & (quality <= 1)).all()
    others = np.delete(pred_probs, label, axis=1).max(axis=1)
    assert np.array_equal(quality < 0.5, pred_probs[:, label] < others) or np.isclose(quality, 0.5).any()
