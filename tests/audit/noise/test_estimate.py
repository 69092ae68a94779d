from __future__ import annotations

import numpy as np
import pytest
from noise.planted import CHEAP, planted, strong_view
from sklearn.metrics import average_precision_score

from audit.errors import InputError
from audit.expected import precision_between
from audit.noise.estimate import estimate
from audit.noise.rate import AGREEMENT, ALONE, EVERYWHERE, LIKELIHOOD


def found(p, **changed):
    return estimate(**{"views": p.views, "labels": p.labels, "cheap": CHEAP, "features": p.features, **changed})


@pytest.mark.parametrize("kind", ["uniform", "pairs"])
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.4])
def test_the_count_is_near_the_truth_and_the_interval_covers_it(kind, rate):
    p = planted(kind, rate)

    e = found(p)

    assert e.count == pytest.approx(p.wrong.sum(), rel=0.15, abs=8)
    assert e.rate_low <= p.wrong.mean() <= e.rate_high
    assert e.rule == LIKELIHOOD


@pytest.mark.parametrize("kind", ["uniform", "pairs"])
def test_heavy_noise_is_ranked_and_flagged(kind):
    p = planted(kind, 0.4)

    e = found(p)

    assert average_precision_score(p.wrong, e.wrong) > 0.95
    assert p.wrong[e.flagged].mean() == pytest.approx(e.expected_precision, abs=0.07)
    assert e.flagged[p.wrong].mean() == pytest.approx(e.expected_recall, abs=0.07)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.3])
def test_the_rate_lies_in_its_interval_and_a_suggestion_is_never_the_given_label(rate):
    p = planted(rate=rate, spread=0.1)

    for views in (p.views, {"mine": strong_view(p.truth), **p.views}):
        e = found(p, views=views)

        assert 0 <= e.rate_low <= e.rate <= e.rate_high <= 1
        assert (e.suggested != p.labels).all()


def test_clean_labels_stay_clean():
    assert found(planted(rate=0.0, spread=0.2)).flagged.mean() <= 0.02


def test_the_second_stage_finds_what_the_first_cannot():
    p = planted("pairs", 0.4)

    first, second = found(p, features=None), found(p)

    assert average_precision_score(p.wrong, second.wrong) > average_precision_score(p.wrong, first.wrong) + 0.02
    assert len(second.views) == len(first.views) + 2


def test_scores_probabilities_and_flags_agree():
    p = planted(rate=0.2)

    e = found(p)

    assert np.array_equal(e.score, 1 - e.wrong)
    assert ((e.wrong >= 0) & (e.wrong <= 1)).all()
    assert e.wrong.mean() == pytest.approx(e.rate, rel=1e-6)
    assert e.wrong[e.flagged].min() >= e.wrong[~e.flagged].max()
    assert (e.suggested != p.labels).all()
    assert (e.suggested_probability <= e.wrong + 1e-12).all()
    assert (e.suggested == p.truth)[e.flagged & p.wrong].mean() > 0.95


def test_classes_and_pairs_add_up_to_the_count():
    p = planted("pairs", 0.2)

    e = found(p)

    assert e.pairs.sum() == pytest.approx(len(p.labels))
    off = e.pairs - np.diag(np.diag(e.pairs))
    assert off.sum(axis=1) == pytest.approx(np.bincount(p.labels, weights=e.wrong, minlength=4))
    # class k is mistaken for k + 1, so a row given as k is truly k - 1
    assert (off.argmax(axis=1) == (np.arange(4) - 1) % 4).all()
    assert e.matrix.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_much_stronger_view_decides_by_agreement():
    p = planted(rate=0.2, spread=0.7)
    views = {"mine": strong_view(p.truth), **p.views}

    e = found(p, views=views)

    assert e.rule == AGREEMENT
    assert e.count == pytest.approx(p.wrong.sum(), rel=0.15)
    assert e.views[0] == "mine"
    assert e.weights[0] > 0.4


def test_noise_that_is_as_frequent_on_the_surest_rows_is_left_to_the_likelihood():
    p = planted(rate=0.3, spread=0.7, rows=3000)
    views = {"mine": strong_view(p.truth), **p.views}

    e = found(p, views=views)

    assert e.rule == EVERYWHERE
    assert e.count == pytest.approx(p.wrong.sum(), rel=0.1)


