"""`Evidence`: what the checks look at. Each piece is computed once, on first touch, and kept by content hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from audit.cache import Cache, array_digest, installed
from audit.dataset import Dataset
from audit.embeddings import Backbone, check_embeddings, describe, embed
from audit.errors import InputError, NotApplicable, some
from audit.folds import TooRare, assign_folds, blocks
from audit.neighbours import Neighbours, nearest, sets
from audit.probabilities import (
    VOTERS,
    Probabilities,
    check_probabilities,
    geometric_mean,
    linear_head,
    neighbour_vote,
    out_of_fold,
)
from audit.suite import Suite

GRAPH = VOTERS + 20
"""Neighbours kept for each row: the voters, and spare ones for those that a row's own copies and group take up."""
FOLDS = 5
NEAR = 0.13
"""Two rows look the same below this share of the median distance between nearest neighbours (cleanlab's ratio)."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Given:
    """Evidence that the user brings, row by row in the data's order."""

    embeddings: np.ndarray | None = None
    reference_embeddings: np.ndarray | None = None
    pred_probs: Probabilities | None = None
    """Out-of-sample class probabilities."""
    model: Any = None
    """Any scikit-learn classifier with predict_proba; cloned for each fold, fitted on the embeddings."""
    backbone: Backbone | None = None

    @property
    def key(self) -> dict[str, Any]:
        """What tells this evidence from other evidence, for the cache."""
        probabilities = self.pred_probs
        return {
            "embeddings": None if self.embeddings is None else array_digest(self.embeddings),
            "reference": None if self.reference_embeddings is None else array_digest(self.reference_embeddings),
            "pred_probs": probabilities
            and [array_digest(probabilities.values), [str(c) for c in probabilities.classes]],
            "model": None if self.model is None else _settings(self.model),
            "backbone": self.backbone and [self.backbone.name, array_digest(_file(self.backbone))],
        }

    def take(self, positions: np.ndarray) -> Given:
        """The same evidence for some of the rows."""
        probabilities = self.pred_probs
        return Given(
            None if self.embeddings is None else self.embeddings[positions],
            self.reference_embeddings,
            probabilities and Probabilities(np.asarray(probabilities.values)[positions], probabilities.classes),
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


def silent(what: str, done: int, total: int) -> None:
    """A Progress that shows nothing."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One dataset, what it is compared with, and everything computed from them so far."""

    data: Dataset
    reference: Dataset | None = None
    suite: Suite = field(default_factory=lambda: Suite("none"))
    given: Given = Given()
    seed: int = 0
    cache: Cache = field(default_factory=Cache)
    progress: Progress = silent
    unreadable: Mapping[Any, str] = field(default_factory=dict)
    """Rows that were left out because their picture cannot be opened, and why; `everything` still has them."""
    everything: Dataset | None = None

    @property
    def key(self) -> dict[str, Any]:
        """What every cached piece depends on."""
        engines = ("scikit-learn", "skrub", "faiss-cpu", "assay")
        return {
            "data": self.data.fingerprint,
            "seed": self.seed,
            "engines": [installed(e) for e in engines],
            **self.given.key,
        }

    @cached_property
    def _vectors(self) -> list[np.ndarray]:
        if self.given.embeddings is not None:
            own = check_embeddings(self.given.embeddings, len(self.data), "embeddings")
            other = self.given.reference_embeddings
            if self.reference is None or other is None:
                return [own]
            there = check_embeddings(other, len(self.reference), "reference embeddings")
            if there.shape[1] != own.shape[1]:
                raise InputError(f"reference embeddings have {there.shape[1]} columns, the data's {own.shape[1]}")
            return [own, there]

        def compute() -> dict[str, np.ndarray]:
            self.progress("embeddings", 0, 1)
            others = () if self.reference is None else (self.reference,)
            made = embed(self.data, *others, seed=self.seed, backbone=self.given.backbone)
            self.progress("embeddings", 1, 1)
            return {f"v{i}": v for i, v in enumerate(made)}

        key = {**self.key, "reference_data": self.reference and self.reference.fingerprint}
        return list(self.cache.arrays("embeddings", key, compute).values())

    @property
    def embeddings(self) -> np.ndarray:
        """float32 (n, d)."""
        return self._vectors[0]

    @property
    def made_of(self) -> str:
        """Where the embeddings come from, in words."""
        return "your embeddings" if self.given.embeddings is not None else describe(self.data, self.given.backbone)

    @cached_property
    def space(self) -> list[np.ndarray]:
        """The vectors as neighbours are sought among them: for texts, pictures and embeddings brought along by
        direction from the centre (cosine); a table's by distance, where length means something."""
        if self.data.kind == "table" and self.given.embeddings is None:
            return self._vectors
        centre = self.embeddings.mean(axis=0)
        lengths = [np.maximum(np.linalg.norm(v - centre, axis=1, keepdims=True), 1e-12) for v in self._vectors]
        return [((v - centre) / length).astype("float32") for v, length in zip(self._vectors, lengths, strict=True)]

    @cached_property
    def neighbours(self) -> Neighbours:
        """The `GRAPH` nearest other rows of each row."""

        def compute() -> dict[str, np.ndarray]:
            self.progress("neighbours", 0, 1)
            near = nearest(self.space[0], GRAPH)
            self.progress("neighbours", 1, 1)
            return {"indices": near.indices, "distances": near.distances}

        kept = self.cache.arrays("neighbours", {**self.key, "k": GRAPH}, compute)
        return Neighbours(kept["indices"], kept["distances"])

    @property
    def has_reference_embeddings(self) -> bool:
        """Whether the reference lies in the same space; not when only the data's embeddings were brought along."""
        return len(self._vectors) > 1

    @cached_property
    def reference_neighbours(self) -> Neighbours:
        """For each row of the reference its 5 nearest rows here."""
        if len(self.space) < 2:
            raise NotApplicable("no embeddings for the reference (--reference-embeddings FILE)")
        return nearest(self.space[0], 5, self.space[1])

    @cached_property
    def near_threshold(self) -> float:
        """The distance below which two rows look the same."""
        if self.neighbours.distances.shape[1] == 0:
            return 0.0
        return NEAR * float(np.median(self.neighbours.distances[:, 0]))

    @cached_property
    def near_sets(self) -> np.ndarray:
        """(n,) number of the set of rows that look the same, equal ones included."""
        n = len(self.data)
        close = self.neighbours.distances < self.near_threshold
        pairs = np.stack([np.repeat(np.arange(n), close.sum(axis=1)), self.neighbours.indices[close]], axis=1)
        keys = [self.data.content, self.data.normalised_content]
        return sets(np.vstack([pairs, *(_same(k) for k in keys)]), n)

    @cached_property
    def together(self) -> np.ndarray:
        """(n,) number of the block of rows that never straddle a fold: sets of (near) copies, and the user's groups."""
        group = self.data.roles.group
        return blocks(self.near_sets, *([] if group is None else [_group_codes(self.data.table[group])]))

    @cached_property
    def folds(self) -> np.ndarray:
        """(n,) the fold in which a row is held out."""
        try:
            return assign_folds(self.data.labels, self.together, folds=FOLDS, seed=self.seed)
        except TooRare as rare:
            rows = self.data.rows[rare.positions]
            raise InputError(
                f"class {self.data.classes[rare.class_]!r} has {len(rows)} row{'s' * (len(rows) > 1)} in one block "
                f"(row {some(rows)}), so nothing can be learnt of it; merge it, drop it, or give --pred-probs"
            ) from None

    @cached_property
    def views(self) -> dict[str, np.ndarray]:
        """Out-of-fold probabilities (n, K) by the name of what made them."""
        labels, classes = self.data.labels, len(self.data.classes)
        if len(np.unique(labels)) < 2:
            raise InputError(f"{self.data.name}: all {len(labels):,} rows have one label, {self.data.given.iloc[0]!r}")
        if self.given.pred_probs is not None:
            where = "pred_probs"
            given = check_probabilities(self.given.pred_probs, labels, self.data.classes, list(self.data.rows), where)
            return {"your probabilities": given}

        def tick(done: int, total: int) -> None:
            self.progress("out-of-fold probabilities", done, total)

        def compute() -> dict[str, np.ndarray]:
            if self.given.model is not None:
                return {"model": out_of_fold(self._clone, self.embeddings, labels, self.folds, classes, tick)}
            head = linear_head(self.embeddings, labels, self.folds, classes, tick)
            return {"head": head, "vote": neighbour_vote(self.neighbours, labels, self.together, classes)}

        kept = self.cache.arrays("probabilities", {**self.key, "folds": FOLDS}, compute)
        names = {"head": "linear head", "vote": "neighbour vote", "model": type(self.given.model).__name__}
        return {names[k]: v for k, v in kept.items()}

    def _clone(self, rows: int) -> Any:  # noqa: ARG002  the user's model is fitted the same however many rows
        from sklearn.base import clone

        return clone(self.given.model)

    @cached_property
    def pred_probs(self) -> np.ndarray:
        """(n, K) the views' geometric mean, in the order of `data.classes`."""
        return geometric_mean(list(self.views.values()))


def _group_codes(column: pd.Series) -> np.ndarray:
    """(n,) a number for each group; a row without one is a group of its own."""
    codes = pd.factorize(column)[0]
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes


def _same(keys: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) of each position and the first one with the same key."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return np.stack([np.arange(len(keys)), first[inverse]], axis=1)
