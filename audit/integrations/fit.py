"""`assert_fit`: the gate as an assertion, for tests, notebooks and training scripts."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.address import short
from audit.checks import Check
from audit.dataset import Dataset
from audit.errors import InputError, StaleError, Undecided, UnknownName
from audit.evidence.given import Given
from audit.render.demands import Demand, demands
from audit.render.words import visible
from audit.report import Report
from audit.run import audit
from audit.sources import load
from audit.suite import Severity, Suite, default_suite, read_suite
from audit.suite.baseline import Baseline, read_baseline
from audit.verdict import FAIL_ON, Verdict, gate, own_suite

ROWS = 3
"""Rows shown of a demand that is not met."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A report, the suite it was judged by, and the verdict."""

    report: Report
    suite: Suite
    verdict: Verdict

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Every demand and what became of it."""
        return demands(self.report, self.suite, self.verdict)


def assert_fit(
    data: Any,
    suite: str | Path | Suite | None = None,
    *,
    reference: Any = None,
    report: str | Path | Report | None = None,
    checks: Sequence[str | Check] | None = None,
    given: Given | None = None,
    fail_on: Severity = "critical",
    baseline: str | Path | Baseline | None = None,
    cache: str | Path | None = None,
    seed: int = 0,
    **roles: Any,
) -> Verdict:
    """Return the verdict if the data passes the gate; raise if it does not.

    Args:
        data: a Dataset, or anything `load` takes.
        suite: a suite, its file or the name of a shipped one; by default the one shipped for this kind of data, or
            with `report` the one that the report was made for.
        reference: what leakage is looked for in, usually the test set; read with the same roles.
        report: an audit of this very data, or its folder: nothing is audited then.
        checks: the checks to run; all by default. One that is demanded and left out is a demand not met.
        given: evidence that you bring.
        fail_on: the least severity that fails the gate.
        baseline: an earlier audit.json: demand no less than was met then.
        cache: a folder in which evidence is kept for the next time.
        seed: one seed, one result.
        **roles: what `load` takes beside the data (`label="y"`, ...); of no use with a Dataset.

    Raises:
        AssertionError: the gate fails: each demand that is not met, by how much, and the worst rows.
        Undecided: nobody can tell whether the data is fit: a check crashed, nothing was demanded, or the report is of
            other data. Not an AssertionError.
        InputError: the data or the suite is not what it must be.
    """
    found = judged(
        data, suite, reference=reference, report=report, checks=checks, given=given, fail_on=fail_on,
        baseline=baseline, cache=cache, seed=seed, **roles,
    )  # fmt: skip
    name, by = visible(short(found.verdict.dataset)), f"by suite {found.suite.name}"
    if errors := [d.why for d in found.demands if d.result == "error"]:
        raise Undecided(f"{name}: cannot be judged {by}: {visible('; '.join(errors))}")
    if not found.verdict.passed:
        failed = [d for d in found.demands if d.result == "fail"]
        counted = f"{len(failed)} of {found.verdict.judged} demands not met"
        raise AssertionError(f"{name} is not fit to train on {by}: {counted}\n{told(found, failed)}")
    return found.verdict


def judged(
    data: Any,
    suite: str | Path | Suite | None = None,
    *,
    reference: Any = None,
    report: str | Path | Report | None = None,
    checks: Sequence[str | Check] | None = None,
    given: Given | None = None,
    fail_on: Severity = "critical",
    baseline: str | Path | Baseline | None = None,
    cache: str | Path | None = None,
    seed: int = 0,
    **roles: Any,
) -> Judged:
    """Audit and judge, or judge the report of an audit; the arguments are `assert_fit`'s."""
    known = list(inspect.signature(load).parameters)[1:]
    for role in roles:
        if role not in known:
            raise UnknownName.of("argument", role, known, where="assert_fit")
    if fail_on not in FAIL_ON:
        raise UnknownName.of("severity", fail_on, FAIL_ON, where="fail_on")
    limits = read_baseline(baseline) if isinstance(baseline, (str, Path)) else baseline
    dataset = _dataset(data, roles)
    if report is not None:
        auditing = {"reference": reference, "checks": checks, "given": given, "cache": cache, "seed": seed or None}
        read = _report_of(report, dataset, auditing)
        demanded = _suite(suite) or own_suite(read)
    else:
        compared = None if reference is None else _dataset(reference, roles)
        demanded = _suite(suite) or default_suite(dataset, compared)
        with warnings.catch_warnings():
            # Under the filter "error", which many test suites set, a library's deprecation would break a check.
            warnings.simplefilter("ignore")
            read = audit(
                dataset, reference=compared, suite=demanded, given=given or Given(), checks=checks, seed=seed,
                cache=None if cache is None else Path(cache),
            )  # fmt: skip
    return Judged(read, demanded, gate(read, demanded, fail_on=fail_on, baseline=limits))


def told(found: Judged, broken: Sequence[Demand]) -> str:
    """Each of these demands: what was found, what is accepted, by how much it is over, the worst rows."""
    over = {
        b.measure: f", over by {b.value - b.limit:.6g}"
        for b in found.verdict.breaches
        if b.value is not None and b.limit is not None and b.check == b.measure.split(".", 1)[0]
    }
    lines: list[str] = []
    for demand in broken:
        lines.append(f"  {visible(demand.why)}{over.get(demand.name, '')}")
        lines += [f"    row {visible(row)} {visible(why)}" for row, why in demand.rows[:ROWS]]
        if len(demand.rows) > ROWS:
            lines.append(f"    … {len(demand.rows):,} rows in all")
    return "\n".join(lines)


def _dataset(data: Any, roles: Mapping[str, Any]) -> Dataset:
    """The data as it is now: what a Dataset has kept of itself is of before it was edited in place."""
    if not isinstance(data, Dataset):
        return load(data, **roles)
    if roles:
        raise InputError(f"{data.name}: {', '.join(roles)}: the data has its roles already; give them to load")
    return replace(data)


def _report_of(report: str | Path | Report, data: Dataset, auditing: Mapping[str, Any]) -> Report:
    """The report, if it is of this data. StaleError if not, InputError where an argument asks for an audit."""
    if asked := [name for name, value in auditing.items() if value is not None]:
        raise InputError(f"{data.name}: {', '.join(asked)}: goes with an audit, and a report was given")
    read = report if isinstance(report, Report) else Report.read(Path(report))
    if read.dataset.fingerprint != data.fingerprint:
        raise StaleError(f"{data.name}: the report is of other data ({read.dataset.name}); audit this data again")
    return read


def _suite(suite: str | Path | Suite | None) -> Suite | None:
    return suite if suite is None or isinstance(suite, Suite) else read_suite(suite)
