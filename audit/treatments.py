"""Repairs: `(Dataset, Report) → Patch`. Each leaves the dataset as it is and says what it would do, row by row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import StaleError, Undecided, UnknownName
from audit.noise.cut import at_precision
from audit.patch import Patch, empty_patch, make_patch
from audit.report import Issues, Report
from audit.review.decisions import DROP, KEEP, RELABEL, Settled

Treatment = Callable[..., Patch]
PRUNED_FOR = ("labels", "conflicts", "schema", "missing")
PRECISION = 0.8
"""Share of relabel's new labels that is expected to be right."""
CERTAIN = 0.99
"""reweight leaves rows alone whose label is at least so probably right: their weight would be 1 to the second decimal."""


def prune(data: Dataset, report: Report, *, checks: Sequence[str] = PRUNED_FOR) -> Patch:
    """Drop the rows that these checks flag: labels that look wrong, labels that contradict each other, broken rules,
    missing values. Outliers and rare classes are not faults by themselves and stay."""
    data = replace(data)  # its hashes may be of before its table was edited in place
    _one_was_asked(report, checks)
    lines = [_line("drop", row, f, name) for name in checks for row, f in _findings(data, report, name)]
    return _once(lines, data, "prune")


def relabel(data: Dataset, report: Report, *, precision: float = PRECISION) -> Patch:
    """Give flagged rows the suggested label, surest suggestions first: the longest list of which at least the share
    `precision` is expected to be right then."""
    data = replace(data)
    _one_was_asked(report, ("labels",))
    findings, by_name = _findings(data, report, "labels"), {str(c): c for c in data.classes}
    if not findings:
        return empty_patch(data.fingerprint, "relabel")
    right = report["labels"].scores["suggested_probability"].to_dict()
    sure = np.array([right[row] for row, _ in findings])
    lines = [
        {**_line("relabel", row, f, "labels"), "from": f["given"], "to": f["suggested"]}
        for (row, f), act in zip(findings, at_precision(sure, precision).flagged, strict=True)
        if act and f["suggested"] in by_name and f["suggested"] != f["given"]
    ]
    return _once(lines, data, "relabel")


def reweight(data: Dataset, report: Report) -> Patch:
    """Weigh each row by the probability that its label is right: `labels.score`, which is 1 - P(label wrong | views,
    label). The loss is then the one expected if every doubtful label counted only where it is true.

    Flagged or not, rows of which that is less than `CERTAIN` are weighted; the others keep their weight.
    """
    data = replace(data)
    _one_was_asked(report, ("labels",))
    _findings(data, report, "labels")  # of this data, and not of a check that broke
    score = report["labels"].scores["score"] if "labels" in report.checks else pd.Series(dtype=float)
    lines = [
        {"row": row, "action": "weight", "reason": f"the label is right with {p:.1%}", "score": p, "check": "labels",
         "weight": p}
        for row, p in score[score < CERTAIN].items()
    ]  # fmt: skip
    return _once(lines, data, "reweight")


def deduplicate(data: Dataset, report: Report) -> Patch:
    """Drop repeats beyond the first row of each set, near ones included, and rows that the reference or another split holds
    too.

    Of a leak between splits one side stays, the row that is tested on. Repeats that carry several labels stay where the
    report has found that they conflict: dropping all but the first would settle by their order which label is right, and
    hide that anybody has to.
    """
    data = replace(data)
    names = ("duplicates", "leakage")
    _one_was_asked(report, names)
    stay = {row for row, _ in _findings(data, report, "conflicts")} if "conflicts" in report.checks else set()
    repeats, leaks = (_findings(data, report, name) for name in names)
    within = report["leakage"].detail.get("within") if leaks else None
    tested = {f["twin"] for _, f in leaks if report.reference is None or (within is not None and f["group"] == within)}
    lines = [
        *(_line("drop", row, f, "duplicates") for row, f in repeats if str(row) not in tested and row not in stay),
        *(_line("drop", row, f, "leakage") for row, f in leaks),
    ]
    return _once(lines, data, "deduplicate")


def prune_at_random(data: Dataset, report: Report, *, seed: int = 0, rows: int | None = None) -> Patch:
    """Drop as many rows as `prune` would, chosen at random: the control that pruning has to beat."""
    data = replace(data)
    count = len(prune(data, report)) if rows is None else rows
    chosen = np.random.default_rng(seed).choice(len(data), size=min(count, len(data)), replace=False)
    reason = f"chosen at random, one of {count:,}"
    lines = [{"row": data.rows[p], "action": "drop", "reason": reason, "check": "random"} for p in np.sort(chosen)]
    return make_patch(lines, base=data.fingerprint, treatment="prune-at-random")


