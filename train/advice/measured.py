"""`Measured`: what finished comparisons of the same data found, read from their folders and taken together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import InputError, UnknownName
from train.advice.precision import Precision, assumed, by_draws
from train.comparison import BASELINE, SCHEMA_VERSION, read_comparison
from train.judge.curves import Curve, Refused, fit_curve

NEEDED = ("dataset", "test", "rows", "sizes", "models", "variants", "seeds", "cells", "contrasts", "protocol", "delta")


@dataclass(frozen=True, eq=False)
class Measured:
    """One comparison, or several of the same data and test set. Where two speak of the same thing, the first counts."""

    folders: tuple[str, ...]
    dataset: str
    test: str
    rows: int
    """Rows there are to train on."""
    sizes: tuple[int, ...]
    variants: tuple[str, ...]
    models: tuple[str, ...]
    seeds: int
    classes: int
    delta: float
    """Differences of accuracy within this are not worth having."""
    recipes: Mapping[str, Mapping[str, Any]]
    command: str
    """How the first was made."""
    cells: tuple[Mapping[str, Any], ...]
    """Of the largest size, without those that failed."""
    contrasts: tuple[Mapping[str, Any], ...]
    """Of accuracy at the largest size."""
    curves: tuple[Mapping[str, Any], ...]
    exchange: tuple[Mapping[str, Any], ...]
    surface: tuple[Mapping[str, Any], ...]
    verified: int | None = None
    """Verified test rows by which the contrasts were corrected."""
    test_noise: str = ""
    """What is said of wrong labels in the test set."""
    fingerprint: str = ""
    """Of the data."""
    reported: Precision | None = None
    """What a report on the data says of its flags, where one was named."""
    notes: tuple[str, ...] = ()

    @property
    def largest(self) -> int:
        """The most rows that models were trained on."""
        return self.sizes[-1]

    def contrast(self, variant: str, model: str) -> Mapping[str, Any] | None:
        """A version against raw at the largest size, if there is one whose models finished."""
        found = _first(self.contrasts, variant=variant, model=model)
        return None if found is None or found["verdict"] == "failed" else found

    def worth(self, variant: str, model: str) -> Mapping[str, Any] | None:
        """How many raw rows one row of a version equals at the largest size, if that is known."""
        found = _first(self.exchange, variant=variant, model=model, size=self.largest)
        return None if found is None or "refused" in found else found

    def noise_cost(self, model: str) -> Mapping[str, Any] | None:
        """The surface over rows and noise, if one was fitted."""
        found = _first(self.surface, model=model)
        return None if found is None or "refused" in found else found

    def by_seed(self, variant: str, model: str, value: str) -> dict[int, float]:
        """Seed to a value of its cell at the largest size: `accuracy`, or a number that the record holds."""
        mine = [c for c in self.cells if (c["variant"], c["model"]) == (variant, model)]
        found = {c["seed"]: c["metrics"]["accuracy"] if value == "accuracy" else c.get(value) for c in mine}
        return {seed: float(x) for seed, x in found.items() if x is not None}

    def average(self, variant: str, model: str, value: str) -> float | None:
        """The mean of that over the seeds; None where no cell has it."""
        found = self.by_seed(variant, model, value)
        return float(np.mean(list(found.values()))) if found else None

    def precision(self, model: str) -> Precision:
        """Of the labels that look wrong, the share that is: by the report that was named, else by the draws' audits, else
        as it is taken where nobody knows."""
        drawn = (self.average(BASELINE, model, name) for name in ("precision", "precision_low", "precision_high"))
        return self.reported or by_draws(*drawn) or assumed()

    @cached_property
    def raw_curves(self) -> Mapping[str, Curve | Refused]:
        """Model to the raw data's curve, fitted anew from its points, for its draws; or why there is none."""
        return {model: _curve(_first(self.curves, variant=BASELINE, model=model), model) for model in self.models}


def _curve(found: Mapping[str, Any] | None, model: str) -> Curve | Refused:
    if found is None:
        return Refused(f"no learning curve of model {model} on the raw data is in the comparison")
    if "refused" in found:
        return Refused(str(found["refused"]))
    # with one seed a standard error is not known, and JSON has no NaN
    noise = [np.nan if e is None else e for e in found["standard_errors"]]
    return fit_curve(found["sizes"], found["errors"], noise)


def _first(lines: Sequence[Mapping[str, Any]], **wanted: object) -> Mapping[str, Any] | None:
    return next((x for x in lines if all(x.get(k) == v for k, v in wanted.items())), None)


