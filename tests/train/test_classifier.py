"""`TorchClassifier`: one of our models wherever one of scikit-learn's classifiers is taken."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
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
    with pytest.raises(InputError, match="the loss was no number"):
        TorchClassifier("mlp:lr=1e30").fit(x, y).predict_proba(x)
    with pytest.raises(UnknownName, match="did you mean 'seed'"):
        fitted.set_params(sed=1)
