"""What to do after advice: at most three steps, with commands that can be pasted."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import pairwise

from audit.render import words
from audit.render.steps import Step
from train.advice.advise import Advice
from train.render.steps import repair_commands

MOST_STEPS = 3


def steps_of(advice: Advice) -> tuple[Step, ...]:
    """At most three: what to do, or what to run so that it can be told."""
    named = [advice.choice, advice.then] if advice.answer == "do it" else []
    steps = [step for name in named if name for step in _doing(advice, name)]
    if advice.answer == "stop":
        steps.append(Step("Train on the data as they are.", ""))
    if advice.answer == "do it":
        steps = [*steps[: MOST_STEPS - 1], Step("Compare again afterwards: gains do not add up.", "")]
    if advice.run:
        asked = any(advice.action(name).command for name in advice.rivals)
        what = "Train what it takes to tell." if asked else "Train more seeds, so that the intervals part."
        steps.append(Step(f"{what} Finished models are kept.", advice.run))
    return tuple(steps[:MOST_STEPS])


def _doing(advice: Advice, name: str) -> list[Step]:
    """One action as steps: with commands where ours can do it, and the data has a name."""
    said = words.sentence(words.visible(name))
    verb, kind = name.partition(" ")[0], advice.action(name).kind
    if kind not in ("repair", "review") or not advice.compared.startswith("assay compare "):
        return [Step(f"{said}.", "")]
    report = _report(advice.command)
    audit, clean = repair_commands(advice.compared, advice.dataset, [verb], report or "report/")
    do = Step("Settle them, one key each.", f"assay review {report or 'report/'}")
    if kind == "repair":
        do = Step("Write a repaired copy. Nothing is lost.", clean)
    return [replace(do, text=f"{said}.")] if report else [Step(f"{said}: audit the whole data.", audit), do]


def _report(command: str) -> str:
    """The report that the advice was asked for with, quoted for a shell; '' where there was none."""
    try:
        parts = shlex.split(command)
    except ValueError:  # an unclosed quote: then nothing is known of how it was said
        return ""
    return next((shlex.quote(b) for a, b in pairwise(parts) if a == "--report"), "")
