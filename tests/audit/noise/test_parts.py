from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noise.planted import planted, strong_view

from audit.errors import InputError, UnknownName
from audit.noise import cut
from audit.noise.agreement import between, evenness, least, stronger, triangulated
from audit.noise.cut import at_budget, at_precision, best_f1, flags_of_many, shifted
from audit.noise.matrix import anchored, read
from audit.noise.methods import METHODS, score, training_dynamics
from audit.noise.pool import logarithms, pool, posterior, softmax
from audit.noise.rate import widened
from audit.noise.refit import FEW, Features, SoftHeads, soft_heads, soft_vote, steady_heads

probabilities = st.lists(st.floats(0, 1), min_size=2, max_size=40).map(np.array)


# -- pool --------------------------------------------------------------------------------------------------------------


def test_a_view_that_knows_nothing_gets_no_weight():
    p = planted()
    blind = np.full_like(p.views["linear head"], 0.25)
    scrambled = np.random.default_rng(0).permutation(p.views["linear head"])

    pooled = pool(logarithms([p.views["linear head"], scrambled]), p.labels)

    assert pooled.powers[0] > 0.9 * pooled.powers.sum()
    assert pooled.loss < pool(logarithms([blind]), p.labels).loss


def test_a_single_view_is_calibrated_to_the_labels():
    p = planted(rate=0.3)
    sure = logarithms([p.views["linear head"]]) * 10

    pooled = pool(sure, p.labels)

    rows = np.arange(len(p.labels))
    others = [-np.log(softmax(power * sure[0])[rows, p.labels]).mean() for power in np.geomspace(0.02, 5, 60)]
    assert pooled.loss <= min(others) + 0.005  # the prior's part


def test_the_posterior_is_bayes():
    truth, matrix = np.array([[0.7, 0.3]]), np.array([[0.9, 0.1], [0.2, 0.8]])

    after = posterior(truth, np.array([1]), matrix)

    assert after == pytest.approx(np.array([[0.07, 0.24]]) / 0.31)


# -- matrix ------------------------------------------------------------------------------------------------------------


def test_anchors_find_where_errors_go():
    p = planted("pairs", 0.3, rows=2000)

    matrix = anchored(p.views["neighbour vote"], p.labels)

    assert matrix.rate == pytest.approx(0.3, abs=0.05)
    assert matrix.values.sum(axis=1) == pytest.approx(np.ones(4))
    off = matrix.values - np.diag(np.diag(matrix.values))
    assert (off.argmax(axis=1) == (np.arange(4) + 1) % 4).all()


def test_few_errors_without_a_pattern_are_spread_as_the_labels_are():
    p = planted("uniform", 0.1, rows=2000)

    off = anchored(p.views["neighbour vote"], p.labels).values
    np.fill_diagonal(off := off.copy(), 0)

    assert off[off > 0].max() < 4 * off[off > 0].min()


def test_a_sharper_truth_leaves_more_noise():
    p = planted(rate=0.2)
    logs = logarithms([p.views["linear head"]])
    start = anchored(p.views["linear head"], p.labels)

    rates = [r.rate for r in read(logs[0], p.labels, start)]

    assert rates[-1] > rates[0]
    assert all(later >= earlier - 0.005 for earlier, later in pairwise(rates))


def test_no_reading_calls_a_class_cleaner_than_its_anchors():
    p = planted("pairs", 0.4)
    start = anchored(p.views["linear head"], p.labels)

    for reading in read(logarithms([p.views["linear head"]])[0], p.labels, start):
        assert (np.diag(reading.matrix) <= np.diag(start.values) + 1e-9).all()


# -- second stage ------------------------------------------------------------------------------------------------------


def of_own_rows(heads: SoftHeads, features: Features) -> np.ndarray:
    return heads(features.vectors, heads.folds)


def soft_head(features: Features, targets: np.ndarray) -> np.ndarray:
    return of_own_rows(soft_heads(features, targets, [features.folds]), features)


