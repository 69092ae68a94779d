"""The answer in one sentence, two more that say why, and at most three commands to go on with."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from audit.render import words
from audit.render.findings import CONSEQUENCES, ESTIMATES, MOST_PRUNED, Finding, findings
from audit.report import Report
from audit.verdict import Verdict

ROLE_OPTIONS = (
    "--label", "--text", "--image", "--features", "--id", "--group", "--split", "--weight", "--columns", "--table",
)  # fmt: skip
FLAGS = ("--force", "--quiet", "--no-label")
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
    then: str = ""
    """The command that finishes it."""
    instead: bool = False
    """Whether this is another way to do what the step before it does."""


def headline(report: Report, verdict: Verdict) -> Headline:
    """What to do, why, and how many checks say so."""
    rows = findings(report, verdict)
    speak = {"PASS": _passed, "WARN": _warned, "FAIL": _failed, "ERROR": _undecided}[verdict.outcome]
    text, lead = speak(rows)
    return Headline(text, lead, tally(rows))


def tally(rows: Sequence[Finding]) -> str:
    """How many checks are in each state, in a sentence."""
    n: Counter[str] = Counter(f.state for f in rows)
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
    n: Counter[str] = Counter(f.state for f in rows)
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
        basis = f"{close.basis} " if close.basis else ""
        margin = f"Closest to its limit: {close.title.lower()}, {basis}{value} of {limit}."
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
    others = [f for f in failed if f is not worst and f.value is not None][:1]
    if worst.value is None:  # a limit on something that was not measured
        return (
            f"Do not train on this yet: {worst.title.lower()} could not be judged.",
            f"{words.sentence(worst.sentence)}.",
        )
    also = [f"And {f.sentence}{_so(f)}." for f in others]
    first = _measured(worst) + ("" if others else _consequence(worst))
    return f"Do not train on this yet: {worst.sentence}.", " ".join([first, *also]).strip()


def _undecided(rows: Sequence[Finding]) -> tuple[str, str]:
    broken = [f for f in rows if f.state == "error"]
    first = broken[0]
    name = CHECK_NOUNS.get(first.check, first.title.lower())
    if first.sentence.startswith("could not finish"):
        said, cause = f"the {name} check could not finish", first.sentence.partition(": ")[2]
    else:
        said, cause = f"the {name} could not be judged", first.sentence
    failed = [f.sentence for f in rows if f.state == "fail"]
    also = f" Besides, {words.listing(failed)}." if failed else ""
    return (
        f"Could not decide: {said}.",
        f"{words.sentence(cause).rstrip('.')}. So nobody knows whether this data is fit.{also}",
    )


def _measured(f: Finding) -> str:
    if f.limit is None or f.value is None:
        return ""
    limit = f"the limit is {f.limit_text.removeprefix('at most ').removeprefix('warn above ')}."
    if f.basis and f.aside:  # of several numbers one is held against the limit
        return f"{words.sentence(f.aside)}; {limit.replace('limit', f'limit on {ESTIMATES[f.measure][1]}', 1)}"
    if f.measured.endswith("%"):
        return f"That is {f.measured} of the {'labels' if f.check == 'labels' else 'rows'}; {limit}"
    return words.sentence(limit)


def _so(f: Finding) -> str:
    return f", so {CONSEQUENCES[f.check]}" if f.check in CONSEQUENCES and f.affected else ""


def _consequence(f: Finding) -> str:
    return f" {words.sentence(CONSEQUENCES[f.check])}." if f.check in CONSEQUENCES and f.affected else ""


def _why(f: Finding) -> str:
    return f"{words.sentence(f.sentence)}{_so(f)}."


# -- what to do next ---------------------------------------------------------------------------------------------------


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
    steps = [_settle(f, said) for f in doubtful if f in wrong]
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
    steps += [_settle(f, said) for f in doubtful if f not in wrong]
    return tuple(steps[:3])


def _settle(labels: Finding, said: _Said) -> Step:
    """The review page, and what carries out what is decided there."""
    many = words.plural(labels.affected, "doubtful label")
    text = f"Settle the {many} yourself, one key each; then apply what you decided."
    return Step(text, _command("assay review", said.folder), _clean(said, ["review"]))


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
