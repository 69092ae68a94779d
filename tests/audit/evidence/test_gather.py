"""Evidence is computed once, from the data alone, and what was brought along must fit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from toy import CLASSES, blobs, evidence_of, noisy_probabilities, pictures_of, table_of, texts_of

from audit.errors import InputError, NotApplicable
from audit.evidence.cache import Cache
from audit.evidence.gather import NEAR, Evidence
from audit.evidence.given import Given
from audit.probabilities import Probabilities, geometric_mean


def with_copies(labels_of_copies: tuple = (1, 1, 1)):
    """60 rows of two blobs and three copies of row 0 whose labels are wrong."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    values = np.c_[labels * 4.0, labels * 4.0] + rng.normal(0, 0.7, (60, 2))
    return table_of(np.vstack([values, values[[0, 0, 0]]]), np.r_[labels, labels_of_copies])


# -- blocks and folds


def test_equal_rows_share_a_fold():
    evidence = evidence_of(with_copies())
    assert len(set(evidence.folds[[0, 60, 61, 62]])) == 1
    assert len(set(evidence.together.tolist())) == 60


def test_texts_that_differ_in_case_only_share_a_fold(notes):
    copies = pd.DataFrame({"text": [f" {notes.texts[0].upper()} "], "label": ["kitchen"]}, index=[999])
    data = replace(notes, table=pd.concat([notes.table, copies]))
    evidence = evidence_of(data)
    assert evidence.near_sets[0] == evidence.near_sets[-1]
    assert evidence.folds[0] == evidence.folds[-1]


def test_rows_closer_than_a_share_of_the_usual_distance_are_one_set():
    values, labels = blobs(90)
    values[1] = values[0] + 1e-5
    evidence = evidence_of(table_of(values, labels))
    assert evidence.near_threshold == pytest.approx(NEAR * np.median(evidence.neighbours.distances[:, 0]))
    assert evidence.near_sets[0] == evidence.near_sets[1]
    assert len(set(evidence.near_sets.tolist())) == 89


@pytest.mark.parametrize("kind", ["object", "Int64", "category", "float64"])
def test_groups_share_a_fold_and_a_row_without_one_is_its_own(kind):
    values, labels = blobs(60)
    data = table_of(values, labels)
    group = pd.Series([f"{i % 10}" for i in range(60)]).where(pd.Series(range(60)) < 50)
    column = pd.to_numeric(group).astype(kind) if kind in ("Int64", "float64") else group.astype(kind)
    data = replace(data, table=data.table.assign(patient=column), roles=replace(data.roles, group="patient"))
    evidence = evidence_of(data)
    for g in range(10):
        assert len({*evidence.folds[:50][np.arange(50) % 10 == g].tolist()}) == 1
    assert len(set(evidence.together[50:].tolist())) == 10


def test_a_class_that_nothing_can_be_learnt_of_is_named():
    values, labels = blobs(60)
    data = table_of(values, [*np.array(CLASSES)[labels][:-1], "yew"], [f"r{i}" for i in range(60)])
    with pytest.raises(InputError, match=r"class 'yew' has 1 row in one block \(row r59\)"):
        _ = evidence_of(data).folds


def test_one_label_for_all_rows_is_an_error_that_says_so():
    values, _ = blobs(60)
    with pytest.raises(InputError, match="all 60 rows have one label, 'a'"):
        _ = evidence_of(table_of(values, ["a"] * 60, classes=("a", "b"))).pred_probs


# -- probabilities


def test_copies_with_a_wrong_label_do_not_vouch_for_one_another():
    evidence = evidence_of(with_copies())
    assert (evidence.views["neighbour vote"][60:, 0] > 0.8).all()
    assert (evidence.pred_probs[60:, 0] > 0.8).all()


def test_the_views_are_a_linear_head_and_the_neighbours_vote(clean):
    evidence = evidence_of(clean)
    assert list(evidence.views) == ["linear head", "neighbour vote"]
    for view in (*evidence.views.values(), evidence.pred_probs):
        assert view.shape == (240, 3)
        assert view.sum(axis=1) == pytest.approx(np.ones(240))
        assert (view.argmax(axis=1) == clean.labels).mean() > 0.97


def test_a_class_that_no_row_has_gets_next_to_no_probability():
    values, labels = blobs(90)
    evidence = evidence_of(table_of(values, np.array(CLASSES)[labels], classes=(*CLASSES, "yew")))
    assert evidence.pred_probs.shape == (90, 4)
    assert evidence.pred_probs[:, 3].max() < 1e-3


