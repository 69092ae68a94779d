"""Limits on an audit's measures: what was found, and how much more another sample would show by chance."""

from __future__ import annotations

import numpy as np

from audit.dataset import Dataset
from audit.inference.columns import Found
from audit.inference.resampling import CHANCE, FACTOR, HALVES, Inferred, rounded_up
from audit.report import Issues, Report
from audit.suite import Limit, Severity, default_suite

CONTRACTS = ("conflicts", "leakage", "missing", "duplicates.exact")
"""Where there are none, none are let in; what the others count turns up by chance."""
KINDS = {"exact": ("exact",), "normalised": ("exact", "normalised"), "near": ("near",)}


def infer_limits(data: Dataset, report: Report, seed: int) -> Found:
    """A limit for each measure that the default suite limits and that this audit has."""
    suite = default_suite(data)
    if report["leakage"].status == "ran":
        leaks = [m for m in report["leakage"].measures if m.endswith(".count") and not m.startswith("near")]
        wanted = [*suite.limits, *(Limit(f"leakage.{m}", 0.0) for m in leaks)]
    else:
        wanted = list(suite.limits)
    for limit in wanted:
        value = report.measures.get(limit.measure)
        if value is None:
            issues = report.checks.get(limit.measure.split(".", 1)[0])
            yield f"{limit.measure}: not measured: {issues.why if issues else 'not asked for'}"
        else:
            yield _limit(data, report, limit.measure, value, limit.severity, seed)


def _limit(data: Dataset, report: Report, measure: str, value: float, severity: Severity, seed: int) -> Inferred:
    n = len(data)
    if measure == "imbalance.ratio":
        most, because = _ratio(data, seed)
    elif value == 0 and measure.startswith(CONTRACTS):
        most, because = 0.0, f"none among {n:,} rows"
    elif measure == "labels.rate" and "labels.rate_high" in report.measures:
        high = report.measures["labels.rate_high"]
        room = max(FACTOR * (high - value), CHANCE / n)
        most = value + room
        because = (
            f"{value:.3%} now, at most {high:.3%} by its 95 % interval; room {room:.3%}: {FACTOR} times the difference"
        )
    else:
        most, because = _counted(report, measure, value, n, seed)
    return Inferred(Limit(measure, rounded_up(most), severity), because)


def _ratio(data: Dataset, seed: int) -> tuple[float, str]:
    """Class counts are drawn anew; the ratio moves in proportion to itself."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    draws = np.random.default_rng(seed).multinomial(len(data), counts / counts.sum(), size=HALVES)
    ratio = counts.max() / max(counts[counts > 0].min(), 1)
    drawn = draws.max(axis=1) / np.maximum(draws[:, counts > 0].min(axis=1), 1)
    times = float(np.exp(FACTOR * np.abs(np.log(drawn / ratio)).max()))
    return ratio * times, f"{ratio:.3g} now, times {times:.3g}: {FACTOR} times the largest deviation of {HALVES} draws (in logarithms)"  # fmt: skip


def _counted(report: Report, measure: str, value: float, n: int, seed: int) -> tuple[float, str]:
    """Sets of rows come and go whole: each is drawn as often as chance has it, and the rows are counted anew."""
    is_rate = measure.endswith("rate")
    sizes = _sets(report[measure.split(".", 1)[0]], measure)
    sizes = sizes if is_rate else np.ones(len(sizes))
    drawn = np.random.default_rng(seed).poisson(1.0, (HALVES, len(sizes))) @ sizes if len(sizes) else np.zeros(HALVES)
    room = max(FACTOR * float(np.abs(drawn - sizes.sum()).max()), CHANCE)
    many = f"{value:.3%}" if is_rate else f"{value:g}"
    said = f"{many} now; room for {room:.0f} more: {FACTOR} times the largest deviation of {HALVES} draws, {CHANCE} at least"
    return value + (room / n if is_rate else room), said


def _sets(issues: Issues, measure: str) -> np.ndarray:
    """How many rows each set behind a measure holds."""
    found = issues.findings
    kinds = KINDS.get(measure.split(".")[1])
    rows = found if kinds is None else found[found["kind"].isin(kinds)]
    alone = rows["group"].isna()
    return np.concatenate([np.ones(int(alone.sum())), rows.loc[~alone, "group"].value_counts().to_numpy("float64")])