def steady_head(features: Features, targets: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return of_own_rows(steady_heads(features, targets, labels), features)


def test_the_soft_head_on_hard_labels_is_the_linear_head():
    p = planted()

    again = soft_head(p.features, np.eye(4)[p.labels])

    assert again == pytest.approx(p.views["linear head"], abs=0.02)


def test_the_soft_vote_on_hard_labels_is_the_neighbour_vote():
    p = planted()

    assert soft_vote(p.features, np.eye(4)[p.labels]) == pytest.approx(p.views["neighbour vote"])


def test_of_few_rows_the_head_owes_less_to_the_folds():
    p = planted(rate=0.3, rows=200, spread=0.5)
    targets = np.eye(4)[p.labels]
    other = replace(p.features, folds=np.random.default_rng(1).permutation(p.features.folds))

    steady = [steady_head(f, targets, p.labels) for f in (p.features, other)]
    once = [soft_head(f, targets) for f in (p.features, other)]

    assert steady[0].sum(axis=1) == pytest.approx(np.ones(200))
    assert np.abs(steady[0] - steady[1]).mean() < np.abs(once[0] - once[1]).mean() / 2


def test_of_many_rows_one_partition_is_enough():
    p = planted(rows=FEW + 4)
    targets = np.eye(4)[p.labels]

    assert np.array_equal(steady_head(p.features, targets, p.labels), soft_head(p.features, targets))


def test_a_class_of_one_row_does_not_stop_the_second_stage():
    p = planted(rate=0.1, rows=200)
    labels = np.where(p.labels == 3, 0, p.labels)
    labels[7] = 3

    steady = steady_head(p.features, np.eye(4)[labels], labels)

    assert np.isfinite(steady).all()
    assert steady[7, 3] < 0.1  # out of fold


def test_a_block_does_not_vote_for_itself():
    p = planted(rows=200)
    one_block = p.features.__class__(p.features.vectors, p.features.neighbours, p.features.folds, np.zeros(200, int))

    assert soft_vote(one_block, np.eye(4)[p.labels]) == pytest.approx(np.full((200, 4), 0.25), abs=0.05)


# -- agreement ---------------------------------------------------------------------------------------------------------


def test_independent_errors_are_triangulated():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 50_000)
    a, b, labels = (np.where(rng.random(50_000) < e, rng.integers(0, 10, 50_000), truth) for e in (0.05, 0.3, 0.2))

    assert triangulated(a, b, labels) == pytest.approx((labels != truth).mean(), abs=0.01)


def test_agreement_lies_between_its_bounds():
    p = planted(rate=0.2, spread=0.7)
    strong = strong_view(p.truth).argmax(axis=1)
    weak = [v.argmax(axis=1) for v in p.views.values()]

    found = between(strong, weak, p.labels)

    assert found.low <= p.wrong.mean() <= found.high
    assert found.low + found.hard * (found.high - found.low) == pytest.approx(p.wrong.mean(), abs=0.03)
    assert stronger(strong, weak, p.labels)
    assert not stronger(weak[0], weak[1:], p.labels)


def test_views_that_share_all_errors_against_the_labels_put_a_floor_under_the_noise():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 20_000)
    labels = np.where(rng.random(20_000) < 0.3, (truth + 1) % 4, truth)

    assert least(truth, truth, labels) == pytest.approx(0.3, abs=0.06)
    assert least(truth, rng.integers(0, 4, 20_000), labels) == 0


