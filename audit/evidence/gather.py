"""`Evidence`: what the checks look at. Each piece is computed once, on first touch, and kept by content hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError, NotApplicable, some
from audit.evidence.cache import Cache, array_digest, installed
from audit.evidence.embeddings import check_embeddings, describe, directions, embed
from audit.evidence.folds import TooRare, assign_folds, blocks
from audit.evidence.given import Given
from audit.evidence.layout import plane
from audit.evidence.views import CHEAP, HEAD, cheap, checked, unseen
from audit.neighbours import RECALL, VOTERS, Neighbours, nearest, sets
from audit.noise.estimate import Estimate, estimate
from audit.noise.refit import Features
from audit.probabilities import Heads, geometric_mean, linear_head, linear_heads, out_of_fold
from audit.suite import Suite

GRAPH = VOTERS + 20
"""Neighbours kept for each row: the voters, and spare ones for those that a row's own copies and group take up."""
GRAPH_IS = ("exact", "recall", "how")
"""What is kept of how the graph was found."""
FOLDS = 5
STABLE_WORK = 2e9
"""Rows times columns times classes up to which the linear head is learnt again on other folds."""
NEAR = 0.13
"""Two rows look the same below this share of the median distance between nearest neighbours (cleanlab's ratio)."""
MODEL = "model"
Progress = Callable[[str, int, int], None]


class Unlearnable(InputError):
    """A class of which no fold can learn and judge, so that no view can be made here."""


