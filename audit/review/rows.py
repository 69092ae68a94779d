"""One row of the queue as JSON values for the page: what is to be seen, what is said of it, and who lies near."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audit.dataset import Dataset
from audit.errors import AssayError
from audit.evidence.gather import Evidence
from audit.neighbours import VOTERS, Neighbours
from audit.render import words
from audit.render.page.examples import Cell, Example, Shelf, cell_text, contrary
from audit.report import Report
from audit.review.queue import Plan

SIDE, SMALL = 384, 128
"""Long sides of a picture that is judged, and of one beside it."""
LONGEST = 6_000
"""Characters of a text that is judged."""
MOST_CELLS = 60
PATIENCE = 0.3
"""Seconds that the first row waits for the neighbours; none later, and without them rows are shown all the same."""


@dataclass(eq=False)
class Desk:
    """Where rows are made ready to be looked at. What is costly is made when it is first needed."""

    data: Dataset
    report: Report
    design: Plan
    evidence: Evidence
    _found: Neighbours | str = ""
    _looking: threading.Thread | None = None

    @cached_property
    def shelf(self) -> Shelf:
        """The data by the text of its ids."""
        return Shelf.of(self.data)

    @cached_property
    def _whys(self) -> Mapping[str, Mapping[str, Any]]:
        return {str(line["row"]): line for line in self.report["labels"].detail.get("why", ())}

    @cached_property
    def _others(self) -> Mapping[str, list[str]]:
        """What checks other than that of the labels say of a row."""
        found: dict[str, list[str]] = {}
        for issues in self.report:
            if issues.check != "labels":
                for row, reason in issues.findings["reason"].items():
                    found.setdefault(str(row), []).append(f"{issues.check}: {words.visible(reason)}")
        return found

    @property
    def _near(self) -> Neighbours | str:
        """The graph of neighbours, or why there is none yet: it is read or made beside the page, which does not wait."""
        if self._looking is None:
            self._looking = threading.Thread(target=self._look, daemon=True)
            self._looking.start()
            self._looking.join(PATIENCE)
        if self._looking.is_alive():
            return "still being looked for"
        return self._found or "they could not be found"

    def _look(self) -> None:
        try:
            self._found = self.evidence.neighbours
        except AssayError as broken:
            self._found = words.visible(broken)

    @cached_property
    def _label_of(self) -> np.ndarray:
        return np.array([str(v) for v in self.data.given], dtype=object)

    def show(self, position: int) -> dict[str, Any]:
        """The row at a position of the plan. Texts in it are data: the page writes them as text, never as markup."""
        row = self.design.ids[position]
        given, suggested = self.design.given[position], self.design.suggested[position]
        shown = self._example(row, given, suggested)
        near, votes = self._neighbours(row, given, suggested)
        return {
            "row": row,
            "name": words.row_name(self.shelf.ids[row]),
            "given": words.visible(given),
            "suggested": words.visible(suggested),
            "suggestion": suggested,
            "shown": _as_json(shown),
            "facts": [{"what": what, "said": said} for what, said in self._facts(position, votes)],
            "near": [{**n, "shown": _as_json(e)} for n, e in near],
        }

    def _example(self, row: str, given: str, suggested: str) -> Example:
        shown = self.shelf.show(row, side=SIDE)
        known = self.shelf.ids[row]
        if self.data.kind == "text":
            text = words.readable(self.data.texts[int(self.data.rows.get_loc(known))])  # type: ignore[arg-type]
            return Example(shown.row, shown.label, text=words.shorten(text, LONGEST))
        if self.data.kind == "table":
            line = self.data.table.iloc[int(self.data.rows.get_loc(known))]  # type: ignore[arg-type]
            usual = contrary(self.shelf, row, given, suggested)  # what speaks against the label comes first
            columns = list(dict.fromkeys([*usual, *self.data.roles.features]))[:MOST_CELLS]
            cells = tuple(Cell(words.visible(c), cell_text(line[c]), aside=usual.get(c, "")) for c in columns)
            return Example(shown.row, shown.label, cells=cells)
        return shown

    # -- why it was flagged --------------------------------------------------------------------------------------------

    def _facts(self, position: int, votes: str) -> list[tuple[str, str]]:
        row, design = self.design.ids[position], self.design
        why = self._whys.get(row, {})
        said = [
            (words.sentence(words.visible(v["view"])), f"{words.visible(v['says'])}, {words.sure(v['probability'])}")
            for v in why.get("votes", ())
        ]
        lines = [
            ("Label wrong", words.sure(float(design.wrong[position])) if design.is_probability else ""),
            ("Looks like", f"{words.visible(design.suggested[position])}, {words.sure(design.probability[position])}"),
            *said,
            ("Nearest rows", votes),
            ("Other foldings", self._steady(position)),
            *[("Also", other) for other in self._others.get(row, ())],
            ("Why here", "flagged by the audit" if design.flagged[position] else "not flagged: drawn at random"),
        ]
        return [line for line in lines if line[1]]

    def _steady(self, position: int) -> str:
        stable, seeds = self.report["labels"].scores.get("stability"), self.report["labels"].detail.get("seeds")
        if stable is None or not seeds:
            return ""
        return f"{round(float(stable.iloc[position]) * seeds)} of {seeds} contradict the label"

    # -- who lies near -------------------------------------------------------------------------------------------------

    def _neighbours(self, row: str, given: str, suggested: str) -> tuple[list[tuple[dict[str, str], Example]], str]:
        """The nearest row of each of the two labels, by the report where it says so, and how the nearest are labelled."""
        why, graph = self._whys.get(row), self._near
        if isinstance(graph, str):
            told = (
                [] if why is None else [self._told(given, why["agreeing"]), self._told(suggested, why["disagreeing"])]
            )
            return told, graph
        at = int(self.data.rows.get_loc(self.shelf.ids[row]))  # type: ignore[arg-type]  # ids are unique: one number
        near, far = graph.indices[at], graph.distances[at]
        labels = self._label_of[near]
        if why is None:
            found = [self._first(label, near[labels == label], far[labels == label]) for label in (given, suggested)]
        else:
            found = [self._told(given, why["agreeing"]), self._told(suggested, why["disagreeing"])]
        names, counts = np.unique(labels[:VOTERS], return_counts=True)
        most = sorted(zip(counts.tolist(), names.tolist(), strict=True), key=lambda pair: (-pair[0], pair[1]))
        votes = words.listing([f"{n} labelled {words.visible(name)}" for n, name in most], 4)
        return found, f"of the {min(VOTERS, len(near))} nearest, {votes}" if len(near) else ""

    def _first(self, label: str, near: np.ndarray, far: np.ndarray) -> tuple[dict[str, str], Example]:
        """The nearest of some rows; one at distance 0 is a copy, which vouches for nothing."""
        place = int(np.argmax(far > 0)) if (far > 0).any() else None
        found = None if place is None else {"row": self.data.rows[near[place]], "distance": float(far[place])}
        return self._told(label, found)

    def _told(self, label: str, found: Mapping[str, Any] | None) -> tuple[dict[str, str], Example]:
        heading = f"nearest labelled {words.visible(label)}"
        if found is None:
            gone = f"none of its nearest rows is labelled {words.visible(label)}"
            return {"heading": heading, "aside": ""}, Example("", "", why=gone)
        example = self.shelf.show(found["row"], side=SMALL)
        return {"heading": heading, "aside": f"{example.row}, distance {words.number(found['distance'])}"}, example


def _as_json(shown: Example) -> dict[str, Any]:
    return {
        "alt": shown.alt,
        "uri": shown.uri,
        "tiny": shown.tiny,
        "text": str(shown.text),
        "cells": [{"name": c.name, "value": c.value, "aside": c.aside} for c in shown.cells],
        "why": shown.why,
    }
