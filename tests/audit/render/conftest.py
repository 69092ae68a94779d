"""Reports made by hand, so that every face is seen with every kind of data and every outcome."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.dataset import Dataset, Roles
from audit.report import FINDING_COLUMNS, Card, Issues, Report, no_rows
from audit.suite import Limit, Suite
from audit.verdict import Verdict, gate

MARKUP = "<script>alert(1)</script>"
ESCAPE = "\x1b[31mred\x1b[0m"
QUOTES = """it's a "file" & <b>.png"""
WORDS = [
    "card",
    "transfer",
    "pending",
    "top-up",
    "refund",
    "cash",
    "exchange",
    "fee",
    "limit",
    "identity",
    "virtual",
    "top",
    "up",
    "stolen",
    "bank",
]


@dataclass(frozen=True)
class Case:
    """A report with all that goes with it."""

    report: Report
    verdict: Verdict
    data: Dataset
    reference: Dataset


def class_names(n: int, hostile: bool) -> list[Hashable]:
    names: list[Hashable] = [f"class_{k:03d}_of_many" if n > 20 else f"kind {k}" for k in range(n)]
    if not hostile:
        return names
    return [MARKUP, f"{ESCAPE} & 'so' on", *names[2:4], *(f" {name}  or so " for name in names[4:5]), *names[5:]]


def dataset(
    kind: str, classes: int, rows: int, *, hostile: bool = False, name: str = "made", prefix: str = ""
) -> Dataset:
    rng = np.random.default_rng(classes + rows)
    names = class_names(classes, hostile)
    ids: list[Any] = [f"{prefix}{k}" for k in range(rows)] if hostile or prefix else list(range(rows))
    if hostile:
        ids[:3] = f'"><img src=x onerror=alert(1)>{prefix}', f"{ESCAPE}{prefix}", f"a~b{prefix}"
    index = pd.Index(ids, name="row", dtype=object if hostile or prefix else None)
    label = [names[k % classes] for k in range(rows)]
    common: dict[str, Any] = {"name": QUOTES if hostile else name, "classes": tuple(names)}
    if kind == "image":
        pictures = rng.integers(0, 255, (rows, 8, 8, 1), dtype=np.uint8)
        return Dataset(
            table=pd.DataFrame({"label": label}, index=index), roles=Roles(label="label"), images=pictures, **common
        )
    if kind == "text":
        texts = [" ".join(rng.choice(WORDS, 12)) for _ in range(rows)]
        if hostile:
            texts[:2] = [f"{MARKUP} <b>bold</b> {ESCAPE}", "| pipe `tick` @someone #12 https://x.invalid ![x](y)"]
        table = pd.DataFrame({"text": texts, "label": label}, index=index)
        return Dataset(table=table, roles=Roles(label="label", text="text"), **common)
    columns = {f"column {k} {MARKUP if hostile else ''}": rng.normal(size=rows) for k in range(9)}
    table = pd.DataFrame({**columns, "city": [MARKUP if hostile else "Ghent"] * rows, "label": label}, index=index)
    table.iloc[3, 2] = np.nan
    return Dataset(table=table, roles=Roles(label="label", features=(*columns, "city")), **common)


def findings(rows: list[Hashable], **columns: Any) -> pd.DataFrame:
    blank = {c: [None] * len(rows) for c in FINDING_COLUMNS}
    return pd.DataFrame({**blank, "score": np.linspace(0, 0.2, len(rows)), **columns}, index=rows)[
        list(FINDING_COLUMNS)
    ]


def scores(data: Dataset, flagged: list[Hashable]) -> pd.DataFrame:
    return pd.DataFrame({"score": 1.0, "flagged": data.rows.isin(flagged)}, index=data.rows)


def why(data: Dataset, row: Hashable, suggested: Hashable, k: int) -> dict[str, Any]:
    """What the check writes down of a flagged row; every third has no neighbour with its own label."""
    votes = [{"view": v, "says": suggested, "probability": 0.9} for v in ("linear head", "neighbour vote")]
    return {
        "row": row, "wrong": 0.998, "suggested_probability": 0.997, "votes": votes, "stability": 1.0, "pair": 3.4,
        "agreeing": None if k % 3 == 0 else {"row": data.rows[-2], "distance": 1.25},
        "disagreeing": {"row": data.rows[-1], "distance": 0.5},
    }  # fmt: skip


