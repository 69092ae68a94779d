"""Rows far from all others."""

import numpy as np
import pytest
from toy import blobs, evidence_of, table_of

from audit.checks.outliers import outliers
from audit.errors import NotApplicable


def test_planted_rows_far_away_are_found(trees):
    issues = outliers(evidence_of(trees.data))
    assert set(trees.absurd) <= set(issues.flagged)
    assert set(issues.flagged) <= {*trees.absurd, *trees.missing}
    assert set(issues.findings.index[:3]) == set(trees.absurd)


def test_a_clean_sample_has_none(clean):
    assert outliers(evidence_of(clean)).measures == {"count": 0, "rate": 0.0}


@pytest.mark.parametrize("columns", [1, 2, 3, 6])
@pytest.mark.parametrize("levels", [2, 3, 10])
def test_a_table_of_few_discrete_values_has_none(columns, levels):
    rng = np.random.default_rng(columns * levels)
    data = table_of(rng.integers(0, levels, (400, columns)).astype(float), rng.integers(0, 2, 400))
    assert outliers(evidence_of(data)).measures["rate"] <= 0.01


def test_a_row_far_from_a_discrete_table_is_found():
    values = np.random.default_rng(0).integers(0, 4, (400, 4)).astype(float)
    values[17] = 1000
    issues = outliers(evidence_of(table_of(values, [0, 1] * 200)))
    assert issues.flagged.tolist() == [17]


def test_rows_that_are_all_equal_have_none_and_score_1():
    issues = outliers(evidence_of(table_of(np.ones((60, 2)), [0, 1] * 30)))
    assert issues.measures["count"] == 0
    assert (issues.scores["score"] == 1).all()


def test_scores_fall_with_distance_and_a_wider_spread_flags_fewer():
    values, labels = blobs(120)
    values[[3, 4]] += [[40.0], [80.0]]
    evidence = evidence_of(table_of(values, labels))
    issues = outliers(evidence)
    assert issues.findings.index.tolist() == [4, 3]
    assert issues.scores.loc[4, "score"] < issues.scores.loc[3, "score"] < 0.2
    assert issues.scores["score"].between(0, 1).all()
    assert outliers(evidence, spread=100).measures["count"] == 0
    assert outliers(evidence, spread=2).measures["count"] >= 2


def test_the_twin_is_the_nearest_row():
    values, labels = blobs(120)
    values[3] += 40
    evidence = evidence_of(table_of(values, labels, [f"r{i}" for i in range(120)]))
    finding = outliers(evidence).findings.loc["r3"]
    assert finding["twin"] == f"r{evidence.neighbours.indices[3, 0]}"


def test_row_order_does_not_matter(trees):
    one, other = (outliers(evidence_of(trees.data.take(trees.data.rows[::step]))) for step in (1, -1))
    assert set(one.flagged) == set(other.flagged)


def test_too_few_rows_say_nothing():
    values, labels = blobs(29)
    with pytest.raises(NotApplicable, match="29 rows are too few"):
        outliers(evidence_of(table_of(values, labels)))
