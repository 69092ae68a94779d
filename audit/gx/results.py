"""A report's rules and limits as Great Expectations' validation results: what the report says, and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from audit.errors import Undecided
from audit.gx.expectations import ExpectReportMeasureToBeAtMost, ExpectReportToPassItsGate
from audit.gx.expectations.base import AboutReport, decided
from audit.gx.outcomes import NO_VALUES_NEEDED
from audit.gx.tables import registered
from audit.gx.words import in_words
from audit.report import Report
from audit.suite import Expectation, Limit
from audit.verdict import own_suite

COMPARED = "nothing: this is made from the report alone"
NO_EXCEPTION = {"raised_exception": False, "exception_message": "", "exception_traceback": ""}

Veil = Callable[[Any], Any]


def results_of(report: Report, folder: str, digest: str, veil: Veil) -> list[Any]:
    """The verdict, the limits and the rules of the suite that the report was made for, a result each.

    Args:
        report: the report.
        folder: where it lies.
        digest: its hash.
        veil: put over every text that the data or the suite may have brought along.
    """
    suite = own_suite(report, folder)
    if suite.demands_nothing:
        raise Undecided(f"{folder}: suite {suite.name} demands nothing: there is nothing to show")
    named = {"report": folder, "report_hash": digest}
    schema = report.checks.get("schema")
    lines = {x["key"]: x for x in schema.detail.get("expectations", ())} if schema else {}
    why = (schema.why if schema else "") or "it was not run in this audit"
    types = registered()
    return [
        _ours(ExpectReportToPassItsGate(**named), report, named, veil),
        *(_limit(limit, report, named, veil) for limit in suite.limits),
        *(_rule(lines.get(e.key) or _not_run(e, why), named, types, veil) for e in suite.expectations),
    ]


def _ours(
    expectation: AboutReport, report: Report, kwargs: Mapping[str, Any], veil: Veil, severity: str = "critical"
) -> Any:
    config = ExpectationConfiguration(type=expectation.expectation_type, kwargs=veil(kwargs), severity=severity)
    return ExpectationValidationResult(expectation_config=config, **veil(decided(expectation, report, COMPARED)))


def _limit(limit: Limit, report: Report, named: Mapping[str, str], veil: Veil) -> Any:
    kwargs = {**named, "measure": limit.measure, "max_value": limit.max}
    return _ours(ExpectReportMeasureToBeAtMost(**kwargs), report, kwargs, veil, limit.severity)


def _not_run(expectation: Expectation, why: str) -> dict[str, Any]:
    """A rule of which the report does not say what became of it."""
    asked = {"type": expectation.type, "kwargs": dict(expectation.kwargs), "severity": expectation.severity}
    return {**asked, "words": in_words(expectation), "state": "error", "why": why}


def _rule(line: Mapping[str, Any], named: Mapping[str, str], types: Mapping[str, Any], veil: Veil) -> Any:
    """One rule of the suite, in Great Expectations' own words where it has some for such a result."""
    shown = _counts(line)
    native = _is_native(line, types, shown)
    kwargs, description = (line["kwargs"], None) if native else (named, line["words"])
    kind = line["type"] if native else ExpectReportToPassItsGate.expectation_type
    config = ExpectationConfiguration(
        type=kind, kwargs=veil(kwargs), severity=line["severity"], description=veil(description)
    )
    info = NO_EXCEPTION
    if line["state"] == "error":
        info = {"raised_exception": True, "exception_message": veil(line["why"]), "exception_traceback": ""}
    return ExpectationValidationResult(
        success=line["state"] == "pass", expectation_config=config, result=veil(shown), exception_info=info
    )


def _counts(line: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, in the shape in which Great Expectations keeps it."""
    if line["state"] == "error":
        return {}
    checked = line["checked"]
    clean = line["state"] == "pass" and line["type"] in NO_VALUES_NEEDED and "mostly" not in line["kwargs"]
    if line["examples"] or clean:
        return {
            "element_count": checked,
            "unexpected_count": line["broken"],
            "unexpected_percent": 100 * line["broken"] / checked,
            "partial_unexpected_list": [x["value"] for x in line["examples"]],
        }
    return {"observed_value": line["why"] or f"holds; {checked:,} rows were looked at"}


def _is_native(line: Mapping[str, Any], types: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
    """Whether Great Expectations takes the rule, and shows such a result: some types show results of one shape only."""
    if line["type"] not in types:
        return False
    try:
        types[line["type"]](**line["kwargs"])
    except (ValueError, TypeError):  # pydantic's ValidationError is a ValueError
        return False
    return "observed_value" not in shown or "_diagnostic_observed_value_renderer" not in vars(types[line["type"]])
