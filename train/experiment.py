"""`compare`: train the same models on raw and repaired versions of the same draws, and say what the repair is worth."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from audit.cache import Cache
from audit.dataset import Dataset
from audit.embeddings import check_embeddings, embed
from audit.errors import InputError, OutputError, UnknownName
from audit.evidence import Progress, silent
from audit.fingerprint import DIGEST_BYTES, array_rows, row_hashes
from train.comparison import Comparison
from train.contrasts import DELTA, contrasts, points
from train.draws import Audited, audited, light, noise_of, order
from train.grid import Cell, Grid, run
from train.growth import growth
from train.ledger import CELLS, Ledger, Result
from train.models import ON_PICTURES
from train.pool import Pool
from train.recipe import BUDGETS, Recipe, recipe_for
from train.variants import Variant, choose

DEFAULT_VARIANTS = ("raw", "pruned", "relabelled", "reweighted", "augmented", "pruned+augmented", "random-pruned")
BOTH = "both"
EQUAL_STEPS = ":budget=steps"
"""Ends the name of a model whose versions are trained for equal steps."""
EVIDENCE = "evidence"
OWN_FILES = (CELLS, EVIDENCE, "comparison.json", "comparison.html", "comparison.md")


def compare(
    data: Dataset,
    test: Dataset,
    *,
    variants: Sequence[str | Variant] = DEFAULT_VARIANTS,
    sizes: Sequence[int] | None = None,
    seeds: int = 5,
    models: Sequence[str] = ("linear",),
    recipes: Mapping[str, Recipe] | None = None,
    runs: Path | None = None,
    embeddings: np.ndarray | None = None,
    test_embeddings: np.ndarray | None = None,
    truth: str | None = None,
    epochs: int | None = None,
    budget: str = "epochs",
    progress: Progress = silent,
    command: str = "",
) -> Comparison:
    """Train every variant at every size and seed and compare each with the raw data.

    The test set is as given and the same for all. Training rows that it holds too are left out before anything else.
    A size's draw is a prefix of its seed's permutation, so draws are nested; variants of one seed share rows,
    initialisation and order. Each draw is audited by itself.

    Args:
        data: the training pool.
        test: what every model is judged on; never touched.
        variants: names, or your own; raw is always among them, and the control beside pruning. See `train.variants`.
        sizes: rows drawn; by default a quarter, a half and all.
        seeds: how many; fewer than 3 give no verdict.
        models: names of `train.models.MODELS`.
        recipes: model name to a Recipe of your own.
        runs: the folder of the ledger; finished cells in it are not trained again.
        embeddings: your own (n, d); by default made without labels.
        test_embeddings: the same for the test set, (m, d).
        truth: column of true labels, for the variant `oracle`.
        epochs: another budget.
        budget: what is held equal between variants: `epochs` over the rows that each has left, `steps`, or `both`, which
            trains every model twice and says where the verdicts differ.
        progress: told of (what, done, total).
        command: kept in the comparison.

    Raises:
        InputError: if the test set has a class that the data has not, or a size is larger than the pool.
        UnknownName: if a variant or model is unknown.
    """
    start = time.perf_counter()
    _folder_is_ours(runs)
    chosen = choose(variants, data, truth)
    used = _recipes(models, recipes, epochs, budget, data)
    test = _same_classes(data, test)
    _enough_seeds(seeds)
    vectors, test_vectors = _given_vectors(data, test, embeddings, test_embeddings)
    own, leaked = _without_test_rows(data, test, vectors, test_vectors)
    wanted = _sizes(sizes, own)
    cache = Cache(None if runs is None else runs / EVIDENCE)
    if vectors is None or test_vectors is None:
        vectors, test_vectors = _made_vectors(data, test, cache, progress)
    kept = data.rows.get_indexer(own.rows)
    pool = Pool(own, test, vectors[kept], test_vectors)
    rows = light(own, [truth] if truth else [])
    whole = _whole(rows, pool.vectors, chosen)
    grid = Grid(pool, rows, chosen, wanted, seeds, used, truth, whole)
    ledger = Ledger(runs)
    results, trained = run(grid, ledger, progress)
    results = _with_noise(results, rows, truth)
    names = tuple(v.name for v in chosen)
    found = contrasts(results, names, wanted, tuple(used), seeds)
    return Comparison(
        dataset=data.name,
        test=test.name,
        rows=len(own),
        test_rows=len(test),
        classes=len(data.classes),
        kind=data.kind,
        variants=names,
        sizes=wanted,
        models=tuple(used),
        seeds=seeds,
        cells=tuple(r.record for r in results.values()),
        contrasts=tuple(found),
        points=tuple(points(results, names, wanted, tuple(used), seeds)),
        protocol=_protocol(data, test, used, leaked, chosen, brought=embeddings is not None),
        notes=(*cache.notes, *ledger.notes, *_too_rare([r.record for r in results.values()])),
        command=command,
        seconds=time.perf_counter() - start,
        trained=trained,
        delta=DELTA,
        extra=growth(results, found, names, wanted, tuple(used), seeds),
    )


def _whole(rows: Dataset, vectors: np.ndarray, variants: Sequence[Variant]) -> Audited | None:
    """The audit of all rows, where a variant's cleaner is to see them."""
    if all(v.cleaner == "draw" for v in variants):
        return None
    return audited(rows, vectors, np.arange(len(rows)), seed=0)


