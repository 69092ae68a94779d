"""A comparison as one self-contained page: the answer, how sure, how it grows, why trust it, how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from audit.render import words
from audit.render.page.environment import environment
from audit.render.words import NOUNS
from train.comparison import BASELINE, CONTROL, METRICS, Comparison, Contrast
from train.render import charts, growth_charts, phrases
from train.render.blocks import blocks
from train.render.extra import given_difference, sentences, verified_rows, with_corrections
from train.render.extra import test_noise as noise_of_test
from train.render.headline import headline
from train.render.remarks import warnings, worth_of_best
from train.render.steps import next_steps
from train.render.table import Line, best_model, failed_words, failures, lines, mean, point

TEMPLATES = Path(__file__).parent / "templates"
NUMBERS = "accuracy", "macro_f1", "log_loss", "calibration_error"
INTERVALS = f"95{words.PERCENT}, over seeds. They cover the draws and seeds tried, not other data or other recipes."


@dataclass(frozen=True)
class Panel:
    """All that is shown of one model."""

    model: str
    lines: tuple[Line, ...]
    failed: Mapping[str, str]
    """Version to how many of its models failed, where any did."""
    forest: Markup
    curves: tuple[tuple[Line, Markup], ...]
    fitted: bool
    """Whether any of the curves is a fitted one, with a forecast."""
    metrics: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]


def html(comparison: Comparison) -> str:
    """The comparison as one HTML file that asks for nothing else and needs no script."""
    comparison = with_corrections(comparison)
    said = headline(comparison)
    best = best_model(comparison)
    panels = {model: panel(comparison, model) for model in comparison.models}
    return (
        _environment()
        .get_template("comparison.html")
        .render(
            given=lambda c: as_given(comparison, c),
            c=comparison,
            title=f"{said.badge} · {words.called(comparison.dataset)} · assay compare",
            more_style=Markup(" ".join((TEMPLATES / "comparison.css").read_text(encoding="utf-8").split())),  # noqa: S704  our own file
            identity=identity(comparison),
            said=said,
            state=phrases.STATES[said.verdict],
            glyph=phrases.MARKS[said.verdict],
            steps=next_steps(comparison),
            tables=list(panels.values()),
            best=panels[best],
            others=[p for p in panels.values() if p.model != best],
            several=len(panels) > 1,
            banded=comparison.seeds >= phrases.FEWEST_SEEDS,
            worth=phrases.worth_having(comparison),
            largest=comparison.sizes[-1],
            heads=[phrases.METRIC_WORDS[m] for m in measured(comparison)],
            more=blocks(comparison, best),
            corrected=verified_rows(comparison),
            warnings=warnings(comparison),
            worth_of_best=worth_of_best(comparison),
            trust=trust(comparison, panels[best]),
            doubts=doubts(comparison, panels[best]),
            made=made(comparison),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    """The templates with the wordings they use, compiled once."""
    page = environment(TEMPLATES)
    page.globals |= {
        "name": phrases.name, "difference": phrases.difference, "interval": phrases.interval,
        "MARKS": phrases.MARKS, "STATES": phrases.STATES,
    }  # fmt: skip
    return page


def identity(comparison: Comparison) -> tuple[str, ...]:
    """Dataset, design, test set and date, in words."""
    tested = f"tested on {NOUNS[comparison.kind].of(comparison.test_rows)} of {words.called(comparison.test)}"
    date = [comparison.created[:10]] if comparison.created else []
    return (words.called(comparison.dataset), phrases.design(comparison), tested, *date)


def panel(comparison: Comparison, model: str) -> Panel:
    """One model's table, charts and other metrics."""
    shown = lines(comparison, model)
    return Panel(
        model=model,
        lines=shown,
        failed={x.variant: failed_words(comparison, x) for x in shown if x.failures},
        forest=charts.forest(comparison, model) if shown else Markup(""),
        curves=growth_charts.curves(comparison, model) if len(comparison.sizes) > 1 else (),
        fitted=bool(growth_charts.forecasts(comparison, model)),
        metrics=metrics(comparison, model, shown),
    )


def as_given(comparison: Comparison, c: Contrast) -> str:
    """Where a difference was corrected, what it is by the test labels alone: `+1.4`; empty elsewhere."""
    given = given_difference(comparison, c)
    return "" if given is None else phrases.signed(given * 100)


# -- other metrics -----------------------------------------------------------------------------------------------------


def measured(comparison: Comparison) -> list[str]:
    """The metrics that the table of them shows, where any model has them."""
    had = {m for p in comparison.points for m in p.metrics}
    return [m for m in METRICS if m in NUMBERS and m in had]


def metrics(
    comparison: Comparison, model: str, shown: Sequence[Line]
) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """A row a version at the largest size: rows left, then each metric's level, its change from raw and the interval."""
    changes = {m: {line.variant: line.last for line in lines(comparison, model, m)} for m in measured(comparison)}
    rows = []
    for variant in (BASELINE, *(line.variant for line in shown)):
        at = point(comparison, variant, comparison.sizes[-1], model)
        cells = [(words.count(at.rows_kept if at is not None and at.metrics else None), "", "")]
        for m in measured(comparison):
            c = changes[m].get(variant)
            change = "" if c is None or c.verdict == "failed" else f"{phrases.MARKS[c.verdict]} {phrases.difference(c)}"
            cells.append(
                (phrases.level(m, mean(at, m)), change, "" if c is None else phrases.interval(c, comparison.delta))
            )
        rows.append((phrases.name(variant), tuple(cells)))
    return tuple(rows)


