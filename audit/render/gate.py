"""A verdict by itself, for a terminal and for a pull request."""

from __future__ import annotations

import textwrap

from audit.address import short
from audit.render.markdown import escaped
from audit.verdict import Breach, Outcome, Verdict

WIDTH = 80
LONGEST = 65_536
"""What GitHub takes as one comment."""
COLOURS: dict[str, str] = {"PASS": "32", "WARN": "33", "FAIL": "1;31", "ERROR": "35"}
WORD: dict[str, Outcome] = {"error": "ERROR", "critical": "FAIL", "warning": "WARN", "info": "PASS"}
RANK = ("error", "critical", "warning", "info")


def gate_terminal(verdict: Verdict, *, colour: bool = False) -> str:
    """Every breach, worst first, what was loosened, then one line that says it all."""
    lines = [line for b in ordered(verdict) for line in _breach_lines(b, _word(verdict, b), colour=colour)]
    lines += [line for x in verdict.loosened for line in _wrapped("loosened", x.words, 10)]
    if lines:
        lines.append("")
    return "\n".join([*lines, _summary(verdict, colour=colour)])


def gate_markdown(verdict: Verdict) -> str:
    """The same for a pull-request comment: at most 65,536 characters, breaches left out at the end are counted."""
    head = f"**{verdict.outcome}** `{_code(verdict.dataset)}` by suite `{_code(verdict.suite)}`"
    if not verdict.breaches:
        parts = [f"{head}: {held(verdict)}"]
    else:
        parts = [head, "", "| | measure | found | at most | why |", "|---|---|--:|--:|---|"]
    rows = [_row(verdict, b) for b in ordered(verdict)]
    told = [f"Loosened: {escaped(x.words, 1000)}" for x in verdict.loosened]
    return "\n".join([*parts, *_fitting(rows, told, LONGEST - len("\n".join(parts)) - 200), ""])


def _row(verdict: Verdict, breach: Breach) -> str:
    found = "–" if breach.value is None else f"{breach.value:g}"
    most = "–" if breach.limit is None else f"{breach.limit:g}"
    cells = (_word(verdict, breach), f"`{_code(breach.measure)}`", found, most, escaped(_plain(breach.why), 1000))
    return "| " + " | ".join(cells) + " |"


def _fitting(rows: list[str], told: list[str], room: int) -> list[str]:
    """The lines that fit; how many were left out, if any were."""
    lines = [*rows, *([""] if told else []), *(f"{x}  " for x in told)]
    kept = 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept += 1
    left = len(lines) - kept
    return [*lines[:kept], *(["", f"… and {left:,} more lines; `--format json` has them all"] if left else [])]


def ordered(verdict: Verdict) -> list[Breach]:
    """Its breaches, worst first."""
    return sorted(verdict.breaches, key=lambda b: RANK.index(b.severity))


def _word(verdict: Verdict, breach: Breach) -> Outcome:
    return "FAIL" if breach.severity == "warning" and verdict.stops(breach) else WORD[breach.severity]


def _breach_lines(breach: Breach, word: Outcome, *, colour: bool) -> list[str]:
    shown = "info" if breach.severity == "info" else word
    is_rule = breach.measure.split(".", 1)[0] != breach.check
    said = breach.why if is_rule else f"{breach.measure}: {breach.why}"
    if breach.value is not None and breach.limit is not None and not is_rule:
        said = f"{breach.measure}: {breach.value:.6g}, at most {breach.limit:g}"
    lines = _wrapped(f"{shown:<5}", said, 7)
    if colour and shown in COLOURS:
        lines[0] = f"\x1b[{COLOURS[shown]}m{shown:<5}\x1b[0m" + lines[0][5:]
    return lines


def _wrapped(word: str, text: str, indent: int) -> list[str]:
    wrapped = textwrap.wrap(_plain(text), WIDTH - indent) or [""]
    return [f"{word:<{indent}}{wrapped[0]}", *(" " * indent + line for line in wrapped[1:])]


def _summary(verdict: Verdict, *, colour: bool) -> str:
    word = f"\x1b[{COLOURS[verdict.outcome]}m{verdict.outcome}\x1b[0m" if colour else verdict.outcome
    name = _plain(short(verdict.dataset))
    if not verdict.breaches:
        return f"{word}: {name} by suite {verdict.suite}: {held(verdict)}"
    count = len(verdict.breaches)
    told = f", {'which is' if count == 1 else 'all of them'} only told" if verdict.outcome == "PASS" else ""
    return f"{word}: {name} by suite {verdict.suite}: {count} of {verdict.judged} demands not met{told}"


def held(verdict: Verdict) -> str:
    """How many demands a verdict without a breach rests on."""
    if verdict.loosened:
        return f"{len(verdict.loosened)} of {verdict.judged} demands loosened to what they were before, all are met"
    return f"all {verdict.judged} demands are met" if verdict.judged != 1 else "the one demand is met"


def _plain(text: str) -> str:
    """Names come from the data: no line breaks, no terminal escape codes."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def _code(text: str) -> str:
    """Text inside inline code in a table's cell: neither a backtick nor a bar ends it."""
    return _plain(text).replace("`", "'").replace("|", "\\|")
