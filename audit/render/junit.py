"""A verdict as JUnit XML: a test case a demand. Failed is a failure, crashed an error, not run skipped."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring  # it only writes here

from audit.render import words
from audit.render.demands import Demand, demands
from audit.report import Report
from audit.sources.lines import Places
from audit.suite import Suite
from audit.verdict import Verdict

ROWS = 20
"""Rows named in a failure."""


def junit(report: Report, suite: Suite, verdict: Verdict, places: Places) -> str:
    """JUnit XML as Jenkins, GitLab and GitHub's reporters read it: testsuites, testsuite, testcase.

    A demand that does not stop the gate (severity info, or warning unless the gate fails on warnings) is a passed
    case that says so in its system-out, so that failures and errors are there exactly if the exit code is not 0.
    """
    cases = demands(report, suite, verdict)
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(d.result == "fail" for d in cases)),
        "errors": str(sum(d.result == "error" for d in cases)),
        "skipped": str(sum(d.result == "skipped" for d in cases)),
    }
    seconds = f"{report.seconds:.3f}"
    total = {k: v for k, v in counts.items() if k != "skipped"}  # the schema knows no skipped here
    root = Element("testsuites", {"name": "assay gate", **total, "time": seconds})
    whole = SubElement(root, "testsuite", {"name": _text(f"{verdict.suite}: {verdict.dataset}"), **counts, "time": seconds})  # fmt: skip
    properties = SubElement(whole, "properties")
    for name, value in _properties(verdict):
        SubElement(properties, "property", {"name": name, "value": _text(value)})
    for demand in cases:
        _case(whole, demand, places)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _properties(verdict: Verdict) -> list[tuple[str, str]]:
    return [
        ("outcome", verdict.outcome),
        ("exit_code", str(verdict.exit_code)),
        ("fail_on", verdict.fail_on),
        ("suite.fingerprint", verdict.suite_fingerprint),
        ("dataset.fingerprint", verdict.fingerprint),
        *((f"loosened.{x.measure}", x.words) for x in verdict.loosened),
    ]


def _case(whole: Element, demand: Demand, places: Places) -> None:
    case = SubElement(whole, "testcase", {"classname": f"assay.{demand.check}", "name": _text(demand.name), "time": "0"})  # fmt: skip
    if demand.result == "skipped":
        SubElement(case, "skipped", {"message": _text(demand.why)})
    elif demand.result in ("fail", "error"):
        tag = "failure" if demand.result == "fail" else "error"
        SubElement(case, tag, {"message": _text(demand.why), "type": demand.check}).text = _body(demand, places)
    elif demand.why:
        word = "WARN" if demand.result == "warn" else "info"
        SubElement(case, "system-out").text = f"{word}: {_body(demand, places)}"


def _body(demand: Demand, places: Places) -> str:
    lines = [demand.why]
    for row, reason in demand.rows[:ROWS]:
        file, line = places.of(row)
        where = f"{file}:{line}: " if line else ""
        lines.append(f"{where}row {row}: {reason}")
    if len(demand.rows) > ROWS:
        lines.append(f"… {len(demand.rows):,} rows in all")
    return "\n".join(_text(x) for x in lines)


def _text(value: str) -> str:
    """Text that XML can hold: control characters of the data spelt out, as XML has no way of writing them."""
    return "".join(c if c.isprintable() and c not in "\ufffe\uffff" else words.visible(c) for c in value).encode("utf-8", "backslashreplace").decode()  # fmt: skip
