"""A comparison with every block of comparison.json, made by hand: what pruning does to it is the caller's choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.train.render.conftest import SIZES, Difference, comparison
from train.comparison import Comparison

HURTS: dict[str, tuple[Difference, ...]] = {
    "pruned": ((-2.6, -3.3, -1.9), (-2.2, -2.8, -1.6), (-1.9, -2.4, -1.4), (-1.6, -2.0, -1.2), (-1.4, -1.8, -1.0)),
    "relabelled": ((-2.9, -3.6, -2.2), (-2.6, -3.2, -2.0), (-2.2, -2.8, -1.6), (-2.0, -2.5, -1.5), (-1.9, -2.3, -1.5)),
    "reweighted": ((-0.3, -1.0, 0.4), (0.1, -0.5, 0.7), (0.2, -0.3, 0.7), (0.1, -0.3, 0.5), (0.04, -0.2, 0.28)),
    "oracle": ((3.5, 2.9, 4.1), (3.9, 3.4, 4.4), (4.2, 3.8, 4.6), (4.4, 4.0, 4.8), (4.5, 4.2, 4.8)),
    "random-pruned": (
        (-1.2, -1.7, -0.7),
        (-0.9, -1.4, -0.4),
        (-0.7, -1.1, -0.3),
        (-0.5, -0.8, -0.2),
        (-0.4, -0.7, -0.1),
    ),
    "polluted:5": ((-1.0, -1.5, -0.5), (-0.9, -1.3, -0.5), (-0.9, -1.3, -0.5), (-0.8, -1.1, -0.5), (-0.8, -1.1, -0.5)),
    "pruned@pool": ((2.4, 1.8, 3.0), (2.0, 1.5, 2.5), (1.6, 1.2, 2.0), (1.0, 0.7, 1.3), (0.6, 0.3, 0.9)),
    "random-pruned@pool": (
        (-1.1, -1.6, -0.6),
        (-0.9, -1.4, -0.4),
        (-0.6, -1.0, -0.2),
        (-0.5, -0.8, -0.2),
        (-0.3, -0.6, -0.01),
    ),
}
UNDECIDED: dict[str, tuple[Difference, ...]] = {
    **HURTS,
    "pruned": ((-0.6, -1.3, 0.1), (-0.2, -0.8, 0.4), (0.2, -0.4, 0.8), (0.3, -0.2, 0.8), (0.4, -0.1, 0.9)),
    "relabelled": ((-0.9, -1.6, -0.2), (-0.5, -1.2, 0.2), (-0.1, -0.7, 0.5), (0.1, -0.4, 0.6), (0.2, -0.3, 0.7)),
}
GAINS: dict[str, tuple[Difference, ...]] = {
    **HURTS,
    "pruned": ((-0.6, -1.3, 0.1), (0.9, 0.3, 1.5), (1.4, 0.9, 1.9), (1.8, 1.4, 2.2), (2.1, 1.7, 2.5)),
    "relabelled": ((-0.9, -1.6, -0.2), (0.5, -0.2, 1.2), (1.0, 0.4, 1.6), (1.3, 0.8, 1.8), (1.6, 1.2, 2.0)),
}
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
REFUSED = "a curve needs 5 sizes, there are 3"


def full(
    differences: Mapping[str, Sequence[Difference]] = HURTS,
    classes: Sequence[str] = CLASSES,
    changed: Mapping[str, Any] | None = None,
    **also: Any,
) -> Comparison:
    """Every block; `changed` replaces blocks (None takes one out)."""
    command = "assay compare cifar/train --test cifar/test --truth clean --sizes 1000,2000,4000,8000,16000 -o runs/"
    made = comparison(differences, **({"dataset": "cifar/train", "kind": "image", "command": command} | also))
    models, sizes = made.models, made.sizes
    blocks: dict[str, Any] = {
        "curves": [curve(made, v, m) for m in models for v in made.variants],
        "exchange": [rate(v, s, m, differences[v][sizes.index(s)]) for m in models for v in differences for s in sizes],
        "surface": [surface(m) for m in models],
        "breakdown": [part(v, m, sizes[-1], k, c) for m in models for v in differences for k, c in enumerate(classes)],
        "calibration": [bins(v, m, sizes[-1], k) for m in models for k, v in enumerate(made.variants)],
        "costs": [cost(v, m, s) for m in models for v in made.variants for s in sizes],
        "planner": [
            "40 cells of 5 sizes were packed into 5 groups",
            "grouped training was 2.1 times faster than one after another",
        ],
    }
    blocks |= changed or {}
    return replace(
        made, cells=with_accuracies(made, differences), extra={k: v for k, v in blocks.items() if v is not None}
    )


def with_accuracies(made: Comparison, differences: Mapping[str, Sequence[Difference]]) -> tuple[Mapping[str, Any], ...]:
    def accuracy(c: Mapping[str, Any]) -> float:
        k = made.sizes.index(c["size"])
        change = differences[c["variant"]][k][0] / 100 if c["variant"] in differences else 0
        return 0.642 + 0.0375 * k + change + 0.001 * (c["seed"] % 3) * (1 + ("@" in c["variant"]))

    return tuple({**c, "metrics": {"accuracy": accuracy(c)}} for c in made.cells)


def curve(made: Comparison, variant: str, model: str) -> dict[str, Any]:
    errors = [1 - made.point(variant, s, model).metrics["accuracy"] for s in made.sizes]
    b = math.log(errors[0] / errors[-1]) / math.log(made.sizes[-1] / made.sizes[0])
    a = math.log(errors[0]) + b * math.log(made.sizes[0])
    most = made.sizes[-1]
    rows = [made.sizes[0] * (most / made.sizes[0]) ** (k / 23) for k in range(23)] + [
        most * 4 ** (k / 12) for k in range(13)
    ]
    drawn = []
    for n in rows:
        error = math.exp(a - b * math.log(n))
        wide = 0.006 + 0.012 * max(math.log2(n / most), 0)
        drawn.append({"rows": n, "error": error, "low": error - wide, "high": error + wide})
    return {
        "variant": variant, "model": model, "sizes": list(made.sizes), "errors": errors, "standard_errors": [0.003] * len(errors),
        "power2": {"log_a": a, "b": b}, "power3": {"log_a": a, "b": b, "c": 0.0}, "power2_share": 0.5, "misfit": 1.0,
        "level": 0.8, "beyond": drawn,
    }  # fmt: skip


def rate(variant: str, size: int, model: str, points: Difference) -> dict[str, Any]:
    if variant == "reweighted" and size == SIZES[0]:
        return {"variant": variant, "size": size, "model": model, "refused": "the raw curve is too flat to say"}
    middle, low, high = (math.exp(x * 0.32) for x in points)
    return {
        "variant": variant, "size": size, "model": model, "rate": middle, "low": low,
        "high": None if variant == "oracle" and size == SIZES[-1] else high, "level": 0.95, "rows": middle * size,
        "forecast": middle * size > SIZES[-1],
    }  # fmt: skip


def surface(model: str) -> dict[str, Any]:
    return {
        "model": model, "log_a": 1.0, "b": 0.2, "c": 0.0, "g": 2.4, "g_low": 1.9, "g_high": 2.9, "level": 0.95,
        "rows": [SIZES[0], SIZES[-1]], "noise": [0.0, 0.4], "misfit": 1.0, "off": 0.004, "from": ["raw", "oracle", "polluted:5"],
    }  # fmt: skip


def part(variant: str, model: str, size: int, k: int, value: str, by: str = "class") -> dict[str, Any]:
    change = 0.03 * math.sin(2.3 * k) - 0.008
    return {
        "by": by, "value": value, "variant": variant, "model": model, "size": size, "rows": 1000, "baseline": 0.8,
        "accuracy": 0.8 + change, "diff": change, "low": change - 0.012, "high": change + 0.012, "p_holm": 0.01,
    }  # fmt: skip


def bins(variant: str, model: str, size: int, k: int) -> dict[str, Any]:
    drawn = [
        {"confidence": c / 15 - 0.03, "accuracy": max(c / 15 - 0.03 - 0.012 * (k + 1), 0), "rows": 40 * c}
        for c in range(2, 16)
    ]
    return {"variant": variant, "model": model, "size": size, "bins": drawn}


def cost(variant: str, model: str, size: int) -> dict[str, Any]:
    return {
        "variant": variant, "model": model, "size": size, "seconds": size / 9000, "repair_seconds": size / 4000,
        "examples_seen": size * 20, "steps": size * 20 / 64, "epochs": 20.0, "parameters": 197_130,
    }  # fmt: skip


def budget(variant: str, model: str, epochs: str, steps: str) -> dict[str, Any]:
    return {
        "variant": variant, "model": model, "size": SIZES[-1], "epochs": epochs, "steps": steps, "diff_epochs": -0.014,
        "diff_steps": 0.002, "agree": epochs == steps,
    }  # fmt: skip


def corrected(made: Comparison) -> dict[str, Any]:
    """Every difference from raw, a point better than by the labels as they are given."""
    contrasts = [
        {
            "variant": c.variant, "model": c.model, "size": c.size, "diff": c.diff + 0.01, "low": (c.low or 0) + 0.007,
            "high": (c.high or 0) + 0.013, "p": 0.01, "p_holm": 0.02,
            "verdict": "helps" if (c.low or 0) > -0.007 else "hurts" if (c.high or 0) < -0.013 else "cannot tell",
        }
        for c in made.contrasts if c.metric == "accuracy"
    ]  # fmt: skip
    accuracy = [
        {"variant": p.variant, "model": p.model, "size": p.size, "value": p.metrics["accuracy"] + 0.05,
         "low": p.metrics["accuracy"] + 0.03, "high": p.metrics["accuracy"] + 0.07}
        for p in made.points
    ]  # fmt: skip
    return {"rows": 300, "noise": 0.09, "contrasts": contrasts, "accuracy": accuracy}


def model_sizes() -> list[dict[str, Any]]:
    def line(variant: str, shift: float) -> dict[str, Any]:
        errors = [0.36 + shift, 0.33 + shift, 0.315 + shift]
        return {
            "variant": variant, "models": ["mlp:width=32", "mlp:width=128", "mlp:width=512"], "parameters": [50_000, 200_000, 900_000],
            "errors": errors, "low": [e - 0.008 for e in errors], "high": [e + 0.008 for e in errors],
        }  # fmt: skip

    return [line("raw", 0.0), line("pruned", 0.012), line("oracle", -0.04)]
