"""The answer of a comparison in one sentence, why, every exception to it, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from audit.render import words
from audit.render.headline import FLAGS, ROLE_OPTIONS, Step
from train.comparison import BASELINE, Comparison, Judgement
from train.render import phrases
from train.render.phrases import deed, does
from train.render.table import Line, best_model, failures, lines, mean, point, treatments

ENOUGH_SEEDS = 3
BETTER_SEEDS = 5
REPAIRS = {"pruned": "prune", "relabelled": "relabel", "reweighted": "reweight", "deduplicated": "deduplicate"}


@dataclass(frozen=True)
class Headline:
    """The first screen in words."""

    verdict: Judgement
    badge: str
    text: str
    lead: str
    aside: str
    """Every exception: smaller sizes, other versions, other models, what failed."""


def headline(comparison: Comparison) -> Headline:
    """What the verdicts at the largest size come to, for the model that does best on the raw data."""
    model = best_model(comparison)
    choices = treatments(comparison, model)
    by: dict[Judgement, list[Line]] = {}
    for line in choices:
        by.setdefault(line.last.verdict, []).append(line)
    best = best_of(choices)
    if not choices:
        return Headline(
            "cannot tell", "NOTHING COMPARED", "Nothing to compare: no repaired version was trained.", "", ""
        )
    if len(by.get("failed", ())) == len(choices):
        return _failed(comparison)
    if best.last.verdict == "helps":
        return _helps(comparison, best, choices)
    if best.last.verdict == "not enough seeds":
        return _few_seeds(comparison, choices)
    if best.last.verdict == "cannot tell":
        return _cannot_tell(comparison, best, choices)
    return _nothing(comparison, choices)


def best_of(choices: Sequence[Line]) -> Line:
    """The version to recommend, or else the one most worth settling: by verdict, then by difference."""
    order: tuple[Judgement, ...] = ("failed", "hurts", "no difference", "not enough seeds", "cannot tell", "helps")
    settled = max(
        choices, key=lambda line: (order.index(line.last.verdict), _worth_settling(line), line.last.diff), default=None
    )
    return settled if settled is not None else Line("", ())


def _worth_settling(line: Line) -> bool:
    return line.last.verdict == "cannot tell" and line.last.seeds_needed is not None


# -- one a kind of outcome ---------------------------------------------------------------------------------------------


def _helps(comparison: Comparison, best: Line, choices: Sequence[Line]) -> Headline:
    c = best.last
    before = "" if "augmented" in best.variant or "“" in deed(best.variant).order else " before you train"
    small = c.diff < comparison.delta
    return Headline(
        verdict="helps",
        badge=_loud(best),
        text=words.sentence(f"{deed(best.variant).order}{before}: about {phrases.gain(c.diff)} points better."),
        lead=_rise(comparison, best)
        + (f" That is under the {phrases.worth_having(comparison)} points worth having." if small else ""),
        aside=_exceptions(comparison, choices, best),
    )


def _loud(best: Line) -> str:
    """`RELABELLING HELPS`; a version of your own keeps its name as it is written."""
    this = deed(best.variant)
    return f"{this.doing if '“' in this.doing else this.doing.upper()} {'HELP' if this.plural else 'HELPS'}"


def _rise(comparison: Comparison, best: Line) -> str:
    c = best.last
    start = mean(point(comparison, BASELINE, c.size, c.model))
    ends = phrases.interval(c, comparison.delta, " and ")
    span = f"gain between {ends.replace('+', '')} points" if ends else ""
    at = f"With {phrases.rows(c.size)}{_with_model(comparison, c.model)}"
    if start is None:
        return f"{at}, test accuracy rises by {phrases.gain(c.diff)} points ({span})."
    # the printed ends must add up: the second is derived from the first and the printed gain
    places = max(1, len(phrases.gain(c.diff).partition(".")[2]))
    first = round(start * 100, places)
    last = first + float(phrases.gain(c.diff))
    return f"{at}, test accuracy rises from {first:.{places}f} to {last:.{places}f}{words.PERCENT} ({span})."


def _cannot_tell(comparison: Comparison, best: Line, choices: Sequence[Line]) -> Headline:
    c, more = best.last, more_seeds(best)
    ends = phrases.interval(c, comparison.delta, " and ")
    lead = (
        f"With {phrases.rows(c.size)}{_with_model(comparison, c.model)}, {deed(best.variant).doing} changed test accuracy "
        f"by {phrases.difference(c)} points" + (f" (between {ends})." if ends else ".")
    )
    if not more:
        text = "Cannot tell: even 100 seeds would not settle it."
        return Headline("cannot tell", "CANNOT TELL", text, lead, _exceptions(comparison, choices, best))
    open_ones = [line for line in choices if line.last.verdict == "cannot tell"]
    what = "it" if len(open_ones) == 1 else deed(best.variant).doing
    text = f"Cannot tell yet: {words.plural(more, 'more seed')} would settle {what}."
    lead += " The number of seeds holds if the difference seen is the true one."
    return Headline("cannot tell", "CANNOT TELL YET", text, lead, _exceptions(comparison, choices, best))


def _few_seeds(comparison: Comparison, choices: Sequence[Line]) -> Headline:
    had = max(line.last.seeds - line.last.failed for line in choices)
    text = f"Not enough seeds to tell: {words.count(had)} finished, and it takes at least {ENOUGH_SEEDS}."
    lead = "A difference between so few models may be chance, so there is no interval and no verdict."
    return Headline("not enough seeds", "NOT ENOUGH SEEDS", text, lead, _exceptions(comparison, choices, None))


def _nothing(comparison: Comparison, choices: Sequence[Line]) -> Headline:
    finished = [line for line in choices if line.last.verdict != "failed"]
    same = all(line.last.verdict == "no difference" for line in finished)
    tried = "nothing we tried is better" if len(finished) == len(choices) else "nothing that finished is better"
    best = max(finished, key=lambda line: line.last.diff)
    ends = phrases.interval(best.last, comparison.delta, " and ")
    lead = (
        f"With {phrases.rows(best.last.size)}{_with_model(comparison, best.last.model)}, the best of them changes test "
        f"accuracy by {phrases.difference(best.last)} points" + (f" (between {ends})." if ends else ".")
    )
    return Headline(
        verdict="no difference" if same else "hurts",
        badge="NO DIFFERENCE" if same else "NOTHING HELPS",
        text=f"Train on the raw data: {tried}.",
        lead=lead,
        aside=_exceptions(comparison, choices, None),
    )


def _failed(comparison: Comparison) -> Headline:
    total = sum(failures(comparison).values())
    why = next(iter(failures(comparison)), "")
    lead = f"{phrases.failed_models(total, len(comparison.cells))}" + (f": {words.visible(why)}." if why else ".")
    return Headline("failed", "FAILED", "No verdict: no repaired version finished.", lead, "")


# -- exceptions --------------------------------------------------------------------------------------------------------


def _with_model(comparison: Comparison, model: str) -> str:
    return f" and model {words.visible(model)}" if len(comparison.models) > 1 else ""


def _exceptions(comparison: Comparison, choices: Sequence[Line], best: Line | None) -> str:
    said: list[str] = []
    if best is not None:
        said += _smaller(best)
    said += _others([line for line in choices if line is not best])
    said += _control(comparison, choices)
    said += _models(comparison, best)
    failed = sum(failures(comparison).values())
    if failed:
        said.append(f"{phrases.failed_models(failed, len(comparison.cells))}; no mean counts them.")
    return " ".join(words.sentence(s) for s in said)


def _smaller(best: Line) -> list[str]:
    """Where the recommended version hurts, at sizes below the largest; a hint, since only the largest is corrected."""
    sizes = [words.count(c.size) for c in best.contrasts[:-1] if c.verdict == "hurts"]
    return [f"at {words.listing(sizes, 4)} rows {does(best.variant, 'hurts')}."] if sizes else []


def _others(others: Sequence[Line]) -> list[str]:
    said = []
    told: tuple[tuple[Judgement, str], ...] = (
        ("helps", "also better than raw: {}."), ("hurts", "worse than raw: {}."),
        ("no difference", "no difference worth having: {}."), ("cannot tell", "cannot tell yet: {}."),
        ("not enough seeds", "not enough seeds: {}."), ("failed", "failed: {}."),
    )  # fmt: skip
    for verdict, sentence in told:
        names = [phrases.name(line.variant) for line in others if line.last.verdict == verdict]
        if names:
            said.append(sentence.format(words.listing(names, 6)))
    return said


def _control(comparison: Comparison, choices: Sequence[Line]) -> list[str]:
    model = choices[0].last.model
    helped = [line for line in lines(comparison, model) if line.control and line.last.verdict == "helps"]
    return (
        ["the control helps too: dropping rows at random is better than raw, so do not credit the cleaning."]
        if helped
        else []
    )


def _models(comparison: Comparison, best: Line | None) -> list[str]:
    """Other models whose verdict on the same version is another one."""
    if best is None:
        return _better_elsewhere(comparison)
    said = []
    for model in comparison.models:
        same = [line for line in lines(comparison, model) if line.variant == best.variant]
        if model != best.last.model and same and same[0].last.verdict != best.last.verdict:
            said.append(f"with model {words.visible(model)}, {does(best.variant, same[0].last.verdict)}.")
    return said


def _better_elsewhere(comparison: Comparison) -> list[str]:
    said = []
    for model in comparison.models:
        helped = [phrases.name(line.variant) for line in treatments(comparison, model) if line.last.verdict == "helps"]
        if helped:
            said.append(f"with model {words.visible(model)} these are better than raw: {words.listing(helped, 6)}.")
    return said


def more_seeds(line: Line) -> int:
    """How many seeds more would settle a version; 0 when nothing is known or too many are needed."""
    c = line.last
    return max(1, c.seeds_needed - c.seeds) if c.verdict == "cannot tell" and c.seeds_needed is not None else 0


# -- what to do next ---------------------------------------------------------------------------------------------------


def next_steps(comparison: Comparison) -> tuple[Step, ...]:
    """At most three steps; commands name the data as the comparison's own command named it."""
    choices = treatments(comparison, best_model(comparison))
    if not choices:
        return (
            Step("Name at least one version beside raw.", _again(comparison, "--variants", "raw,pruned,random-pruned")),
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
        steps.append(Step(f"Train with {seeds} seeds; finished models are kept.", _again(comparison, "--seeds", seeds)))
    steps += _settle(comparison, choices)
    return tuple(steps[:3])


def _apply(comparison: Comparison, best: Line) -> list[Step]:
    parts = [part.strip() for part in best.variant.split("+")]
    repairs = [REPAIRS[part] for part in parts if part in REPAIRS]
    steps = []
    if repairs:
        data, roles = _data(comparison)
        steps.append(Step("Audit the whole data.", " ".join(["assay audit", data, *roles, "-o report/"])))
        by = f"--report report/ --by {','.join(repairs)} -o clean/"
        columns = [r for r in roles if r.startswith("--columns")]  # the report remembers the other roles
        steps.append(
            Step(
                "Write a repaired copy. Nothing is lost: you can undo it.",
                " ".join(["assay clean", data, *columns, by]),
            )
        )
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
    return [Step(text, _again(comparison, "--seeds", str(comparison.seeds + more)))]


def _cost(comparison: Comparison, seeds: int) -> str:
    """How long so many more seeds take, from how long this run took; empty when it trained nothing."""
    if not comparison.trained or not comparison.seeds:
        return ""
    each = comparison.seconds / comparison.trained
    return words.duration(each * len(comparison.cells) / comparison.seeds * seeds)


def _again(comparison: Comparison, option: str = "", value: str = "") -> str:
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


def _data(comparison: Comparison) -> tuple[str, list[str]]:
    """DATA and its roles as the command named them, quoted for a shell."""
    parts = _split(comparison.command)
    roles = [f"{a} {shlex.quote(b)}" for a, b in pairwise(parts) if a in ROLE_OPTIONS]
    rest = iter(parts[2:])
    for word in rest:
        if not word.startswith("-"):
            return shlex.quote(word), roles
        if word not in FLAGS and "=" not in word:
            next(rest, None)
    return shlex.quote(comparison.dataset), roles


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an unclosed quote: then nothing is known of how it was said
        return []
