"""What models cost, and whether the verdict depends on how training was budgeted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audit.render import words
from train.comparison import BASELINE, Comparison
from train.render import extra, phrases
from train.render.extra import Entry, number
from train.render.table import best_model, lines


def seconds(value: float | None) -> str:
    """`0.043 s`, `1.7 s`, `48 s`, `14 min`."""
    if value is None:
        return words.UNKNOWN
    return f"{value:.2g} s" if value < 10 else words.duration(value)


COLUMNS: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("seconds", "training, a model", seconds),
    ("repair_seconds", "repair before it", seconds),
    ("examples_seen", "examples seen", words.count),
    ("steps", "steps", words.count),
    ("epochs", "passes over the rows", words.number),
    ("parameters", "parameters", words.count),
)
"""Of the block: key, what it is called, how it is printed."""


def heads(comparison: Comparison) -> list[str]:
    """The columns that are known."""
    return [called for _, called, _ in _known(comparison)]


def cost_rows(comparison: Comparison, model: str) -> list[tuple[str, list[str]]]:
    """A row a version at the largest size: name, then each known cost."""
    out = []
    for variant in (BASELINE, *(line.variant for line in lines(comparison, model))):
        found = extra.entry(comparison, "costs", variant=variant, model=model, size=comparison.sizes[-1])
        if found is not None:
            out.append((phrases.name(variant), [show(number(found.get(k))) for k, _, show in _known(comparison)]))
    return out


def _known(comparison: Comparison) -> list[tuple[str, str, Callable[[float | None], str]]]:
    found = extra.entries(comparison, "costs", size=comparison.sizes[-1])
    return [c for c in COLUMNS if any(number(e.get(c[0])) is not None for e in found)]


# -- epochs or steps ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """One version's verdicts on both budgets."""

    variant: str
    size: int
    epochs: str
    steps: str

    @property
    def agree(self) -> bool:
        """Whether they are the same."""
        return self.epochs == self.steps


def budgets(comparison: Comparison, model: str) -> list[Budget]:
    """A line a version that was trained both on equal epochs and on equal steps."""
    order = {line.variant: k for k, line in enumerate(lines(comparison, model))}
    found = [e for e in extra.entries(comparison, "budgets", model=model) if e["variant"] in order]
    return [
        Budget(e["variant"], e["size"], e["epochs"], e["steps"])
        for e in sorted(found, key=lambda e: order[e["variant"]])
    ]


def disagreement(comparison: Comparison) -> str:
    """One sentence where the two budgets lead to different verdicts; empty when they agree or were not both asked for."""
    differ = [
        e
        for e in extra.entries(comparison, "budgets", model=best_model(comparison))
        if e["epochs"] != e["steps"] and not phrases.polluted(e["variant"])
    ]
    if not differ:
        return ""
    told = [_told(e) for e in differ[:3]]
    more = f"; and {words.plural(len(differ) - 3, 'more version')}" if len(differ) > 3 else ""
    return f"The budget decides: {'; '.join(told)}{more}. Do not rely on a verdict that depends on it."


def _told(e: Entry) -> str:
    def by(budget: str) -> str:
        diff = number(e.get(f"diff_{budget}"))
        return f"“{e[budget]}” with equal {budget}" + (f" ({phrases.signed(diff * 100)})" if diff is not None else "")

    return f"{phrases.deed(e['variant']).doing}: {by('epochs')}, {by('steps')}"
