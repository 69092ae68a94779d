"""A verdict demand by demand, with the rows behind each: what JUnit, SARIF and annotations are written from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from audit.report import Issues, Report
from audit.suite import Suite
from audit.verdict import Breach, Verdict

Result = Literal["pass", "told", "warn", "fail", "error", "skipped"]
FAILED: tuple[Result, ...] = ("told", "warn", "fail", "error")


@dataclass(frozen=True)
class Demand:
    """One limit, expectation or check, and what became of it."""

    check: str
    name: str
    result: Result
    why: str = ""
    rows: tuple[tuple[Hashable, str], ...] = ()
    """Row id and reason of the rows behind it, worst first."""


def demands(report: Report, suite: Suite, verdict: Verdict) -> tuple[Demand, ...]:
    """Every limit and expectation of the suite, then what broke beside them, then the checks that did not apply.

    A limit whose measure is missing is a failure and not a skip: nothing that stops the gate may look green. Skipped
    are checks that had nothing to look at and of which nothing is demanded.
    """
    breaches = {b.measure: b for b in verdict.breaches}
    asked = [("schema", e.key) for e in suite.expectations]
    asked += [(x.measure.split(".", 1)[0], x.measure) for x in suite.limits]
    made = [_demand(report, verdict, check, name, breaches.pop(name, None)) for check, name in asked]
    made += [_demand(report, verdict, b.check, name, b) for name, b in breaches.items()]
    judged = {d.check for d in made}
    idle = [i for i in report if i.status == "not_applicable" and i.check not in judged]
    return (*made, *(Demand(i.check, i.check, "skipped", i.why) for i in idle))


def _demand(report: Report, verdict: Verdict, check: str, name: str, breach: Breach | None) -> Demand:
    if breach is None:
        return Demand(check, name, "pass")
    rows = _rows(report.checks[check], breach) if check in report.checks else ()
    return Demand(check, name, _result(verdict, breach), said(breach), rows)


def _result(verdict: Verdict, breach: Breach) -> Result:
    if breach.severity == "error":
        return "error"
    if verdict.stops(breach):
        return "fail"
    return "warn" if breach.severity == "warning" else "told"


def said(breach: Breach) -> str:
    """A breach in one sentence that stands by itself."""
    if breach.measure.split(".", 1)[0] != breach.check:
        return breach.why  # an expectation says itself in words
    if breach.value is not None and breach.limit is not None:
        return f"{breach.measure}: {breach.value:.6g}, at most {breach.limit:g}"
    return f"{breach.measure}: {breach.why}"


def _rows(issues: Issues, breach: Breach) -> tuple[tuple[Hashable, str], ...]:
    """The flagged rows behind a breach: of a measure by kind those of that kind, of an expectation those it names."""
    found = issues.findings
    if breach.check == "schema" and breach.measure in (lines := _lines(issues)):
        words, examples = lines[breach.measure]
        rows = found[[words in str(r) for r in found["reason"]]]
        named = tuple(zip(rows.index, (f"breaks: {words}" for _ in rows.index), strict=True))
        seen = set(rows.index)
        return (*named, *((r, f"breaks: {words}") for r in examples if r not in seen))
    if breach.value is None:
        return ()
    kind = breach.measure.split(".")[1] if breach.measure.count(".") > 1 else ""
    kinds = {"exact": ["exact"], "normalised": ["exact", "normalised"], "near": ["near"]}.get(kind)
    rows = found if kinds is None else found[found["kind"].isin(kinds)]
    reasons = [str(r) if pd.notna(r) else breach.check for r in rows["reason"]]
    return tuple(zip(rows.index, reasons, strict=True))


def _lines(issues: Issues) -> dict[str, tuple[str, list[Hashable]]]:
    lines = issues.detail.get("expectations", [])
    return {x["key"]: (x["words"], [e["row"] for e in x.get("examples", [])]) for x in lines}