def graded(rises: float, rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """A view that is right and of graded sureness, and labels whose noise is as even as `rises` is near 0."""
    rng = np.random.default_rng(0)
    truth, unsure = rng.integers(0, 4, rows), rng.random(rows)
    view = np.full((rows, 4), 0.0) + unsure[:, None] / 10
    view[np.arange(rows), truth] = 1 - 0.3 * unsure
    flip = rng.random(rows) < 0.2 * (1 - rises + 2 * rises * unsure)
    return view, np.where(flip, (truth + 1) % 4, truth)


def test_noise_is_even_or_rises_with_doubt():
    assert evenness(*graded(0.0), 0.2) > 0.6
    assert evenness(*graded(0.8), 0.2) < 0.1


@pytest.mark.parametrize("rises", [0.0, 0.8])
def test_few_labels_leave_it_open_whether_noise_is_even(rises):
    view, labels = graded(rises)

    assert evenness(view[:60], labels[:60], 0.2) == pytest.approx(0.5, abs=0.2)


def test_a_share_of_few_rows_is_less_certain():
    low, high = widened(0.1, 0.2, 100)

    assert low < 0.1 < 0.2 < high
    assert widened(0.1, 0.2, 10_000)[1] < high
    assert widened(0.0, 1.0, 10) == (0.0, 1.0)


# -- cut ---------------------------------------------------------------------------------------------------------------


@given(probabilities, st.floats(0.01, 0.99))
@settings(max_examples=50, deadline=None)
def test_shifting_keeps_the_order_and_sets_the_mean(p, rate):
    moved = shifted(p, rate)

    assert moved.mean() == pytest.approx(rate, abs=0.02) or np.unique(p).size < 3 or p.min() < 1e-9 or p.max() > 0.999
    order = np.argsort(p, kind="stable")
    assert (np.diff(moved[order]) >= -1e-9).all()


@given(probabilities)
@settings(max_examples=50, deadline=None)
def test_no_other_prefix_promises_a_better_f1(p):
    flags = best_f1(p)

    promised = [2 * c / (k + p.sum()) for k, c in enumerate(np.cumsum(np.sort(p)[::-1]), 1) if p.sum() > 0]
    none = np.prod(1 - p)  # no flags are right where nothing is wrong
    own = 2 * p[flags.flagged].sum() / (flags.count + p.sum()) if flags.count else none
    assert own == pytest.approx(max([none, *promised]))


@pytest.mark.parametrize(
    ("p", "count"), [(np.full(100, 0.001), 0), (np.r_[0.9, np.full(99, 0.001)], 1), (np.zeros(9), 0)]
)
def test_nothing_is_flagged_where_probably_nothing_is_wrong(p, count):
    assert best_f1(p).count == flags_of_many((1 - p).astype("float32")).sum() == count


@given(
    st.lists(st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60),
    st.integers(1, 70),
)
def test_flags_of_many_rows_are_those_of_few(qualities, chunk):
    score = np.array(qualities, "float32")
    wrong = 1 - score.astype("float64")
    wanted = {"f1": best_f1(wrong), "precision": at_precision(wrong, 0.6), "budget": at_budget(wrong, 7)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut, "CHUNK", chunk)
        with_none = np.append(score, np.float32(np.nan))
        many = {
            "f1": flags_of_many(with_none),
            "precision": flags_of_many(with_none, precision=0.6),
            "budget": flags_of_many(with_none, budget=7),
        }

    for name, flags in wanted.items():
        assert not many[name][-1]
        assert many[name].sum() == flags.count, name
        assert sorted(wrong[many[name][:-1]]) == sorted(wrong[flags.flagged])  # 0 and 1e-45 are as wrong


def test_the_longest_list_of_a_precision():
    p = np.array([0.9, 0.2, 0.8, 0.4])

    assert at_precision(p, 0.7).flagged.tolist() == [True, False, True, True]
    assert at_precision(p, 0.95).count == 0
    assert at_budget(p, 2).flagged.tolist() == [True, False, True, False]
    assert at_budget(p, 2).precision == pytest.approx(0.85)
    assert at_budget(p, 2).recall == pytest.approx(1.7 / 2.3)


@pytest.mark.parametrize("wish", [0, 1.5])
def test_a_precision_that_cannot_be_is_refused(wish):
    with pytest.raises(InputError, match="precision must lie"):
        at_precision(np.array([0.5]), wish)


def test_a_negative_budget_is_refused():
    with pytest.raises(InputError, match="number of rows"):
        at_budget(np.array([0.5]), -1)


# -- methods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_every_score_puts_planted_errors_lower(method):
    p = planted(rate=0.2)

    values = score(method, p.views["linear head"], p.labels)

    assert ((values >= 0) & (values <= 1)).all()
    assert values[p.wrong].mean() < values[~p.wrong].mean() - 0.2


def test_training_dynamics_put_planted_errors_lower():
    p = planted(rate=0.2)

    values = training_dynamics(p.features, p.labels)

    assert values[p.wrong].mean() < values[~p.wrong].mean() - 0.1


def test_an_unknown_score_is_named():
    with pytest.raises(UnknownName, match=r"log_ratoi.*did you mean 'log_ratio'"):
        score("log_ratoi", np.ones((1, 2)) / 2, np.zeros(1, int))
