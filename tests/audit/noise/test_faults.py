from __future__ import annotations

import numpy as np
import pytest
from noise.planted import planted, strong_view

from audit.noise.faults import memorised, other_order, shuffled

NOISY = [("uniform", 0.0), ("uniform", 0.1), ("uniform", 0.4), ("pairs", 0.4)]


def in_sample(p):
    """A tree learns every label by heart."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(30, bootstrap=False, random_state=0)
    return forest.fit(p.features.vectors, p.labels).predict_proba(p.features.vectors)


def honest(p):
    return [*p.views.values(), strong_view(p.truth)]


def test_in_sample_probabilities_are_called_memorised():
    p = planted(rate=0.2)

    assert "seen these labels" in memorised(in_sample(p), p.labels, p.views["neighbour vote"])


def test_memorised_labels_show_without_another_view():
    p = planted(rate=0.2)

    assert "no model of unseen rows" in memorised(in_sample(p), p.labels)


@pytest.mark.parametrize(("kind", "rate"), NOISY)
def test_honest_probabilities_are_not_called_memorised(kind, rate):
    p = planted(kind, rate)

    for view in honest(p):
        assert memorised(view, p.labels, p.views["neighbour vote"]) is None
        assert memorised(view, p.labels) is None


def test_a_model_far_better_than_the_views_made_here_is_honest():
    p = planted(rate=0.0, spread=0.7)

    assert memorised(strong_view(p.truth, error=0.005), p.labels, p.views["linear head"]) is None


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [1, 2, 3, 0], [3, 1, 2, 0]])
def test_columns_in_another_order_are_seen(order):
    p = planted(rate=0.2)

    assert "columns agree with other classes" in other_order(p.views["linear head"][:, order], p.labels)


@pytest.mark.parametrize(("kind", "rate"), NOISY)
def test_columns_in_their_order_are_not_suspected(kind, rate):
    p = planted(kind, rate)

    assert [other_order(v, p.labels) for v in honest(p)] == [None] * 3


def test_rows_in_another_order_are_seen():
    p = planted(rate=0.2)
    moved = np.random.default_rng(0).permutation(strong_view(p.truth))

    assert "the labels are in another order" in shuffled(moved, p.labels)
    assert "the probabilities are in another order" in shuffled(moved, p.labels, [p.views["linear head"]])


@pytest.mark.parametrize(("kind", "rate"), NOISY)
def test_rows_in_their_order_are_not_suspected(kind, rate):
    p = planted(kind, rate)

    assert [shuffled(v, p.labels) for v in honest(p)] == [None] * 3


def test_a_model_that_knows_nothing_is_weak_not_shuffled():
    p = planted()
    unsure = np.random.default_rng(0).dirichlet(np.full(4, 20.0), len(p.labels))

    assert shuffled(unsure, p.labels) is None
