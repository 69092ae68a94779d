"""Labels that are probably wrong: the estimate, the flags, and what each row is told apart by."""

import numpy as np
import pytest
from cleanlab.count import num_label_issues
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from toy import blobs, evidence_of, noisy_probabilities, table_of

from audit.checks.labels import labels
from audit.confident import RULES
from audit.dataset import Dataset, Roles
from audit.errors import InputError, NotApplicable, Undecided, UnknownName
from audit.noise.methods import METHODS
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


# -- cleanlab, and other scores by name


@pytest.mark.parametrize("rule", RULES)
def test_by_cleanlab_the_rows_flagged_are_exactly_its_own(rule):
    data, pred = brought()
    issues = labels(evidence_of(data, pred_probs=pred), method="cleanlab", filter_by=rule)
    expected = find_label_issues(data.labels, pred.values, filter_by=rule, n_jobs=1)
    assert expected.any()
    assert np.array_equal(issues.scores["flagged"], expected)
    assert issues.measures["flagged"] == expected.sum()
    assert issues.measures["count"] == num_label_issues(data.labels, pred.values)
    assert issues.scores["score"].to_numpy() == pytest.approx(get_label_quality_scores(data.labels, pred.values))
    assert issues.detail["expected_precision"] is None


def test_cleanlab_s_own_default_is_the_default():
    data, pred = brought()
    issues = labels(evidence_of(data, pred_probs=pred), method="cleanlab")
    assert np.array_equal(issues.scores["flagged"], find_label_issues(data.labels, pred.values, n_jobs=1))


def test_cleanlab_s_count_and_flags_stand_beside_ours_by_every_rule(trees):
    issues = labels(evidence_of(trees.data))
    beside, pred_probs = issues.detail["cleanlab"], evidence_of(trees.data).pred_probs
    assert beside["count"] == num_label_issues(trees.data.labels, pred_probs)
    for rule in RULES:
        expected = find_label_issues(trees.data.labels, pred_probs, filter_by=rule, n_jobs=1)
        assert np.array_equal(issues.scores[f"cleanlab.{rule}"], expected)
        assert beside["filter_by"][rule] == {
            "flagged": expected.sum(), "flagged_here_too": (expected & issues.scores["flagged"]).sum(),
        }  # fmt: skip


@pytest.mark.parametrize("method", [*METHODS, "training_dynamics"])
def test_another_score_is_cut_off_where_as_many_are_flagged_as_are_wrong(trees, method):
    issues = labels(evidence_of(trees.data), method=method)
    assert issues.measures["flagged"] == issues.measures["count"]
    worst = issues.scores["score"][issues.scores["flagged"]].max()
    assert worst <= issues.scores["score"][~issues.scores["flagged"]].min()
    assert 0 < issues.detail["expected_precision"] <= 1


# -- ours


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
    measures = labels(evidence_of(clean)).measures
    assert measures["rate"] <= 0.01
    assert measures["flagged"] <= 2


def test_the_count_is_near_the_truth(found, trees):
    wrong = len(trees.flipped) + 2
    assert abs(found.measures["count"] - wrong) <= 0.15 * wrong
    assert found.measures["rate_low"] <= wrong / len(trees.data) <= found.measures["rate_high"]


@pytest.mark.parametrize("budget", [0, 1, 7, 10**6])
def test_a_budget_is_the_length_of_the_list(trees, budget):
    issues = labels(evidence_of(trees.data), budget=budget)
    assert issues.measures["flagged"] == min(budget, len(trees.data))
    assert issues.detail["cutoff_used"].startswith(f"the {budget:,} most doubtful rows")


def test_a_list_of_a_precision_is_expected_to_have_it_and_a_longer_one_is_not(trees):
    strict, loose = (labels(evidence_of(trees.data), precision=p) for p in (0.99, 0.5))
    assert strict.measures["flagged"] < loose.measures["flagged"]
    assert strict.detail["expected_precision"] >= 0.99
    assert loose.detail["expected_precision"] >= 0.5
    longer = labels(evidence_of(trees.data), budget=int(loose.measures["flagged"]) + 1)
    assert longer.detail["expected_precision"] < 0.5


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"precision": 0.9, "budget": 3}, "precision and budget are two lengths for one list"),
        ({"precision": 0.0}, r"precision must lie in \(0, 1\]"),
        ({"budget": -1}, "a budget is a number of rows"),
        ({"method": "cleanlab", "budget": 3}, "cleanlab's flags are its own"),
        ({"filter_by": "both"}, "set method = 'cleanlab'"),
        ({"seeds": 0}, "seeds must be 1 or more"),
    ],
)
def test_options_that_say_nothing_or_contradict_each_other_are_refused(trees, options, why):
    with pytest.raises(InputError, match=why):
        labels(evidence_of(trees.data), **options)


