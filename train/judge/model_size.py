"""Error against the size of the model, where models of one architecture were trained in several sizes.

    error = level of the rows + a · p^−b        p parameters

At every number of rows the error has a level of its own; what the model's size adds is the same at all. The exponent is
the one at which least squares, weighted by the errors' noise, leave least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from train.grid.grid import Cell
from train.grid.ledger import Result
from train.judge.growth import errors

WIDTH = "width="
FEWEST_MODELS = 3
"""With two sizes of the model any exponent fits."""
FEWEST_RANGE = 4.0
"""Largest model over smallest, in parameters."""
EXPONENTS = np.geomspace(0.02, 2.0, 60)
FLOOR = 0.01
"""How exact the law is taken to be, as a share of the error."""
DRAWS = 400
LEVEL = 0.95


def model_size(
    results: Mapping[Cell, Result], variants: Sequence[str], sizes: Sequence[int], models: Sequence[str], seeds: int
) -> list[dict[str, Any]]:
    """For each variant and architecture of which models in several sizes were trained: their parameters, their errors
    by rows and model, and what a larger model brings, or why nobody can say."""
    out = []
    for architecture, names in _families(models).items():
        for variant in variants:
            parameters = [_parameters(results, variant, sizes, m, seeds) for m in names]
            order = [i for i in np.argsort([p or 0 for p in parameters], kind="stable") if parameters[i] is not None]
            if len({parameters[i] for i in order}) > 1:
                chosen, p = [names[i] for i in order], [float(parameters[i] or 0) for i in order]
                line = {"variant": variant, "architecture": architecture, "models": chosen, "parameters": p}
                out.append({**line, **_measured(results, variant, sizes, chosen, np.array(p), seeds)})
    return out


def _families(models: Sequence[str]) -> dict[str, list[str]]:
    """Models that differ in nothing but their width, by what they have in common."""
    out: dict[str, list[str]] = {}
    for model in models:
        common = ":".join(part for part in model.split(":") if not part.startswith(WIDTH))
        out.setdefault(common, []).append(model)
    return out


def _parameters(
    results: Mapping[Cell, Result], variant: str, sizes: Sequence[int], model: str, seeds: int
) -> int | None:
    cells = [results[Cell(variant, n, s, model)] for n in sizes for s in range(seeds)]
    found = [c.record.get("parameters") for c in cells if not c.failed]
    return found[0] if found else None


def _measured(
    results: Mapping[Cell, Result],
    variant: str,
    sizes: Sequence[int],
    models: Sequence[str],
    parameters: np.ndarray,
    seeds: int,
) -> dict[str, Any]:
    """Errors and their standard errors, a line a size, over the sizes at which every model finished."""
    each = [dict(zip(n, zip(e, s, strict=True), strict=True)) for n, e, s in (
        errors(results, variant, sizes, m, seeds) for m in models
    )]  # fmt: skip
    whole = [n for n in sizes if all(n in found for found in each)]
    table = np.array([[found[n] for found in each] for n in whole]).reshape(len(whole), len(models), 2)
    said = {
        "sizes": whole,
        "errors": table[..., 0].tolist(),
        "standard_errors": [[None if np.isnan(s) else s for s in line] for line in table[..., 1].tolist()],
    }
    if why := _unfit(parameters, whole):
        return {**said, "refused": why}
    return {**said, **_fitted(parameters, table[..., 0], np.nan_to_num(table[..., 1]))}


def _unfit(parameters: np.ndarray, sizes: Sequence[int]) -> str:
    """Why no law should be fitted; '' when one may be."""
    if not sizes:
        return "at no size did every model finish"
    if (distinct := len(np.unique(parameters))) < FEWEST_MODELS:
        return f"what a larger model brings needs {FEWEST_MODELS} sizes of it, there are {distinct}"
    if parameters.max() < FEWEST_RANGE * parameters.min():
        return (
            f"the largest model must have {FEWEST_RANGE:g} times the parameters of the smallest, "
            f"{parameters.max():,.0f} are {parameters.max() / parameters.min():.1f} times {parameters.min():,.0f}"
        )
    return ""


def _fitted(parameters: np.ndarray, found: np.ndarray, noise: np.ndarray) -> dict[str, Any]:
    """The law, and what twice the largest model would bring, with an interval by parametric bootstrap."""
    spread = np.sqrt((noise**2 + (noise**2).mean()) / 2 + (FLOOR * found) ** 2)
    law, expected = _laws(parameters, found[None], spread)
    drawn = expected + np.random.default_rng(0).normal(size=(DRAWS, *found.shape)) * spread
    draws, _ = _laws(parameters, drawn, spread)
    gains = _doubled(draws, parameters.max())
    low, high = np.quantile(gains, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if law[0, 0] <= 0:
        return {"refused": "the error does not fall with the size of the model"}
    gain = float(_doubled(law, parameters.max())[0])
    law_said = {"a": float(law[0, 0]), "b": float(law[0, 1])}
    return {
        **law_said,
        "doubled": {"gain": gain, "low": min(float(low), gain), "high": max(float(high), gain), "level": LEVEL},
    }


def _doubled(laws: np.ndarray, largest: float) -> np.ndarray:
    """(m,) by how much the error falls from the largest model to one of twice its parameters."""
    a, b = laws.T
    return np.asarray(a * largest**-b * (1 - 2.0**-b))


def _laws(parameters: np.ndarray, found: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m, 2) a and b nearest to each table of errors (m, sizes, models), and the first one's expected table."""
    weight = 1 / spread**2
    share = weight / weight.sum(axis=1, keepdims=True)
    y = found - (share * found).sum(axis=-1, keepdims=True)
    best = np.full(len(found), np.inf)
    laws = np.zeros((len(found), 2))
    for b in EXPONENTS:
        x = parameters**-b
        x = x - (share * x).sum(axis=-1, keepdims=True)
        a = (weight * x * y).sum(axis=(-1, -2)) / (weight * x**2).sum()
        left = (weight * (y - a[:, None, None] * x) ** 2).sum(axis=(-1, -2))
        laws[left < best] = np.stack([a, np.full_like(a, b)], axis=1)[left < best]
        best = np.minimum(best, left)
    x = parameters ** -laws[0, 1]
    expected = (share * found[0]).sum(axis=-1, keepdims=True) + laws[0, 0] * (
        x - (share * x).sum(axis=-1, keepdims=True)
    )
    return laws, expected
