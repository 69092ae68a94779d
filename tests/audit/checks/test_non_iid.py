"""Rows whose order says what is in them."""

import numpy as np
import pytest
from cleanlab.datalab.internal.issue_manager.noniid import NonIIDIssueManager
from scipy.sparse import csr_matrix
from toy import blobs, evidence_of, table_of

from audit.checks.non_iid import K, by_permutation, nearness, non_iid, untied
from audit.errors import InputError, NotApplicable
from audit.evidence.gather import GRAPH
from audit.neighbours import Neighbours, nearest
from audit.render.sentences import say
from audit.report import Card


def points(n: int = 300, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3)).astype("float32")


def drifting(n: int = 300, by: float = 4.0) -> np.ndarray:
    return points(n) + np.linspace(0, by, n, dtype="float32")[:, None]


def of(values: np.ndarray, labels=None):
    return non_iid(evidence_of(table_of(values, np.arange(len(values)) % 2 if labels is None else labels)))


class Lab:
    """As much of a Datalab as its test of the order asks for."""

    def get_info(self, _name: str) -> dict:
        return {}


def cleanlab_p_value(near: Neighbours) -> float:
    n, k = near.indices.shape
    graph = csr_matrix((near.distances.ravel(), near.indices.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    manager = NonIIDIssueManager(Lab())
    manager.find_issues(knn_graph=graph)
    return float(manager.p_value)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by", [0.0, 0.3, 0.6])
def test_the_p_value_is_cleanlab_s(seed, by):
    near = nearest(points(200, seed) + np.linspace(0, by, 200, dtype="float32")[:, None], K)
    seen = by_permutation(near.indices, np.ones_like(near.indices, dtype=bool))
    assert 10**-seen.evidence == pytest.approx(cleanlab_p_value(near), rel=1e-6, abs=1e-12)


def test_drift_is_found_and_shuffling_undoes_it():
    values = drifting()
    there, shuffled = of(values), of(np.random.default_rng(1).permutation(values))
    assert there.detail["matters"]
    assert not shuffled.detail["matters"]
    assert there.measures["evidence"] > 5 > 2 > shuffled.measures["evidence"]
    assert there.measures["statistic"] > 3 * shuffled.measures["statistic"]


def test_samples_without_order_are_seldom_found():
    found = [of(points(120, seed)).detail["matters"] for seed in range(30)]
    assert sum(found) <= 3


def test_the_cut_is_where_another_source_begins():
    values = np.vstack([points(130), points(170, 1) + 6])
    issues = of(values)
    assert issues.detail["cut"] == {"row": 130, "share": 0.0}


def test_rows_of_few_values_are_not_taken_for_sorted():
    """Their neighbours tie, and ties come in the rows' order."""
    values = np.random.default_rng(0).integers(0, 4, (400, 3)).astype(float)
    near = nearest(values.astype("float32"), GRAPH)
    assert by_permutation(near.indices[:, :K], np.ones((400, K), dtype=bool)).evidence > 10
    assert not of(values).detail["matters"]


def test_rows_that_are_all_equal_have_no_order():
    with pytest.raises(NotApplicable, match="equally near"):
        of(np.ones((60, 2)))


def test_only_neighbours_nearer_than_the_next_count():
    near = Neighbours(np.zeros((2, 4), int), np.array([[1.0, 2, 2, 2], [1, 2, 3, 4]]))
    assert untied(near, 3).tolist() == [[True, False, False], [True, True, True]]
    assert untied(near, 9).tolist() == untied(near, 3).tolist()


def test_sorted_labels_are_told():
    values, labels = blobs(240)
    order = np.argsort(labels, kind="stable")
    issues = of(values[order], labels[order])
    assert issues.detail["sorted_by_label"]
    assert issues.detail["matters"]
    assert not of(values, labels).detail["sorted_by_label"]


def test_scores_are_low_where_neighbours_stand_next_to_the_row():
    near = np.array([[1, 2], [0, 2], [1, 3], [2, 4], [3, 0]])
    score = nearness(near, np.ones((5, 2), dtype=bool))
    assert score.tolist() == pytest.approx([0.25, 0.0, 0.0, 0.0, 0.75])
    issues = of(drifting())
    assert issues.scores["score"].between(0, 1).all()
    assert issues.scores["score"].mean() < 0.6 < of(points()).scores["score"].mean()


def test_no_row_is_flagged_and_nothing_depends_on_the_global_generator():
    np.random.seed(1)  # noqa: NPY002  the state that must not matter
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other = of(drifting()), of(drifting())
    assert dict(one.measures) == dict(other.measures)
    assert not one.flagged.size
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_the_significance_is_an_option_and_too_few_rows_say_nothing():
    evidence = evidence_of(table_of(points(40), [0, 1] * 20))
    p = non_iid(evidence).detail["p_value"]
    assert non_iid(evidence, significance=min(0.99, p * 1.01)).detail["matters"]
    with pytest.raises(InputError, match="between 0 and 1, this is 1"):
        non_iid(evidence, significance=1)
    with pytest.raises(NotApplicable, match="29 rows are too few"):
        of(points(29))


def test_the_sentence_says_whether_where_and_how_sure():
    data = table_of(np.vstack([points(130), points(170, 1) + 6]), [0, 1] * 150)
    said = say(non_iid(evidence_of(data)), Card.of(data))
    assert (said.sentence, said.affected) == ("rows that are alike stand near one another", 1)
    assert said.note == "fewest neighbours lie across row 130; by chance in 1e-16 of all orders"
    twins = np.vstack([points(150), points(150) + points(150, 2) / 999])
    apart = say(of(twins), Card.of(data))
    assert apart.sentence == "rows that are alike stand far from one another"
    none = say(of(points()), Card.of(data))
    assert (none.sentence, none.affected) == ("the order of the rows says nothing of what is in them", 0)