def labels(data: Dataset, n: int) -> Issues:
    """`n` flagged labels where 1.5 times as many are estimated to be wrong."""
    rows, total, classes = list(data.rows[:n]), len(data), list(data.classes)
    given = [str(data.given.loc[r]) for r in rows]
    looks = [classes[(k + 1) % len(classes)] for k in range(n)]
    per, wrong = max(total // len(classes), 1), round(1.5 * n)
    lines = [
        {"class": c, "rows": per, "flagged": int(k < n), "count": int(k < n), "rate": (k < n) / per, "rate_low": 0.0,
         "rate_high": min(3 / per, 1.0), "expected_precision": 0.9, "expected_recall": 0.6}
        for k, c in enumerate(classes)
    ]  # fmt: skip
    matrix = [[int(j == i + 1) for j in range(len(classes))] for i in range(len(classes))]
    pair = {"given": classes[0], "suggested": classes[1], "count": 3.4, "low": 2.2, "high": 5.1, "flagged": min(n, 2)}
    measures = {
        "count": wrong, "rate": wrong / total, "rate_low": wrong / total * 0.9, "rate_high": min(wrong / total * 1.1, 1),
        "flagged": n,
    }  # fmt: skip
    views = [
        {"view": "linear head", "agreement": 0.93, "weight": 0.7},
        {"view": "neighbour vote", "agreement": 0.91, "weight": 0.2},
        {"view": "linear head, second stage", "agreement": None, "weight": 0.1},
    ]
    rules = {
        "prune_by_noise_rate": {"flagged": n + 9, "flagged_here_too": n},
        "both": {"flagged": n, "flagged_here_too": n},
    }
    return Issues(
        "labels",
        measures=measures,
        scores=scores(data, rows).assign(score=[0.12] * n + [0.9625] * (total - n), suggested_probability=0.997),
        findings=findings(
            rows, given=given, suggested=[str(x) for x in looks], reason=["labelled so, looks otherwise"] * n
        ),
        detail={
            **measures, "method": "assay", "made_of": "vectors", "score_used": "1 - P(wrong)",
            "cutoff_used": "the most probable rows", "rule": "likelihood: no view is much stronger",
            "expected_precision": 0.88, "expected_recall": 0.6, "views": views, "agreement": 0.93,
            "notes": ["no second stage"], "classes": classes, "pairs": [pair] if n else [], "per_class": lines,
            "histogram": {"edges": [0, 0.5, 1], "fine": [0, total - n], "flagged": [n, 0]},
            "cleanlab": {"evidence": ["linear head", "neighbour vote"], "count": n + 4, "filter_by": rules},
            "why": [why(data, r, s, k) for k, (r, s) in enumerate(zip(rows, looks, strict=True))],
            **({"confusion": matrix} if len(classes) <= 20 else {}),
        },
    )  # fmt: skip


def repeats(check: str, data: Dataset, n: int, reference: Dataset) -> Issues:
    first, second = data.rows[0], data.rows[1]
    measures = {"exact.count": n, "exact.rate": n / len(data), "near.count": n, "near.rate": n / len(data)}
    kind = ["exact", "near"][:n] if n < 2 else ["exact"] * (n - 1) + ["near"]
    rows = list(data.rows[1 : n + 1])
    if check == "leakage":
        pairs = [
            {"kind": k, "row": r, "reference_row": reference.rows[0], "label": "a", "reference_label": "b"}
            for k, r in zip(kind, rows, strict=True)
        ]
        detail: dict[str, Any] = {"against": reference.name, "pairs": pairs}
    else:
        labels_of = [str(data.given.loc[r]) for r in (first, second)]
        detail = {
            "sets": [{"kind": k, "rows": [first, r], "labels": labels_of} for k, r in zip(kind, rows, strict=True)],
            "near_threshold": 0.1,
            "meaning": "near",
        }
    twin = [reference.rows[0] if check == "leakage" else first] * n
    found = findings(rows, kind=kind, twin=twin, group=[first] * n, reason=[f"is the same as row {t}" for t in twin])
    return Issues(
        check, measures=measures, scores=scores(data, rows), findings=found if n else no_rows(), detail=detail
    )


def conflicts(data: Dataset, n: int) -> Issues:
    rows = list(data.rows[: 2 * n])
    sets = [
        {"rows": rows[2 * k : 2 * k + 2], "labels": [str(data.given.loc[r]) for r in rows[2 * k : 2 * k + 2]]}
        for k in range(n)
    ]
    found = findings(
        rows, kind=["conflict"] * len(rows), twin=rows[::-1], reason=["the same content has two labels"] * len(rows)
    )
    measures = {"count": n, "rows": 2 * n, "rate": 2 * n / len(data)}
    return Issues(
        "conflicts",
        measures=measures,
        scores=scores(data, rows),
        findings=found if n else no_rows(),
        detail={"sets": sets},
    )


def outliers(data: Dataset, n: int) -> Issues:
    rows = list(data.rows[:n])
    found = findings(
        rows, kind=["outlier"] * n, twin=[data.rows[-1]] * n, reason=["lies 9.1 times as far as a usual row"] * n
    )
    measures = {"count": n, "rate": n / len(data)}
    return Issues(
        "outliers",
        measures=measures,
        scores=scores(data, rows),
        findings=found if n else no_rows(),
        detail={"threshold": 6.0, "meaning": "far"},
    )


def imbalance(data: Dataset) -> Issues:
    n, k = len(data), len(data.classes)
    lines = [{"class": c, "rows": n // k, "share": 1 / k} for c in data.classes]
    return Issues("imbalance", measures={"ratio": 1.26}, scores=scores(data, []), detail={"classes": lines})


def missing(data: Dataset, n: int) -> Issues:
    rows, column = list(data.rows[:n]), str(data.table.columns[0])
    found = findings(rows, kind=["missing"] * n, reason=[f"no value in {column}"] * n)
    detail = {"columns": [{"column": column, "count": n, "share": n / len(data)}] if n else [], "unreadable": []}
    measures = {"count": n, "rate": n / len(data), "cells": n, "unreadable": 0}
    return Issues(
        "missing", measures=measures, scores=scores(data, rows), findings=found if n else no_rows(), detail=detail
    )


def schema(data: Dataset, broken: int) -> Issues:
    rules = [
        {
            "key": f"rule_{k}()", "type": f"rule_{k}", "kwargs": {}, "severity": "critical", "why": "out of range",
            "state": "fail" if k < broken else "pass", "broken": 2 if k < broken else 0, "checked": len(data),
            "words": f"column {k} is between 0 and 1", "examples": [{"row": data.rows[0], "value": MARKUP}] if k < broken else [],
        }
        for k in range(3)
    ]  # fmt: skip
    rows = list(data.rows[:2]) if broken else []
    found = findings(rows, kind=["schema"] * len(rows), reason=["breaks: column 0 is between 0 and 1"] * len(rows))
    measures = {"failed": broken, "rows": len(rows), "rate": len(rows) / len(data)}
    return Issues(
        "schema",
        measures=measures,
        scores=scores(data, rows),
        findings=found if rows else no_rows(),
        detail={"expectations": rules},
    )


LIMITS = (
    Limit("labels.rate", 0.03), Limit("leakage.exact.count", 0), Limit("conflicts.count", 0),
    Limit("duplicates.exact.count", 0, "warning"), Limit("duplicates.near.rate", 0.9, "warning"),
    Limit("outliers.rate", 0.5), Limit("imbalance.ratio", 10), Limit("missing.rate", 0.5),
)  # fmt: skip


def make(
    outcome: str = "FAIL", kind: str = "text", *, classes: int = 10, rows: int = 1000, hostile: bool = False
) -> Case:
    """A report of this outcome: FAIL and ERROR have something in every check, WARN duplicates only, PASS nothing."""
    rows = max(rows, 2 * classes)
    data, reference = (
        dataset(kind, classes, rows, hostile=hostile),
        dataset(kind, classes, 40, hostile=hostile, name="test", prefix="t"),
    )
    bad = outcome in ("FAIL", "ERROR")
    checks = [
        schema(data, 1 if hostile and bad else 0),
        labels(data, 57 if bad else 0),
        conflicts(data, 2 if bad else 0),
        repeats("duplicates", data, 0 if outcome == "PASS" else 3, reference),
        outliers(data, 4 if bad else 0),
        repeats("leakage", data, 2 if bad else 0, reference),
        imbalance(data),
        missing(data, 2 if bad else 0),
    ]
    if outcome == "ERROR":
        why = f"pred_probs.npy row 311 sums to 0.93, expected 1 {MARKUP if hostile else ''}".strip()
        checks[1] = Issues("labels", "error", why)
    if outcome == "PASS":
        checks[5] = Issues("leakage", "not_applicable", "nothing to compare with (--reference DATA, or --split COLUMN)")
    limits = tuple(x for x in LIMITS if outcome != "PASS" or not x.measure.startswith("leakage"))
    report = Report(
        dataset=Card.of(data), reference=Card.of(reference), suite="made", suite_fingerprint="f00d", seed=0,
        versions={"assay": "0.1.0"}, checks={i.check: i for i in checks}, seconds=48.2,
        command="assay audit data.csv --label label --reference test.csv -o report/", created="2026-11-21T10:00:00",
        _rows=data.rows,
    )  # fmt: skip
    return Case(report, judged(report, limits), data, reference)


def judged(report: Report, limits: tuple[Limit, ...]) -> Verdict:
    return gate(report, Suite("made", limits=limits))


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    """`case(outcome, kind, classes=…, rows=…, hostile=…)`: a report made by hand."""
    return make


@pytest.fixture
def rejudged() -> Callable[..., Case]:
    """A case under other limits, and with other issues put in place of its own."""

    def rejudge(made: Case, limits: tuple[Limit, ...], **issues: Issues) -> Case:
        report = replace(made.report, checks={**made.report.checks, **issues})
        return replace(made, report=report, verdict=judged(report, limits))

    return rejudge