def review(data: Dataset, report: Report, *, settled: Mapping[str, Settled]) -> Patch:
    """Do what people decided: drop rows and give new labels; what they kept, doubt or disagree about stays as it is."""
    data = replace(data)
    check_fresh(data, report)
    by_id, classes = {str(row): row for row in data.rows}, {str(c) for c in data.classes}
    score = report["labels"].scores["score"] if "labels" in report.checks else pd.Series(dtype=float)
    lines = []
    for name, s in settled.items():
        if name not in by_id:
            raise UnknownName.of("row", name, by_id, where="the review")
        row = by_id[name]
        line = {"row": row, "action": s.outcome, "reason": s.reason, "score": score.get(row), "check": "review"}
        if s.outcome == RELABEL and s.label != str(data.given[row]):
            if s.label not in classes:
                raise UnknownName.of("class", s.label, data.classes, where=f"the review, row {name}")
            lines.append({**line, "from": data.given[row], "to": s.label})
        elif s.outcome == DROP:
            lines.append(line)
    return _once(lines, data, REVIEW)


REVIEW = "review"
TREATMENTS: dict[str, Treatment] = {
    t.__name__.replace("_", "-"): t for t in (prune, relabel, reweight, deduplicate, prune_at_random)
}


def treat(
    data: Dataset,
    report: Report,
    names: Sequence[str],
    *,
    seed: int = 0,
    checks: Sequence[str] | None = None,
    settled: Mapping[str, Settled] | None = None,
) -> Patch:
    """Compose the named treatments into one patch; a row that is dropped is neither relabelled nor weighted, and one
    that is relabelled is not weighted: its weight would be that of the label it no longer has.

    `settled` is what people decided, which the treatment `review` does; what a model says of the labels of rows that
    people settled then counts no more.
    """
    data = replace(data)
    check_fresh(data, report)
    for check in checks or ():
        if check not in report.checks:
            raise UnknownName.of("check", check, report.checks, where="report")
    said: dict[str, dict[str, Any]] = {"prune-at-random": {"seed": seed}, "prune": {"checks": checks} if checks else {}}
    patch = empty_patch(data.fingerprint)
    for name in names:
        if name == REVIEW and settled is not None:
            patch = patch.then(review(data, report, settled=settled))
            continue
        if name not in TREATMENTS:
            raise UnknownName.of("treatment", name, [*TREATMENTS, REVIEW])
        made = TREATMENTS[name](data, report, **said.get(name, {}))
        patch = patch.then(_outranked(made, settled) if settled and REVIEW in names else made)
    row, action = patch.table["row"], patch.table["action"]
    dropped = row.isin(patch.rows("drop").index) & (action != "drop")
    mended = row.isin(patch.rows("relabel").index) & (action == "weight")
    return Patch(patch.table[~dropped & ~mended].reset_index(drop=True), patch.base, patch.treatment)


def _outranked(patch: Patch, settled: Mapping[str, Settled]) -> Patch:
    """A patch without what the labels check says of rows that people settled, kept ones included."""
    sure = {row for row, s in settled.items() if s.outcome in (KEEP, RELABEL, DROP)}
    table = patch.table
    gone = (table["check"] == "labels") & table["row"].map(str).isin(sure)
    return Patch(table[~gone].reset_index(drop=True), patch.base, patch.treatment)


def check_fresh(data: Dataset, report: Report) -> None:
    """StaleError if the report is of other data, or of the same data in other roles."""
    if report.dataset.fingerprint != data.fingerprint:
        raise StaleError(
            f"the report is of {report.dataset.name} {report.dataset.fingerprint[:12]}…, {data.name} is "
            f"{data.fingerprint[:12]}…: other data, or other roles; audit it again"
        )


def _one_was_asked(report: Report, checks: Sequence[str]) -> None:
    """A repair by checks that nobody ran would do nothing and look like a clean bill."""
    if not set(checks) & set(report.checks):
        asked = ", ".join(report.checks)
        raise Undecided(f"none of the checks to repair by ({', '.join(checks)}) is in the report; it has {asked}")


def _findings(data: Dataset, report: Report, check: str) -> list[tuple[Hashable, dict[str, Any]]]:
    """The check's findings, worst first; StaleError if they are of other data, Undecided if the check broke."""
    check_fresh(data, report)
    if check not in report.checks:
        return []
    issues: Issues = report[check]
    if issues.status == "error":
        raise Undecided(f"the {check} check could not finish, so there is nothing to repair by: {issues.why}")
    lines: list[dict[str, Any]] = issues.findings.to_dict("records")  # type: ignore[assignment]  # names are text
    return list(zip(issues.findings.index, lines, strict=True))


def _line(action: str, row: Hashable, finding: dict[str, Any], check: str) -> dict[str, Any]:
    return {"row": row, "action": action, "reason": finding["reason"], "score": finding["score"], "check": check}


def _once(lines: list[dict[str, Any]], data: Dataset, treatment: str) -> Patch:
    """One line a row, the first that speaks of it, in the data's order."""
    if not lines:
        return empty_patch(data.fingerprint, treatment)
    first: dict[Hashable, dict[str, Any]] = {}
    for line in lines:
        first.setdefault(line["row"], line)
    places = data.rows.get_indexer(pd.Index(list(first)))
    ordered = [line for _, line in sorted(zip(places.tolist(), first.values(), strict=True), key=itemgetter(0))]
    return make_patch(ordered, base=data.fingerprint, treatment=treatment)
