"""What to do after a comparison: at most three steps, with commands that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from audit.render import words
from audit.render.steps import FLAGS, ROLE_OPTIONS, Step
from train.comparison import Comparison
from train.render.extra import with_corrections
from train.render.headline import best_of, more_seeds
from train.render.phrases import deed
from train.render.table import Line, best_model, failures, treatments

BETTER_SEEDS = 5
REPAIRS = {"pruned": "prune", "relabelled": "relabel", "reweighted": "reweight", "deduplicated": "deduplicate"}


def next_steps(comparison: Comparison) -> tuple[Step, ...]:
    """At most three steps; commands name the data as the comparison's own command named it."""
    comparison = with_corrections(comparison)
    choices = treatments(comparison, best_model(comparison))
    if not choices:
        return (
            Step("Name at least one version beside raw.", again(comparison, "--variants", "raw,pruned,random-pruned")),
        )
    best = best_of(choices)
    steps: list[Step] = []
    if failures(comparison):
        steps.append(Step("See why models failed: under “How this was made”.", ""))
    if best.last.verdict == "helps":
        steps = [*_apply(comparison, best), *steps]
    if best.last.verdict in ("hurts", "no difference"):
        steps.insert(0, Step("Train on the data as it is.", ""))
    if best.last.verdict == "not enough seeds":
        seeds = str(max(BETTER_SEEDS, comparison.seeds + 1))
        steps.append(Step(f"Train with {seeds} seeds; finished models are kept.", again(comparison, "--seeds", seeds)))
    steps += _settle(comparison, choices)
    if not any(step.command for step in steps):
        steps += _otherwise(comparison)
    return tuple(steps[:3])


def _otherwise(comparison: Comparison) -> list[Step]:
    """Where no seed settles it for the model that does best: what helps another model, and what else could be done."""
    chosen = [(model, best_of(found)) for model in comparison.models if (found := treatments(comparison, model))]
    helping = [(model, line) for model, line in chosen if line.last.verdict == "helps"]
    steps: list[Step] = []
    if helping:
        model, line = helping[0]
        apply = _apply(comparison, line) or [Step("Train on it.", "")]
        told = f"With model {words.visible(model)} {deed(line.variant).doing} helps. If you want that one: "
        steps = [replace(apply[0], text=told + apply[0].text[:1].lower() + apply[0].text[1:]), *apply[1:]]
    folder = folder_of(comparison.command)
    return [*steps[:2], *([Step("Weigh what else could be done.", f"assay advise {folder}")] if folder else [])]


def folder_of(command: str) -> str:
    """Where a comparison's command wrote to, quoted for a shell; '' where it does not say."""
    parts = _split(command)
    said = [b for a, b in pairwise(parts) if a in ("-o", "--output")]
    return shlex.quote(said[-1]) if said else ""


def _apply(comparison: Comparison, best: Line) -> list[Step]:
    parts = [part.strip() for part in best.variant.split("+")]
    repairs = [REPAIRS[part] for part in parts if part in REPAIRS]
    steps = []
    if repairs and _split(comparison.command)[:2] not in ([], ["assay", "compare"]):  # a script's: its data has no name
        steps.append(Step("Audit the whole data, and write a repaired copy by " + " and ".join(repairs) + ".", ""))
    elif repairs:
        audit, clean = repair_commands(comparison.command, comparison.dataset, repairs)
        steps.append(Step("Audit the whole data.", audit))
        steps.append(Step("Write a repaired copy. Nothing is lost: you can undo it.", clean))
    if "augmented" in parts:
        steps.append(Step("Augment while you train, as this comparison did.", ""))
    return steps


def _settle(comparison: Comparison, choices: Sequence[Line]) -> list[Step]:
    open_ones = sorted((line for line in choices if more_seeds(line)), key=more_seeds)
    if not open_ones:
        return []
    line = open_ones[0] if best_of(choices).last.verdict == "helps" else best_of(choices)
    more = more_seeds(line)
    cost = _cost(comparison, more)
    text = f"Settle {deed(line.variant).doing}: {words.plural(more, 'more seed')}{f', about {cost}' if cost else ''}."
    return [Step(text, again(comparison, "--seeds", str(comparison.seeds + more)))]


def _cost(comparison: Comparison, seeds: int) -> str:
    """How long so many more seeds take, from how long this run took; empty when it trained nothing."""
    if not comparison.trained or not comparison.seeds:
        return ""
    each = comparison.seconds / comparison.trained
    return words.duration(each * len(comparison.cells) / comparison.seeds * seeds)


def again(comparison: Comparison, option: str = "", value: str = "") -> str:
    """The comparison's own command, with one option set to another value."""
    parts = _split(comparison.command)
    if not parts or not option:
        return comparison.command
    joined = next((k for k, part in enumerate(parts) if part.startswith(f"{option}=")), None)
    if joined is not None:
        return shlex.join([*parts[:joined], option, value, *parts[joined + 1 :]])
    if option not in parts:
        return shlex.join([*parts, option, value])
    k = parts.index(option)
    return shlex.join([*parts[: k + 1], value, *parts[k + 2 :]])


def repair_commands(command: str, dataset: str, repairs: Sequence[str], report: str = "report/") -> tuple[str, str]:
    """What audits the whole data that a comparison's command named into `report`, and what repairs it by that."""
    data, roles = _data(command, dataset)
    audit = " ".join(["assay audit", data, *roles, *_embeddings(command), f"-o {report}"])
    only = " --for labels" * ("prune" in repairs)  # what the comparison pruned for
    by = f"--report {report} --by {','.join(repairs)}{only} -o clean/"
    columns = [r for r in roles if r.startswith("--columns")]  # the report remembers the other roles
    return audit, " ".join(["assay clean", data, *columns, by])


def _data(command: str, dataset: str) -> tuple[str, list[str]]:
    """DATA and its roles as the command named them, quoted for a shell."""
    parts = _split(command)
    roles = [f"{a} {shlex.quote(b)}" for a, b in pairwise(parts) if a in ROLE_OPTIONS]
    rest = iter(parts[2:])
    for word in rest:
        if not word.startswith("-"):
            return shlex.quote(word), roles
        if word not in FLAGS and "=" not in word:
            next(rest, None)
    return shlex.quote(dataset), roles


def _embeddings(command: str) -> list[str]:
    """What the draws were audited on: a repair by other evidence was not compared."""
    parts = _split(command)
    said = [b for a, b in pairwise(parts) if a == "--embeddings"]
    said += [part.partition("=")[2] for part in parts if part.startswith("--embeddings=")]
    return [f"--embeddings {shlex.quote(said[-1])}"] if said else []


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an unclosed quote: then nothing is known of how it was said
        return []
