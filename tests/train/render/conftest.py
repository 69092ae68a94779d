"""Comparisons made by hand, so that every face is seen with every outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from train.comparison import METRICS, Comparison, Contrast, Judgement, Point

MARKUP = "<script>alert('x')</script>"
ESCAPE = "\x1b[31mred"
VARIANTS = ("raw", "pruned", "relabelled", "reweighted", "augmented", "pruned+augmented", "random-pruned")
SIZES = (1000, 2000, 4000, 8000, 16000)
RISE = 0.055
Difference = tuple[float, float, float]
"""Points: mean, low, high."""

HELPS: dict[str, tuple[Difference, ...]] = {
    "pruned": ((-1.6, -1.9, -1.3), (-1.1, -1.6, -0.7), (-0.4, -0.7, 0.01), (0.2, -0.1, 0.5), (1.0, 0.6, 1.4)),
    "relabelled": ((-0.7, -1.0, -0.3), (0.6, 0.3, 1.0), (1.2, 0.9, 1.5), (1.8, 1.6, 2.0), (2.0, 1.7, 2.3)),
    "reweighted": ((-0.1, -0.7, 0.6), (0.6, -0.02, 1.2), (0.3, 0.1, 0.5), (0.4, -0.1, 0.8), (0.4, -0.2, 1.0)),
    "augmented": ((2.1, 1.9, 2.4), (1.8, 1.6, 1.9), (1.2, 1.0, 1.4), (0.4, 0.3, 0.5), (0.0, -0.2, 0.2)),
    "pruned+augmented": ((0.6, 0.2, 0.9), (0.8, 0.4, 1.1), (1.0, 0.5, 1.5), (0.9, 0.5, 1.4), (1.2, 0.9, 1.5)),
    "random-pruned": (
        (-1.2, -1.6, -0.8),
        (-0.5, -0.8, -0.3),
        (-0.5, -0.8, -0.1),
        (-0.4, -0.6, -0.2),
        (-0.4, -0.6, -0.2),
    ),
}


def judged(low: float, high: float, delta: float = 0.3) -> Judgement:
    if low > 0:
        return "helps"
    if high < 0:
        return "hurts"
    return "no difference" if -delta <= low and high <= delta else "cannot tell"


def contrast(
    variant: str, size: int, points: Difference, model: str = "linear", metric: str = "accuracy", **also: Any
) -> Contrast:
    mean, low, high = points
    verdict = judged(low, high)
    values: dict[str, Any] = {
        "variant": variant, "baseline": "raw", "size": size, "model": model, "metric": metric, "diff": mean / 100,
        "low": low / 100, "high": high / 100, "p": 0.01, "p_holm": 0.02, "verdict": verdict, "seeds": 8, "failed": 0,
        "smallest_detectable": 0.006, "seeds_needed": 21 if verdict == "cannot tell" else None,
    }  # fmt: skip
    return Contrast(**(values | also))


def other(c: Contrast, metric: str) -> Contrast:
    """The same contrast by another metric; a loss falls when accuracy rises."""
    if metric in ("log_loss", "calibration_error") and c.low is not None and c.high is not None:
        return replace(c, metric=metric, diff=-c.diff, low=-c.high, high=-c.low)
    return replace(c, metric=metric)


def comparison(
    differences: Mapping[str, Sequence[Difference]],
    sizes: tuple[int, ...] = SIZES,
    models: tuple[str, ...] = ("linear",),
    seeds: int = 8,
    changed: Mapping[tuple[str, int], Mapping[str, Any]] | None = None,
    **also: Any,
) -> Comparison:
    """A comparison whose contrasts say `differences`; `changed` overrides fields of single contrasts."""
    variants = ("raw", *differences)
    own = [
        contrast(v, s, points, m, **({"seeds": seeds} | dict((changed or {}).get((v, s), {}))))
        for m in models
        for v, all_points in differences.items()
        for s, points in zip(sizes, all_points, strict=True)
    ]
    values: dict[str, Any] = {
        "dataset": "reviews/train.csv", "test": "reviews/test.csv", "rows": 20_000, "test_rows": 10_000, "classes": 10,
        "kind": "text", "variants": variants, "sizes": sizes, "models": models, "seeds": seeds,
        "cells": tuple(
            {"variant": v, "size": s, "seed": k, "model": m, "rows": s, "metrics": {}, "seconds": 0.5}
            for m in models for v in variants for s in sizes for k in range(seeds)
        ),
        "contrasts": tuple(other(c, metric) for metric in METRICS for c in own),
        "points": tuple(drawn(v, k, sizes, differences, m) for m in models for v in variants for k in range(len(sizes))),
        "protocol": {
            "cleaner": "each draw is audited by itself", "budget": ["epochs"], "recipe": {m: {"epochs": 20, "lr": 0.01} for m in models},
            "data_fingerprint": "blake3:" + "1f" * 32, "test_fingerprint": "blake3:" + "2e" * 32,
            "training_rows_in_test": 7, "intervals": "95 %, over seeds and test rows", "versions": {"assay": "0.1.0", "torch": "2.15.0"},
        },
        "command": f"assay compare reviews/train.csv --label mood --text body --test reviews/test.csv --seeds {seeds} -o runs/",
        "created": "2026-02-03T04:05:06", "seconds": 840.0, "trained": len(variants) * len(sizes) * seeds * len(models),
    }  # fmt: skip
    return Comparison(**(values | also))


def drawn(
    variant: str, k: int, sizes: Sequence[int], differences: Mapping[str, Sequence[Difference]], model: str
) -> Point:
    raw = 0.642 + 0.0375 * k + (0.01 if model == "mlp" else 0)
    accuracy = raw + (differences[variant][k][0] / 100 if variant in differences else 0)
    mean = dict.fromkeys(METRICS, accuracy) | {"log_loss": 1.9 - accuracy, "calibration_error": 0.11 - accuracy / 10}
    kept = sizes[k] * (0.93 if "pruned" in variant else 1.0)
    return Point(
        variant,
        sizes[k],
        model,
        kept,
        mean,
        {m: v - 0.008 for m, v in mean.items()},
        {m: v + 0.008 for m, v in mean.items()},
    )


def at_two_sizes(**last: Difference) -> dict[str, tuple[Difference, Difference]]:
    """Versions by what they do at the larger size; `_` stands for `-` and `__` for `+`."""
    return {k.replace("__", "+").replace("_", "-"): ((0.1, -0.6, 0.8), v) for k, v in last.items()}


def few_seeds() -> Comparison:
    unknown = {
        "low": None,
        "high": None,
        "p": None,
        "p_holm": None,
        "verdict": "not enough seeds",
        "smallest_detectable": None,
        "seeds_needed": 3,
    }
    made = at_two_sizes(pruned=(0.8, 0.1, 1.5), random_pruned=(-0.3, -0.9, 0.3))
    return comparison(made, (500, 1000), seeds=2, changed={(v, s): unknown for v in made for s in (500, 1000)})


def failed_cells() -> Comparison:
    made = comparison(
        at_two_sizes(pruned=(1.1, 0.5, 1.7), relabelled=(0.0, 0.0, 0.0), random_pruned=(-0.3, -0.9, 0.3)), (500, 1000),
        changed={("pruned", 1000): {"failed": 3}, ("relabelled", 1000): {"failed": 8, "low": None, "high": None, "verdict": "failed"}},
    )  # fmt: skip
    gone = {("pruned", 1000): 3, ("relabelled", 1000): 8}
    cells = tuple(
        {**c, "failed": "the loss was no number"} if c["seed"] < gone.get((c["variant"], c["size"]), 0) else c
        for c in made.cells
    )
    points = tuple(
        replace(p, rows_kept=0.0, metrics={}, low={}, high={}) if (p.variant, p.size) == ("relabelled", 1000) else p
        for p in made.points
    )
    return replace(made, cells=cells, points=points)


def hostile() -> Comparison:
    names = {MARKUP: ((0.2, -0.5, 0.9), (1.5, 1.0, 2.0)), f"b {ESCAPE} & 'so' on": ((0.1, -1, 1), (0.2, -1, 1))}
    made = comparison(names, (500, 1000), (f"m<b>{ESCAPE}", "mlp"))
    return replace(
        made,
        dataset=MARKUP,
        test=f"x/{MARKUP}",
        notes=(MARKUP,),
        command=f"assay compare '{MARKUP}' --test x --label \"a b\"",
    )


THREE = ("linear", "mlp", "cnn")
CASES = {
    "helps": lambda: comparison(HELPS),
    "nothing helps": lambda: comparison(
        at_two_sizes(pruned=(-1.0, -1.4, -0.6), augmented=(0.05, -0.2, 0.25), random_pruned=(-0.4, -0.6, -0.2)),
        (500, 1000),
    ),
    "cannot tell": lambda: comparison(
        at_two_sizes(pruned=(0.4, -0.1, 0.9), relabelled=(-0.1, -0.9, 0.7), random_pruned=(-0.4, -0.6, -0.2)),
        (500, 1000),
    ),
    "not enough seeds": few_seeds,
    "one size": lambda: comparison({v: d[-1:] for v, d in HELPS.items()}, (16000,)),
    "three models": lambda: comparison({v: d[2:] for v, d in HELPS.items()}, SIZES[2:], THREE),
    "failed cells": failed_cells,
    "markup": hostile,
    "seven sizes": lambda: comparison({v: (*d, d[-1], d[-1]) for v, d in HELPS.items()}, (*SIZES, 32000, 64000)),
    "only raw": lambda: comparison({}),
    "true labels": lambda: comparison(
        at_two_sizes(pruned=(0.5, 0.2, 0.8), oracle=(3.0, 2.5, 3.5), random_pruned=(-0.4, -0.6, -0.2)), (500, 1000)
    ),
}


@pytest.fixture(params=CASES)
def any_case(request) -> Comparison:
    return CASES[request.param]()


@pytest.fixture
def case():
    """A comparison by its name."""
    return lambda name: CASES[name]()