def test_probabilities_brought_along_stand_beside_the_views_made_here(clean):
    values = noisy_probabilities(clean.labels, 3)
    reordered = Probabilities(values[:, [2, 0, 1]], ("cedar", "ash", "birch"))
    evidence = evidence_of(clean, pred_probs=reordered)
    assert list(evidence.views) == ["your probabilities", "linear head", "neighbour vote"]
    assert evidence.pred_probs == pytest.approx(values)


def test_several_files_of_probabilities_are_views_by_their_names(clean):
    one, other = (noisy_probabilities(clean.labels, 3, seed) for seed in (1, 2))
    given = [Probabilities(one, CLASSES, "small"), Probabilities(other, CLASSES, "large")]
    evidence = evidence_of(clean, pred_probs=given)
    assert list(evidence.strong) == ["small", "large"]
    assert evidence.pred_probs == pytest.approx(geometric_mean([one, other]))


@pytest.mark.parametrize("names", [("same", "same"), ("linear head", "other")])
def test_two_views_of_one_name_are_refused(clean, names):
    given = [Probabilities(noisy_probabilities(clean.labels, 3), CLASSES, name) for name in names]
    with pytest.raises(InputError, match=f"two views are called '{names[0]}'"):
        _ = evidence_of(clean, pred_probs=given).views


def test_probabilities_that_saw_the_labels_are_refused(trees):
    own = np.eye(3)[trees.data.labels] * 0.985 + 0.005
    with pytest.raises(InputError, match=r"your probabilities: .* they have seen these labels"):
        _ = evidence_of(trees.data, pred_probs=Probabilities(own, CLASSES)).views


def test_probabilities_of_rows_in_another_order_are_refused(clean):
    values = noisy_probabilities(clean.labels, 3)[np.random.default_rng(0).permutation(240)]
    with pytest.raises(InputError, match="are in another order than the rows"):
        _ = evidence_of(clean, pred_probs=Probabilities(values, CLASSES)).views


def test_a_class_too_rare_for_folds_leaves_what_was_brought_along_and_says_so():
    values, labels = blobs(60)
    given = np.append(labels[:-1], 3)
    data = table_of(values, np.array([*CLASSES, "yew"])[given], classes=(*CLASSES, "yew"))
    evidence = evidence_of(data, pred_probs=Probabilities(noisy_probabilities(given, 4), (*CLASSES, "yew")))
    assert list(evidence.views) == ["your probabilities"]
    assert "class 'yew' has 1 row" in evidence.notes[0]


def test_a_model_brought_along_is_cloned_and_never_fitted_itself(clean):
    model = LogisticRegression()
    evidence = evidence_of(clean, model=model)
    assert list(evidence.views) == ["LogisticRegression", "linear head", "neighbour vote"]
    assert (evidence.pred_probs.argmax(axis=1) == clean.labels).mean() > 0.97
    assert not hasattr(model, "classes_")


def test_opinions_are_the_heads_on_other_folds(trees):
    evidence = evidence_of(trees.data)
    said = evidence.opinions(3)
    assert said.shape == (3, len(trees.data))
    assert np.array_equal(said[0], evidence.views["linear head"].argmax(axis=1))
    assert not np.array_equal(said[0], said[1])


# -- embeddings and space


def test_embeddings_brought_along_are_compared_by_direction(clean):
    vectors = np.random.default_rng(0).normal(0, 1, (240, 8))
    evidence = evidence_of(clean, embeddings=vectors)
    assert np.linalg.norm(evidence.space[0], axis=1) == pytest.approx(np.ones(240), abs=1e-5)
    assert evidence.made_of == "your embeddings"


def test_a_table_is_compared_by_distance(clean):
    evidence = evidence_of(clean)
    assert evidence.space[0] is evidence.embeddings


def test_reference_embeddings_of_another_width_are_refused(clean):
    evidence = evidence_of(clean, reference=clean, embeddings=np.ones((240, 3)), reference_embeddings=np.ones((240, 1)))
    with pytest.raises(InputError, match="reference embeddings have 1 columns, the data's 3"):
        _ = evidence.space


def test_without_its_embeddings_the_reference_has_no_neighbours_here(clean):
    evidence = evidence_of(clean, reference=clean, embeddings=np.random.default_rng(0).normal(0, 1, (240, 3)))
    assert not evidence.has_reference_embeddings
    with pytest.raises(NotApplicable, match="no embeddings for the reference"):
        _ = evidence.reference_neighbours


