"""Readings: what a comparison says of one version, as numbers and in words, and the command that settles what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.render import words
from train.advice.actions import Estimate
from train.advice.measured import Measured
from train.advice.rerun import rerun
from train.comparison import BASELINE

BETTER_SEEDS = 5
FEWEST_SEEDS = 3
MOST_SEEDS = 100


def in_points(estimate: Estimate) -> str:
    """`+2.0 points (between +1.7 and +2.3)`."""
    if estimate.low is None and estimate.high is None:
        return f"{words.signed(estimate.gain * 100)} points (no interval)"
    if estimate.high is None:
        return f"{words.signed(estimate.gain * 100)} points (at least {words.signed((estimate.low or 0) * 100)})"
    low, high = ("nobody knows" if x is None else words.signed(x * 100) for x in (estimate.low, estimate.high))
    return f"{words.signed(estimate.gain * 100)} points (between {low} and {high})"


def seeds_why(contrast: Mapping[str, Any]) -> str:
    """Why a contrast does not decide."""
    if contrast.get("verdict") == "not enough seeds":
        return f"too few seeds: it takes at least {FEWEST_SEEDS}"
    if contrast.get("verdict") == "cannot tell" and contrast.get("seeds_needed") is None:
        return f"even {MOST_SEEDS} seeds may not settle it"
    return "the interval is too wide"


def more_seeds(measured: Measured, contrast: Mapping[str, Any]) -> str:
    """The command that settles a contrast; '' where more seeds would not."""
    if contrast.get("verdict") == "cannot tell" and contrast.get("seeds_needed") is None:
        return ""
    had = contrast.get("seeds", measured.seeds)
    wanted = max(contrast.get("seeds_needed") or 2 * had, BETTER_SEEDS, had + 1)
    return rerun(measured, {"--seeds": min(wanted, MOST_SEEDS)})


def seen(contrast: Mapping[str, Any]) -> Estimate:
    """What was measured; without ends where there were too few seeds."""
    return Estimate(contrast["diff"], contrast["low"], contrast["high"])


def extra_seconds(measured: Measured, model: str, variant: str) -> float:
    """How much longer one training takes than on the raw data; 0 where it takes less."""
    own, raw = (measured.average(v, model, "seconds") for v in (variant, BASELINE))
    return max(0.0, own - raw) if own is not None and raw is not None else 0.0


def told(measured: Measured, variant: str, model: str) -> list[str]:
    """The contrast in words, and what it is worth in rows."""
    contrast = measured.contrast(variant, model) or {}
    seeds = contrast["seeds"] - contrast["failed"]
    said = [
        f"Measured: version {variant} changes accuracy by {in_points(seen(contrast))} at {measured.largest:,} rows, "
        f"{words.plural(seeds, 'seed')}."
    ]
    if worth := measured.worth(variant, model):
        said.append(f"One row of {variant} does as much as {words.number(worth['rate'])} raw ones{_span(worth)}.")
    return said


def _span(worth: Mapping[str, Any]) -> str:
    low, high = (words.number(worth[k]) if worth[k] is not None else "an unknown number" for k in ("low", "high"))
    return f" (between {low} and {high})"
