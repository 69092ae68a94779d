"""Label flags are cleanlab's own."""

import numpy as np
import pytest
from cleanlab.count import num_label_issues
from cleanlab.filter import find_label_issues
from toy import noisy_probabilities

from audit import confident
from audit.confident import RULES, learnt
from audit.errors import UnknownName


def noisy(n=300, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    labels = np.where(rng.random(n) < 0.15, (true + 1) % classes, true)
    return labels, noisy_probabilities(true, classes, seed)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_flagged_rows_are_cleanlab_s(rule, seed):
    labels, pred_probs = noisy(seed=seed)
    expected = find_label_issues(labels, pred_probs, filter_by=rule, return_indices_ranked_by=None, n_jobs=1)
    flagged = learnt(labels, pred_probs, (rule,)).flags[rule]
    assert flagged.any()
    assert np.array_equal(flagged, expected)


def test_ten_times_over_the_same_rows_are_flagged():
    labels, pred_probs = noisy()
    first = learnt(labels, pred_probs).flags["both"]
    assert all(np.array_equal(learnt(labels, pred_probs).flags["both"], first) for _ in range(9))


def test_a_class_that_no_row_has_is_no_hindrance():
    labels, pred_probs = noisy(classes=3)
    wider = np.hstack([pred_probs, np.full((len(labels), 1), 1e-12)])
    wider /= wider.sum(axis=1, keepdims=True)
    assert np.array_equal(learnt(labels, wider).flags["both"], learnt(labels, pred_probs).flags["both"])


def test_an_unknown_rule_is_named():
    labels, pred_probs = noisy()
    with pytest.raises(UnknownName, match=r"labels: no filter_by 'bth'; .*did you mean 'both'"):
        learnt(labels, pred_probs, ("bth",))


def test_the_count_is_cleanlab_s():
    labels, pred_probs = noisy()
    assert learnt(labels, pred_probs).count == num_label_issues(labels, pred_probs)


def test_self_confidence_is_the_given_label_s_probability():
    labels, pred_probs = noisy()
    assert learnt(labels, pred_probs).self_confidence == pytest.approx(pred_probs[np.arange(300), labels])


def test_nothing_is_changed_by_looking():
    labels, pred_probs = noisy()
    before = labels.copy(), pred_probs.copy()
    learnt(labels, pred_probs).flags["both"]
    assert np.array_equal(labels, before[0])
    assert np.array_equal(pred_probs, before[1])


def test_arrays_too_large_for_comfort_are_streamed_to_the_same_bits(monkeypatch):
    labels, pred_probs = noisy(3000)
    here = learnt(labels, pred_probs)
    monkeypatch.setattr(confident, "COMFORTABLE", 100)
    there = learnt(labels, pred_probs)
    assert here.engine.startswith("cleanlab ")
    assert there.engine.startswith("assay's streaming kernel")
    assert here.count == there.count
    assert np.array_equal(here.self_confidence, there.self_confidence)
    assert all(np.array_equal(here.flags[rule], there.flags[rule]) for rule in RULES)
