"""`Grid`: variants x sizes x seeds x models. A cell is one training; finished cells come from the ledger.

`fill` has an executor do what is missing, piece by piece (train/grid/schedule.py), and collects what becomes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from audit.dataset import Dataset
from audit.evidence.cache import array_digest, digest_of, installed
from audit.evidence.gather import Progress, silent
from train.fit.pool import Pool
from train.fit.recipe import Recipe
from train.grid.draws import Audited
from train.grid.executors.inline import inline
from train.grid.ledger import Ledger, Result
from train.grid.schedule import Schedule
from train.grid.tasks import Cell, Drawn, Executor, Finished, Setting, look_of
from train.grid.variants import Variant

__all__ = ["Cell", "Filled", "Grid", "fill"]

CODE = 8
"""Raised when a change of this package changes what a cell comes to."""
Seen = Callable[[Mapping[str, Any]], None]
"""Told of each finished cell, by its record."""


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
        """Every cell, draw by draw."""
        for seed in range(self.seeds):
            for size in self.sizes:
                for variant in self.variants:
                    for model in self.recipes:
                        yield Cell(variant.name, size, seed, model)

    def __len__(self) -> int:
        return len(self.variants) * len(self.sizes) * self.seeds * len(self.recipes)

    def setting(self) -> Setting:
        """What its pieces of work need."""
        pool = self.pool if self.pool.device == "cpu" else self.pool.to("cpu")
        looks = sorted({look_of(recipe) for recipe in self.recipes.values()})
        inputs = {look: pool.inputs(pictures=look == "pictures") for look in looks}
        return Setting(
            self.light,
            self.pool.vectors,
            {look: (own.numpy(), other.numpy()) for look, (own, other) in inputs.items()},
            self.pool.test.labels,
            {v.name: v for v in self.variants},
            self.recipes,
            self.truth,
            self.whole,
            self.pool.device,
        )


@dataclass(frozen=True, eq=False)
class Filled:
    """A grid whose every cell has a result."""

    results: Mapping[Cell, Result]
    """In the grid's order."""
    trained: int
    """How many were trained now."""
    choices: tuple[str, ...]
    """What the planner and the executor chose, a sentence each."""
    notes: tuple[str, ...]
    """What went wrong with workers."""


def fill(
    grid: Grid, ledger: Ledger, progress: Progress = silent, *, executor: Executor = inline, seen: Seen | None = None
) -> Filled:
    """Train every cell that the ledger has not.

    Args:
        grid: the cells.
        ledger: where finished cells are, and go. It is the only truth: killed at any time, the next run goes on from it.
        progress: told of audits and models done.
        executor: where the work is done; the result is the same to the last bit.
        seen: told of each cell's record, first those of the ledger.
    """
    variants = {v.name: v for v in grid.variants}
    base = _base(grid)
    keys = {c: _key(base, grid, c, variants[c.variant]) for c in grid.cells()}
    found = {c: kept for c in keys if (kept := ledger.get(keys[c])) is not None}
    for result in found.values():
        _tell(seen, result)
    missing = [c for c in keys if c not in found]
    progress("models", len(found), len(grid))
    if not missing:
        return Filled({c: found[c] for c in keys}, 0, (), ())
    work = Schedule(grid.setting(), {c: keys[c] for c in missing})
    with closing(executor(work.setting, ledger, work.feed, len(missing))) as events:
        for event in events:
            if isinstance(event, Finished):
                (ledger.hold if event.written else ledger.put)(event.key, event.result)
            for cell, result in work.take(event):
                found[cell] = result
                _tell(seen, result)
                progress("models", len(found), len(grid))
            if isinstance(event, Drawn):
                progress("audits", work.audited, work.draws)
    return Filled({c: found[c] for c in keys}, len(missing) - work.lost, _said(work.choices), tuple(work.notes))


def _tell(seen: Seen | None, result: Result) -> None:
    if seen is not None:
        seen(result.record)


def _said(choices: Iterable[str]) -> tuple[str, ...]:
    """Each choice once; those that differ in numbers alone are the same one."""
    alike: dict[str, list[str]] = {}
    for choice in choices:
        alike.setdefault(re.sub(r"[\d.,]+", "#", choice), []).append(choice)
    return tuple(said[0] + (f" (and {len(said) - 1} more alike)" if len(said) > 1 else "") for said in alike.values())


# -- keys --------------------------------------------------------------------------------------------------------------


def _base(grid: Grid) -> dict[str, Any]:
    """What every cell of the grid depends on."""
    engines = [installed(e) for e in ("assay", "torch", "torchvision", "cleanlab", "scikit-learn", "faiss-cpu")]
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
