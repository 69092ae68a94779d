"""Our models by scikit-learn's protocol, for whatever takes one of its classifiers: `audit.Given(model=…)`, its
cross-validation, its pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from audit.errors import InputError, UnknownName, some
from audit.evidence.embeddings import check_embeddings
from train.fit.device import here
from train.fit.groups.cells import Job
from train.fit.loop import predict
from train.fit.models import looks_at_pictures
from train.fit.plan import train_jobs
from train.fit.pool import known_device
from train.fit.recipe import recipe_for

PARAMETERS = ("model", "seed", "device")


class TorchClassifier:
    """A model by its name on the command line (`linear`, `mlp:width=256`, `boosting`), on vectors, from one seed.

    As the protocol has it, `fit` keeps what it learnt in the classifier itself and returns it, and names of what was
    learnt end in an underscore. Vectors are centred and brought to unit mean square by those that are learnt from.
    """

    def __init__(self, model: str = "mlp", seed: int = 0, device: str | None = None) -> None:
        """`device`: a GPU where there is one, by default. Nothing is checked before `fit`, as the protocol has it."""
        self.model = model
        self.seed = seed
        self.device = device

    def __repr__(self) -> str:
        return f"TorchClassifier(model={self.model!r}, seed={self.seed}, device={self.device!r})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier", target_tags=TargetTags(required=True), classifier_tags=ClassifierTags()
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002  the protocol's signature
        """The parameters by name."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def set_params(self, **params: Any) -> TorchClassifier:
        """Change some parameters, and return the classifier."""
        for name, value in params.items():
            if name not in PARAMETERS:
                raise UnknownName.of("parameter", name, PARAMETERS, where="TorchClassifier")
            setattr(self, name, value)
        return self

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> TorchClassifier:
        """Learn from vectors (n, d), labels (n,) of any kind that can be sorted, and weights (n,) of the rows."""
        recipe = recipe_for(self.model)
        if looks_at_pictures(recipe.model):
            raise InputError(f"model {self.model!r} looks at pictures, and a TorchClassifier looks at vectors")
        device = known_device(self.device or str(here()))
        classes, labels = _classes(y)
        vectors = check_embeddings(np.asarray(X), len(labels), "X")
        weights = np.asarray(np.ones(len(labels)) if sample_weight is None else sample_weight, "float32")
        if weights.shape != (len(labels),) or not ((weights >= 0) & np.isfinite(weights)).all() or not weights.any():
            raise InputError(f"sample_weight: {len(labels):,} finite numbers from 0 up are expected, not all 0")
        centre = vectors.mean(axis=0)
        scale = max(float(np.sqrt(np.square(vectors - centre).mean())), 1e-12)
        own = torch.from_numpy(labels), torch.from_numpy(weights)
        job = Job(torch.arange(len(labels)), *own, self.seed)
        x = _scaled(vectors, centre, scale).to(device)
        self.fitted_ = train_jobs(x, [job], len(classes), recipe).fits[0].model
        self.classes_, self.centre_, self.scale_, self.n_features_in_ = classes, centre, scale, vectors.shape[1]
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """(n, K) float64, columns as in `classes_`."""
        if not self.__sklearn_is_fitted__():
            raise InputError(f"{self!r}: has not been fitted")
        values = np.asarray(X)
        vectors = check_embeddings(values, len(values), "X")
        if vectors.shape[1] != self.n_features_in_:
            raise InputError(f"X has {vectors.shape[1]} columns, and {self.n_features_in_} were learnt from")
        x = _scaled(vectors, self.centre_, self.scale_)
        device = next((p.device for p in self.fitted_.parameters()), x.device)  # trees have no parameters
        out: np.ndarray = predict(self.fitted_, x.to(device)).cpu().numpy()
        if not np.isfinite(out).all():
            raise InputError(f"model {self.model!r}: the loss was no number; try a smaller lr, as :lr=1e-4")
        return out

    def predict(self, X: ArrayLike) -> np.ndarray:
        """(n,) the likeliest class of each row."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of the rows (by weight, where there are weights) whose label is the likeliest class."""
        from sklearn.metrics import accuracy_score

        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))


def _classes(y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The classes in their order, and (n,) each row's place among them. InputError for labels that are missing or of
    kinds that have no order."""
    # of a list numpy makes words of numbers, and of what is missing, where there is one word
    given = np.asarray(y) if hasattr(y, "dtype") else np.array(y, dtype=object)
    if given.ndim != 1:
        raise InputError(f"y: one label a row is expected; it has shape {given.shape}")
    if gone := np.flatnonzero(pd.isna(given)).tolist():
        raise InputError(f"y: no label in row {some(gone)}")
    try:
        classes, labels = np.unique(given, return_inverse=True)
    except TypeError:
        kinds = sorted({type(v).__name__ for v in given})
        raise InputError(f"y: labels of one kind are expected, not {' and '.join(kinds)}") from None
    return np.array(classes.tolist()) if classes.dtype == object else classes, labels


def _scaled(vectors: np.ndarray, centre: np.ndarray, scale: float) -> torch.Tensor:
    return torch.from_numpy(((vectors - centre) / scale).astype("float32"))