def test_the_reference_finds_its_rows_here(clean):
    evidence = evidence_of(clean, reference=clean.take(clean.rows[[7, 3]]))
    near = evidence.reference_neighbours
    assert near.indices[:, 0].tolist() == [7, 3]
    assert near.distances[:, 0] == pytest.approx([0, 0], abs=1e-6)


# -- the cache


def touched(folder, data=None, **more) -> list[str]:
    evidence = Evidence(data if data is not None else with_copies(), cache=Cache(folder), **more)
    _ = evidence.neighbours, evidence.pred_probs
    return evidence.cache.hits


def test_unchanged_data_costs_nothing_twice(tmp_path):
    assert touched(tmp_path) == []
    assert touched(tmp_path) == ["neighbours", "probabilities"]


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"seed": 1}, []),
        ({"given": Given(embeddings=np.random.default_rng(0).normal(0, 1, (63, 4)))}, []),
        ({"data": with_copies((0, 1, 1))}, ["neighbours", "embeddings"]),
        ({"given": Given(model=DummyClassifier())}, ["neighbours", "embeddings"]),
    ],
    ids=["seed", "embeddings", "a label", "model"],
)
def test_other_data_seed_or_evidence_is_computed_anew_but_what_needs_no_label(tmp_path, more, kept):
    touched(tmp_path)
    assert touched(tmp_path, **more) == kept


def test_repaired_labels_leave_vectors_and_neighbours_as_they_are(tmp_path):
    data = with_copies()
    _ = Evidence(data, cache=Cache(tmp_path)).neighbours
    relabelled = data.relabelled({data.rows[0]: next(c for c in data.classes if c != data.given.iloc[0])})
    evidence = Evidence(relabelled, cache=Cache(tmp_path))
    _ = evidence.embeddings, evidence.neighbours, evidence.pred_probs
    assert evidence.cache.hits == ["embeddings", "neighbours"]
    assert evidence.cache.reused == []


@pytest.mark.parametrize("change", ["a value", "the order", "a feature's role", "a row"])
def test_other_content_has_vectors_and_neighbours_of_its_own(tmp_path, change):
    data = with_copies()
    _ = Evidence(data, cache=Cache(tmp_path)).neighbours
    names = data.roles.features
    other = {
        "a value": replace(
            data, table=data.table.assign(**{names[0]: data.table[names[0]].where(data.rows != 5, 9.0)})
        ),
        "the order": data.take(data.rows[::-1]),
        "a feature's role": replace(data, roles=replace(data.roles, features=names[:-1])),
        "a row": data.drop([5]),
    }[change]
    evidence = Evidence(other, cache=Cache(tmp_path))
    _ = evidence.embeddings, evidence.neighbours
    assert evidence.cache.hits == []


def test_a_model_is_told_from_another_by_any_of_its_settings():
    one, other = (Given(model=LogisticRegression(C=c)).key for c in (1.0, 2.0))
    assert one != other
    assert one == Given(model=LogisticRegression(C=1.0)).key


def test_evidence_for_some_rows_keeps_its_order():
    pred = Probabilities(np.arange(8.0).reshape(4, 2), ("a", "b"))
    given = Given(np.arange(4.0)[:, None], np.arange(3.0)[:, None], pred)
    some = given.take(np.array([3, 1])).take_reference(np.array([2]))
    assert some.embeddings[:, 0].tolist() == [3, 1]
    assert some.reference_embeddings[:, 0].tolist() == [2]
    assert [p.values.tolist() for p in some.brought] == [[[6, 7], [2, 3]]]
    assert given.embeddings.shape == (4, 1)


# -- small and odd data


@pytest.mark.parametrize(
    "data",
    [
        table_of(np.arange(4.0)[:, None], ["a", "b", "a", "b"]),
        texts_of(["a cat", "a dog", "the cat", "the dog"], ["c", "d", "c", "d"]),
        pictures_of(4),
        table_of(np.ones((30, 2)) * np.arange(30)[:, None], [True, False] * 15),
    ],
    ids=["four rows", "four texts", "four pictures", "truth values"],
)
def test_small_data_has_probabilities(data):
    evidence = evidence_of(data)
    assert evidence.pred_probs.shape == (len(data), 2)
    assert np.isfinite(evidence.pred_probs).all()
