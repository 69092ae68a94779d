"""The map: rows in the plane, the flagged ones drawn by which check flagged them, those with a card as links to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.projection import SCALE, Projection
from audit.render import words
from audit.render.page.blocks import OPEN, Block, Section
from audit.render.page.examples import Example, Shelf
from audit.render.page.links import row_anchor
from audit.render.words import Noun
from audit.report import Issues, Report

WIDTH = 600
"""Units across, about as many as pixels on a wide screen."""
MARGIN = 12
KINDS = 8
"""Checks that have a mark of their own; there are as many rules in the stylesheet."""
MARKS = {
    "labels": "m-4-4 8 8m0-8-8 8",
    "conflicts": "m-5 0 5-5 5 5-5 5z",
    "duplicates": "m-4-4h8v8h-8z",
    "leakage": "m-5 4 5-8 5 8z",
    "outliers": "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    "missing": "m-5-4 5 8 5-8z",
    "valuation": "m-5 0h10m-5-5v10",
    "schema": "m-2-5h4v10h-4z",
}
"""A path drawn from where the row lies, by check."""
OTHER = "m-5 0 2-4h6l2 4-2 4h-6z"
COLOURS = {"labels": "fail", "conflicts": "accent", "duplicates": "accent", "leakage": "leak", "outliers": "warn"}
NAMED_CLASSES = 20
LONGEST_NAME = 16
LETTER, LINE = 9, 18
"""Room that a letter of a name and a line of it take."""
LOW_TRUST = 0.85


@dataclass(frozen=True)
class Dot:
    """A flagged row that has a card on the page."""

    x: int
    y: int
    href: str
    title: str


@dataclass(frozen=True)
class Kind:
    """What one check flagged."""

    title: str
    colour: str
    mark: str
    on: bool
    """Whether it is drawn before anybody asks."""
    told: str
    dots: tuple[Dot, ...]
    rest: str
    """A path of those without a card."""
    rows: frozenset[str]


@dataclass(frozen=True)
class Map:
    """A map, ready to be drawn."""

    width: int
    height: int
    alt: str
    others: str
    """A path of all rows, under the marks."""
    kinds: tuple[Kind, ...]
    names: tuple[tuple[str, float, float], ...]
    """Class names, and where they stand, left and top in percent."""
    told: tuple[str, ...]
    numbers: Mapping[str, Any]


def map_of(report: Report, sections: Sequence[Section], shelf: Shelf, noun: Noun) -> Map | None:
    """The map of a report that has one; `sections` are those on the page, whose cards it leads to."""
    projection = report.projection
    if projection is None:
        return None
    places = _placed(projection)
    given = _given(places.index, shelf)
    kinds = _kinds(report, sections, places, given)
    width, height = WIDTH + 2 * MARGIN, int(places["y"].max()) + MARGIN
    return Map(
        width, height, f"Map of {noun.of(len(places))}; its numbers are in a table below it", _dots(places), kinds,
        _names(places, given, width, height), _told(projection, noun), _numbers(given, kinds, noun),
    )  # fmt: skip


def _placed(projection: Projection) -> pd.DataFrame:
    """Places in the units of the drawing, by the text of the row's id."""
    scaled = (projection.places * (WIDTH / SCALE)).round().astype(int) + MARGIN
    return scaled.set_axis(projection.places.index.astype(str))


def _given(rows: pd.Index, shelf: Shelf) -> pd.Series:
    """Each row's label as it is shown, "" where there is none."""
    if shelf.data.roles.label is None:
        return pd.Series("", index=rows)
    own = pd.Series(shelf.data.given.to_numpy(), index=shelf.data.rows.astype(str)).reindex(rows)
    return own.map(words.visible, na_action="ignore").fillna("")


def _kinds(report: Report, sections: Sequence[Section], places: pd.DataFrame, given: pd.Series) -> tuple[Kind, ...]:
    urgent = any(s.finding.state in OPEN for s in sections)
    spots = {str(row): (int(x), int(y)) for row, x, y in places.itertuples()}
    whole = report.projection is not None and report.projection.drawn is None  # else the report knows of the worst only
    made = [_kind(report[s.finding.check], s, spots, given, urgent=urgent, whole=whole) for s in sections]
    return tuple(k for k in made if k.rows)[:KINDS]


