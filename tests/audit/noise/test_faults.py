from __future__ import annotations

import numpy as np
import pytest
from noise.planted import planted, strong_view

from audit.noise.faults import clueless, memorised, no_telling, other_order, shuffled

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

    assert "seen these labels" in memorised(in_sample(p), p.labels)


@pytest.mark.parametrize("learnt", [0.8, 1.0])
def test_labels_learnt_by_heart_in_part_show_beside_an_honest_view(learnt):
    p = planted(rate=0.2, rows=6000)
    by_heart = np.random.default_rng(0).random(6000) < learnt
    own = np.where(by_heart, p.labels, p.truth)
    values = np.eye(4)[own] * 0.8 + 0.05

    assert memorised(values, p.labels) is None
    assert "of which at least" in memorised(values, p.labels, p.views["neighbour vote"])


@pytest.mark.parametrize("spread", [0.25, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("error", [0.0, 0.02])
def test_a_strong_model_beside_weak_views_is_not_called_memorised(spread, error):
    for rate in (0.0, 0.1):
        p = planted(rate=rate, spread=spread, rows=1500)
        strong = strong_view(p.truth, error)

        assert memorised(strong, p.labels, p.views["linear head"]) is None


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

    assert "columns seem to be in another order" in other_order(p.views["linear head"][:, order], p.labels)


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


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("rows", [40, 100, 3000])
def test_views_of_labels_dealt_out_anew_are_clueless(classes, rows):
    p = planted(rate=0.0, classes=classes, rows=rows)
    dealt = np.random.default_rng(1).permutation(p.labels)

    assert "no view knows more of the labels than chance" in clueless(p.views, dealt)


@pytest.mark.parametrize(("kind", "rate"), NOISY)
@pytest.mark.parametrize("spread", [0.25, 0.7])
def test_views_of_noisy_labels_are_not(kind, rate, spread):
    p = planted(kind, rate, spread=spread)

    assert clueless(p.views, p.labels) is None


def test_a_view_that_always_names_the_commonest_class_may_still_know_something():
    rng = np.random.default_rng(0)
    labels = (rng.random(4000) < 0.03).astype(int)
    rare = np.clip(0.03 + 0.1 * labels + rng.normal(0, 0.02, 4000), 0.001, 0.4)

    assert clueless({"view": np.stack([1 - rare, rare], axis=1)}, labels) is None


@pytest.mark.parametrize("rows", [40, 70, 99])
def test_views_of_few_clean_labels_are_not(rows):
    p = planted(rate=0.0, rows=rows)

    assert clueless(p.views, p.labels) is None


def test_views_of_few_random_labels_are_clueless_in_nineteen_of_twenty():
    rng = np.random.default_rng(0)
    made = [(rng.dirichlet(np.ones(2), 40), rng.integers(0, 2, 40)) for _ in range(200)]
    told = [clueless({"view": view}, labels) for view, labels in made]

    assert sum(why is not None for why in told) >= 185
    assert "or 40 rows are too few to show what they do know" in next(why for why in told if why)


def test_of_fewer_rows_there_is_no_telling_which_is_said():
    p = planted(rate=0.0, rows=39)

    assert clueless(p.views, np.random.default_rng(1).permutation(p.labels)) is None
    assert no_telling(39) == "39 rows are too few to tell whether what the views look at says anything of the labels"
    assert no_telling(40) == ""
