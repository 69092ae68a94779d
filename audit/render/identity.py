"""Which report this is, in words."""

from __future__ import annotations

from audit.render import words
from audit.render.words import NOUNS
from audit.report import Card, Report


def identity(report: Report) -> tuple[str, ...]:
    """Dataset, rows, classes, reference and date, in words."""
    card, other = report.dataset, report.reference
    parts = [words.called(card.name), size(card)]
    if other is not None:
        parts.append(f"compared with {words.called(other.name)}, {NOUNS[other.kind].of(other.rows)}")
    return (*parts, *([report.created[:10]] if report.created else []))


def size(card: Card) -> str:
    """`20,000 pictures, 10 classes`."""
    rows = NOUNS[card.kind].of(card.rows)
    return f"{rows}, {words.plural(len(card.classes), 'class', 'classes')}" if card.classes else rows