def read_measured(folders: Sequence[Path]) -> Measured:
    """The comparisons in these folders as one. InputError if they are of different data, or not finished comparisons."""
    if not folders:
        raise InputError("name at least one folder of a finished comparison")
    found = [(folder, _read(folder)) for folder in folders]
    (home, first), others = found[0], found[1:]
    for (one, mine), (other, its) in combinations(found, 2):
        _check_alike(one, mine, other, its)
    every = [values for _, values in found]
    largest = first["sizes"][-1]
    return Measured(
        folders=tuple(str(f) for f in folders),
        dataset=first["dataset"],
        test=first["test"],
        rows=first["rows"],
        sizes=tuple(first["sizes"]),
        variants=_union(values["variants"] for values in every),
        models=_union(values["models"] for values in every),
        seeds=first["seeds"],
        classes=first.get("classes", 2),
        delta=first["delta"],
        recipes=_merged([v["protocol"].get("recipe", {}) for v in every]),
        command=first.get("command", ""),
        cells=_cells(every, largest),
        contrasts=tuple(c for values in every for c in _contrasts(values, largest)),
        curves=_joined(every, "curves"),
        exchange=_joined(every, "exchange", largest),
        surface=_joined(every, "surface"),
        verified=(first.get("corrected") or {}).get("rows"),
        test_noise=first["protocol"].get("test_noise") or "",
        fingerprint=first["protocol"].get("data_fingerprint") or "",
        notes=tuple(
            f"{folder} goes up to {other['sizes'][-1]:,} rows, {home} to {largest:,}: only its curves are used"
            for folder, other in others
            if largest not in other["sizes"]
        ),
    )


def _read(folder: Path) -> Mapping[str, Any]:
    values = read_comparison(folder)
    if (version := values.get("schema_version")) != SCHEMA_VERSION:
        raise InputError(f"{folder}: comparison.json has schema version {version}, this assay reads {SCHEMA_VERSION}")
    absent = [key for key in NEEDED if key not in values]
    if absent:
        raise InputError(f"{folder}: comparison.json is no finished comparison: it has no {absent[0]!r}")
    if not values["sizes"] or not values["models"]:
        raise InputError(f"{folder}: comparison.json is no finished comparison: nothing was trained")
    return values


def _check_alike(home: Path, first: Mapping[str, Any], folder: Path, other: Mapping[str, Any]) -> None:
    mine, its = first["protocol"], other["protocol"]
    for what, key in (("data", "data_fingerprint"), ("test set", "test_fingerprint"), ("embeddings", "embeddings")):
        if mine.get(key) != its.get(key):
            raise InputError(f"{folder} and {home} are comparisons of other {what}; advise on each by itself")
    trained, too = mine.get("recipe", {}), its.get("recipe", {})
    if apart := [model for model in trained if too.get(model, trained[model]) != trained[model]]:
        raise InputError(f"{folder} and {home} trained model {apart[0]} by different recipes; advise on each by itself")


def _union(lists: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def _merged(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for table in reversed(tables) for key, value in table.items()}


def _joined(every: Sequence[Mapping[str, Any]], key: str, size: int | None = None, **wanted: object) -> tuple[Any, ...]:
    """The lines of all comparisons under one key, of one size where that is said."""
    lines = chain.from_iterable(values.get(key) or () for values in every)
    return tuple(x for x in lines if size in (None, x.get("size")) and all(x.get(k) == v for k, v in wanted.items()))


def _contrasts(values: Mapping[str, Any], size: int) -> list[Mapping[str, Any]]:
    """A comparison's contrasts of accuracy with raw at one size, corrected where test rows were verified."""
    better = _joined([values.get("corrected") or {}], "contrasts", size)
    known = {(c["variant"], c["model"]): {k: c[k] for k in ("diff", "low", "high", "verdict")} for c in better}
    found = _joined([values], "contrasts", size, metric="accuracy", baseline=BASELINE)
    return [{**c, **known.get((c["variant"], c["model"]), {})} for c in found]


def _cells(every: Sequence[Mapping[str, Any]], size: int) -> tuple[Mapping[str, Any], ...]:
    """Each finished cell of the largest size once."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for cell in _joined(every, "cells", size):
        if not cell.get("failed") and "accuracy" in cell.get("metrics", {}):
            found.setdefault((cell["variant"], cell["seed"], cell["model"]), cell)
    return tuple(found.values())


def chosen_model(measured: Measured, model: str | None) -> str:
    """The model that advice is about: the named one, or the first that was compared."""
    if model is None:
        return measured.models[0]
    if model not in measured.models:
        raise UnknownName.of("model", model, measured.models, where="the comparison")
    return model
