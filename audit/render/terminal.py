"""A report in a terminal: the word in a fixed gutter, the finding, its worst rows, what helps; the verdict last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path

from audit.render import words
from audit.render.findings import Finding, Line, example_lines, findings, help_for
from audit.render.headline import short_tally
from audit.render.identity import size
from audit.render.page.environment import tokens
from audit.render.steps import Step
from audit.report import Report
from audit.verdict import State, Verdict

WORDS: dict[State, str] = {"error": "ERROR", "fail": "FAIL", "warn": "WARN", "pass": "pass", "not_checked": "-"}
COLOURS = {"ERROR": "1;35", "FAIL": "1;31", "WARN": "1;33", "pass": "32", "PASS": "1;32", "-": "2"}
WORD, NAME, ROW = 6, 12, 8
LEFT = WORD + NAME
NARROWEST = 40

Say = Callable[[object], str]


def terminal(
    report: Report,
    verdict: Verdict,
    *,
    path: str | Path,
    steps: Sequence[Step],
    colour: bool,
    width: int = 80,
    unicode: bool = True,
) -> str:
    """The report as lines of at most `width` columns (40 at least), ending in verdict, report path and the first step.

    Colour is on the first word of a line only; what the data says is shown, never obeyed: control characters are
    spelt out. Without `unicode` everything is ASCII.
    """

    def say(text: object) -> str:
        return words.plain_text(words.visible(text), unicode=unicode)

    width = max(width, NARROWEST)
    rows = findings(report, verdict)
    lines = _identity(report, width, say)
    for f in rows:
        lines += _check(f, report, width, say)
    lines += notes(report.notes, width, say)
    lines += ["", *_verdict(verdict, rows, report.seconds, width, say)]
    lines += command_lines("report:", say(path), width)
    lines += [line for label, command in _commands(steps) for line in command_lines(label, say(command), width)]
    return "\n".join(_painted(line) if colour else line for line in lines) + "\n"


def notes(told: Sequence[str], width: int, say: Say) -> list[str]:
    """What was inferred, and what was done otherwise than asked, below everything that was found."""
    gutter = "note  "
    wrapped = [words.wrap(say(note), width - len(gutter)) for note in told]
    lines = [gutter + line if i == 0 else " " * len(gutter) + line for part in wrapped for i, line in enumerate(part)]
    return ["", *lines] if lines else []


def _verdict(verdict: Verdict, rows: tuple[Finding, ...], seconds: float, width: int, say: Say) -> list[str]:
    start = "ERROR: could not decide." if verdict.outcome == "ERROR" else f"{verdict.outcome}:"
    line = say(f"{start} {short_tally(rows)}, in {words.duration(seconds)}")
    # the verdict stays on one line: the time is what can be done without
    return [line] if words.columns(line) <= width else words.wrap(line.rpartition(", in ")[0], width)


def _identity(report: Report, width: int, say: Say) -> list[str]:
    left, right = f"assay audit {say(words.called(report.dataset.name))}", say(size(report.dataset))
    space = width - words.columns(left) - words.columns(right)
    if space >= 2:
        return [left + " " * space + right, ""]
    return [words.shorten(left, width, say("…")), *words.wrap(right, width), ""]


def _check(f: Finding, report: Report, width: int, say: Say) -> list[str]:
    word, name = WORDS[f.state], words.shorten(say(f.title.lower()), NAME - 1, say("…"))
    head = f"{word:<{WORD}}" + name + " " * (NAME - words.columns(name))
    lines = [head + first if k == 0 else " " * LEFT + first for k, first in enumerate(_finding(f, width, say))]
    if f.state in ("pass", "not_checked") or f.check not in report.checks:
        return lines
    lines += _examples(example_lines(report[f.check]), width, say)
    helps = help_for(f)
    return lines + [" " * LEFT + x for x in words.wrap(f"help: {say(helps)}", width - LEFT)] if helps else lines


def _finding(f: Finding, width: int, say: Say) -> list[str]:
    room = width - LEFT
    text = say(f.sentence)
    told = f.note.split("; ") if f.note and f.state != "pass" else []
    note = [line for part in told for line in words.wrap(say(part), room)]
    held = f.state in ("fail", "warn") and f.limit is not None
    if not held and (f.state != "pass" or not f.affected):
        return [*words.wrap(text, room), *note]
    limit = say(f.limit_text)
    measured = f"{say(f.measured)} {f.basis}".rstrip()
    beside = f"{measured}  {'limit ' if limit.startswith('at most') else ''}{limit}"
    space = room - words.columns(text) - words.columns(beside)
    if space >= 2:
        return [text + " " * space + beside, *note]
    return [*words.wrap(text, room), *(words.wrap(beside, room) if held else []), *note]


def _examples(shown: tuple[Line, ...], width: int, say: Say) -> list[str]:
    told = [(say(x.row), say(x.text), say(x.aside)) for x in shown]
    if not told:
        return []
    dots = say("…")
    name = min(max(words.columns(row) for row, _, _ in told), (width - ROW) // 3)
    room = width - ROW - name - 2
    widest = max(words.columns(text) for _, text, _ in told)
    lines = []
    for row, text, aside in told:
        row = words.shorten(row, name, dots)  # noqa: PLW2901  the same row, cut to its column
        start = " " * ROW + row + " " * (name - words.columns(row) + 2)
        left = min(widest, room - (words.columns(aside) + 2 if aside else 0))
        cut = words.shorten(text, left, dots)
        lines.append((start + cut + " " * (left - words.columns(cut) + 2) + aside).rstrip())
    return lines


def command_lines(label: str, command: str, width: int) -> list[str]:
    r"""A command after its label; one that is too long goes on after a backslash, so that it can still be pasted."""
    lines, line = [], f"{label:<8}"
    parts = tokens(command)
    for k, part in enumerate(parts):
        start = line if k == 0 else f"{line} "
        more = 0 if k == len(parts) - 1 else 2  # room for the backslash
        if k and words.columns(start + part) + more > width:
            lines.append(f"{line} \\")
            start = " " * 8
        line = start + part
        while (
            words.columns(line) + more > width
        ):  # a piece wider than the screen: the shell joins what a backslash ends
            head = words.shorten(line, width - 1, "")
            lines.append(f"{head}\\")
            line = line[len(head) :]
    return [*lines, line]


def _commands(steps: Sequence[Step]) -> list[tuple[str, str]]:
    """The first step that is a command, what finishes it, and what could be done instead."""
    k = next((k for k, step in enumerate(steps) if step.command), len(steps))
    others = [("or:", step.command) for step in takewhile(lambda s: s.instead, steps[k + 1 :])]
    first = [(label, c) for step in steps[k : k + 1] for label, c in (("next:", step.command), ("then:", step.then))]
    return [(label, command) for label, command in [*first, *others] if command]


def _painted(line: str) -> str:
    word = line.split(" ", 1)[0]
    code = COLOURS.get(word.rstrip(":"))
    return f"\x1b[{code}m{word}\x1b[0m{line[len(word) :]}" if code else line
