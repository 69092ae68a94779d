"""`gate`: is this data fit to train on? Fails closed: what was not measured does not pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from audit.report import Issues, Report
from audit.suite import Expectation, Limit, Severity, Suite

Outcome = Literal["PASS", "WARN", "FAIL", "ERROR"]
EXIT_CODES: dict[Outcome, int] = {"PASS": 0, "WARN": 0, "FAIL": 1, "ERROR": 3}
STATE: dict[Severity, Literal["fail", "warn", "info"]] = {"critical": "fail", "warning": "warn", "info": "info"}
State = Literal["error", "fail", "warn", "pass", "not_checked"]


@dataclass(frozen=True)
class Breach:
    """One thing that stands between the data and a pass."""

    check: str
    measure: str
    """The measure's full name, or the expectation's."""
    value: float | None
    """None: not measured."""
    limit: float | None
    severity: Severity | Literal["error"]
    why: str

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Verdict:
    """Fit to train on or not, and why."""

    outcome: Outcome
    breaches: tuple[Breach, ...]
    suite: str
    suite_fingerprint: str
    dataset: str
    fingerprint: str
    judged: int
    """How many limits and expectations were looked at."""
    limits: tuple[Limit, ...] = ()
    """Every limit that was looked at, kept or not."""

    @property
    def passed(self) -> bool:
        """Whether training may go ahead."""
        return self.outcome in ("PASS", "WARN")

    @property
    def exit_code(self) -> int:
        """0 pass or warn, 1 fail, 3 could not decide."""
        return EXIT_CODES[self.outcome]

    def of(self, check: str) -> tuple[Breach, ...]:
        """The breaches of one check."""
        return tuple(b for b in self.breaches if b.check == check)

    def state(self, issues: Issues) -> State:
        """What to show beside a check."""
        worst = {b.severity for b in self.of(issues.check)}
        if issues.status == "error" or "error" in worst:
            return "error"
        if "critical" in worst:
            return "fail"
        if "warning" in worst:
            return "warn"
        return "pass" if issues.status == "ran" else "not_checked"

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            **self.__dict__,
            "exit_code": self.exit_code,
            "breaches": [b.to_dict() for b in self.breaches],
            "limits": [dict(x.__dict__) for x in self.limits],
        }


def gate(report: Report, suite: Suite) -> Verdict:
    """Judge a report by a suite: every breach with its measure, limit and severity.

    ERROR outranks FAIL: a check that crashed, an expectation that did not run, a suite that demands nothing, or a
    limit whose measure is not there because its check broke. A limit whose measure is merely absent is a breach.
    """
    breaches = [_broken(i) for i in report.errors]
    breaches += [b for limit in suite.limits if (b := _judge_limit(report, limit.measure, limit.max, limit.severity))]
    breaches += [b for e in suite.expectations if (b := _judge_expectation(report, e))]
    judged = len(suite.limits) + len(suite.expectations)
    if judged == 0:
        breaches.append(Breach("suite", suite.name, None, None, "error", "the suite demands nothing"))
    if not any(i.status == "ran" for i in report):
        breaches.append(Breach("audit", "checks", None, None, "error", "no check ran"))
    return Verdict(
        _outcome(breaches), tuple(breaches), suite.name, suite.fingerprint, report.dataset.name,
        report.dataset.fingerprint, judged, suite.limits,
    )  # fmt: skip


def _outcome(breaches: list[Breach]) -> Outcome:
    worst = {b.severity for b in breaches}
    if "error" in worst:
        return "ERROR"
    if "critical" in worst:
        return "FAIL"
    return "WARN" if "warning" in worst else "PASS"


def _broken(issues: Issues) -> Breach:
    return Breach(issues.check, issues.check, None, None, "error", f"could not finish: {issues.why}")


def _judge_limit(report: Report, measure: str, most: float, severity: Severity) -> Breach | None:
    check = measure.split(".", 1)[0]
    value = report.measures.get(measure)
    if value is None:
        return Breach(check, measure, None, most, severity, _why_absent(report, check, measure))
    if math.isnan(value):
        return Breach(check, measure, None, most, "error", f"{measure} is not a number")
    if value <= most:
        return None
    return Breach(check, measure, value, most, severity, f"{value:g} is above {most:g}")


def _why_absent(report: Report, check: str, measure: str) -> str:
    if check not in report.checks:
        return f"no check {check!r} ran; there is {', '.join(report.checks)}"
    issues = report[check]
    if issues.status != "ran":
        return f"not measured: {issues.why}"
    return f"{check} has no measure {measure!r}; it has {', '.join(f'{check}.{m}' for m in issues.measures)}"


def _judge_expectation(report: Report, expectation: Expectation) -> Breach | None:
    schema = report.checks.get("schema")
    lines = {line["key"]: line for line in schema.detail.get("expectations", [])} if schema else {}
    line = lines.get(expectation.key)
    if line is None or line["state"] == "error":
        absent = f"{expectation.key}: was not run in this audit; audit the data again with this suite"
        why = f"{line['words']}: {line['why']}" if line else absent
        return Breach("schema", expectation.key, None, None, "error", why)
    if line["state"] == "pass":
        return None
    why = f"{line['words']}: {line['why']}"
    return Breach("schema", expectation.key, line["broken"], 0, expectation.severity, why)
