"""The answer in one sentence, and two more that say why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audit.render import words
from audit.render.findings import CONSEQUENCES, ESTIMATES, Finding, findings
from audit.report import Report
from audit.verdict import Verdict

CHECK_NOUNS = {"labels": "label", "conflicts": "conflict", "duplicates": "duplicate", "outliers": "outlier",
               "imbalance": "balance"}  # fmt: skip
PAST = {"error": "crashed", "fail": "failed", "warn": "warned", "pass": "passed", "not_checked": "not checked"}


@dataclass(frozen=True)
class Headline:
    """The first screen in words."""

    text: str
    lead: str
    tally: str
    """`2 checks fail, 1 warns, 4 pass, 1 was not checked.`"""


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
