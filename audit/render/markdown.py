"""A report in a few lines of Markdown, for a pull request."""

from __future__ import annotations

import re

from audit.render import words
from audit.render.findings import Finding, example_lines, findings
from audit.render.headline import headline
from audit.render.identity import identity
from audit.render.steps import Step, next_steps
from audit.report import Report
from audit.verdict import Verdict

LONGEST = 65_536
CELL = 240
NOTE = 480
"""The label check's note is the longest: what is expected, what people found and what that corrects, with intervals."""
EXAMPLES = 3
OUTCOMES = {
    "error": "**? ERROR**",
    "fail": "**✕ FAIL**",
    "warn": "**! WARN**",
    "pass": "✓ pass",
    "not_checked": "– not checked",
}


def markdown(report: Report, verdict: Verdict, *, path: str | None = None) -> str:
    """The answer, a line a check, the worst rows of what fails, what to do next; under 65,536 characters always."""
    rows = findings(report, verdict)
    said = headline(report, verdict)
    parts = [
        f"### {verdict.outcome}: {escaped(said.text)}",
        escaped(said.lead),
        _table(rows),
        *[_examples(f, report) for f in rows if f.state in ("error", "fail", "warn") and f.check in report.checks],
        _steps(report, verdict, path),
        f"{escaped(said.tally)} assay audit of {' · '.join(escaped(p) for p in identity(report))}.",
    ]
    text = "\n\n".join(p for p in parts if p) + "\n"
    return (
        text
        if len(text) < LONGEST
        else "\n\n".join(p for p in (parts[0], parts[2], parts[-1]) if p)[: LONGEST - 2] + "\n"
    )


def escaped(text: str, most: int = CELL) -> str:
    """Text that Markdown and HTML leave alone: markup, mentions and issue numbers in it are shown as they are."""
    short = words.shorten(words.visible(text), most)
    html = short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quiet = re.sub(r"([\\`*_{}\[\]()|~!])", r"\\\1", html)
    # "@name" and "#1" would call people and link issues; an entity breaks both and reads the same
    quiet = re.sub(r"@(?=\w)", "&#64;", re.sub(r"#(?=\w)", "&#35;", quiet))
    return quiet.replace("://", ":&#47;/").replace("www.", "www&#46;")


def code(text: str) -> str:
    """A command as inline code, fenced by more backticks than it holds."""
    shown = words.shorten(words.visible(text), 1000)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _table(rows: tuple[Finding, ...]) -> str:
    head = "| result | check | what we found | measured | limit |\n| :-- | :-- | :-- | --: | --: |"
    lines = [
        f"| {OUTCOMES[f.state]} | {escaped(f.title)} | {_found(f)} | {escaped(f'{f.measured} {f.basis}'.rstrip())} | {escaped(f.limit_text)} |"
        for f in rows
    ]
    return "\n".join([head, *lines])


def _found(f: Finding) -> str:
    note = f" ({escaped(f.note, NOTE)})" if f.note and f.state != "pass" else ""
    return escaped(words.sentence(f.sentence)) + note


def _examples(f: Finding, report: Report) -> str:
    shown = example_lines(report[f.check], EXAMPLES)
    if not shown:
        return ""
    lines = [f"- {escaped(x.row, 80)}: {escaped(x.text)}{f', {escaped(x.aside)}' if x.aside else ''}" for x in shown]
    return f"**{escaped(f.title)}**, worst first:\n\n" + "\n".join(lines)


def _steps(report: Report, verdict: Verdict, path: str | None) -> str:
    steps = next_steps(report, verdict, path)
    if not steps:
        return ""
    lines = [f"{k}. {escaped(s.text)} {_commands(s)}" for k, s in enumerate(steps, 1)]
    return "Next:\n\n" + "\n".join(lines)


def _commands(step: Step) -> str:
    return " then ".join(code(command) for command in (step.command, step.then) if command)
