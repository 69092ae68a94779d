"""One finding a check in plain words, in the order a reader needs them; all faces print these."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import pandas as pd

from audit.render import words
from audit.render.sentences import Said, say
from audit.report import Card, Issues, Report
from audit.suite import Limit, Severity
from audit.verdict import Breach, State, Verdict

STATES: tuple[State, ...] = ("error", "fail", "warn", "pass", "not_checked")
SEVERITIES = ("error", "critical", "warning", "info")
TITLES = {
    "schema": "Schema", "labels": "Labels", "conflicts": "Conflicts", "duplicates": "Duplicates",
    "outliers": "Outliers", "leakage": "Leakage", "imbalance": "Balance", "missing": "Missing",
    "non_iid": "Order", "valuation": "Worth",
}  # fmt: skip
CONSEQUENCES = {
    "schema": "the data is not what its suite promises",
    "labels": "a model would learn the mistakes",
    "conflicts": "no model can learn both labels",
    "duplicates": "they would count more than once",
    "outliers": "they may not belong here",
    "leakage": "test scores would flatter the model",
    "imbalance": "the smallest classes would be learnt worst",
    "missing": "a model would have to guess there",
    "non_iid": "parts cut out by position would not be alike",
    "valuation": "a vote of neighbours is right more often without them",
}
HELP = {
    "schema": "mend them at the source, or drop the rows: assay clean --by prune",
    "labels": "drop them (assay clean --by prune) or give them the label they look like (--by relabel)",
    "conflicts": "settle which label is right, or drop the rows: assay clean --by prune",
    "duplicates": "keep the first of each set: assay clean --by deduplicate",
    "outliers": "look at them before you drop any: far is not wrong",
    "leakage": "drop the twins here, never the test rows: assay clean --by deduplicate",
    "imbalance": "collect more rows of the smallest classes, or give them more weight",
    "missing": "fill them at the source, or drop the rows: assay clean --by prune",
    "non_iid": "shuffle before you split; where the rows follow time, hold out the latest",
    "valuation": "look at their labels first, then at what else sets them apart",
}
HEADLINE_MEASURES = {
    "schema": "failed", "labels": "rate", "conflicts": "count", "duplicates": "exact.count", "outliers": "rate",
    "leakage": "exact.count", "imbalance": "ratio", "missing": "rate",
    "non_iid": "evidence", "valuation": "rate",
}  # fmt: skip
ESTIMATES = {
    "rate": ("estimated", "that share"), "count": ("estimated", "that number"),
    "rate_low": ("lower end", "the lower end of that share"), "rate_high": ("upper end", "the upper end of that share"),
    "flagged": ("flagged", "the number of flagged labels"),
}  # fmt: skip
"""Measures of the label check: what stands beside the number, and what the limit is on."""
NO_LIMIT = "no limit set"
MOST_PRUNED = 0.5
"""A larger share of the rows than this is not dropped on our advice: then the rule or the source is wrong."""


@dataclass(frozen=True)
class Finding:
    """What one check says, ready to print."""

    check: str
    title: str
    state: State
    sentence: str
    """`1,141 labels look wrong`: no full stop."""
    note: str
    """`between 5.3 and 6.1 %`; empty when there is nothing to add."""
    measured: str
    limit_text: str
    value: float | None
    limit: float | None
    excess: float
    """Value over limit: above 1 breaches it, infinity when the limit is 0, 0 when there is no limit."""
    affected: int
    """How many rows, labels or rules the sentence is about."""
    measure: str = ""
    """Which of the check's measures is held against the limit."""

    @property
    def basis(self) -> str:
        """What kind of number was measured, where a check has several: `estimated`, `upper end`, `flagged`."""
        known = self.check == "labels" and self.measure in ESTIMATES and self.value is not None
        return ESTIMATES[self.measure][0] if known else ""

    @property
    def aside(self) -> str:
        """As much of the note as has room beside the sentence in a table: the interval first of all."""
        return "" if self.check == "imbalance" else self.note.partition(";")[0]


@dataclass(frozen=True)
class Judged:
    """The measure that decided a check's state, beside its limit."""

    measure: str
    value: float | None = None
    limit: float | None = None
    severity: Severity = "critical"

    @property
    def excess(self) -> float:
        """Value over limit."""
        if self.value is None or self.limit is None:
            return 0.0
        return self.value / self.limit if self.limit else math.inf if self.value else 0.0


def findings(report: Report, verdict: Verdict) -> tuple[Finding, ...]:
    """Every check's finding: errors, failures, warnings, passes, then what was not checked; worst excess first."""
    made = [finding(issues, verdict, report.dataset) for issues in report]
    made += [_stray(b) for b in verdict.breaches if b.check not in report.checks and b.severity != "info"]
    return tuple(sorted(made, key=lambda f: (STATES.index(f.state), -f.excess, -f.affected)))


def finding(issues: Issues, verdict: Verdict, card: Card) -> Finding:
    """What one check found, in a sentence, beside the limit it was judged by."""
    state = verdict.state(issues)
    judged = _judged(issues, verdict)
    said = _said(issues, verdict, card, state)
    measured, limit = against(judged.measure, judged.value, judged.limit)
    if judged.limit is None and judged.measure == "exact.count" and judged.value is not None:
        measured = words.count(said.affected)  # no limit says which sense of "the same" is meant: all of them
    prefix = {"critical": "at most", "warning": "warn above", "info": "told above"}[judged.severity]
    sense = judged.measure.rpartition(".")[0]  # exact, normalised or near: a check may have a limit for each
    return Finding(
        check=issues.check,
        title=title(issues.check),
        state=state,
        sentence=said.sentence,
        note=said.note,
        measured=measured,
        limit_text=NO_LIMIT if judged.limit is None else f"{prefix} {limit}" + (f" ({sense})" if sense else ""),
        value=judged.value,
        limit=judged.limit,
        excess=judged.excess,
        affected=said.affected,
        measure=judged.measure,
    )


