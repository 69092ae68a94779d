"""Labels that a model which has not seen the row disagrees with."""

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from toy import blobs, evidence_of, noisy_probabilities, table_of

from audit.checks.labels import labels
from audit.dataset import Dataset, Roles
from audit.errors import NotApplicable, UnknownName
from audit.probabilities import Probabilities

CLASSES = ("ash", "birch", "cedar")


@pytest.fixture(scope="module")
def found(trees):
    return labels(evidence_of(trees.data))


def brought(classes=CLASSES, n=200, noise=0.15) -> tuple[Dataset, Probabilities]:
    rng = np.random.default_rng(1)
    true = rng.integers(0, 3, n)
    given = np.where(rng.random(n) < noise, (true + 1) % 3, true)
    data = table_of(rng.normal(0, 1, (n, 2)), np.array(classes)[given], [f"id{i}" for i in range(n)], classes)
    return data, Probabilities(noisy_probabilities(true, 3), classes)


@pytest.mark.parametrize(
    "rule", ["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given"]
)
def test_the_rows_flagged_are_cleanlab_s_on_the_same_probabilities(rule):
    data, pred = brought()
    issues = labels(evidence_of(data, pred_probs=pred), filter_by=rule)
    expected = find_label_issues(data.labels, pred.values, filter_by=rule, n_jobs=1)
    assert expected.any()
    assert np.array_equal(issues.scores["flagged"], expected)
    assert issues.measures["count"] == expected.sum()


def test_planted_flips_are_found_and_little_else(found, trees):
    flagged, wrong = set(found.flagged), set(trees.flipped) | set(trees.exact[:2])
    assert len(flagged & set(trees.flipped)) / len(trees.flipped) >= 0.9
    assert len(flagged & wrong) / len(flagged) >= 0.9


def test_what_a_flipped_row_looks_like_is_what_it_was(found, trees):
    scores = found.scores.loc[list(trees.flipped)]
    position = {c: i for i, c in enumerate(CLASSES)}
    was = [CLASSES[(position[g] - 1) % 3] for g in scores["given"]]
    assert (scores["suggested"].to_numpy() == np.array(was)).mean() >= 0.9


def test_clean_data_has_next_to_no_flags(clean):
    assert labels(evidence_of(clean)).measures["rate"] <= 0.01


def test_every_row_has_a_score_and_findings_come_worst_first(found, trees):
    assert found.scores.index.equals(trees.data.rows)
    assert found.scores["score"].between(0, 1).all()
    assert found.findings["score"].is_monotonic_increasing
    assert set(found.findings.index) == set(found.flagged)
    assert (found.findings["given"] != found.findings["suggested"]).all()
    assert found.findings["reason"].iloc[0].startswith(f"labelled {found.findings['given'].iloc[0]}, looks like ")


def test_the_interval_holds_the_rate(found):
    measures = found.measures
    assert 0 <= measures["rate_low"] < measures["rate"] < measures["rate_high"] <= 1


def test_the_detail_adds_up(found, trees):
    detail, count = found.detail, found.measures["count"]
    assert np.sum(detail["confusion"]) == count
    assert np.trace(detail["confusion"]) == 0
    assert sum(p["count"] for p in detail["pairs"]) == count
    assert [p["count"] for p in detail["pairs"]] == sorted((p["count"] for p in detail["pairs"]), reverse=True)
    assert sum(c["flagged"] for c in detail["per_class"]) == count
    assert sum(c["rows"] for c in detail["per_class"]) == len(trees.data)
    assert all(c["low"] <= c["rate"] <= c["high"] for c in detail["per_class"])
    histogram = detail["histogram"]
    assert sum(histogram["flagged"]) == count
    assert sum(histogram["fine"]) == len(trees.data) - count
    assert len(histogram["edges"]) == len(histogram["fine"]) + 1
    assert 0.8 < detail["agreement"] < 1


@pytest.mark.parametrize("classes", [(0, 1, 2), (0.5, 1.5, 2.5), ("2", "10", "1")])
def test_given_and_suggested_keep_the_labels_kind(classes):
    data, pred = brought(classes)
    issues = labels(evidence_of(data, pred_probs=pred))
    assert issues.scores["suggested"].dtype == data.given.dtype
    assert set(issues.scores["suggested"]) <= set(classes)
    assert issues.findings["given"].tolist() == [str(data.given[r]) for r in issues.findings.index]


def test_truth_values_are_labels():
    values, which = blobs(90)
    data = table_of(values, which == 0)
    issues = labels(evidence_of(data))
    assert issues.scores["suggested"].dtype == bool
    assert issues.detail["classes"] == [False, True]


def test_more_than_twenty_classes_have_no_matrix():
    rng = np.random.default_rng(0)
    true = np.arange(210) % 21
    data = table_of(rng.normal(0, 1, (210, 2)), true)
    issues = labels(evidence_of(data, pred_probs=Probabilities(noisy_probabilities(true, 21), tuple(range(21)))))
    assert "confusion" not in issues.detail
    assert len(issues.detail["per_class"]) == 21


def test_the_order_of_columns_and_rows_does_not_matter():
    data, pred = brought()
    order = np.random.default_rng(2).permutation(len(data))
    shuffled = Probabilities(pred.values[order][:, [2, 0, 1]], ("cedar", "ash", "birch"))
    one = labels(evidence_of(data, pred_probs=pred))
    other = labels(evidence_of(data.take(data.rows[order]), pred_probs=shuffled))
    assert set(one.flagged) == set(other.flagged)


def test_an_unknown_rule_is_named():
    data, pred = brought()
    with pytest.raises(UnknownName, match="no filter_by 'all'"):
        labels(evidence_of(data, pred_probs=pred), filter_by="all")


def test_without_labels_there_is_nothing_to_look_at(clean):
    data = Dataset("d", clean.table, Roles(features=("x0",)), ())
    with pytest.raises(NotApplicable, match="no label column"):
        labels(evidence_of(data))
