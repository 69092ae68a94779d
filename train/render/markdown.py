"""A comparison in a few lines of Markdown, for a pull request."""

from __future__ import annotations

from audit.render import words
from audit.render.markdown import LONGEST, code, escaped
from train.comparison import Comparison
from train.render import phrases
from train.render.extra import with_corrections
from train.render.headline import headline
from train.render.remarks import short
from train.render.steps import next_steps
from train.render.table import Line, failed_words, lines

SENTENCES = 1000


def markdown(comparison: Comparison) -> str:
    """The answer, a line a version for each model, what failed, what to do next; under 65,536 characters always."""
    comparison = with_corrections(comparison)
    said = headline(comparison)
    parts = [
        f"### {escaped(phrases.MARKS[said.verdict])} {escaped(said.text)}",
        escaped(said.lead, SENTENCES),
        escaped(said.aside, SENTENCES),
        *[_table(comparison, model) for model in comparison.models],
        "Change in test accuracy against raw data, in points. Only verdicts at the largest size are corrected for "
        "their number; those at smaller sizes are hints.",
        "\n".join(f"- {escaped(s, SENTENCES)}" for s in short(comparison)),
        _steps(comparison),
        f"assay compare of {escaped(words.called(comparison.dataset))}: {phrases.design(comparison)}, "
        f"tested on {words.count(comparison.test_rows)} rows that were never cleaned.",
    ]
    text = "\n\n".join(p for p in parts if p) + "\n"
    return text if len(text) < LONGEST else f"{parts[0]}\n\n{parts[1]}\n\n{parts[-1]}"[: LONGEST - 2] + "\n"


def _table(comparison: Comparison, model: str) -> str:
    shown = lines(comparison, model)
    if not shown:
        return ""
    title = f"**{escaped(model)}**\n\n" if len(comparison.models) > 1 else ""
    sizes = "".join(f" {phrases.rows(s)} |" for s in comparison.sizes)
    last = words.count(comparison.sizes[-1])
    head = f"| version | verdict at {last} |{sizes} interval at {last} |"
    rule = f"| :-- | :-- |{' --: |' * len(comparison.sizes)} --: |"
    failed = [f"- {escaped(phrases.name(x.variant))}: {failed_words(comparison, x)}" for x in shown if x.failures]
    table = "\n".join([head, rule, *[_line(comparison, line) for line in shown]])
    return title + table + ("\n\n" + "\n".join(failed) if failed else "")


def _line(comparison: Comparison, line: Line) -> str:
    verdict = f"{phrases.MARKS[line.last.verdict]} {line.last.verdict}"
    verdict = f"**{verdict}**" if line.last.verdict in ("helps", "hurts", "failed") else verdict
    cells = "".join(f" {phrases.MARKS[c.verdict]} {phrases.difference(c)} |" for c in line.contrasts)
    called = escaped(phrases.name(line.variant)) + (" (control)" if line.control else "")
    return f"| {called} | {verdict} |{cells} {phrases.interval(line.last, comparison.delta) or words.UNKNOWN} |"


def _steps(comparison: Comparison) -> str:
    steps = next_steps(comparison)
    told = [f"{k}. {escaped(s.text)}{f' {code(s.command)}' if s.command else ''}" for k, s in enumerate(steps, 1)]
    return "Next:\n\n" + "\n".join(told) if told else ""
