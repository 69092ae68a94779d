"""`Certified(estimator, certificate)`: a scikit-learn estimator that fits nothing but rows that a gate let through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.certificate.demand import require
from audit.certificate.record import Certificate
from audit.errors import InputError

DELEGATED = frozenset(
    {
        *("predict", "predict_proba", "predict_log_proba", "decision_function", "score", "score_samples"),
        *("transform", "inverse_transform", "get_feature_names_out", "apply"),
    }
)
"""What the fitted estimator answers. Anything that could fit (`partial_fit`, `fit_transform`) is not among it."""
PARAMETERS = ("estimator", "certificate", "key", "suite")


class Certified:
    """Any estimator, fitted only on certified rows.

    Every row of (X, y), features and label, must equal a row that the gate judged; some of them will do, in any
    order, so that cross-validation and searches work. X must hold the features under the names, or in the order, that
    they were judged with: put preprocessing inside `estimator`.

    Args:
        estimator: cloned before it is fitted.
        certificate: the file, or what `Certificate.read` gives.
        key: the key file by which it must be signed.
        suite: the suite by which the data must have been judged.
    """

    def __init__(
        self,
        estimator: Any,
        certificate: str | Path | Certificate,
        key: str | Path | None = None,
        suite: str | Path | None = None,
    ) -> None:
        self.estimator = estimator
        self.certificate = certificate
        self.key = key
        self.suite = suite

    def fit(self, X: Any, y: Any, **params: Any) -> Certified:
        """Demand the certificate for these rows, then fit a clone of the estimator on them."""
        from sklearn.base import clone

        require((X, y), self.certificate, key=self.key, suite=self.suite, part=True)
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        return self

    def get_params(self, *, deep: bool = True) -> dict[str, Any]:
        """Its own parameters, and with `deep` the estimator's as `estimator__name`."""
        own = {name: getattr(self, name) for name in PARAMETERS}
        inner = self.estimator.get_params(deep=True) if deep else {}
        return {**own, **{f"estimator__{name}": value for name, value in inner.items()}}

    def set_params(self, **params: Any) -> Certified:
        """Set its own parameters and the estimator's."""
        inner = {k.removeprefix("estimator__"): v for k, v in params.items() if k.startswith("estimator__")}
        for name in params.keys() - {f"estimator__{k}" for k in inner}:
            if name not in PARAMETERS:
                raise InputError(f"Certified has no parameter {name!r}; it has {', '.join(PARAMETERS)}")
            setattr(self, name, params[name])
        if inner:
            self.estimator.set_params(**inner)
        return self

    def __getattr__(self, name: str) -> Any:
        """What the estimator knows: predictions, and what fitting it found (`classes_`)."""
        held = self.__dict__
        if name in DELEGATED or (name.endswith("_") and not name.startswith("_")):
            target = held.get("estimator_", held.get("estimator"))
            if name != "estimator_" and target is not None:
                return getattr(target, name)
        raise AttributeError(f"Certified has no attribute {name!r}")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import get_tags

        return get_tags(self.estimator)

    def __sklearn_is_fitted__(self) -> bool:
        return "estimator_" in self.__dict__

    def __repr__(self) -> str:
        return f"Certified({self.estimator!r}, {str(self.certificate)!r})"