# -- why trust it, and where not ---------------------------------------------------------------------------------------


def trust(comparison: Comparison, best: Panel) -> list[tuple[str, str]]:
    """Reasons to believe it: (heading, sentence)."""
    noun = NOUNS[comparison.kind]
    leaked = comparison.protocol.get("training_rows_in_test")
    out = f" {noun.of(leaked)} that it holds were left out of training." if leaked else ""
    return [
        ("Untouched test set", f"The {noun.of(comparison.test_rows)} were never cleaned, so a cleaner cannot mark its own work.{out}"),
        ("Same draws, same seeds", "Every version of a pair starts from the same rows and the same seed, and each draw is audited by itself; only the treatment differs."),
        ("A control", _control(comparison, best)),
    ]  # fmt: skip


def _control(comparison: Comparison, best: Panel) -> str:
    control = next((line for line in best.lines if line.control), None)
    if control is None:
        return "None was trained. Add random-pruned to the versions: it drops as many rows at random."
    what = f"Version {phrases.name(control.variant)} drops as many rows as pruned, at random."
    pruned = next((line for line in best.lines if line.variant == "pruned"), None)
    if pruned is None or "failed" in (pruned.last.verdict, control.last.verdict):
        return what
    change = f"pruned changes accuracy by {phrases.difference(pruned.last)} points, the control by {phrases.difference(control.last)}"
    beside = next((c for c in comparison.contrasts if _against_control(c, pruned.last)), None)
    ends = phrases.interval(beside, comparison.delta) if beside is not None else ""
    between = f"; between the two lie {phrases.difference(beside)} ({ends})" if beside is not None and ends else ""
    return f"{what} At {phrases.rows(comparison.sizes[-1])} {change}{between}."


def _against_control(c: Contrast, pruned: Contrast) -> bool:
    wanted = (pruned.variant, CONTROL, pruned.size, pruned.model, pruned.metric)
    return (c.variant, c.baseline, c.size, c.model, c.metric) == wanted


def doubts(comparison: Comparison, best: Panel) -> list[str]:
    """What this does not show, a sentence each."""
    out = []
    largest = comparison.sizes[-1]
    seen = [line.last.smallest_detectable for line in best.lines if line.last.smallest_detectable is not None]
    if seen:
        seeds = words.plural(comparison.seeds, "seed")
        out.append(
            f"With {seeds} and this test set, differences under {phrases.gain(max(seen))} points can be missed: "
            "a true difference of that size would show 4 times in 5."
        )
    if len(comparison.sizes) > 1:
        out.append(
            f"Verdicts below {phrases.rows(comparison.sizes[-1])} are hints: they are not corrected for their number."
        )
    if 2 * largest > comparison.rows:
        same = "are the same rows" if largest == comparison.rows else "share most of their rows"
        out.append(
            f"Draws of {phrases.rows(largest)} from {words.count(comparison.rows)} {same}, so the intervals there do not "
            "cover what training on other rows would change."
        )
    failed = sum(failures(comparison).values())
    if failed:
        out.append(f"{phrases.failed_models(failed, len(comparison.cells))}; the means are of the others.")
    if extra_noted := noise_of_test(comparison) and not verified_rows(comparison):
        out.append("The test labels are not all right: differences by them come out smaller than they are.")
    right = "" if extra_noted or verified_rows(comparison) else " The test labels are taken as right."
    out.append(f"Not covered: other models, other recipes, and data gathered in another way.{right}")
    return out


# -- how it was made ---------------------------------------------------------------------------------------------------


def made(comparison: Comparison) -> list[tuple[str, str, bool]]:
    """How this came about: (what, words, whether it is code)."""
    failed = failures(comparison)
    total, count = len(comparison.cells), words.count
    finished = f"{count(total - sum(failed.values()))} of {count(total)} finished, {count(comparison.trained)} trained in this run"
    why = "; ".join(f"{count(n)} failed: {words.visible(reason)}" for reason, n in failed.items())
    rest = {k: v for k, v in comparison.protocol.items() if k != "intervals" and v not in (None, "", [], ())}
    lines = [
        ("Repeat it", words.visible(comparison.command), True),
        ("Models", finished + (f". {why}" if why else ""), False),
        *[(words.sentence(k.replace("_", " ")), told(v), "fingerprint" in k and isinstance(v, str)) for k, v in rest.items()],
        ("Intervals", words.visible(comparison.protocol.get("intervals", INTERVALS)), False),
        ("Verdicts", f"Differences of accuracy within {phrases.worth_having(comparison)} points are not worth having.", False),
        ("Notes", "; ".join(words.visible(x) for x in comparison.notes), False),
        ("Planner", " ".join(words.sentence(words.visible(x).rstrip(".") + ".") for x in sentences(comparison, "planner")), False),
        ("Time", words.duration(comparison.seconds) if comparison.trained else "", False),
    ]  # fmt: skip
    return [line for line in lines if line[1]]


def told(value: Any) -> str:
    """A value of the protocol in words: mappings as `epochs 20, batch 64`, nested ones in brackets."""
    if isinstance(value, Mapping):
        parts = [(words.visible(k).replace("_", " "), v) for k, v in value.items() if v is not None]
        return ", ".join(f"{k} ({told(v)})" if isinstance(v, Mapping) else f"{k} {told(v)}" for k, v in parts)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return words.number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(told(v) for v in value)
    return "" if value is None else words.visible(value)
