"""What to do next: at most three steps, with commands that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from audit.render import words
from audit.render.findings import MOST_PRUNED, Finding, findings
from audit.report import Report
from audit.verdict import Verdict

ROLE_OPTIONS = (
    "--label", "--text", "--image", "--features", "--id", "--group", "--split", "--weight", "--columns", "--table",
)  # fmt: skip
FLAGS = ("--force", "--no-label")
MENDS = {
    "labels": "prune", "conflicts": "prune", "schema": "prune", "missing": "prune",
    "duplicates": "deduplicate", "leakage": "deduplicate",
}  # fmt: skip
VARIANTS = "raw,pruned,relabelled,random-pruned"


@dataclass(frozen=True)
class Step:
    """One thing to do next, and the command that does it."""

    text: str
    command: str
    then: str = ""
    """The command that finishes it."""
    instead: bool = False
    """Whether this is another way to do what the step before it does."""


def next_steps(report: Report, verdict: Verdict, report_path: str | None = None) -> tuple[Step, ...]:
    """At most three steps, each with a command that can be pasted as it stands.

    The data, its roles and the reference are named as the audit's own command named them; so is the report's folder
    unless `report_path` names it.
    """
    said = _said(report, report_path)
    again = report.command or _command("assay audit", said.data, *said.roles, "-o", said.folder)
    if verdict.outcome == "ERROR":
        return (Step("Mend what could not finish, then audit again.", again),)
    rows = findings(report, verdict)
    wrong = [f for f in rows if f.state in ("fail", "warn")]
    mends = list(dict.fromkeys(MENDS[f.check] for f in wrong if f.check in MENDS and f.affected))
    ruinous = _ruinous(report)
    if ruinous:
        mends = [m for m in mends if m != "prune"]
    doubtful = [f for f in rows if f.check == "labels" and f.affected and f.check not in ruinous]
    looked = report["labels"].detail.get("people", {}).get("looked", 0) if doubtful else 0
    steps = [_settle(f, said, looked) for f in doubtful if f in wrong]
    if mends:
        text = "Or let the flags decide. Nothing" if steps else "Write a repaired copy. Nothing"
        steps.append(Step(f"{text} is lost: you can undo it.", _clean(said, mends), instead=bool(steps)))
    unmended = [f.title.lower() for f in wrong if f.state == "fail" and (_beyond(f) or f.check in ruinous)]
    if unmended:
        steps.append(Step(f"Mend {words.listing(unmended)} at the source, then audit again.", again))
    if said.reference and ("prune" in mends or not mends):
        test = f"--test {said.reference} --variants {VARIANTS} -o runs/"
        steps.append(
            Step(
                "Find out whether cleaning makes a better model.",
                _command("assay compare", said.data, *said.roles, test),
            )
        )
    if verdict.passed:
        again = _command("assay gate", said.data, *said.roles, *said.judged)
        steps.append(Step("Hold the next version to the same limits.", again))
    steps += [_settle(f, said, looked) for f in doubtful if f not in wrong]
    return tuple(steps[:3])


def _settle(labels: Finding, said: _Said, looked: int) -> Step:
    """The review page, and what carries out what is decided there; that alone where people have looked at all."""
    apply = _clean(said, ["review"])
    left = labels.affected - looked
    if left <= 0:
        return Step("Apply what people decided about the doubtful labels.", apply)
    many = words.plural(left, f"{'other ' if looked else ''}doubtful label")
    text = f"Settle the {many} yourself, one key each; then apply what you decided."
    return Step(text, _command("assay review", said.folder), apply)


def _clean(said: _Said, by: Sequence[str]) -> str:
    columns = [r for r in said.roles if r.startswith("--columns")]  # the report remembers the other roles
    return _command("assay clean", said.data, *columns, f"--report {said.folder} --by {','.join(by)} -o clean/")


def review_command(report: Report, folder: str | None) -> str:
    """The page on which people settle the labels of the report in `folder`."""
    return _command("assay review", _said(report, folder).folder)


def apply_command(report: Report, folder: str, data: str | None = None) -> str:
    """What carries out what was decided in the review of the report in `folder`; `data` is where the data lies now."""
    said = _said(report, folder)
    return _clean(replace(said, data=shlex.quote(data)) if data else said, ["review"])


def gate_command(report: Report, where: str) -> str:
    """The gate that holds a repaired copy to what the report was made for: the same suite, the same reference."""
    said = _said(report, None)
    roles = said.roles if said.reference else ()  # the copy remembers its roles, the reference does not
    return _command("assay gate", shlex.quote(where), *roles, *said.judged)


def _beyond(f: Finding) -> bool:
    """Whether no command of ours mends it: none does, or too many labels are wrong and none of them is flagged."""
    return f.check not in MENDS or (f.check == "labels" and bool(f.value) and not f.affected)


def _ruinous(report: Report) -> list[str]:
    """The checks that flag so many rows that pruning, which drops them all, would leave another dataset."""
    most = MOST_PRUNED * report.dataset.rows
    return [c for c, mend in MENDS.items() if mend == "prune" and c in report.checks and len(report[c].flagged) > most]


@dataclass(frozen=True)
class _Said:
    """How things were named when the audit was asked for, quoted for a shell."""

    data: str
    roles: tuple[str, ...]
    reference: str
    suite: str
    folder: str

    @property
    def judged(self) -> tuple[str, ...]:
        """The options that make a gate look at what this audit looked at."""
        named = (("--reference", self.reference), ("--suite", self.suite))
        return tuple(f"{option} {value}" for option, value in named if value)


def _said(report: Report, report_path: str | None) -> _Said:
    parts = _split(report.command)
    roles = [f"{a} {shlex.quote(b)}" for a, b in pairwise(parts) if a in ROLE_OPTIONS]
    roles += ["--no-label"] * ("--no-label" in parts)
    reference, suite = (_option(report.command, name) for name in ("--reference", "--suite"))
    folder = report_path or _option(report.command, "-o") or _option(report.command, "--output") or "report/"
    return _Said(
        data=shlex.quote(_positional(parts) or report.dataset.name),
        roles=tuple(roles),
        reference=shlex.quote(reference) if reference else "",
        suite=shlex.quote(suite) if suite else "",
        folder=shlex.quote(folder),
    )


def _positional(parts: Sequence[str]) -> str:
    """DATA in `assay audit … DATA …`: the first word that is neither an option nor an option's value."""
    rest = iter(parts[2:] if parts[1:2] == ["audit"] else ())
    for word in rest:
        if not word.startswith("-"):
            return word
        if word not in FLAGS and "=" not in word:
            next(rest, None)
    return ""


def _command(*parts: str) -> str:
    return " ".join(parts)


def _option(command: str, name: str) -> str:
    parts = _split(command)
    return next((b for a, b in pairwise(parts) if a == name), "")


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an unclosed quote: then nothing is known of how it was said
        return []
