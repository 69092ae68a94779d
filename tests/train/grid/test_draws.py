"""Draws are nested, in proportion and audited by themselves; variants do what their names say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import load
from audit.errors import InputError, UnknownName
from audit.treatments import CERTAIN
from tests.train.conftest import blobs
from train.grid.draws import audited, light, order, rows_of, treated
from train.grid.variants import Variant, choose


def vectors(data):
    return data.features.to_numpy("float32")


@given(st.lists(st.integers(0, 4), min_size=30, max_size=200), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_every_prefix_has_each_class_in_about_its_share(labels, seed):
    labels = np.array(labels)
    permutation = order(labels, seed)

    assert sorted(permutation) == list(range(len(labels)))
    for size in (len(labels) // 3, len(labels) // 2):
        for k in np.unique(labels):
            expected = size * (labels == k).mean()
            assert abs((labels[permutation[:size]] == k).sum() - expected) <= len(np.unique(labels))


def test_another_seed_is_another_draw(noisy):
    assert not np.array_equal(order(noisy.labels, 0), order(noisy.labels, 1))


@pytest.fixture(scope="module")
def drawn():
    data = light(blobs(400, seed=1, noise=0.25), ["truth"])
    pool = blobs(400, seed=1, noise=0.25)
    positions = order(data.labels, 0)[:200]
    seen = audited(data, vectors(pool), positions, 0)
    part, report = seen.part, seen.report
    return data, positions, part, report


def treated_as(name, drawn, truth=None):
    data, positions, part, report = drawn
    variant = next(v for v in choose([name], data, truth) if v.name == name)
    return treated(variant, data, positions, part, report, seed=0)


def test_raw_is_the_draw(drawn):
    data, positions, *_ = drawn
    rows = treated_as("raw", drawn)

    assert np.array_equal(rows.positions, positions)
    assert np.array_equal(rows.labels, data.labels[positions])
    assert (rows.weights == 1).all()


def test_random_pruning_drops_as_many_as_pruning_and_others(drawn):
    pruned, control = treated_as("pruned", drawn), treated_as("random-pruned", drawn)

    assert len(pruned.positions) == len(control.positions) < len(drawn[1])
    assert set(pruned.positions) != set(control.positions)


def test_pruning_drops_wrong_labels_more_often_than_chance(drawn):
    data, positions, *_ = drawn
    wrong = (data.table["truth"] != data.given).to_numpy()
    gone = np.setdiff1d(positions, treated_as("pruned", drawn).positions)

    assert wrong[gone].mean() > 2 * wrong[positions].mean()


def test_relabelling_keeps_every_row_and_changes_some_labels(drawn):
    data, positions, *_ = drawn
    rows = treated_as("relabelled", drawn)

    assert np.array_equal(rows.positions, positions)
    assert 0 < (rows.labels != data.labels[positions]).sum() < len(positions) / 2


def test_reweighting_lowers_the_weights_of_suspects_to_the_probability_that_they_are_right(drawn):
    *_, report = drawn
    rows = treated_as("reweighted", drawn)
    score = report["labels"].scores["score"].to_numpy()

    assert (rows.weights < 1).sum() >= report.measures["labels.flagged"]
    assert np.array_equal(rows.weights, np.where(score < CERTAIN, score, 1.0))


def test_the_oracle_knows_the_truth(drawn):
    data, positions, *_ = drawn
    true = data.table["truth"].map({c: i for i, c in enumerate(data.classes)}).to_numpy()

    assert np.array_equal(treated_as("oracle", drawn, truth="truth").labels, true[positions])


@pytest.mark.parametrize(("value", "said"), [(None, "row 3: no class"), ("c9", "row 3: no class 'c9'")])
def test_a_truth_that_is_no_class_is_refused_by_its_row(noisy, value, said):
    wrong = replace(noisy, table=noisy.table.assign(truth=noisy.table["truth"].where(noisy.rows != 3, value)))

    with pytest.raises(UnknownName, match=said):
        choose(["oracle"], wrong, "truth")


def test_a_column_of_truth_that_is_not_there_is_refused_though_no_oracle_was_asked_for(noisy):
    with pytest.raises(UnknownName, match="did you mean 'truth'"):
        choose(["pruned"], noisy, "truht")


def test_deduplicating_drops_copies_beyond_the_first():
    once = blobs(150, seed=4)
    table = pd.concat([once.table, once.table.iloc[:20]], ignore_index=True)
    data = load(table, label="label", features=list(once.roles.features))
    positions = np.arange(len(data))
    seen = audited(light(data), vectors(data), positions, 0)
    part, report = seen.part, seen.report
    rows = treated(choose(["deduplicated"], data, None)[-1], light(data), positions, part, report, seed=0)

    assert len(rows.positions) <= 150
    assert not set(rows.positions) & set(range(150, 170))


def test_two_variants_of_one_name_are_refused(noisy):
    mine = Variant("pruned", choose(["raw"], noisy, None)[0].treat)

    with pytest.raises(InputError, match="two variants are called 'pruned'"):
        choose(["pruned", mine], noisy, None)


def test_augmentation_adds_to_any_repair(noisy):
    raw, both, control = choose(["pruned+augmented"], noisy, None)

    assert (raw.name, raw.augment) == ("raw", None)
    assert both.name == "pruned+augmented"
    assert both.augment is not None
    assert control.augment is None


def test_a_draw_is_audited_without_knowing_the_rest(noisy):
    data = light(noisy)
    positions = order(data.labels, 0)[:150]
    alone = data.take(data.rows[positions])
    within = audited(data, vectors(noisy), positions, 0).report
    by_itself = audited(alone, vectors(noisy)[positions], np.arange(150), 0).report

    assert within["labels"].scores.equals(by_itself["labels"].scores)


def test_rows_of_a_class_too_rare_to_learn_stay_as_they_are():
    data = blobs(60, seed=3)
    rare = data.table.assign(label=lambda t: t["label"].where(t.index > 1, "rare"))
    odd = load(rare, label="label", features=list(data.roles.features))
    part = audited(light(odd), vectors(odd), np.arange(60), 0).part

    assert set(range(60)) - set(part.rows) == {0, 1}


def test_an_unknown_variant_offers_the_near_one(noisy):
    with pytest.raises(UnknownName, match="did you mean 'pruned'"):
        choose(["prned"], noisy, None)
    with pytest.raises(InputError, match="--truth"):
        choose(["oracle"], noisy, None)


def test_the_control_is_always_beside_pruning_and_beside_nothing_else(noisy):
    assert [v.name for v in choose(["pruned"], noisy, None)] == ["raw", "pruned", "random-pruned"]
    assert [v.name for v in choose(["random-pruned", "pruned"], noisy, None)] == ["raw", "random-pruned", "pruned"]
    assert [v.name for v in choose(["relabelled"], noisy, None)] == ["raw", "relabelled"]


def test_every_row_that_is_not_as_drawn_is_an_edit(drawn):
    assert treated_as("raw", drawn).edits == 0
    assert treated_as("pruned", drawn).edits == len(treated_as("raw", drawn).positions) - len(
        treated_as("pruned", drawn).positions
    )
    relabelled = treated_as("relabelled", drawn)
    assert relabelled.edits == (relabelled.labels != treated_as("raw", drawn).labels).sum() > 0
    assert treated_as("reweighted", drawn).edits == (treated_as("reweighted", drawn).weights != 1).sum() > 0


def test_a_cleaner_that_saw_the_whole_pool_says_of_a_draw_what_the_whole_audit_says(noisy):
    data, own = light(noisy, ["truth"]), vectors(noisy)
    whole = audited(data, own, np.arange(len(data)), 0)
    variants = choose(("pruned", "pruned@pool", "relabelled@pool"), noisy, None)
    rows = rows_of(data, own, 150, 3, variants, whole, "truth")
    drawn = order(data.labels, 3)[:150]
    flagged = data.rows.isin(whole.report["labels"].flagged)

    assert set(rows["pruned@pool"].positions) == {p for p in drawn if not flagged[p]}
    assert set(rows["pruned"].positions) != set(rows["pruned@pool"].positions)
    assert len(rows["random-pruned@pool"].positions) == len(rows["pruned@pool"].positions)
    assert len(rows["random-pruned"].positions) == len(rows["pruned"].positions)
    assert rows["relabelled@pool"].noise < rows["raw"].noise


def test_without_the_whole_audit_nobody_can_have_seen_the_whole_pool(noisy):
    with pytest.raises(InputError, match="needs the audit of the whole pool"):
        rows_of(light(noisy), vectors(noisy), 150, 0, choose(("pruned@pool",), noisy, None))


@pytest.mark.parametrize("name", ["raw@pool", "oracle@pool", "augmented@pool"])
def test_what_uses_no_cleaner_cannot_show_it_the_whole_pool(noisy, name):
    with pytest.raises(InputError, match="uses no cleaner"):
        choose((name,), noisy, "truth")


def test_noise_is_the_share_of_labels_that_are_not_true(noisy):
    data = light(noisy, ["truth"])
    rows = rows_of(data, vectors(noisy), 200, 1, choose(("oracle",), noisy, "truth"), None, "truth")
    drawn = data.table.iloc[order(data.labels, 1)[:200]]

    assert rows["raw"].noise == pytest.approx((drawn["label"] != drawn["truth"]).mean())
    assert rows["oracle"].noise == 0


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("one", r"rows of two groups \(column 'one'\)"),
        ("label", r"rows of two groups \(column 'label'\)"),
        ("alike", "two different rows, to learn"),
        ("rare", "fewer than two classes with 3 rows"),
    ],
)
def test_why_a_draw_cannot_be_audited_is_said(noisy, column, said):
    table = noisy.table.iloc[:60].assign(one="a")
    own = vectors(noisy)[:60].copy()
    if column == "alike":
        table["label"] = ["c1"] * 10 + ["c2"] * 10 + ["c0"] * 40
        own[:10], own[10:20] = own[0], own[10]
    if column == "rare":
        table["label"] = ["c1", "c2", *["c0"] * 58]
    grouped = {"group": column} if column in table else {}
    data = light(load(table, label="label", features=list(noisy.roles.features), **grouped))

    with pytest.raises(InputError, match=said):
        audited(data, own, np.arange(60), 0)