def _kind(
    issues: Issues,
    section: Section,
    places: Mapping[str, tuple[int, int]],
    given: pd.Series,
    *,
    urgent: bool,
    whole: bool,
) -> Kind:
    check, finding = issues.check, section.finding
    found = issues.findings[~issues.findings.index.duplicated()]
    suggested = dict(zip(found.index.astype(str), found["suggested"], strict=True))
    at = {row: places[row] for row in suggested if row in places}
    mark, carded = MARKS.get(check, OTHER), {x.id: x.row for b in section.blocks for x in _examples(b)}
    dots = [
        Dot(*at[row], row_anchor(row, check), _title(finding.title, carded[row], given[row], suggested[row]))
        for row in at
        if row in carded
    ]
    rest = "".join(f"M{x} {y}{mark}" for row, (x, y) in at.items() if row not in carded)
    told = f"{words.count(len(at))} on the map"
    if whole:
        told = f"{words.count(len(found))}, {'all on the map' if len(at) == len(found) else told}"
    return Kind(
        finding.title, COLOURS.get(check, "ink"), mark, finding.state in OPEN or not urgent,
        told, tuple(dots), rest, frozenset(at),
    )  # fmt: skip


def _title(check: str, row: str, given: str, suggested: object) -> str:
    looks = f", looks like {words.visible(suggested)}" if suggested is not None else ""
    return f"{check}: {row}{f', labelled {given}' if given else ''}{looks}"


def _examples(block: Block) -> Iterator[Example]:
    """The rows of a block that have a card of their own."""
    held = dict(block.values)
    for card in (*held.get("cards", ()), *held.get("more", ())):
        yield card.example
    for pair in held.get("pairs", ()):
        yield from (pair.a, pair.b)
    for inner in held.get("blocks", ()):
        yield from _examples(inner)


def _dots(places: pd.DataFrame) -> str:
    """One path of round dots: each is a line of no length, drawn from where the one before was."""
    parts, before = [], (0, 0)
    for x, y in sorted({(int(x), int(y)) for x, y in places.itertuples(index=False)}):
        parts.append(f"m{x - before[0]} {y - before[1]}h0".replace(" -", "-"))
        before = x, y
    return "".join(parts)


# -- what stands on it and beside it ------------------------------------------------------------------------------------


def _names(places: pd.DataFrame, given: pd.Series, width: int, height: int) -> tuple[tuple[str, float, float], ...]:
    """Class names where most of a class lies, the largest class first; one that would stand on another is left out."""
    sizes = given[given != ""].value_counts()
    if not 1 < len(sizes) <= NAMED_CLASSES:
        return ()
    out: list[tuple[str, float, float]] = []
    for name in sizes.index:
        own = places[(given == name).to_numpy()].to_numpy(float)
        near = np.linalg.norm(own[:, None] - own[None], axis=2) < WIDTH / 15
        x, y = own[near.sum(axis=1).argmax()]
        shown = words.shorten(str(name), LONGEST_NAME)
        if all(abs(y - v) > LINE or abs(x - u) > LETTER * (len(shown) + len(other)) / 2 for other, u, v in out):
            out.append((shown, x, y))
    return tuple((name, round(x / width * 100, 1), round(y / height * 100, 1)) for name, x, y in out)


def _told(projection: Projection, noun: Noun) -> tuple[str, ...]:
    """What is drawn, how far to trust it, and what it must not be taken for."""
    n, rows, drawn = len(projection.places), projection.rows, projection.drawn or projection.rows
    shown = f"All {noun.of(n)}."
    if n < drawn:
        of = noun.of(rows) if drawn == rows else f"the {words.count(drawn)} drawn of {noun.of(rows)}"
        shown = f"{words.count(n)} of {of}: the worst of each check, the others by lot, each class by its share."
    elif n < rows:
        shown = f"{words.count(n)} of {noun.of(rows)}: those that were drawn to be held against all."
    low = " That is low: many that lie together here are not alike." if projection.trustworthiness < LOW_TRUST else ""
    return (
        f"{shown} Laid out by t-SNE, so that {noun.many} that are alike lie together. Alike by: "
        f"{words.visible(projection.made_of)}.",
        f"Trustworthiness {projection.trustworthiness:.2f} of 1: how far neighbours here are neighbours among the "
        f"embeddings.{low}",
        "No check looks at this map. How far apart groups lie on it, and how large they are, is no evidence.",
    )


def _numbers(given: pd.Series, kinds: Sequence[Kind], noun: Noun) -> Mapping[str, Any]:
    """The map as a table: of each class the rows on it, and how many of them each check flagged; largest class first."""
    sizes = given.value_counts()
    named = sizes.index[: NAMED_CLASSES if len(sizes) > 1 else 0]
    chosen = [
        *((str(name) or "no label", given.index[(given == name).to_numpy()]) for name in named),
        ("All", given.index),
    ]
    rows = [
        (name, words.count(len(own)), *(words.count(len(k.rows.intersection(own))) for k in kinds))
        for name, own in chosen
    ]
    head = (("Class", ""), (noun.many.capitalize(), "num"), *((k.title, "num") for k in kinds))
    return {"head": head, "rows": rows, "label": "The map in numbers", "width": "long"}
