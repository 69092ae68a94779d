"""`Grid`: variants x sizes x seeds x models. A cell is one training; finished cells come from the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from audit.cache import array_digest, digest_of
from audit.dataset import Dataset
from train.draws import Rows, audit_draw, order, treated
from train.ledger import Ledger, Result
from train.loop import fit, predict
from train.metrics import metrics
from train.models import ON_PICTURES
from train.pool import Pool
from train.recipe import Recipe
from train.variants import Variant

Progress = Callable[[str, int, int], None]
CODE = 3
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
    """Every cell's result, and how many were trained now."""
    done: dict[Cell, Result] = {}
    trained = 0
    base = _base(grid)
    variants = {v.name: v for v in grid.variants}
    for seed in range(grid.seeds):
        permutation = order(grid.light.labels, seed)
        for size in grid.sizes:
            positions = permutation[:size]
            cells = [Cell(v, size, seed, m) for v in variants for m in grid.recipes]
            keys = {c: _key(base, grid, c, variants[c.variant]) for c in cells}
            kept = {c: ledger.get(keys[c]) for c in cells}
            missing = [c for c, result in kept.items() if result is None]
            rows = _rows(grid, variants, missing, positions, seed) if missing else {}
            for cell in cells:
                result = kept[cell]
                if result is None:
                    result = train(grid, cell, rows[cell.variant], variants[cell.variant])
                    ledger.put(keys[cell], result)
                    trained += 1
                done[cell] = result
                progress("models", len(done), len(grid))
    return done, trained


def _rows(
    grid: Grid, variants: Mapping[str, Variant], missing: list[Cell], positions: np.ndarray, seed: int
) -> dict[str, Rows]:
    part, report = audit_draw(grid.light, grid.pool.vectors, positions, seed)
    names = dict.fromkeys(c.variant for c in missing)
    return {n: treated(variants[n], grid.light, positions, part, report, seed) for n in names}


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


def train(grid: Grid, cell: Cell, rows: Rows, variant: Variant) -> Result:
    """Train one cell and judge it on the test set. A cell without rows, or whose loss is no number, has failed."""
    start = time.perf_counter()
    recipe = grid.recipes[cell.model]
    x, x_test = grid.pool.inputs(pictures=cell.model in ON_PICTURES)
    test_labels = grid.pool.test.labels
    record: dict[str, Any] = {**cell.__dict__, "rows": len(rows.positions), "test_rows": len(test_labels)}
    record |= {"edits": rows.edits, "augmented": variant.augment is not None}
    if not (rows.weights > 0).any():
        return Result({**record, "failed": "no row was left to train on"}, np.zeros(0, dtype=bool))
    fitted = fit(
        x[torch.from_numpy(rows.positions)],
        torch.from_numpy(rows.labels),
        torch.from_numpy(rows.weights).float(),
        len(grid.light.classes),
        recipe,
        cell.seed,
        variant.augment,
    )
    probabilities = predict(fitted.model, x_test).numpy()
    record |= {"steps": fitted.steps, "epochs": round(fitted.epochs, 2), "examples_seen": fitted.examples_seen}
    record["seconds"] = round(time.perf_counter() - start, 3)
    if not np.isfinite(probabilities).all():
        return Result({**record, "failed": "the loss was no number"}, np.zeros(0, dtype=bool))
    correct = probabilities.argmax(axis=1) == test_labels
    return Result({**record, "metrics": metrics(probabilities, test_labels)}, correct)
