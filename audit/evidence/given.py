"""`Given`: the evidence that a user brings along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.errors import InputError
from audit.evidence.backbone import Backbone
from audit.evidence.cache import array_digest
from audit.probabilities import Probabilities


@dataclass(frozen=True, eq=False)
class Given:
    """Evidence that the user brings, row by row in the data's order."""

    embeddings: np.ndarray | None = None
    reference_embeddings: np.ndarray | None = None
    pred_probs: Probabilities | Sequence[Probabilities] | None = None
    """Out-of-sample class probabilities, of one model or of several."""
    model: Any = None
    """Any scikit-learn classifier with predict_proba; cloned for each fold, fitted on the embeddings."""
    backbone: Backbone | None = None

    @property
    def brought(self) -> tuple[Probabilities, ...]:
        """The class probabilities, one entry a model."""
        said = self.pred_probs
        return () if said is None else (said,) if isinstance(said, Probabilities) else tuple(said)

    @property
    def key(self) -> dict[str, Any]:
        """What tells this evidence from other evidence, for the cache."""
        return {
            "embeddings": None if self.embeddings is None else array_digest(self.embeddings),
            "reference": None if self.reference_embeddings is None else array_digest(self.reference_embeddings),
            "pred_probs": [[p.name, array_digest(p.values), [str(c) for c in p.classes]] for p in self.brought],
            "model": None if self.model is None else _settings(self.model),
            "backbone": self.backbone and [self.backbone.name, array_digest(_file(self.backbone))],
        }

    def take(self, positions: np.ndarray) -> Given:
        """The same evidence for some of the rows."""
        return Given(
            None if self.embeddings is None else self.embeddings[positions],
            self.reference_embeddings,
            [replace(p, values=np.asarray(p.values)[positions]) for p in self.brought] or None,
            self.model,
            self.backbone,
        )

    def take_reference(self, positions: np.ndarray) -> Given:
        """The same evidence for some of the reference's rows."""
        vectors = self.reference_embeddings
        return replace(self, reference_embeddings=None if vectors is None else vectors[positions])


def _settings(model: Any) -> list[Any]:
    """A classifier by all its parameters: its own repr leaves out the middle of a long one."""
    return [
        type(model).__module__,
        type(model).__qualname__,
        {k: repr(v) for k, v in model.get_params(deep=True).items()},
    ]


def _file(backbone: Backbone) -> np.ndarray:
    try:
        return np.frombuffer(backbone.weights.read_bytes(), dtype=np.uint8)
    except OSError as refused:
        raise InputError(f"{backbone.weights}: {refused.strerror}") from None
