"""What must be said near the verdict beyond the verdict itself, in one sentence each; the same on every face."""

from __future__ import annotations

from audit.render import words
from train.comparison import BASELINE, Comparison
from train.judge.curves import FEWEST_RANGE, FEWEST_SIZES
from train.render import extra, phrases, worth
from train.render.costs import disagreement
from train.render.flattery import remark
from train.render.headline import best_of
from train.render.steps import again
from train.render.table import Line, best_model, treatments


def warnings(comparison: Comparison) -> list[str]:
    """What could turn the verdict: doubtful test labels, a budget that decides, a cleaner that saw too much."""
    said = [on_test_labels(comparison), disagreement(comparison), remark(comparison, best_model(comparison))]
    return [s for s in said if s]


def on_test_labels(comparison: Comparison) -> str:
    """What is known of wrong test labels and what was done about it."""
    rows = extra.verified_rows(comparison)
    noise = extra.number(comparison.extra["corrected"].get("noise")) if rows else None
    if rows:
        share = f": {words.share(noise)} of the test labels are wrong" if noise is not None else ""
        return f"Differences are corrected by {words.plural(rows, 'test row')} that people checked{share}."
    found = extra.test_noise(comparison)
    return words.sentence(found if found.endswith(".") else f"{found}.") if found else ""


def told_first(comparison: Comparison, model: str) -> Line | None:
    """The version of which most is told: the one that helps; where nothing does and something hurts, that; else the one
    that is most worth settling."""
    choices = treatments(comparison, model)
    if not choices:
        return None
    best = best_of(choices)
    hurting = [x for x in choices if x.last.verdict == "hurts"]
    return hurting[0] if hurting and best.last.verdict == "no difference" else best


def worth_of_best(comparison: Comparison) -> str:
    """What a row of the version told of first is worth at the largest size; empty when nobody can say."""
    model = best_model(comparison)
    first = told_first(comparison, model)
    return worth.sentence(comparison, first.variant, comparison.sizes[-1], model) if first else ""


def short(comparison: Comparison) -> list[str]:
    """For a terminal and for Markdown: what a row is worth, the warnings, and why there is no forecast where the sizes
    were meant to allow one."""
    said = [worth_of_best(comparison), *warnings(comparison)]
    sizes = comparison.sizes
    meant = len(sizes) >= FEWEST_SIZES - 1 or sizes[-1] >= FEWEST_RANGE * sizes[0]
    why = next(iter(extra.refusals(comparison, "curves", variant=BASELINE, model=best_model(comparison))), "")
    if meant and why:
        said.append(f"No forecast: {words.visible(why)}.")
    return [s for s in said if s]


def why_no_forecast(comparison: Comparison, model: str) -> list[tuple[str, str]]:
    """(which versions and why, the command that would help), one for each reason."""
    out = []
    for why, found in extra.refusals(comparison, "curves", model=model).items():
        names = [phrases.name(str(e["variant"])) for e in found if not phrases.polluted(str(e["variant"]))]
        whom = (
            "any version"
            if len(names) == len([v for v in comparison.variants if not phrases.polluted(v)]) or not names
            else words.listing(names, 6)
        )
        out.append((f"No forecast for {whom}: {words.visible(why)}.", _remedy(comparison, why)))
    return out


def _remedy(comparison: Comparison, why: str) -> str:
    """The comparison's own command with sizes that a curve can be fitted to."""
    asked = "sizes" in why or "times the smallest" in why
    sizes = enough_sizes(comparison)
    return again(comparison, "--sizes", ",".join(map(str, sizes))) if asked and sizes else ""


def enough_sizes(comparison: Comparison) -> list[int]:
    """Five sizes over a range of 8 or more, up to the largest there is, with those already trained among them where
    they are halves of it; empty where the data is too small."""
    largest, fewest = comparison.sizes[-1], 2 * comparison.classes
    halves = [largest // 2**k for k in range(FEWEST_SIZES)]
    if halves[-1] >= fewest:
        return halves[::-1]
    even = [round(largest / FEWEST_RANGE ** (k / (FEWEST_SIZES - 1))) for k in range(FEWEST_SIZES)]
    return even[::-1] if even[-1] >= fewest else []
