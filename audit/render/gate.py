"""A verdict by itself, for a terminal and for a pull request."""

from __future__ import annotations

import textwrap
from pathlib import PurePath

from audit.verdict import Breach, Outcome, Verdict

WIDTH = 80
COLOURS: dict[str, str] = {"PASS": "32", "WARN": "33", "FAIL": "1;31", "ERROR": "35"}
WORD: dict[str, Outcome] = {"error": "ERROR", "critical": "FAIL", "warning": "WARN", "info": "PASS"}
RANK = ("error", "critical", "warning", "info")


def gate_terminal(verdict: Verdict, *, colour: bool = False) -> str:
    """Every breach, worst first, then one line that says it all."""
    lines = [line for b in _ordered(verdict) for line in _breach_lines(b, colour=colour)]
    if lines:
        lines.append("")
    return "\n".join([*lines, _summary(verdict, colour=colour)])


def gate_markdown(verdict: Verdict) -> str:
    """The same for a pull-request comment."""
    head = f"**{verdict.outcome}** `{_plain(verdict.dataset)}` by suite `{_plain(verdict.suite)}`"
    if not verdict.breaches:
        return f"{head}: {_held(verdict)}\n"
    table = ["| | measure | found | at most | why |", "|---|---|--:|--:|---|"]
    for b in _ordered(verdict):
        found = "–" if b.value is None else f"{b.value:g}"
        most = "–" if b.limit is None else f"{b.limit:g}"
        cells = (WORD[b.severity], f"`{_plain(b.measure)}`", found, most, _plain(b.why).replace("|", "\\|"))
        table.append("| " + " | ".join(cells) + " |")
    return "\n".join([head, "", *table, ""])


def _ordered(verdict: Verdict) -> list[Breach]:
    return sorted(verdict.breaches, key=lambda b: RANK.index(b.severity))


def _breach_lines(breach: Breach, *, colour: bool) -> list[str]:
    word = WORD[breach.severity] if breach.severity != "info" else "info"
    shown = f"\x1b[{COLOURS[word]}m{word:<5}\x1b[0m" if colour and word in COLOURS else f"{word:<5}"
    is_rule = breach.measure.split(".", 1)[0] != breach.check
    said = breach.why if is_rule else f"{breach.measure}: {breach.why}"
    if breach.value is not None and breach.limit is not None and not is_rule:
        said = f"{breach.measure}: {breach.value:.6g}, at most {breach.limit:g}"
    wrapped = textwrap.wrap(_plain(said), WIDTH - 7) or [""]
    return [f"{shown}  {wrapped[0]}", *(f"{'':7}{line}" for line in wrapped[1:])]


def _summary(verdict: Verdict, *, colour: bool) -> str:
    word = f"\x1b[{COLOURS[verdict.outcome]}m{verdict.outcome}\x1b[0m" if colour else verdict.outcome
    name = _plain(PurePath(verdict.dataset).name)
    if not verdict.breaches:
        return f"{word}: {name} by suite {verdict.suite}: {_held(verdict)}"
    count = len(verdict.breaches)
    return f"{word}: {name} by suite {verdict.suite}: {count} of {verdict.judged} demands not met"


def _held(verdict: Verdict) -> str:
    return f"all {verdict.judged} demands are met" if verdict.judged != 1 else "the one demand is met"


def _plain(text: str) -> str:
    """Names come from the data: no line breaks, no terminal escape codes."""
    return "".join(c if c.isprintable() else " " for c in str(text))
