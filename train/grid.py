"""`Grid`: variants x sizes x seeds x models. A cell is one training; finished cells come from the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from audit.cache import array_digest, digest_of
from audit.dataset import Dataset
from train.draws import Audited, Rows, rows_of
from train.ledger import Ledger, Result, failure
from train.loop import Fit, predict
from train.metrics import metrics, reliability
from train.models import ON_PICTURES, build
from train.plan import train_jobs
from train.pool import Pool
from train.recipe import Recipe
from train.variants import Variant
from train.vmapped import Job, groupable

Progress = Callable[[str, int, int], None]
CODE = 6
"""Raised when a change of this package changes what a cell comes to."""


@dataclass(frozen=True)
class Cell:
    """One training."""

    variant: str
    size: int
    seed: int
    model: str


@dataclass(frozen=True, eq=False)
class Grid:
    """What is to be trained, on what."""

    pool: Pool
    light: Dataset
    """The training rows with their labels; what draws are taken from."""
    variants: tuple[Variant, ...]
    sizes: tuple[int, ...]
    seeds: int
    recipes: Mapping[str, Recipe]
    """Model name to its recipe."""
    truth: str | None = None
    """The column of the light rows that holds the true labels."""
    whole: Audited | None = None
    """The audit of the whole pool, for variants whose cleaner saw it."""

    def cells(self) -> Iterator[Cell]:
        """Every cell, draw by draw, so that a draw is audited once for all its variants and models."""
        for seed in range(self.seeds):
            for size in self.sizes:
                for variant in self.variants:
                    for model in self.recipes:
                        yield Cell(variant.name, size, seed, model)

    def __len__(self) -> int:
        return len(self.variants) * len(self.sizes) * self.seeds * len(self.recipes)


def run(grid: Grid, ledger: Ledger, progress: Progress) -> tuple[dict[Cell, Result], int]:
    """Every cell's result, and how many were trained now. The cells of one seed and model train together."""
    done: dict[Cell, Result] = {}
    trained = 0
    base = _base(grid)
    variants = {v.name: v for v in grid.variants}
    for seed in range(grid.seeds):
        cells = [Cell(v, size, seed, m) for size in grid.sizes for v in variants for m in grid.recipes]
        keys = {c: _key(base, grid, c, variants[c.variant]) for c in cells}
        kept = {c: found for c in cells if (found := ledger.get(keys[c])) is not None}
        rows = _rows(grid, variants, [c for c in cells if c not in kept], seed)
        for model in grid.recipes:
            for cell, result in train(grid, model, {c: r for c, r in rows.items() if c.model == model}, variants):
                ledger.put(keys[cell], result)
                kept[cell] = result
                trained += 1
                progress("models", len(done) + len(kept), len(grid))
        done |= {c: kept[c] for c in cells}
        progress("models", len(done), len(grid))
    return done, trained


def _rows(grid: Grid, variants: Mapping[str, Variant], missing: Sequence[Cell], seed: int) -> dict[Cell, Rows]:
    """What each missing cell of a seed trains on; each size's draw is audited once."""
    out: dict[Cell, Rows] = {}
    for size in dict.fromkeys(c.size for c in missing):
        mine = [c for c in missing if c.size == size]
        names = [variants[n] for n in dict.fromkeys(c.variant for c in mine)]
        made = rows_of(grid.light, grid.pool.vectors, size, seed, names, grid.whole, grid.truth)
        out |= {c: made[c.variant] for c in mine}
    return out


def _base(grid: Grid) -> dict[str, Any]:
    """What every cell of the grid depends on."""
    engines = [version(e) for e in ("assay", "torch", "torchvision", "cleanlab", "scikit-learn", "faiss-cpu")]
    return {
        "data": grid.pool.data.fingerprint,
        "rows": array_digest(grid.light.labels),
        "ids": digest_of({"rows": [str(r) for r in grid.light.rows]}),
        "test": grid.pool.test.fingerprint,
        "vectors": [array_digest(grid.pool.vectors), array_digest(grid.pool.test_vectors)],
        "engines": engines,
        "code": CODE,
    }


def _key(base: Mapping[str, Any], grid: Grid, cell: Cell, variant: Variant) -> str:
    by = {"looks_at": variant.looks_at} if variant.looks_at else {}
    recipe = grid.recipes[cell.model].to_dict()
    return digest_of({**base, "cell": [cell.variant, cell.size, cell.seed, cell.model], **by, "recipe": recipe})


def train(
    grid: Grid, model: str, todo: Mapping[Cell, Rows], variants: Mapping[str, Variant]
) -> Iterator[tuple[Cell, Result]]:
    """Train cells of one model and judge each on the test set. A cell without rows, or whose loss is no number, has
    failed."""
    x, x_test = grid.pool.inputs(pictures=grid.recipes[model].model in ON_PICTURES)
    records = {c: _record(grid, c, rows, variants[c.variant]) for c, rows in todo.items()}
    full = [c for c, rows in todo.items() if (rows.weights > 0).any()]
    for cell in [c for c in todo if c not in full]:
        yield cell, failure(records[cell], "no row was left to train on")
    # what cannot be grouped is trained and kept one by one, so that a kill loses one model, not a seed's
    side_by_side = groupable(build(grid.recipes[model], tuple(x.shape[1:]), len(grid.light.classes)))
    for together in [full] if side_by_side else [[c] for c in full]:
        start = time.perf_counter()
        jobs = [_job(c, todo[c], variants[c.variant]) for c in together]
        trained = train_jobs(x, jobs, len(grid.light.classes), grid.recipes[model])
        each = (time.perf_counter() - start) / max(1, sum(f.steps for f in trained.fits))
        for cell, fitted in zip(together, trained.fits, strict=True):
            yield cell, _judged({**records[cell], "seconds": round(each * fitted.steps, 3)}, fitted, x_test, grid)


def _job(cell: Cell, rows: Rows, variant: Variant) -> Job:
    tensors = (torch.from_numpy(rows.positions), torch.from_numpy(rows.labels), torch.from_numpy(rows.weights).float())
    return Job(*tensors, cell.seed, variant.augment)


def _record(grid: Grid, cell: Cell, rows: Rows, variant: Variant) -> dict[str, Any]:
    counts: dict[str, Any] = {"rows": len(rows.positions), "test_rows": len(grid.pool.test.labels), "edits": rows.edits}
    counts |= {"unaudited": rows.unaudited, "noise": rows.noise}
    took = {"repair_seconds": round(rows.repair_seconds, 3)}
    return {**cell.__dict__, **counts, **took, "augmented": variant.augment is not None, "cleaner": variant.cleaner}


def _judged(record: Mapping[str, Any], fitted: Fit, x_test: torch.Tensor, grid: Grid) -> Result:
    probabilities = predict(fitted.model, x_test).numpy()
    taken = {"steps": fitted.steps, "epochs": round(fitted.epochs, 2), "examples_seen": fitted.examples_seen}
    taken["parameters"] = sum(p.numel() for p in fitted.model.parameters())
    if not np.isfinite(probabilities).all():
        return failure({**record, **taken}, "the loss was no number")
    labels = grid.pool.test.labels
    said = {"metrics": metrics(probabilities, labels), "reliability": reliability(probabilities, labels)}
    predicted = probabilities.argmax(axis=1)
    return Result({**record, **taken, **said}, predicted == labels, predicted.astype(np.uint16))
