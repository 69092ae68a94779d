"""The answer in one sentence, two more that say why, and at most three commands to go on with."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audit.render import words
from audit.render.findings import CONSEQUENCES, SENTENCES, Finding, findings
from audit.report import Report
from audit.verdict import Verdict

ROLE_OPTIONS = ("--label", "--text", "--image", "--features", "--id", "--group", "--split", "--weight", "--classes")
CHECK_NOUNS = {"labels": "label", "conflicts": "conflict", "duplicates": "duplicate", "outliers": "outlier",
               "imbalance": "balance"}  # fmt: skip
MENDS = {
    "labels": "prune", "conflicts": "prune", "schema": "prune", "missing": "prune",
    "duplicates": "deduplicate", "leakage": "deduplicate",
}  # fmt: skip
VARIANTS = "raw,pruned,relabelled,random-pruned"
PAST = {"error": "crashed", "fail": "failed", "warn": "warned", "pass": "passed", "not_checked": "not checked"}


@dataclass(frozen=True)
class Headline:
    """The first screen in words."""

    text: str
    lead: str
    tally: str
    """`2 checks fail, 1 warns, 4 pass, 1 was not checked.`"""


@dataclass(frozen=True)
class Step:
    """One thing to do next, and the command that does it."""

    text: str
    command: str


def headline(report: Report, verdict: Verdict) -> Headline:
    """What to do, why, and how many checks say so."""
    rows = findings(report, verdict)
    speak = {"PASS": _passed, "WARN": _warned, "FAIL": _failed, "ERROR": _undecided}[verdict.outcome]
    text, lead = speak(rows)
    return Headline(text, lead, tally(rows))


def tally(rows: Sequence[Finding]) -> str:
    """How many checks are in each state, in a sentence."""
    n = Counter(f.state for f in rows)
    parts = [
        (n["error"], "could not finish", "could not finish"), (n["fail"], "fails", "fail"), (n["warn"], "warns", "warn"),
        (n["pass"], "passes", "pass"), (n["not_checked"], "was not checked", "were not checked"),
    ]  # fmt: skip
    told = [f"{words.count(k)} {one if k == 1 else many}" for k, one, many in parts if k]
    if told:
        first, _, rest = told[0].partition(" ")
        told[0] = f"{first} {'check' if first == '1' else 'checks'} {rest}"
    return ", ".join(told) + "."


def short_tally(rows: Sequence[Finding]) -> str:
    """`2 failed, 1 warned, 4 passed, 1 not checked`."""
    n = Counter(f.state for f in rows)
    return ", ".join(f"{words.count(n[state])} {said}" for state, said in PAST.items() if n[state])


def _passed(rows: Sequence[Finding]) -> tuple[str, str]:
    n = sum(f.state == "pass" for f in rows)
    close = max((f for f in rows if f.state == "pass" and f.limit and f.value), key=lambda f: f.excess, default=None)
    margin = "No measure comes near its limit."
    if close is not None:
        limit = close.limit_text.removeprefix("at most ").removeprefix("warn above ").removeprefix("told above ")
        value = close.measured
        for unit in (words.PERCENT, words.TIMES):
            value = value.removesuffix(unit) if limit.endswith(unit) else value
        margin = f"Closest to its limit: {close.title.lower()}, {value} of {limit}."
    # what was found but is held to nothing must not hide behind a pass
    free = [f for f in rows if f.state == "pass" and f.limit is None and f.affected and f.check != "imbalance"]
    margin += "".join(f" {words.sentence(f.sentence)}, and no limit is set for that." for f in free[:1])
    return f"Ready to train: {words.plural(n, 'check passes', 'checks pass')}.", margin


def _warned(rows: Sequence[Finding]) -> tuple[str, str]:
    warned = [f for f in rows if f.state == "warn"]
    names = words.listing([f.title.lower() for f in warned])
    return f"You can train; look at {names} first.", " ".join(_why(f) for f in warned[:2])


def _failed(rows: Sequence[Finding]) -> tuple[str, str]:
    failed = [f for f in rows if f.state == "fail"]
    worst = max(failed, key=lambda f: f.affected)
    others = [f for f in failed if f is not worst][:1]
    also = [f"And {f.sentence}{_so(f)}." for f in others]
    first = _measured(worst) + ("" if others else _consequence(worst))
    return f"Do not train on this yet: {worst.sentence}.", " ".join([first, *also]).strip()


def _undecided(rows: Sequence[Finding]) -> tuple[str, str]:
    broken = [f for f in rows if f.state == "error"]
    first = broken[0]
    name = CHECK_NOUNS.get(first.check, first.title.lower())
    if first.check in SENTENCES and first.sentence.startswith("could not finish"):
        said, cause = f"the {name} check could not finish", first.sentence.partition(": ")[2]
    else:
        said, cause = f"the {name} could not be judged", first.sentence
    failed = [f.sentence for f in rows if f.state == "fail"]
    also = f" Besides, {words.listing(failed)}." if failed else ""
    return f"Could not decide: {said}.", f"{words.sentence(cause).rstrip('.')}. So nobody knows whether this data is fit.{also}"


def _measured(f: Finding) -> str:
    if f.limit is None or f.value is None:
        return ""
    limit = f"the limit is {f.limit_text.removeprefix('at most ').removeprefix('warn above ')}."
    span = f" ({f.note.partition(';')[0]})" if f.note.startswith("between") else ""
    if f.measured.endswith("%"):
        what = "labels" if f.check == "labels" else "rows"
        return f"That is {f.measured} of the {what}{span}; {limit}"
    return words.sentence(limit)


def _so(f: Finding) -> str:
    return f", so {CONSEQUENCES[f.check]}" if f.check in CONSEQUENCES and f.affected else ""


def _consequence(f: Finding) -> str:
    return f" {words.sentence(CONSEQUENCES[f.check])}." if f.check in CONSEQUENCES and f.affected else ""


def _why(f: Finding) -> str:
    return f"{words.sentence(f.sentence)}{_so(f)}."


# -- what to do next ---------------------------------------------------------------------------------------------------


def next_steps(report: Report, verdict: Verdict, report_path: str = "report/") -> tuple[Step, ...]:
    """At most three steps, each with a command that can be pasted as it stands."""
    data, roles, reference = _said_at_first(report)
    rows = findings(report, verdict)
    suite = shlex.quote(_option(report.command, "--suite") or verdict.suite)
    again = report.command or _command("assay audit", data, *roles, "-o", shlex.quote(report_path))
    if verdict.outcome == "ERROR":
        return (Step("Mend what could not finish, then audit again.", again),)
    mends = list(dict.fromkeys(MENDS[f.check] for f in rows if f.state in ("fail", "warn") and f.check in MENDS and f.affected))
    steps: list[Step] = []
    if mends:
        clean = _command("assay clean", data, *roles, "--report", shlex.quote(report_path), "--by", ",".join(mends), "-o clean/")
        steps.append(Step("Write a repaired copy. Nothing is lost: you can undo it.", clean))
    unmended = [f for f in rows if f.state == "fail" and f.check not in MENDS]
    if unmended:
        names = words.listing([f.title.lower() for f in unmended])
        steps.append(Step(f"Mend {names} at the source, then audit again.", again))
    if reference and ("prune" in mends or not mends):
        text = "Find out whether cleaning makes a better model."
        test = f"--test {reference} --variants {VARIANTS} -o runs/"
        steps.append(Step(text, _command("assay compare", data, *roles, test)))
    if verdict.passed:
        steps.append(Step("Hold the next version to the same limits.", _command("assay gate", data, *roles, "--suite", suite)))
    return tuple(steps[:3])


def _command(*parts: str) -> str:
    return " ".join(parts)


def _option(command: str, name: str) -> str:
    parts = _split(command)
    return next((b for a, b in zip(parts, parts[1:], strict=False) if a == name), "")


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an unclosed quote: then nothing is known of how it was said
        return []


def _said_at_first(report: Report) -> tuple[str, list[str], str]:
    """How the data, its roles and its reference were named when the audit was asked for, quoted for a shell."""
    parts = _split(report.command)
    data = shlex.quote(report.dataset.name)
    if parts[:2] == ["assay", "audit"] and len(parts) > 2 and not parts[2].startswith("-"):
        data = shlex.quote(parts[2])
    roles = [
        f"{name} {shlex.quote(value)}"
        for name, value in zip(parts, parts[1:], strict=False)
        if name in ROLE_OPTIONS
    ]  # fmt: skip
    reference = _option(report.command, "--reference")
    return data, roles, shlex.quote(reference) if reference else ""
