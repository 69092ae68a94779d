"""`gate`: is this data fit to train on? Fails closed: what was not measured does not pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from audit.errors import InputError
from audit.report import Issues, Report
from audit.shown import shown
from audit.suite import Expectation, Limit, Severity, Suite, as_written, parse_suite
from audit.suite.baseline import Baseline

Outcome = Literal["PASS", "WARN", "FAIL", "ERROR"]
EXIT_CODES: dict[Outcome, int] = {"PASS": 0, "WARN": 0, "FAIL": 1, "ERROR": 3}
FAIL_ON: tuple[Severity, ...] = ("critical", "warning")
STATE: dict[Severity, Literal["fail", "warn", "info"]] = {"critical": "fail", "warning": "warn", "info": "info"}
Options = Mapping[str, Mapping[str, Any]]
BESIDE = {"labels": ("precision", "budget", "seeds"), "labels.flagged": ("seeds",)}
"""Measure, else check, to the options that do not enter it: how many labels are flagged is not how many are wrong."""
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
class Loosened:
    """A demand that was made weaker than the suite has it, since the data was no better before."""

    measure: str
    """The measure's full name, or the expectation's."""
    limit: float
    """What the suite demands."""
    to: float
    """What was judged by."""
    source: str
    """Where the larger value comes from."""

    @property
    def words(self) -> str:
        """One sentence."""
        return f"{self.measure}: at most {self.limit:g} in the suite, {self.to:g} by {self.source}"

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
    """Every limit that was looked at, kept or not, as it was judged by."""
    fail_on: Severity = "critical"
    """The least severity that fails the gate."""
    loosened: tuple[Loosened, ...] = ()
    """Every demand that was judged by less than the suite says."""

    def __repr__(self) -> str:
        return f"Verdict({self.outcome}, {self.dataset!r} by suite {self.suite!r}, {len(self.breaches)} of {self.judged} demands not met)"

    def _repr_html_(self) -> str:
        return shown("audit.render.notebook:verdict", self)

    @property
    def passed(self) -> bool:
        """Whether training may go ahead."""
        return self.outcome in ("PASS", "WARN")

    @property
    def exit_code(self) -> int:
        """0 pass or warn, 1 fail, 3 could not decide."""
        return EXIT_CODES[self.outcome]

    def stops(self, breach: Breach) -> bool:
        """Whether this breach alone keeps the gate from passing."""
        return breach.severity == "error" or breach.severity in _failing(self.fail_on)

    def of(self, check: str) -> tuple[Breach, ...]:
        """The breaches of one check."""
        return tuple(b for b in self.breaches if b.check == check)

    def state(self, issues: Issues) -> State:
        """What to show beside a check."""
        worst = {b.severity for b in self.of(issues.check)}
        if issues.status == "error" or "error" in worst:
            return "error"
        if worst & _failing(self.fail_on):
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
            "loosened": [x.to_dict() for x in self.loosened],
        }


def own_suite(report: Report, where: str | Path = "") -> Suite:
    """The suite that the report was made for: by another, what it was asked to look at might not count."""
    own = parse_suite(report.demands, name=report.suite, path=str(where))
    if own.fingerprint != report.suite_fingerprint:
        raise InputError(
            f"{where or report.dataset.name}: suite {report.suite} cannot be rebuilt from the report; name it with --suite"
        )
    return own


def gate(report: Report, suite: Suite, *, fail_on: Severity = "critical", baseline: Baseline | None = None) -> Verdict:
    """Judge a report by a suite: every breach with its measure, limit and severity.

    ERROR outranks FAIL: a check that crashed, an expectation that did not run, a suite that demands nothing, a measure
    that was taken with other options than the suite's, or a limit whose measure is not there because its check broke. A
    limit whose measure is merely absent is a breach.

    Args:
        report: what the audit found.
        suite: what is demanded.
        fail_on: the least severity that fails the gate; `warning` leaves no WARN.
        baseline: an earlier audit that the data must not be worse than: each limit becomes the larger of its own and
            the value then, and so does the number of rows that break an expectation. What was loosened is in the
            verdict. InputError if it is of another kind of data.
    """
    loosened = _loosened(report, suite, baseline) if baseline else ()
    most = {x.measure: x.to for x in loosened}
    limits = tuple(replace(x, max=most.get(x.measure, x.max)) for x in suite.limits)
    breaches = [_broken(i) for i in report.errors]
    taken = report.options if report.options is not None else report.demands.get("checks", {})
    asked = as_written(suite.options)
    breaches += [b for x in limits if (b := _measured_otherwise(report, x, taken, asked) or _judge_limit(report, x))]
    breaches += [b for e in suite.expectations if (b := _judge_expectation(report, e, most.get(e.key, 0)))]
    judged = len(suite.limits) + len(suite.expectations)
    if suite.demands_nothing:
        why = f"the suite demands nothing{': all that stands in it is only told' if judged else ''}"
        breaches.append(Breach("suite", suite.name, None, None, "error", why))
    if not any(i.status == "ran" for i in report):
        breaches.append(Breach("audit", "checks", None, None, "error", "no check ran"))
    return Verdict(
        _outcome(breaches, fail_on), tuple(breaches), suite.name, suite.fingerprint, report.dataset.name,
        report.dataset.fingerprint, judged, limits, fail_on, loosened,
    )  # fmt: skip


def _loosened(report: Report, suite: Suite, baseline: Baseline) -> tuple[Loosened, ...]:
    """The demands of which the baseline asks less than the suite, in the suite's order."""
    card = report.dataset
    for what, before, now in (("kind", baseline.kind, card.kind), ("label column", baseline.label, card.roles.label)):
        if before != now:
            raise InputError(f"{baseline.source}: its {what} is {before!r}, that of {card.name} is {now!r}")
    then = [(x.measure, x.max, baseline.measures.get(x.measure, x.max)) for x in suite.limits]
    then += [(e.key, 0.0, float(baseline.broken.get(e.key, 0))) for e in suite.expectations]
    return tuple(Loosened(name, limit, was, baseline.source) for name, limit, was in then if was > limit)


