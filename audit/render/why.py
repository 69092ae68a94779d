"""Why a row is flagged, for its card: what each view says of its label, and its nearest neighbours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.expected import CLEANLAB
from audit.render import words
from audit.render.page.examples import FEWER_CELLS, SMALL_SIDE, Example, Shelf, contrary
from audit.report import Issues


@dataclass(frozen=True)
class Neighbour:
    """The nearest row with one of the two labels, if there is any nearby."""

    heading: str
    example: Example
    aside: tuple[str, ...] = ()
    """Which row it is, how far away, and whether its own label looks wrong."""


@dataclass(frozen=True)
class Why:
    """The reasons, as the page prints them."""

    lines: tuple[tuple[str, str], ...]
    """What is looked at, and what it says."""
    neighbours: tuple[Neighbour, ...]


def whys(issues: Issues, shelf: Shelf, most: int) -> dict[str, Why]:
    """The reasons for the `most` worst flagged rows, by the text of their ids; none where the check wrote none down."""
    known = {str(line["row"]): line for line in issues.detail.get("why", ())}
    flagged = {str(row) for row in issues.findings.index}
    return {
        str(row): _why(
            known[str(row)],
            words.visible(x["given"]),
            words.visible(x["suggested"]),
            issues.detail,
            _Near(shelf, flagged, contrary(shelf, row, str(x["given"]), str(x["suggested"]))),
        )
        for row, x in issues.findings.head(most).iterrows()
        if str(row) in known
    }


@dataclass(frozen=True)
class _Near:
    """Where neighbours are looked up, and whose labels look wrong themselves."""

    shelf: Shelf
    flagged: Collection[str]
    first: Collection[str] = ()
    """The columns that are shown first, as they are of the row itself."""

    def show(self, label: str, found: Mapping[str, Any] | None) -> Neighbour:
        heading = f"nearest labelled {label}"
        if found is None:
            return Neighbour(heading, Example("", "", why=f"none of its nearest neighbours is labelled {label}"))
        shown = self.shelf.show(found["row"], tuple(self.first), SMALL_SIDE)
        shown = replace(shown, cells=shown.cells[:FEWER_CELLS])
        too = ("its label looks wrong too",) if str(found["row"]) in self.flagged else ()
        return Neighbour(heading, shown, (shown.row, f"distance {words.number(found['distance'])}", *too))


def _why(line: Mapping[str, Any], given: str, suggested: str, detail: Mapping[str, Any], near: _Near) -> Why:
    votes = [
        (words.sentence(words.visible(v["view"])), f"{words.visible(v['says'])}, {words.sure(v['probability'])}")
        for v in line["votes"]
    ]
    lines = [
        ("All views", f"{suggested}, {words.sure(line['suggested_probability'])}"),
        ("Label wrong", words.sure(line["wrong"])),
        *votes,
        ("Other foldings", _stability(line["stability"], detail.get("seeds"))),
        ("Such mix-ups", _mix_ups(line["pair"], given, suggested, detail)),
    ]
    return Why(
        tuple((what, said) for what, said in lines if said),
        (near.show(given, line["agreeing"]), near.show(suggested, line["disagreeing"])),
    )


def _stability(share: float | None, seeds: int | None) -> str:
    """How often the linear head contradicts the label; "" where that was not tried."""
    if share is None:
        return ""
    ends: dict[float, str] = {0: "on no folding", 1: "on every folding"}
    said = ends.get(share, f"on {words.share(share)} of the foldings")
    if seeds:
        said = f"on {round(share * seeds)} of {words.plural(seeds, 'folding')}"
    return f"the linear head contradicts the label {said}"


def _mix_ups(number: float, given: str, suggested: str, detail: Mapping[str, Any]) -> str:
    if detail.get("method") == CLEANLAB:
        return f"{words.count(number)} flagged, labelled {given} and looking like {suggested}"
    many = words.count(number) if round(number) else "fewer than 1"
    return f"an estimated {many} labelled {given} that should be {suggested}"
