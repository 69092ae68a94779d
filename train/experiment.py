"""`compare`: train the same models on raw and repaired versions of the same draws, and say what the repair is worth."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from audit.dataset import Dataset
from audit.evidence.cache import Cache, array_digest, installed
from audit.evidence.embeddings import embed
from audit.evidence.gather import Progress, silent
from train.comparison import Comparison
from train.design import (
    EVIDENCE,
    augmentations_fit,
    enough_seeds,
    folder_is_ours,
    given_vectors,
    recipes_of,
    sizes_of,
    with_classes_of,
    without_test_rows,
)
from train.fit.pool import Pool, known_device
from train.fit.recipe import Recipe
from train.grid.draws import Audited, audited, light, noise_of, order
from train.grid.executors import executor_for
from train.grid.grid import Cell, Grid, fill
from train.grid.ledger import Ledger, Result
from train.grid.tasks import Executor
from train.grid.track import tracked
from train.grid.variants import Variant, choose
from train.judge.conclusions import conclude
from train.judge.contrasts import DELTA
from train.judge.corrected import doubts
from train.judge.truth import Verified, read_verified

DEFAULT_VARIANTS = ("raw", "pruned", "relabelled", "reweighted", "augmented", "pruned+augmented", "random-pruned")


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
    verified: Path | None = None,
    device: str | None = None,
    executor: str | Executor = "inline",
    workers: int | None = None,
    track: str | None = None,
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
        variants: names, or your own; raw is always among them, and the control beside pruning. See `train.grid.variants`.
        sizes: rows drawn; by default a quarter, a half and all.
        seeds: how many; fewer than 3 give no verdict.
        models: names of `train.fit.models.MODELS`.
        recipes: model name to a Recipe of your own.
        runs: the folder of the ledger; finished cells in it are not trained again.
        embeddings: your own (n, d); by default made without labels.
        test_embeddings: the same for the test set, (m, d).
        truth: column of true labels, for the variant `oracle`.
        epochs: another budget.
        budget: what is held equal between variants: `epochs` over the rows that each has left, `steps`, or `both`, which
            trains every model twice and says where the verdicts differ.
        verified: a file of test rows, drawn at random, with their true labels: accuracies and verdicts are corrected by
            them (`train.judge.truth`).
        device: `cpu` or `cuda`; by default a GPU where there is one.
        executor: where models are trained: `inline`, `processes`, `ray`, `ray://ADDRESS`, or a function of your own.
        workers: how many at once, of processes and of Ray's.
        track: `tensorboard` or `mlflow`: finished cells are logged there, in `runs`.
        progress: told of (what, done, total).
        command: kept in the comparison.

    Raises:
        InputError: if the test set has a class that the data has not, or a size is larger than the pool.
        UnknownName: if a variant or model is unknown.
    """
    start = time.perf_counter()
    data, test = replace(data), replace(test)  # their hashes may be of before their tables were edited in place
    folder_is_ours(runs)
    chosen = choose(variants, data, truth)
    used = recipes_of(models, recipes, epochs, budget, data)
    test = with_classes_of(data, test)
    true = None if verified is None else read_verified(verified, test)
    enough_seeds(seeds)
    work = executor_for(executor, workers) if isinstance(executor, str) else executor
    vectors, test_vectors = given_vectors(data, test, embeddings, test_embeddings)
    own, leaked = without_test_rows(data, test, vectors, test_vectors)
    wanted = sizes_of(sizes, own)
    cache, ledger = Cache(None if runs is None else runs / EVIDENCE), Ledger(runs)
    if vectors is None or test_vectors is None:
        vectors, test_vectors = _made_vectors(own, test, cache, progress)
    else:
        vectors = vectors[data.rows.get_indexer(own.rows)]
    where = known_device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    pool = Pool(own, test, vectors, test_vectors, where)
    rows = light(own, [truth] if truth else [])
    augmentations_fit(chosen, used, pool)
    grid = Grid(pool, rows, chosen, wanted, seeds, used, truth, _whole(rows, pool.vectors, chosen))
    names = tuple(v.name for v in chosen)
    with tracked(track, runs, data.name) as log:
        filled = fill(grid, ledger, progress, executor=work, seen=log.cell)
        results = _with_noise(filled.results, rows, truth)
        said = conclude(results, test, names, wanted, tuple(used), seeds, true)
        log.contrasts(said.contrasts)
    records = tuple(r.record for r in results.values())
    brought = "" if embeddings is None else array_digest(np.concatenate([vectors, test_vectors]))
    protocol = _protocol(data, test, used, leaked, chosen, brought)
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
        cells=records,
        contrasts=said.contrasts,
        points=said.points,
        protocol={**protocol, "device": where, **said.protocol, "test_noise": _doubts(test, test_vectors, true, cache)},
        notes=(
            *cache.notes,
            *ledger.notes,
            *filled.notes,
            *said.notes,
            *_too_rare(records),
            *_unknown_noise(records, truth),
        ),
        command=command,
        seconds=time.perf_counter() - start,
        trained=filled.trained,
        delta=DELTA,
        extra={**said.extra, "planner": list(filled.choices)},
    )


def _doubts(test: Dataset, vectors: np.ndarray, true: Verified | None, cache: Cache) -> str:
    """What an audit of the test set says of its labels, kept beside the cells."""
    checked = "" if true is None else array_digest(np.stack([true.positions, true.labels]))
    depends = {"test": test.fingerprint, "vectors": array_digest(vectors), "verified": checked}
    engines = [installed(e) for e in ("assay", "scikit-learn", "cleanlab", "faiss-cpu")]

    def compute() -> dict[str, np.ndarray]:
        return {"words": np.array(doubts(test, vectors, true))}

    return str(cache.arrays("test-labels", {**depends, "engines": engines}, compute)["words"])


def _whole(rows: Dataset, vectors: np.ndarray, variants: Sequence[Variant]) -> Audited | None:
    """The audit of all rows, where a variant's cleaner is to see them."""
    if all(v.cleaner == "draw" for v in variants):
        return None
    with threadpool_limits(1):  # as in executors: sums of several threads round otherwise
        return audited(rows, vectors, np.arange(len(rows)), seed=0)


def _with_noise(results: Mapping[Cell, Result], rows: Dataset, truth: str | None) -> dict[Cell, Result]:
    """The noise by this column of true labels, where cells were kept without it or by another: known of draws that no
    treatment touched, and not of the others."""
    out = dict(results)
    for cell, result in results.items():
        if truth is not None and result.record.get("noise_of") != truth:
            untouched = result.record["edits"] == 0 and not result.failed
            noise = noise_of(rows, order(rows.labels, cell.seed)[: cell.size], truth) if untouched else None
            out[cell] = replace(result, record={**result.record, "noise": noise, "noise_of": truth})
    return out


def _unknown_noise(records: Sequence[Mapping[str, Any]], truth: str | None) -> list[str]:
    """What the reader must know of versions whose noise nobody worked out, where there are true labels."""
    unknown = dict.fromkeys(r["variant"] for r in records if r["noise"] is None and not r.get("failed"))
    if truth is None or not unknown:
        return []
    kept = f"their models were kept from a run without the true labels in {truth!r}"
    return [f"the share of wrong labels left is not known of {', '.join(unknown)}: {kept}"]


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
    brought: str,
) -> dict[str, Any]:
    engines = ("assay", "torch", "cleanlab", "scikit-learn", "faiss-cpu", "numpy")
    return {
        "cleaner": "each draw is audited by itself; embeddings know no labels"
        + ("" if brought else " and are fitted on the whole pool"),
        "embeddings": brought,
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