def help_for(f: Finding) -> str:
    """What can be done about it; empty when nothing has to be."""
    if f.state == "error":
        return "mend what it names, then audit again"
    if f.state not in ("fail", "warn") or not f.affected:
        return ""
    if f.check == "missing" and f.value is not None and f.measured.endswith("%") and f.value > MOST_PRUNED:
        return "fill them at the source: pruning would drop most of the data"
    return HELP.get(f.check, "")


def title(check: str) -> str:
    """What a check is called on a page."""
    return TITLES.get(check, words.visible(check))


def against(measure: str, value: float | None, limit: float | None) -> tuple[str, str]:
    """A value and its limit in words, with as many decimals as it takes to tell them apart."""
    if measure.endswith(("rate", "share", "rate_low", "rate_high")):
        pairs = ((words.share(value, p), words.share(limit, p)) for p in (None, 2, 3, 4))
        first = next(pairs)
        return first if value == limit or first[0] != first[1] else next((p for p in pairs if p[0] != p[1]), first)
    if measure.endswith("ratio"):
        return words.ratio(value), words.UNKNOWN if limit is None else f"{limit:g}{words.TIMES}"
    unit = " broken" if measure == "failed" else ""
    return words.number(value) + (unit if words.known(value) else ""), words.number(limit)


def _stray(breach: Breach) -> Finding:
    """A demand of the suite that no check answers must be seen all the same."""
    state: State = {"error": "error", "critical": "fail", "warning": "warn"}[breach.severity]  # type: ignore[assignment]
    limit = NO_LIMIT if breach.limit is None else f"at most {words.number(breach.limit)}"
    return Finding(breach.check, title(breach.check), state, words.visible(breach.why), "", words.UNKNOWN, limit,
                   breach.value, breach.limit, 0.0, 0)  # fmt: skip


def how_sure(issues: Issues, row: Hashable) -> str:
    """`99.7 % sure`: how probable the suggested label is; empty where the check does not say."""
    column = issues.scores.get("suggested_probability")
    return words.sure(None if column is None else column.get(row))


@dataclass(frozen=True)
class Line:
    """One flagged row in a line of text."""

    row: str
    text: str
    aside: str = ""


def example_lines(issues: Issues, most: int = 3) -> tuple[Line, ...]:
    """The worst rows of a check, a line each; none where rows say nothing (class balance)."""
    if issues.check == "imbalance":
        return ()
    return tuple(_line(issues, row, found) for row, found in issues.findings.head(most).iterrows())


def _line(issues: Issues, row: Hashable, found: pd.Series) -> Line:
    if issues.check == "labels":
        text = f"{words.visible(found['given'])}, looks like {words.visible(found['suggested'])}"
        return Line(words.row_name(row), text, how_sure(issues, row))
    return Line(words.row_name(row), words.visible(found["reason"]))


# -- which measure decides ---------------------------------------------------------------------------------------------


def _judged(issues: Issues, verdict: Verdict) -> Judged:
    if issues.status == "ran" and issues.check == "schema":
        return _judged_rules(issues, verdict)
    broken = [_of_breach(b) for b in verdict.of(issues.check) if b.limit is not None]
    if broken:
        return min(broken, key=lambda j: (SEVERITIES.index(j.severity), -j.excess))
    held = [_of_limit(x, issues) for x in verdict.limits if x.measure.split(".", 1)[0] == issues.check]
    if held:
        return min(held, key=lambda j: (-j.excess, SEVERITIES.index(j.severity)))
    measure = HEADLINE_MEASURES.get(issues.check) or next(iter(issues.measures), "count")
    return Judged(measure, issues.measures.get(measure))


def _judged_rules(issues: Issues, verdict: Verdict) -> Judged:
    severities = [b.severity for b in verdict.of("schema") if b.value]
    severity: Severity = "warning" if severities and "critical" not in severities else "critical"
    failed = issues.measures.get("failed", 0)
    # rules that another suite asked for are not this verdict's limit
    asked = issues.detail.get("expectations") and (severities or not failed)
    return Judged("failed", failed, 0 if asked else None, severity)


def _of_breach(breach: Breach) -> Judged:
    severity = "critical" if breach.severity == "error" else breach.severity
    return Judged(breach.measure.split(".", 1)[-1], breach.value, breach.limit, severity)


def _of_limit(limit: Limit, issues: Issues) -> Judged:
    measure = limit.measure.split(".", 1)[-1]
    return Judged(measure, issues.measures.get(measure), limit.max, limit.severity)


# -- what it says ------------------------------------------------------------------------------------------------------


def _said(issues: Issues, verdict: Verdict, card: Card, state: State) -> Said:
    why = words.visible(issues.why)
    if issues.status == "error":
        return Said(f"could not finish: {why}", 0)
    if issues.status == "not_applicable":
        if state == "not_checked":
            return Said(f"not checked: {why}", 0)
        return Said(f"not measured, though the suite sets a limit: {why}", 0)
    absent = [b.why for b in verdict.of(issues.check) if b.value is None]
    if absent:
        return Said(f"could not be judged: {words.visible(absent[0])}", len(absent))
    return say(issues, card)