def _with_noise(results: Mapping[Cell, Result], rows: Dataset, truth: str | None) -> dict[Cell, Result]:
    """The noise of draws that no treatment touched, where the true labels were not known when their cells were kept."""
    out = dict(results)
    for cell, result in results.items():
        if truth is not None and result.record["noise"] is None and result.record["edits"] == 0:
            noise = noise_of(rows, order(rows.labels, cell.seed)[: cell.size], truth)
            out[cell] = replace(result, record={**result.record, "noise": noise})
    return out


def _too_rare(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the reader must know of rows that no repair could reach, a sentence a size."""
    most: dict[int, int] = {}
    for record in records:
        most[record["size"]] = max(most.get(record["size"], 0), record["unaudited"])
    return [
        f"at {size:,} rows up to {rows:,} rows of a draw are of classes too rare in it to audit; no repair touches them"
        for size, rows in most.items()
        if rows
    ]


# -- before anything is trained ----------------------------------------------------------------------------------------


def _folder_is_ours(runs: Path | None) -> None:
    if runs is None or not runs.exists():
        return
    if not runs.is_dir():
        raise OutputError(f"{runs}: exists and is not a folder")
    others = sorted(p.name for p in runs.iterdir() if p.name not in OWN_FILES and not p.name.startswith("."))
    if others:
        raise OutputError(f"{runs}: holds {others[0]!r}, which is no part of a comparison; name another folder")


def _recipes(
    models: Sequence[str], own: Mapping[str, Recipe] | None, epochs: int | None, budget: str, data: Dataset
) -> dict[str, Recipe]:
    if not models:
        raise InputError("no model was named")
    if own and epochs is not None:
        raise InputError("epochs is the budget of assay's own recipes; a recipe of your own has its own budget")
    used = {m: (own or {}).get(m) or recipe_for(m, epochs=epochs) for m in dict.fromkeys(models)}
    if pictures := [m for m, recipe in used.items() if recipe.model in ON_PICTURES and data.kind != "image"]:
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
    steps = {f"{m}{EQUAL_STEPS}": replace(r, budget="steps") for m, r in recipes.items() if r.budget == "epochs"}
    return {**recipes, **steps} if budget == BOTH else steps


def _same_classes(data: Dataset, test: Dataset) -> Dataset:
    """The test set with its labels numbered as the data's are."""
    if test.kind != data.kind:
        raise InputError(f"{test.name} holds {test.kind} data, {data.name} {data.kind} data: not comparable")
    unknown = test.given.index[~test.given.isin(data.classes)]
    if len(unknown):
        label = test.given.loc[unknown[0]]
        raise UnknownName.of("class", label, data.classes, where=f"{test.name} (test), row {unknown[0]}")
    return replace(test, classes=data.classes)


def _without_test_rows(
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


def _sizes(sizes: Sequence[int] | None, data: Dataset) -> tuple[int, ...]:
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


def _enough_seeds(seeds: int) -> None:
    if seeds < 1:
        raise InputError(f"seeds must be at least 1, got {seeds}")


def _given_vectors(
    data: Dataset, test: Dataset, own: np.ndarray | None, other: np.ndarray | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if (own is None) != (other is None):
        raise InputError("embeddings of the data and of the test set go together (--embeddings, --test-embeddings)")
    if own is not None and other is not None:
        pair = check_embeddings(own, len(data), "embeddings"), check_embeddings(other, len(test), "test embeddings")
        if pair[0].shape[1] != pair[1].shape[1]:
            raise InputError(f"embeddings have {pair[0].shape[1]} columns, test embeddings {pair[1].shape[1]}")
        return pair
    return None, None


def _made_vectors(data: Dataset, test: Dataset, cache: Cache, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings fitted on the data without its labels, kept beside the cells: the same bits when a run is resumed on
    another number of threads, or finished cells would not be found again."""

    def compute() -> dict[str, np.ndarray]:
        progress("embeddings", 0, 1)
        own, other = embed(data, test)
        progress("embeddings", 1, 1)
        return {"own": own, "test": other}

    engines = [version(e) for e in ("assay", "scikit-learn", "skrub")]
    kept = cache.arrays("embeddings", {"data": data.fingerprint, "test": test.fingerprint, "engines": engines}, compute)
    return kept["own"], kept["test"]


def _protocol(
    data: Dataset,
    test: Dataset,
    recipes: Mapping[str, Recipe],
    leaked: int,
    variants: Sequence[Variant],
    *,
    brought: bool,
) -> dict[str, Any]:
    engines = ("assay", "torch", "cleanlab", "scikit-learn", "faiss-cpu", "numpy")
    return {
        "cleaner": "each draw is audited by itself; embeddings know no labels"
        + ("" if brought else " and are fitted on the whole pool"),
        "whole_pool_cleaner": [v.name for v in variants if v.cleaner == "pool"],
        "budget": sorted({r.budget for r in recipes.values()}),
        "recipe": {m: r.to_dict() for m, r in recipes.items()},
        "data_fingerprint": data.fingerprint,
        "test_fingerprint": test.fingerprint,
        "training_rows_in_test": leaked,
        "intervals": "95 %, of accuracy over seeds and test rows, of the other metrics over seeds alone; "
        "at the largest size corrected for the versions shown (Holm), within each model and metric",
        "versions": {**{e: version(e) for e in engines}, "python": platform.python_version()},
    }