def test_an_unknown_method_is_named_with_the_near_one(trees):
    with pytest.raises(UnknownName, match="did you mean 'log_ratio'"):
        labels(evidence_of(trees.data), method="log-ratio")


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
    detail, count = found.detail, found.measures["flagged"]
    assert np.sum(detail["confusion"]) == count
    assert np.trace(detail["confusion"]) == 0
    assert sum(p["flagged"] for p in detail["pairs"]) == count
    assert [p["count"] for p in detail["pairs"]] == sorted((p["count"] for p in detail["pairs"]), reverse=True)
    assert sum(c["flagged"] for c in detail["per_class"]) == count
    assert sum(c["rows"] for c in detail["per_class"]) == len(trees.data)
    assert sum(c["rate"] * c["rows"] for c in detail["per_class"]) == pytest.approx(found.measures["rate"] * 250)
    assert all(c["rate_low"] <= c["rate"] <= c["rate_high"] for c in detail["per_class"])
    assert all(p["low"] <= p["count"] <= p["high"] for p in detail["pairs"])
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
    one = labels(evidence_of(data, pred_probs=pred), method="cleanlab")
    other = labels(evidence_of(data.take(data.rows[order]), pred_probs=shuffled), method="cleanlab")
    assert set(one.flagged) == set(other.flagged)


def test_an_unknown_rule_is_named():
    data, pred = brought()
    with pytest.raises(UnknownName, match="no filter_by 'all'"):
        labels(evidence_of(data, pred_probs=pred), method="cleanlab", filter_by="all")


# -- why a row is flagged


def test_each_of_the_worst_rows_says_who_speaks_against_its_label(found, trees):
    position, given = {c: i for i, c in enumerate(CLASSES)}, trees.data.given
    lines = {line["row"]: line for line in found.detail["why"]}
    assert [line["row"] for line in found.detail["why"]] == found.findings.index.tolist()[:100]
    for row in set(trees.flipped) & set(lines):
        true = CLASSES[(position[given[row]] - 1) % 3]
        line = lines[row]
        assert [v["view"] for v in line["votes"]] == ["linear head", "neighbour vote"]
        assert given[line["disagreeing"]["row"]] == found.scores["suggested"][row]
        assert line["agreeing"] is None or given[line["agreeing"]["row"]] == given[row]
        assert found.scores["suggested"][row] == true
        assert {v["says"] for v in line["votes"]} == {true}
        assert line["stability"] == 1.0


def test_a_row_s_own_copies_are_no_witnesses(trees, found):
    copies = {row: line for line in found.detail["why"] if (row := line["row"]) in trees.exact[:2]}
    content = dict(zip(trees.data.rows, trees.data.content, strict=True))
    assert copies
    for row, line in copies.items():
        assert content[line["disagreeing"]["row"]] != content[row]


def test_stability_is_a_share_of_the_ways_of_dealing_out_folds(trees):
    stable = labels(evidence_of(trees.data), seeds=4).scores["stability"]
    assert set(stable) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert "stability" not in labels(evidence_of(trees.data), seeds=1).scores


def test_without_labels_there_is_nothing_to_look_at(clean):
    data = Dataset("d", clean.table, Roles(features=("x0",)), ())
    with pytest.raises(NotApplicable, match="no label column"):
        labels(evidence_of(data))


# -- few rows


def test_of_few_rows_that_say_nothing_of_their_labels_the_check_cannot_tell():
    rng = np.random.default_rng(0)
    with pytest.raises(Undecided, match="40 rows are too few to show what they do know"):
        labels(evidence_of(table_of(rng.normal(size=(40, 4)), rng.permutation(["a", "b"] * 20))))


def test_few_clean_rows_are_judged_and_fewer_with_a_note():
    few, fewer = (labels(evidence_of(table_of(*blobs(n)))) for n in (40, 18))

    assert (few.measures["flagged"], few.measures["count"]) == (0, 0)
    assert not [n for n in few.detail["notes"] if "too few" in n]
    assert "18 rows are too few to tell whether what the views look at says anything" in " ".join(fewer.detail["notes"])
