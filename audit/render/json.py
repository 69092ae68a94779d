"""A report and its verdict as JSON values."""

from __future__ import annotations

from typing import Any

from audit.files import plain
from audit.report import Report
from audit.verdict import Verdict


def as_json(report: Report, verdict: Verdict) -> dict[str, Any]:
    """audit.json's content and the verdict, in JSON's own types."""
    values: dict[str, Any] = plain({**report.to_dict(), "verdict": verdict.to_dict()})
    return values
