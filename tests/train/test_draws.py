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
from tests.train.conftest import blobs
from train.draws import audit_draw, light, order, treated
from train.variants import Variant, choose


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
    part, report = audit_draw(data, vectors(pool), positions, 0)
    return data, positions, part, report


def rows_of(name, drawn, truth=None):
    data, positions, part, report = drawn
    variant = next(v for v in choose([name], data, truth) if v.name == name)
    return treated(variant, data, positions, part, report, seed=0)


def test_raw_is_the_draw(drawn):
    data, positions, *_ = drawn
    rows = rows_of("raw", drawn)

    assert np.array_equal(rows.positions, positions)
    assert np.array_equal(rows.labels, data.labels[positions])
    assert (rows.weights == 1).all()


def test_random_pruning_drops_as_many_as_pruning_and_others(drawn):
    pruned, control = rows_of("pruned", drawn), rows_of("random-pruned", drawn)

    assert len(pruned.positions) == len(control.positions) < len(drawn[1])
    assert set(pruned.positions) != set(control.positions)


def test_pruning_drops_wrong_labels_more_often_than_chance(drawn):
    data, positions, *_ = drawn
    wrong = (data.table["truth"] != data.given).to_numpy()
    gone = np.setdiff1d(positions, rows_of("pruned", drawn).positions)

    assert wrong[gone].mean() > 2 * wrong[positions].mean()


def test_relabelling_keeps_every_row_and_changes_some_labels(drawn):
    data, positions, *_ = drawn
    rows = rows_of("relabelled", drawn)

    assert np.array_equal(rows.positions, positions)
    assert 0 < (rows.labels != data.labels[positions]).sum() < len(positions) / 2


def test_reweighting_only_lowers_weights_of_suspects(drawn):
    *_, report = drawn
    rows = rows_of("reweighted", drawn)

    assert (rows.weights < 1).sum() == report.measures["labels.count"]
    assert (rows.weights > 0).all()


def test_the_oracle_knows_the_truth(drawn):
    data, positions, *_ = drawn
    true = data.table["truth"].map({c: i for i, c in enumerate(data.classes)}).to_numpy()

    assert np.array_equal(rows_of("oracle", drawn, truth="truth").labels, true[positions])


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
    part, report = audit_draw(light(data), vectors(data), positions, 0)
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
    _, within = audit_draw(data, vectors(noisy), positions, 0)
    _, by_itself = audit_draw(alone, vectors(noisy)[positions], np.arange(150), 0)

    assert within["labels"].scores.equals(by_itself["labels"].scores)


def test_rows_of_a_class_too_rare_to_learn_stay_as_they_are():
    data = blobs(60, seed=3)
    rare = data.table.assign(label=lambda t: t["label"].where(t.index > 1, "rare"))
    odd = load(rare, label="label", features=list(data.roles.features))
    part, _ = audit_draw(light(odd), vectors(odd), np.arange(60), 0)

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
    assert rows_of("raw", drawn).edits == 0
    assert rows_of("pruned", drawn).edits == len(rows_of("raw", drawn).positions) - len(
        rows_of("pruned", drawn).positions
    )
    relabelled = rows_of("relabelled", drawn)
    assert relabelled.edits == (relabelled.labels != rows_of("raw", drawn).labels).sum() > 0
    assert rows_of("reweighted", drawn).edits == (rows_of("reweighted", drawn).weights != 1).sum() > 0
