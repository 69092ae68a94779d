"""Expectations about what an audit counted, and about its verdict as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict

from audit.errors import Undecided
from audit.gx.expectations.base import AboutReport, Said, number, written
from audit.gx.pinned import measure_of
from audit.measures import MEASURES
from audit.report import Report
from audit.verdict import Verdict, gate, own_suite


class ExpectSplitLeakageToBeZero(AboutReport):
    """Expect no row of the test set, or of the other splits, to be among the data.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
        kinds: of what no row may be: `exact` copies, `normalised` ones (texts equal but for case and spaces), `near`
            ones. There is no default, and a kind that was not looked for fails.
    """

    kinds: list[Literal["exact", "normalised", "near"]] = pydantic.Field(min_items=1)

    success_keys: ClassVar[tuple[str, ...]] = (*AboutReport.success_keys, "kinds")

    def judge(self, report: Report) -> Said:
        found: dict[str, int] = {kind: int(measure_of(report, f"leakage.{kind}.count")) for kind in self.kinds}
        words = ", ".join(f"{kind} {count:,}" for kind, count in found.items())
        return Said(
            not any(found.values()), sum(found.values()), f"rows of the test set that are here too: {words}", found
        )

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        template = "no row of the test set or of the other splits must be among the data: $kinds copies"
        return template, {"kinds": ", ".join(kwargs.get("kinds", ()))}


class ExpectConflictingDuplicatesToBeZero(AboutReport):
    """Expect rows of equal content to have equal labels.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
    """

    def judge(self, report: Report) -> Said:
        sets, rows = (int(measure_of(report, f"conflicts.{m}")) for m in ("count", "rows"))
        words = f"{sets:,} sets of equal rows have more than one label, {rows:,} rows in all"
        return Said(sets == 0, sets, words, {"rows": rows})

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:  # noqa: ARG003  the same for all
        return "rows of equal content must have equal labels", {}


class ExpectReportMeasureToBeAtMost(AboutReport):
    """Expect a measure of the report to be at most `max_value`, as a limit of an assay suite does.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
        measure: its full name, such as `duplicates.near.rate`; larger is worse.
        max_value: the largest value that is accepted; there is no default.
    """

    measure: str
    max_value: float | SuiteParameterDict

    success_keys: ClassVar[tuple[str, ...]] = (*AboutReport.success_keys, "measure", "max_value")
    _is_number = pydantic.validator("max_value", pre=True, allow_reuse=True)(number)

    @pydantic.validator("measure")  # type: ignore[untyped-decorator]
    def _is_named(cls, value: str) -> str:  # noqa: N805  pydantic's validators are class methods
        if not all(value.partition(".")):
            raise ValueError(f"a measure is needed by its full name, check.measure, not {value!r}")
        return value

    def judge(self, report: Report) -> Said:
        found = measure_of(report, self.measure)
        if math.isnan(found):
            raise Undecided(f"{self.measure} is not a number")
        about = report.measures[self.measure]
        estimated = "" if about == found else f", the upper end of an estimate of {about:.6g}"
        return Said(found <= self.max_value, found, f"{self.measure} is {found:.6g}{estimated}")

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        measure = str(kwargs.get("measure"))
        words = {"measure": measure, "most": written(kwargs.get("max_value"))}
        if measure in MEASURES:
            return f"$measure must be at most $most: {MEASURES[measure]}", words
        return "$measure must be at most $most", words


class ExpectReportToPassItsGate(AboutReport):
    """Expect the report to pass the suite that it was made for, as `assay gate` judges it: PASS or WARN.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
    """

    def judge(self, report: Report) -> Said:
        verdict = gate(report, own_suite(report, self.report))
        if verdict.outcome == "ERROR":
            raise Undecided(f"suite {verdict.suite} could not be judged: {_why(verdict)}")
        words = f"{verdict.outcome} by suite {verdict.suite}" + (f": {_why(verdict)}" if verdict.breaches else "")
        return Said(verdict.passed, verdict.outcome, words, {"breaches": [b.to_dict() for b in verdict.breaches]})

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:  # noqa: ARG003  the same for all
        return "the report must pass the suite that it was made for", {}


def _why(verdict: Verdict) -> str:
    first = sorted(verdict.breaches, key=lambda b: b.severity != "error")
    told = [f"{b.measure}: {b.why}" for b in first]
    return "; ".join(told[:3]) + (f"; … ({len(told)} in all)" if len(told) > 3 else "")
