"""Advice in a few lines of Markdown, for a pull request."""

from __future__ import annotations

from audit.render import words
from audit.render.markdown import LONGEST, code, escaped
from train.advice.advise import Advice
from train.render.advice import MARKS, rows_of, to_settle, told_of, worth

SENTENCES = 1000


def advice_markdown(advice: Advice) -> str:
    """The answer, a line an action, what to run where nobody can tell; under 65,536 characters always."""
    told = told_of(advice)
    parts = [
        f"### {told.glyph} {escaped(told.text)}",
        escaped(told.lead, SENTENCES),
        escaped(told.aside, SENTENCES),
        _table(advice),
        f"Gains in points of test accuracy, each against raw data and model {escaped(advice.model)} as they are; they do "
        f"not add up. Gains within {worth(advice)} points are not worth having.",
        _settle(advice),
        "\n".join(f"- {escaped(note, SENTENCES)}" for note in advice.notes),
        f"assay advise on {escaped(words.called(advice.dataset))}: {words.count(advice.largest)} rows, "
        f"{words.plural(advice.seeds, 'seed')}.",
    ]
    text = "\n\n".join(p for p in parts if p) + "\n"
    return text if len(text) < LONGEST else f"{parts[0]}\n\n{parts[1]}\n\n{parts[-1]}"[: LONGEST - 2] + "\n"


def _table(advice: Advice) -> str:
    head = "| action | verdict | gain | between | cost | per 1.00 |\n| :-- | :-- | --: | --: | --: | --: |"
    lines = []
    for row in rows_of(advice):
        verdict = f"{MARKS.get(row.verdict, '')} {row.verdict}".strip()
        verdict = f"**{verdict}**" if row.verdict == "do it" else verdict
        lines.append(
            f"| {escaped(row.name)} | {verdict} | {row.gain} | {row.ends} | {row.cost} | {row.per_cost or words.UNKNOWN} |"
        )
    return "\n".join([head, *lines])


def _settle(advice: Advice) -> str:
    lines = [f"- {escaped(a.name)}: {escaped(a.why, SENTENCES)} {code(a.command)}" for a in to_settle(advice)]
    return "To tell more:\n\n" + "\n".join(lines) if lines else ""
