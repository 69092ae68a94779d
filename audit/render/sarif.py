"""A verdict as SARIF 2.1.0 (OASIS): a result for each row behind a breach, at its line where the source has lines."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from blake3 import blake3

from audit.render import words
from audit.render.demands import FAILED, Demand, Result, demands
from audit.report import Report
from audit.sources.lines import Places
from audit.suite import Suite
from audit.verdict import Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: dict[Result, str] = {"error": "error", "fail": "error", "warn": "warning", "told": "note"}
ROWS = 500
"""Results a demand: GitHub shows 5,000 of a run."""


def sarif(report: Report, suite: Suite, verdict: Verdict, places: Places) -> str:
    """SARIF as GitHub's code scanning and editors read it.

    Files below the working directory are named relative to it, others by their file URI. Rows beyond the first `ROWS`
    of a demand are counted in its message. A crash is an error result and makes the run unsuccessful.
    """
    broken = [d for d in demands(report, suite, verdict) if d.result in FAILED]
    checks = sorted({d.check for d in broken})
    run = {
        "tool": {
            "driver": {
                "name": "assay",
                **({"version": report.versions["assay"]} if report.versions.get("assay") else {}),
                "rules": [{"id": c, "shortDescription": {"text": f"assay's check {c}"}} for c in checks],
            }
        },
        "invocations": [_invocation(verdict)],
        "columnKind": "unicodeCodePoints",
        "results": [result for d in broken for result in _results(d, checks.index(d.check), places)],
    }
    values = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _invocation(verdict: Verdict) -> dict[str, Any]:
    told = [("note", f"loosened: {x.words}") for x in verdict.loosened]
    told.append(("note", f"{verdict.outcome}: {words.visible(verdict.dataset)} by suite {verdict.suite}"))
    return {
        "executionSuccessful": verdict.outcome != "ERROR",
        "exitCode": verdict.exit_code,
        "toolExecutionNotifications": [{"level": level, "message": {"text": text}} for level, text in told],
    }


def _results(demand: Demand, rule: int, places: Places) -> list[dict[str, Any]]:
    if not demand.rows:
        return [_result(demand, rule, demand.why, None, *places.of(""))]
    more = f" ({len(demand.rows):,} rows, {ROWS} are listed)" if len(demand.rows) > ROWS else ""
    return [
        _result(demand, rule, f"row {words.visible(row)} {words.visible(reason)}. {demand.why}{more}", row, *places.of(row))
        for row, reason in demand.rows[:ROWS]
    ]  # fmt: skip


def _result(
    demand: Demand, rule: int, text: str, row: Hashable | None, file: str | None, line: int | None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": demand.check,
        "ruleIndex": rule,
        "level": LEVELS[demand.result],
        "message": {"text": words.visible(text)},
        # a finding is the same tomorrow if it is of the same demand and row, wherever the row stands then
        "partialFingerprints": {"assay/v1": blake3(f"{demand.name}\n{row!r}".encode()).hexdigest(length=16)},
    }
    if file is not None:
        where: dict[str, Any] = {"artifactLocation": _artifact(file)}
        if line is not None:
            where["region"] = {"startLine": line}
        made["locations"] = [{"physicalLocation": where}]
    return made


def _artifact(file: str) -> dict[str, str]:
    path = relative(file)
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def relative(file: str) -> str:
    """The file as seen from the working directory if it is below it, else its whole path."""
    path, here = Path(file).resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