def silent(what: str, done: int, total: int) -> None:
    """A Progress that shows nothing."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One dataset, what it is compared with, and everything computed from them so far."""

    data: Dataset
    reference: Dataset | None = None
    suite: Suite = field(default_factory=lambda: Suite("none"))
    given: Given = field(default_factory=Given)
    seed: int = 0
    cache: Cache = field(default_factory=Cache)
    progress: Progress = silent
    unreadable: Mapping[Any, str] = field(default_factory=dict)
    """Rows that were left out because their picture cannot be opened, and why; `everything` still has them."""
    everything: Dataset | None = None
    vectors: np.ndarray | None = None
    """Embeddings that were made already, as they are made here."""

    @property
    def key(self) -> dict[str, Any]:
        """What every cached piece depends on."""
        return {"data": self.data.fingerprint, **self.given.key, **self._without_labels}

    @property
    def _without_labels(self) -> dict[str, Any]:
        """What the pieces made without labels depend on: where only labels were repaired they stay as they are."""
        engines = ("scikit-learn", "skrub", "faiss-cpu", "assay")
        given = self.given.key
        return {
            "content": self.data.content_fingerprint,
            "seed": self.seed,
            "engines": [installed(e) for e in engines],
            **{name: given[name] for name in ("embeddings", "reference", "backbone")},
        }

    @cached_property
    def _vectors(self) -> list[np.ndarray]:
        if self.vectors is not None:
            return [self.vectors]
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
            made = embed(self.data, *others, seed=self.seed, backbone=self.given.backbone, cache=self.cache)
            self.progress("embeddings", 1, 1)
            return {f"v{i}": v for i, v in enumerate(made)}

        key = {**self._without_labels, "reference_data": self.reference and self.reference.content_fingerprint}
        return list(self.cache.arrays("embeddings", key, compute).values())

    @property
    def embeddings(self) -> np.ndarray:
        """float32 (n, d)."""
        return self._vectors[0]

    @property
    def reference_embeddings(self) -> np.ndarray:
        """float32 (m, d) of the reference, in the same space. NotApplicable where it has none."""
        if not self.has_reference_embeddings:
            raise NotApplicable("no embeddings for the reference (--reference-embeddings FILE)")
        return self._vectors[1]

    @property
    def made_of(self) -> str:
        """Where the embeddings come from, in words."""
        return "your embeddings" if self.given.embeddings is not None else describe(self.data, self.given.backbone)

    @cached_property
    def space(self) -> list[np.ndarray]:
        """The vectors as neighbours are sought among them: for texts, pictures and embeddings brought along by
        direction from the centre (cosine); a table's by distance, where length means something."""
        centre = self.centre
        return self._vectors if centre is None else [directions(v, centre) for v in self._vectors]

    @cached_property
    def centre(self) -> np.ndarray | None:
        """(d,) from where directions are taken in `space`; None where vectors are compared by distance."""
        by_distance = self.data.kind == "table" and self.given.embeddings is None
        return None if by_distance else np.asarray(self.embeddings.mean(axis=0))

    @cached_property
    def neighbours(self) -> Neighbours:
        """The `GRAPH` nearest other rows of each row."""

        def compute() -> dict[str, np.ndarray]:
            self.progress("neighbours", 0, 1)
            near = nearest(self.space[0], GRAPH)
            self.progress("neighbours", 1, 1)
            return {
                "indices": near.indices,
                "distances": near.distances,
                **{name: np.array(getattr(near, name)) for name in GRAPH_IS},
            }

        kept = self.cache.arrays("neighbours", {**self._without_labels, "k": GRAPH, "recall": RECALL}, compute)
        known = {name: kept[name].item() for name in GRAPH_IS}
        return Neighbours(kept["indices"], kept["distances"], **known)

    def plane(self, positions: np.ndarray) -> tuple[np.ndarray, float | None]:
        """(m, 2) places of some rows on a map, and its trustworthiness: None where all of them are in one place."""

        def compute() -> dict[str, np.ndarray]:
            self.progress("map", 0, 1)
            places, trust = plane(self.space[0][positions])
            self.progress("map", 1, 1)
            return {"places": places, "trust": np.array(np.nan if trust is None else trust)}

        kept = self.cache.arrays("map", {**self._without_labels, "positions": array_digest(positions)}, compute)
        trust = float(kept["trust"])
        return kept["places"], None if np.isnan(trust) else trust

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
        equal = [
            np.stack([np.arange(n), f], axis=1) for f in (self.data.first_of_content, self.data.first_of_normalised)
        ]
        return sets(np.vstack([pairs, *equal]), n)

    @cached_property
    def together(self) -> np.ndarray:
        """(n,) number of the block of rows that never straddle a fold: sets of (near) copies, and the user's groups."""
        group = self.data.roles.group
        return blocks(self.near_sets, *([] if group is None else [_group_codes(self.data.table[group])]))

    @cached_property
    def folds(self) -> np.ndarray:
        """(n,) the fold in which a row is held out."""
        return self._folds(self.seed)

    def _folds(self, seed: int) -> np.ndarray:
        try:
            return assign_folds(self.data.labels, self.together, folds=FOLDS, seed=seed)
        except TooRare as rare:
            rows = self.data.rows[rare.positions]
            raise Unlearnable(
                f"class {self.data.classes[rare.class_]!r} has {len(rows)} row{'s' * (len(rows) > 1)} in one block "
                f"(row {some(rows)}), so nothing can be learnt of it; merge it, drop it, or give --pred-probs"
            ) from None

    @cached_property
    def views(self) -> dict[str, np.ndarray]:
        """Class probabilities (n, K) in the order of `data.classes`, by the name of what made them: what was brought
        along first, then what is made here. No row had a part in its own.

        Raises:
            InputError: if there is one label only, a class too rare to learn, or evidence that saw the labels.
        """
        labels = self.data.labels
        if len(np.unique(labels)) < 2:
            raise InputError(f"{self.data.name}: all {len(labels):,} rows have one label, {self.data.given.iloc[0]!r}")
        brought = checked(self.given.brought, self.data)
        made, _ = self._made
        unseen(brought, {k: v for k, v in made.items() if k in CHEAP}, labels)
        return {**brought, **made}

    @cached_property
    def _made(self) -> tuple[dict[str, np.ndarray], str]:
        """The views made here, and why there are none."""
        labels, classes = self.data.labels, len(self.data.classes)
        try:
            folds = self.folds
        except Unlearnable as rare:
            if not self.given.brought:
                raise
            return {}, f"only the probabilities that were brought along: {rare}"

        def compute() -> dict[str, np.ndarray]:
            own = cheap(self.heads(self.embeddings, folds), self.neighbours, labels, self.together, classes)
            if self.given.model is None:
                return own
            return {MODEL: out_of_fold(self._clone, self.embeddings, labels, folds, classes, self._tick), **own}

        kept = self.cache.arrays("probabilities", {**self.key, "folds": FOLDS}, compute)
        return {type(self.given.model).__name__ if k == MODEL else k: v for k, v in kept.items()}, ""

    @cached_property
    def heads(self) -> Heads:
        """The linear heads, each of which has not seen one fold."""
        return linear_heads(self.embeddings, self.data.labels, self.folds, len(self.data.classes), self._tick)

    def _tick(self, done: int, total: int) -> None:
        self.progress("out-of-fold probabilities", done, total)

    @property
    def strong(self) -> dict[str, np.ndarray]:
        """The views by what the user brought: probabilities, or a model."""
        return {k: v for k, v in self.views.items() if k not in CHEAP}

    @cached_property
    def pred_probs(self) -> np.ndarray:
        """(n, K) what one model would be asked for: the geometric mean of what was brought, else of all views."""
        return geometric_mean(list((self.strong or self.views).values()))

    @cached_property
    def noise(self) -> Estimate:
        """How many labels are wrong and which, by all views."""
        here = [name for name in CHEAP if name in self.views]
        return estimate(self.views, self.data.labels, cheap=here, features=self.features if here else None)

    @cached_property
    def features(self) -> Features:
        """What the views made here are made of."""
        return Features(self.embeddings, self.neighbours, self.folds, self.together)

    @property
    def notes(self) -> list[str]:
        """Fallbacks that the views and the graph of neighbours took."""
        why = self._made[1]
        return [*([why] if why else []), *self.neighbours.notes]

    def opinions(self, seeds: int) -> np.ndarray:
        """(seeds, n) what the linear head says of each row, learnt on other folds with each seed."""
        labels, classes = self.data.labels, len(self.data.classes)

        def compute() -> dict[str, np.ndarray]:
            said = [self.views[HEAD].argmax(axis=1)]
            for seed in range(1, seeds):
                folds = self._folds(self.seed + seed)
                said.append(linear_head(self.embeddings, labels, folds, classes, lambda *_: None).argmax(axis=1))
                self.progress("stability", seed, seeds - 1)
            return {"opinions": np.stack(said)}

        return self.cache.arrays("opinions", {**self.key, "folds": FOLDS, "seeds": seeds}, compute)["opinions"]

    def _clone(self, rows: int) -> Any:  # noqa: ARG002  the user's model is fitted the same however many rows
        from sklearn.base import clone

        return clone(self.given.model)


def _group_codes(column: pd.Series) -> np.ndarray:
    """(n,) a number for each group; a row without one is a group of its own."""
    codes = pd.factorize(column)[0]
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes
