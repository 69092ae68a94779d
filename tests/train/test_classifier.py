"""`TorchClassifier`: one of our models wherever one of scikit-learn's classifiers is taken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from audit import InputError, UnknownName, audit
from audit.evidence.gather import Evidence
from audit.evidence.given import Given
from tests.train.conftest import blobs
from train import TorchClassifier


def known(n=150, seed=4):
    """Vectors and labels that are words."""
    data = blobs(n, seed=seed)
    return data.features.to_numpy("float32"), data.given.to_numpy(dtype=str)


def test_it_learns_from_words_and_says_which_column_is_which():
    x, y = known()
    x_test, y_test = known(300, seed=5)
    fitted = TorchClassifier("mlp:width=32:steps=150", device="cpu").fit(x, y)
    shares = fitted.predict_proba(x_test)

    assert fitted.classes_.tolist() == ["c0", "c1", "c2"]
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.array_equal(fitted.predict(x_test), fitted.classes_[shares.argmax(axis=1)])
    assert (fitted.predict(x_test) == y_test).mean() > 0.85


def test_one_seed_is_one_result_and_another_is_another():
    x, y = known()
    first, again, other = (
        TorchClassifier("mlp:width=8:steps=20", seed=s, device="cpu").fit(x, y).predict_proba(x) for s in (0, 0, 1)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_clone_has_the_parameters_and_nothing_that_was_learnt():
    fitted = TorchClassifier("linear:steps=5", seed=3, device="cpu").fit(*known())
    fresh = clone(fitted).set_params(seed=4)

    assert fresh.get_params() == {"model": "linear:steps=5", "seed": 4, "device": "cpu"}
    assert fitted.seed == 3
    with pytest.raises(InputError, match="has not been fitted"):
        fresh.predict_proba(known()[0])


@pytest.mark.parametrize("model", ["linear:steps=60", "boosting:epochs=5"])
def test_scikit_learn_validates_it_across_folds_in_a_pipeline(model):
    x, y = known()
    pipeline = make_pipeline(StandardScaler(), TorchClassifier(model, device="cpu"))

    assert (cross_val_predict(pipeline, x, y, cv=3) == y).mean() > 0.75


def test_scikit_learn_scores_it_and_searches_its_parameters():
    x, y = known()
    own = TorchClassifier("linear:steps=60", device="cpu")
    search = GridSearchCV(own, {"model": ["linear:steps=1:lr=1e-6", "linear:steps=60"]}, cv=2).fit(x, y)

    assert cross_val_score(own, x, y, cv=2).min() > 0.75
    assert search.best_params_ == {"model": "linear:steps=60"}
    assert search.score(x, y) == (search.predict(x) == y).mean()


def test_a_score_counts_rows_by_their_weight():
    x, y = known()
    fitted = TorchClassifier("linear:steps=5", device="cpu").fit(x, y)
    right = fitted.predict(x) == y

    assert fitted.score(x, y, right + 0.0) == 1
    assert 0 < fitted.score(x, y) < 1


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0.0, 1.0, np.nan], "no label in row 2"),
        (["a", None, "b"], "no label in row 1"),
        (["a", np.nan, "b"], "no label in row 1"),
        (pd.Series(["a", pd.NA, "b"], dtype="string"), "no label in row 1"),
        (["a", 1, "b"], "one kind are expected, not int and str"),
        ([["a"], ["b"], ["a"]], "one label a row"),
    ],
)
def test_labels_that_are_missing_or_mixed_are_refused(labels, said):
    with pytest.raises(InputError, match=said):
        TorchClassifier("linear:steps=1").fit(np.eye(3), labels)


@pytest.mark.parametrize(
    "labels", [["a", "b", "a"], [2, 1, 2], pd.Series(["a", "b", "a"]), np.array([True, False, True])]
)
def test_classes_are_of_the_kind_of_the_labels(labels):
    fitted = TorchClassifier("linear:steps=1").fit(np.eye(3), labels)

    assert fitted.classes_.tolist() == sorted(set(labels))
    assert fitted.classes_.dtype.kind in "Uib"
    assert 0 <= fitted.score(np.eye(3), labels) <= 1


def test_rows_of_weight_0_are_not_learnt_from():
    x, y = known()
    wrong = np.where(np.arange(150) % 3 == 0, "c0", y)
    weights = (np.arange(150) % 3 != 0).astype(float)
    given, other = (
        TorchClassifier("linear:steps=40").fit(x, labels, weights).predict_proba(x) for labels in (y, wrong)
    )

    assert np.array_equal(given, other)


def test_an_audit_takes_it_as_its_model():
    data = blobs(150, seed=6, noise=0.1)
    given = Given(embeddings=data.features.to_numpy("float32"), model=TorchClassifier("mlp:width=16:steps=60"))
    found = audit(data, given=given, checks=("labels",))["labels"]
    wrong = (data.given != data.table["truth"]).to_numpy()
    truth = np.unique(data.table["truth"], return_inverse=True)[1]

    assert found.status != "error"
    assert found.scores["score"].to_numpy()[wrong].mean() < found.scores["score"].to_numpy()[~wrong].mean() - 0.3
    assert (Evidence(data, given=given).views["TorchClassifier"].argmax(axis=1) == truth).mean() > 0.7


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"model": "mpl"}, UnknownName, "did you mean 'mlp'"),
        ({"model": "cnn"}, InputError, "a TorchClassifier looks at vectors"),
    ],
)
def test_a_model_that_it_cannot_be_is_said_when_it_learns(asked, error, said):
    with pytest.raises(error, match=said):
        TorchClassifier(**asked).fit(*known())


def test_what_does_not_fit_is_said():
    x, y = known()
    fitted = TorchClassifier("linear:steps=5").fit(x, y)

    with pytest.raises(InputError, match="X has 2 columns, and 6 were learnt from"):
        fitted.predict_proba(x[:, :2])
    with pytest.raises(InputError, match="from 0 up"):
        fitted.fit(x, y, np.full(150, -1.0))
    with pytest.raises(InputError, match="finite"):
        fitted.fit(x, y, np.full(150, np.inf))
    with pytest.raises(InputError, match="the loss was no number"):
        TorchClassifier("mlp:lr=1e30").fit(x, y).predict_proba(x)
    with pytest.raises(UnknownName, match="did you mean 'seed'"):
        fitted.set_params(sed=1)
