"""What a page shows of a check, as plain values: the templates draw a block by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.render.findings import Finding, help_for
from audit.render.page.examples import Example, Shelf
from audit.render.why import Why
from audit.render.words import Noun
from audit.report import Report

MOST_CARDS = 24
FEWER_CARDS = 12
MORE_CARDS, OF_A_MIX_UP = 36, 3
"""Cards beside the worst, so that each mix-up has so many of its own."""
MOST_MIX_UPS = 5
MOST_PAIRS = 8
FEWER_PAIRS = 4
MATRIX_CLASSES = 20
BESIDE_CLASSES = 12
OPEN = ("error", "fail", "warn")
"""States whose sections are shown in full."""


@dataclass(frozen=True)
class Block:
    """One part of a section; `kind` names the template that draws it."""

    kind: str
    title: str = ""
    words: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """An example row with its caption."""

    example: Example
    lines: tuple[str, ...] = ()
    given: str = ""
    suggested: str = ""
    why: Why | None = None


@dataclass(frozen=True)
class Pair:
    """Two rows side by side."""

    a: Example
    b: Example
    heading: str
    torn: bool
    """Whether their labels differ."""

    @property
    def same(self) -> bool:
        """Whether there is nothing to tell two texts or two rows of cells apart by, so that one is shown."""
        return bool(self.a.text or self.a.cells) and (self.a.text, self.a.cells) == (self.b.text, self.b.cells)


@dataclass(frozen=True)
class Section:
    """One check on the page."""

    finding: Finding
    lead: str
    blocks: tuple[Block, ...]

    @property
    def heading(self) -> str:
        """Title and sentence; the cause of a crash is the lead's business."""
        said = self.finding.sentence
        return f"{self.finding.title}: {said.partition(': ')[0] if self.finding.state == 'error' else said}"

    @property
    def help(self) -> str:
        """What can be done about it."""
        return help_for(self.finding)


@dataclass(frozen=True)
class Stage:
    """What the sections are written from."""

    report: Report
    here: Shelf
    there: Shelf | None
    noun: Noun
    finding: Finding
    review: str = ""
    """The command with which people settle the labels."""

    @property
    def urgent(self) -> bool:
        """Whether the section is shown in full."""
        return self.finding.state in OPEN

    @property
    def of(self) -> str:
        """What the examples are: picture, text or cells."""
        return {"image": "picture", "text": "text", "table": "cells"}[self.here.data.kind]
