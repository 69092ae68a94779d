"""What a comparison is asked to be, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from audit.dataset import Dataset
from audit.errors import InputError, OutputError, UnknownName
from audit.evidence.embeddings import check_embeddings
from audit.fingerprint import DIGEST_BYTES, array_rows, row_hashes
from train.augment import Augmentation
from train.fit.models import looks_at_pictures
from train.fit.pool import Pool
from train.fit.recipe import BUDGETS, Recipe, recipe_for
from train.grid.ledger import CELLS
from train.grid.track import FOLDERS
from train.grid.variants import Variant
from train.judge.costs import STEPS

BOTH = "both"
EVIDENCE = "evidence"
OWN_FILES = (CELLS, EVIDENCE, "comparison.json", "comparison.html", "comparison.md", *FOLDERS)


def folder_is_ours(runs: Path | None) -> None:
    """OutputError if the folder holds anything that is no part of a comparison."""
    if runs is None or not runs.exists():
        return
    if not runs.is_dir():
        raise OutputError(f"{runs}: exists and is not a folder")
    others = sorted(p.name for p in runs.iterdir() if p.name not in OWN_FILES and not p.name.startswith("."))
    if others:
        raise OutputError(f"{runs}: holds {others[0]!r}, which is no part of a comparison; name another folder")


def recipes_of(
    models: Sequence[str], own: Mapping[str, Recipe] | None, epochs: int | None, budget: str, data: Dataset
) -> dict[str, Recipe]:
    """Model name to its recipe under the budget asked for."""
    if not models:
        raise InputError("no model was named")
    if own and epochs is not None:
        raise InputError("epochs is the budget of assay's own recipes; a recipe of your own has its own budget")
    used = {m: (own or {}).get(m) or recipe_for(m, epochs=epochs) for m in dict.fromkeys(models)}
    if pictures := [m for m, recipe in used.items() if looks_at_pictures(recipe.model) and data.kind != "image"]:
        raise InputError(f"{data.name}: model {pictures[0]} looks at pictures, and this is {data.kind} data")
    return _budgeted(used, budget)


def _budgeted(recipes: Mapping[str, Recipe], budget: str) -> dict[str, Recipe]:
    """The recipes under the budget asked for; under both, those of equal steps have that in their name."""
    if budget not in (*BUDGETS, BOTH):
        raise UnknownName.of("budget", budget, (*BUDGETS, BOTH))
    if budget == "epochs":
        return dict(recipes)
    if set_already := [m for m, r in recipes.items() if r.steps is not None]:
        raise InputError(f"model {set_already[0]!r} has a fixed number of steps: no budget of {budget} beside it")
    steps = {f"{m}{STEPS}": replace(r, budget="steps") for m, r in recipes.items() if r.budget == "epochs"}
    return {**recipes, **steps} if budget == BOTH else steps


def with_classes_of(data: Dataset, test: Dataset) -> Dataset:
    """The test set with its labels numbered as the data's are."""
    if test.kind != data.kind:
        raise InputError(f"{test.name} holds {test.kind} data, {data.name} {data.kind} data: not comparable")
    unknown = test.given.index[~test.given.isin(data.classes)]
    if len(unknown):
        label = test.given.loc[unknown[0]]
        raise UnknownName.of("class", label, data.classes, where=f"{test.name} (test), row {unknown[0]}")
    return replace(test, classes=data.classes)


def without_test_rows(
    data: Dataset, test: Dataset, vectors: np.ndarray | None, test_vectors: np.ndarray | None
) -> tuple[Dataset, int]:
    """The training rows whose content, normalised, is in no test row; and how many are. Rows that are known by their
    embeddings alone are the same where these are."""
    if data.roles.text or data.roles.features or data.kind == "image":
        hashes = data.normalised_content, test.normalised_content
    elif vectors is not None and test_vectors is not None:
        hashes = row_hashes([array_rows(vectors)], len(data)), row_hashes([array_rows(test_vectors)], len(test))
    else:
        raise InputError(f"{data.name}: no text, features or pictures to learn from, and no embeddings")
    here, there = (h.astype(f"S{DIGEST_BYTES}") for h in hashes)
    shared = np.isin(here, there)
    return (data.take(data.rows[~shared]), int(shared.sum())) if shared.any() else (data, 0)


def sizes_of(sizes: Sequence[int] | None, data: Dataset) -> tuple[int, ...]:
    """The sizes asked for, or the default ones; they must grow, and fit the data."""
    wanted = tuple(sizes) if sizes is not None else _default_sizes(data)
    if not wanted or any(b <= a for a, b in pairwise(wanted)):
        raise InputError(f"sizes must grow: {', '.join(map(str, wanted)) or 'none were named'}")
    if wanted[0] < 2 * len(data.classes):
        raise InputError(f"size {wanted[0]} is too small for {len(data.classes)} classes: at least two rows a class")
    if wanted[-1] > len(data):
        raise InputError(f"{data.name}: size {wanted[-1]:,} is more than the {len(data):,} rows there are to train on")
    return wanted


def _default_sizes(data: Dataset) -> tuple[int, ...]:
    """A quarter, a half and all of the rows; of few rows only the sizes with two rows a class."""
    parts = (len(data) // 4, len(data) // 2, len(data))
    return tuple(s for s in dict.fromkeys(parts) if s >= 2 * len(data.classes) or s == len(data))


def enough_seeds(seeds: int) -> None:
    """InputError without a seed."""
    if seeds < 1:
        raise InputError(f"seeds must be at least 1, got {seeds}")


def given_vectors(
    data: Dataset, test: Dataset, own: np.ndarray | None, other: np.ndarray | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The embeddings brought along, float32, of the data and of the test set; None for both without."""
    if (own is None) != (other is None):
        raise InputError("embeddings of the data and of the test set go together (--embeddings, --test-embeddings)")
    if own is not None and other is not None:
        pair = check_embeddings(own, len(data), "embeddings"), check_embeddings(other, len(test), "test embeddings")
        if pair[0].shape[1] != pair[1].shape[1]:
            raise InputError(f"embeddings have {pair[0].shape[1]} columns, test embeddings {pair[1].shape[1]}")
        return pair
    return None, None


def augmentations_fit(variants: Sequence[Variant], recipes: Mapping[str, Recipe], pool: Pool) -> None:
    """InputError if an augmentation cannot change what a model looks at."""
    policies = [v.augment for v in variants if isinstance(v.augment, Augmentation)]
    for pictures in {looks_at_pictures(r.model) for r in recipes.values()} if policies else ():
        own, _ = pool.inputs(pictures=pictures)
        for policy in policies:
            policy.steps_for(tuple(own.shape[1:]))