def _failing(fail_on: Severity) -> set[Severity | Literal["error"]]:
    return {"critical", "warning"} if fail_on == "warning" else {"critical"}


def _outcome(breaches: list[Breach], fail_on: Severity) -> Outcome:
    worst = {b.severity for b in breaches}
    if "error" in worst:
        return "ERROR"
    if worst & _failing(fail_on):
        return "FAIL"
    return "WARN" if "warning" in worst else "PASS"


def _broken(issues: Issues) -> Breach:
    return Breach(issues.check, issues.check, None, None, "error", f"could not finish: {issues.why}")


def _judge_limit(report: Report, limit: Limit) -> Breach | None:
    measure, most = limit.measure, limit.max
    check = measure.split(".", 1)[0]
    value = report.upper.get(measure)
    if value is None:
        return Breach(check, measure, None, most, limit.severity, _why_absent(report, check, measure))
    if math.isnan(value):
        return Breach(check, measure, None, most, "error", f"{measure} is not a number")
    if value <= most:
        return None
    about = report.measures[measure]
    estimated = "" if about == value else f", the upper end of an estimate of {about:g},"
    return Breach(check, measure, value, most, limit.severity, f"{value:g}{estimated} is above {most:g}")


def _measured_otherwise(report: Report, limit: Limit, taken: Options, asked: Options) -> Breach | None:
    """A measure that was taken with other options than the suite asks for is not the one that it limits."""
    check = limit.measure.split(".", 1)[0]
    if limit.measure not in report.upper:
        return None
    without = BESIDE.get(limit.measure, BESIDE.get(check, ()))
    took, asks = ({k: v for k, v in x.get(check, {}).items() if k not in without} for x in (taken, asked))
    if took == asks:
        return None
    how = [", ".join(f"{k} = {v!r}" for k, v in said.items()) or "the defaults" for said in (took, asks)]
    why = f"was measured with {how[0]}, the suite asks for {how[1]}; audit the data again with this suite alone"
    return Breach(check, limit.measure, None, limit.max, "error", why)


def _why_absent(report: Report, check: str, measure: str) -> str:
    if check not in report.checks:
        return f"no check {check!r} ran; there is {', '.join(report.checks)}"
    issues = report[check]
    if issues.status != "ran":
        return f"not measured: {issues.why}"
    return f"{check} has no measure {measure!r}; it has {', '.join(f'{check}.{m}' for m in issues.measures)}"


def _judge_expectation(report: Report, expectation: Expectation, most: float) -> Breach | None:
    schema = report.checks.get("schema")
    lines = {line["key"]: line for line in schema.detail.get("expectations", [])} if schema else {}
    line = lines.get(expectation.key)
    if line is None or line["state"] == "error":
        absent = f"{expectation.key}: was not run in this audit; audit the data again with this suite"
        why = f"{line['words']}: {line['why']}" if line else absent
        return Breach("schema", expectation.key, None, None, "error", why)
    if line["state"] == "pass" or (most and line["examples"] and line["broken"] <= most):
        return None
    why = f"{line['words']}: {line['why']}"
    return Breach("schema", expectation.key, line["broken"], most, expectation.severity, why)
