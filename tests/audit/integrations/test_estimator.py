"""`Certified` is a scikit-learn estimator in all but that it fits only rows that a gate let through."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from certificate.gated import certificate_of, csv, written
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from audit import Uncertified, Undecided
from audit.errors import InputError
from audit.integrations.estimator import Certified
from audit.sources import load


def frame(rows: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    label = np.arange(rows) % 2
    return pd.DataFrame({"a": rng.normal(size=rows) + 3 * label, "b": rng.normal(size=rows), "label": label})


X, Y = frame()[["a", "b"]], frame()["label"]


@pytest.fixture
def cert(tmp_path) -> Path:
    return written(csv(tmp_path, frame()), tmp_path / "cert.json", now=None)


@pytest.fixture
def model(cert) -> Certified:
    return Certified(make_pipeline(StandardScaler(), LogisticRegression()), cert)


def test_it_fits_certified_rows_and_predicts_as_what_it_wraps(model):
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    model.fit(X, Y)

    assert (model.predict(X) == plain.predict(X)).all()
    assert (model.predict_proba(X) == plain.predict_proba(X)).all()
    assert model.score(X, Y) == plain.score(X, Y)
    assert model.classes_.tolist() == [0, 1]


def test_a_row_that_was_not_judged_is_not_fitted(model):
    with pytest.raises(Uncertified, match="did not judge: 2"):
        model.fit(X, Y.where(Y.index != 2, 1 - Y))
    with pytest.raises(AttributeError):
        model.estimator_  # noqa: B018
    with pytest.raises(Uncertified):
        model.fit(X + 1e-9, Y)


def test_a_column_that_was_not_judged_is_not_fitted(model):
    with pytest.raises(Uncertified, match="not judge as what is learnt from: 'leak'"):
        model.fit(X.assign(leak=Y), Y)
    with pytest.raises(InputError, match="stand twice: 'a'"):
        model.fit(pd.concat([X, Y.rename("a")], axis=1), Y)


def test_what_was_judged_as_an_id_is_not_fitted(tmp_path):
    rows = frame().assign(nr=[f"r{i}" for i in range(30)])
    rows.to_csv(tmp_path / "named.csv", index=False)
    certificate_of(load(tmp_path / "named.csv", id="nr", label="label"), now=None).write(tmp_path / "named.json")
    model = Certified(LogisticRegression(), tmp_path / "named.json")

    assert model.fit(X, Y).classes_.tolist() == [0, 1]
    with pytest.raises(Uncertified, match="learnt from: 'nr'"):
        model.fit(rows.drop(columns="label"), Y)


def test_an_array_will_do(model):
    assert model.fit(X.to_numpy(), Y.to_numpy()).predict(X.to_numpy()).shape == (30,)


def test_cross_validation_and_a_search_fit_their_parts(model):
    assert len(cross_val_score(model, X, Y, cv=3, error_score="raise")) == 3
    search = GridSearchCV(model, {"estimator__logisticregression__C": [0.1, 1.0]}, cv=3, error_score="raise").fit(X, Y)

    assert search.best_params_["estimator__logisticregression__C"] in (0.1, 1.0)
    assert set(search.best_estimator_.predict(X)) == {0, 1}


def test_a_clone_is_unfitted_and_has_its_parameters(model, cert):
    model.fit(X, Y)
    again = clone(model)

    assert again.certificate == cert
    assert again.estimator is not model.estimator
    assert not again.__sklearn_is_fitted__()
    check_is_fitted(model)
    assert (
        again.set_params(estimator__logisticregression__C=7.0).get_params()["estimator__logisticregression__C"] == 7.0
    )


def test_the_estimator_it_was_given_stays_unfitted(model):
    model.fit(X, Y)

    assert not hasattr(model.estimator[-1], "coef_")


def test_it_is_of_the_kind_that_it_wraps(cert):
    assert is_classifier(Certified(LogisticRegression(), cert))
    assert not is_classifier(Certified(LinearRegression(), cert))


def test_key_and_suite_are_heeded(tmp_path):
    key, strict = tmp_path / "key", tmp_path / "strict.toml"
    key.write_bytes(b"k" * 32)
    strict.write_text('[limits]\n"missing.count" = 0\n"labels.rate" = 0\n')
    signed = written(csv(tmp_path, frame()), tmp_path / "signed.json", now=None, key=key)

    assert Certified(LogisticRegression(), signed, key=key).fit(X, Y).score(X, Y) > 0.5
    with pytest.raises(Undecided, match="no key was given"):
        Certified(LogisticRegression(), signed).fit(X, Y)
    with pytest.raises(Uncertified, match="judged by suite fit"):
        Certified(LogisticRegression(), signed, key=key, suite=strict).fit(X, Y)


def test_there_is_no_other_way_to_fit(cert):
    from sklearn.linear_model import SGDClassifier

    assert not hasattr(Certified(SGDClassifier(), cert), "partial_fit")
    assert not hasattr(Certified(StandardScaler(), cert), "fit_transform")
    assert not hasattr(Certified(LogisticRegression(), cert), "transform")


def test_a_copy_in_another_process_predicts(model):
    model.fit(X, Y)

    assert (pickle.loads(pickle.dumps(model)).predict(X) == model.predict(X)).all()


def test_weights_reach_the_estimator(cert):
    heavy = Certified(LogisticRegression(), cert).fit(X, Y, sample_weight=np.where(Y == 1, 50.0, 1.0))
    light = Certified(LogisticRegression(), cert).fit(X, Y)

    assert heavy.predict(X).sum() > light.predict(X).sum()


def test_an_unknown_parameter_is_refused(model):
    with pytest.raises(InputError, match="no parameter 'certificat'"):
        model.set_params(certificat="x")
