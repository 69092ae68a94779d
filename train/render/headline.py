"""The answer of a comparison in one sentence, why, and every exception to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.render import words
from train.comparison import BASELINE, Comparison, Judgement
from train.render import phrases
from train.render.extra import verified_rows, with_corrections
from train.render.phrases import Deed, deed, does
from train.render.table import Line, best_model, failures, lines, mean, point, treatments

MOST_LOUD = 2
"""Versions that a badge names."""


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
    comparison = with_corrections(comparison)
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
        badge=_loud([deed(best.variant)], 1, "HELP"),
        text=words.sentence(f"{deed(best.variant).order}{before}: about {phrases.gain(c.diff)} points better."),
        lead=_rise(comparison, best)
        + (f" That is under the {phrases.worth_having(comparison)} points worth having." if small else "")
        + _worse(choices),
        aside=_exceptions(comparison, choices, best),
    )


def _loud(deeds: Sequence[Deed], tried: int, verb: str = "HURT") -> str:
    """`RELABELLING HELPS`, `3 OF 4 HURT`; a version of your own keeps its name as it is written."""
    if len(deeds) > MOST_LOUD:
        return f"{words.count(len(deeds))} OF {words.count(tried)} {verb}"
    said = words.listing([d.doing if "“" in d.doing else d.doing.upper() for d in deeds]).replace(" and ", " AND ")
    return f"{said} {verb}{'' if len(deeds) > 1 or deeds[0].plural else 'S'}"


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
    ) + _worse(choices)
    if not more and verified_rows(comparison):
        text = f"Cannot tell: with {words.plural(verified_rows(comparison), 'test row')} checked it stays open."
        lead += " More checked test rows would narrow it."
        return Headline("cannot tell", "CANNOT TELL", text, lead, _exceptions(comparison, choices, best))
    if not more:
        text = "Cannot tell: even 100 seeds may not settle it."
        lead += " Even if the difference seen is the true one, they would leave it open more than 1 time in 5."
        return Headline("cannot tell", "CANNOT TELL", text, lead, _exceptions(comparison, choices, best))
    open_ones = [line for line in choices if line.last.verdict == "cannot tell"]
    what = "it" if len(open_ones) == 1 else deed(best.variant).doing
    text = f"Cannot tell yet: {words.plural(more, 'more seed')} would settle {what}."
    lead += " The number of seeds holds, 4 times in 5, if the difference seen is the true one."
    return Headline("cannot tell", "CANNOT TELL YET", text, lead, _exceptions(comparison, choices, best))


def _few_seeds(comparison: Comparison, choices: Sequence[Line]) -> Headline:
    had = max(line.last.seeds - line.last.failed for line in choices)
    text = f"Not enough seeds to tell: {words.count(had)} finished, and it takes at least {phrases.FEWEST_SEEDS}."
    finished = [line for line in choices if line.last.verdict != "not enough seeds"]
    lead = "A difference between so few models may be chance, so there is no interval and no verdict."
    return Headline("not enough seeds", "NOT ENOUGH SEEDS", text, lead, _exceptions(comparison, finished, None))


def _nothing(comparison: Comparison, choices: Sequence[Line]) -> Headline:
    finished = [line for line in choices if line.last.verdict != "failed"]
    verdicts = {line.last.verdict for line in finished}
    hurting = [deed(line.variant) for line in finished if line.last.verdict == "hurts"]
    tried = "nothing we tried is better" if len(finished) == len(choices) else "nothing that finished is better"
    if hurting:
        verb = "hurts" if len(hurting) == 1 and not hurting[0].plural else "hurt"
        tried += f", and {words.listing([d.doing for d in hurting], 4)} {verb}"
    best = max(finished, key=lambda line: line.last.diff)
    ends = phrases.interval(best.last, comparison.delta, " and ")
    which = "it" if len(finished) == 1 else "the best of them"
    lead = (
        f"With {phrases.rows(best.last.size)}{_with_model(comparison, best.last.model)}, {which} changes test "
        f"accuracy by {phrases.difference(best.last)} points" + (f" (between {ends})." if ends else ".")
    )
    badge = "NO DIFFERENCE" if verdicts == {"no difference"} else "NOTHING HELPS"
    return Headline(
        verdict="hurts" if hurting else "no difference",
        badge=_loud(hurting, len(finished)) if hurting else badge,
        text=f"Train on the raw data: {tried}.",
        lead=lead + (_worse(choices) if len(finished) > 1 else ""),
        aside=_exceptions(comparison, choices, None),
    )


def _worse(choices: Sequence[Line]) -> str:
    """Which versions hurt and by how much, a sentence; empty when none does."""
    hurting = sorted((x for x in choices if x.last.verdict == "hurts"), key=lambda x: x.last.diff)
    told = [f"{deed(x.variant).doing} ({phrases.difference(x.last)})" for x in hurting]
    return f" Worse than raw: {words.listing(told, 5)}." if told else ""


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
    said += _control(comparison)
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
        ("helps", "also better than raw: {}."),
        ("no difference", "no difference worth having: {}."), ("cannot tell", "cannot tell yet: {}."),
        ("not enough seeds", "not enough seeds: {}."), ("failed", "failed: {}."),
    )  # fmt: skip
    for verdict, sentence in told:
        names = [phrases.name(line.variant) for line in others if line.last.verdict == verdict]
        if names:
            said.append(sentence.format(words.listing(names, 6)))
    return said


def _control(comparison: Comparison) -> list[str]:
    helped = [
        line
        for line in lines(comparison, best_model(comparison))
        if line.control and not line.saw_pool and line.last.verdict == "helps"
    ]
    return (
        ["the control helps too: dropping rows at random is better than raw, so do not credit the cleaning."]
        if helped
        else []
    )


def _models(comparison: Comparison, best: Line | None) -> list[str]:
    """Other models whose verdict on the version to choose is another one; without one, what is better with them."""
    if best is None or best.last.verdict != "helps":
        return better_elsewhere(comparison)
    said = []
    for model in comparison.models:
        same = [line for line in lines(comparison, model) if line.variant == best.variant]
        if model != best.last.model and same and same[0].last.verdict != best.last.verdict:
            said.append(f"with model {words.visible(model)}, {does(best.variant, same[0].last.verdict)}.")
    return said


def better_elsewhere(comparison: Comparison) -> list[str]:
    """A sentence a model with which something helps."""
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