def test_a_strong_view_of_clean_labels_is_not_taken_for_noise():
    p = planted(rate=0.0, spread=0.7)
    views = {"mine": strong_view(p.truth, error=0.05), **p.views}

    assert found(p, views=views).flagged.mean() <= 0.005


def test_one_view_says_that_the_rate_is_not_known():
    p = planted(rate=0.2)

    e = estimate({"mine": p.views["linear head"]}, p.labels)

    assert e.rule == ALONE
    assert e.rate_low <= p.wrong.mean() <= e.rate_high
    assert e.rate_high - e.rate_low > 0.05


def test_the_same_evidence_gives_the_same_answer_and_is_left_as_it_was():
    p = planted(rate=0.2)
    before = {name: v.copy() for name, v in p.views.items()}

    first, again = found(p), found(p)

    assert np.array_equal(first.wrong, again.wrong)
    assert all(np.array_equal(p.views[name], v) for name, v in before.items())


@pytest.mark.parametrize("kind", ["uniform", "pairs"])
def test_noise_that_does_not_depend_on_rows_is_counted_closely_where_there_are_many(kind):
    p = planted(kind, 0.2, rows=6000, spread=0.35)

    e = found(p)

    assert e.evenness > 0.5
    assert e.rate == pytest.approx(p.wrong.mean(), rel=0.1)
    assert p.wrong[e.flagged].mean() == pytest.approx(e.expected_precision, abs=0.05)


def test_one_view_allows_every_rate_up_to_its_disagreement():
    p = planted(rate=0.2, spread=0.5)
    view = p.views["linear head"]

    e = estimate({"mine": view}, p.labels)

    assert e.rate < (view.argmax(axis=1) != p.labels).mean() <= e.rate_high
    low, high = precision_between(e.wrong, e.flagged, e.rate_low, e.rate_high)
    assert low < e.expected_precision < high


def test_the_interval_of_the_precision_holds_the_expected_and_the_true_one():
    p = planted(rate=0.1, spread=0.45)

    e = found(p)
    low, high = precision_between(e.wrong, e.flagged, e.rate_low, e.rate_high)

    assert low <= e.expected_precision <= high
    assert low <= p.wrong[e.flagged].mean() <= high


def test_the_interval_of_the_precision_allows_for_how_few_are_flagged():
    p = planted(rate=0.1, spread=0.3)

    e = found(p)
    known = [precision_between(e.wrong, e.at_budget(n).flagged, e.rate, e.rate) for n in (3, 30)]

    assert known[0][1] - known[0][0] > known[1][1] - known[1][0] > 0


def test_lists_of_a_precision_or_a_length():
    p = planted(rate=0.2, spread=0.4)

    e = found(p)

    assert e.at_budget(50).count == 50
    assert e.at_precision(0.9).precision >= 0.9
    assert p.wrong[e.at_precision(0.9).flagged].mean() == pytest.approx(0.9, abs=0.1)
    assert e.at_precision(0.99).count < e.at_precision(0.8).count


def test_a_class_that_no_label_names_is_borne():
    p = planted(rate=0.1)
    views = {name: np.hstack([v * 0.99, np.full((len(v), 1), 0.01)]) for name, v in p.views.items()}

    e = found(p, views=views)

    assert e.pairs.shape == (5, 5)
    assert e.count == pytest.approx(p.wrong.sum(), rel=0.2)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"views": {}, "cheap": ()}, "no view"),
        ({"cheap": ("nobody",)}, "'nobody' is not among"),
        ({"labels": np.zeros(3, int)}, "900 rows of probabilities for 3 labels"),
        ({"labels": np.full(900, 9)}, "must lie in 0 ... 3"),
        ({"views": {"a": np.ones((900, 4)) / 4, "b": np.ones((900, 3)) / 3}, "cheap": ()}, "differ in shape"),
    ],
)
def test_what_cannot_be_estimated_is_refused(changed, words):
    with pytest.raises(InputError, match=words):
        found(planted(), **changed)
