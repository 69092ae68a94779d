"""A verdict as GitHub's workflow commands: `::error file=…,line=…,title=…::message`, shown beside the lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from audit.render import words
from audit.render.demands import FAILED, Demand, Result, demands
from audit.render.gate import gate_terminal
from audit.render.sarif import relative
from audit.report import Report
from audit.sources.lines import Places
from audit.suite import Suite
from audit.verdict import Verdict

COMMANDS: dict[Result, str] = {"error": "error", "fail": "error", "warn": "warning", "told": "notice"}
MOST = 10
"""What GitHub shows of each kind a step; the rest it drops without a word."""


def github_annotations(report: Report, suite: Suite, verdict: Verdict, places: Places) -> str:
    """Every demand that is not met, then its further rows, at most ten of a kind; then the verdict as plain text."""
    broken = [d for d in demands(report, suite, verdict) if d.result in FAILED]
    lines = [line for level in ("error", "warning", "notice") for line in _of_level(level, broken, places)]
    lines += [_command("notice", None, None, "loosened", x.words) for x in verdict.loosened]
    return "\n".join([*lines, _inert(gate_terminal(verdict))]) + "\n"


def _of_level(level: str, broken: Sequence[Demand], places: Places) -> Iterator[str]:
    """Each demand once, at its worst row, before any has a second: no demand is crowded out while there is room."""
    chosen = [d for d in broken if COMMANDS[d.result] == level]
    first = (_first(level, d, places) for d in chosen)
    more = (
        _command(level, *places.of(row), d.check, f"row {row} {reason}")
        for d in chosen
        for row, reason in d.rows[1:MOST]
        if places.of(row) != (None, None)
    )
    yield from islice((line for part in (first, more) for line in part), MOST)


def _first(level: str, demand: Demand, places: Places) -> str:
    if not demand.rows:
        return _command(level, *places.of(""), demand.check, demand.why)
    row, reason = demand.rows[0]
    return _command(level, *places.of(row), demand.check, f"{demand.why}; row {row} {reason}")


def _command(command: str, file: str | None, line: int | None, title: str, message: str) -> str:
    said = {"file": None if file is None else relative(file), "line": line, "title": f"assay: {title}"}
    properties = ",".join(f"{k}={_property(str(v))}" for k, v in said.items() if v is not None)
    return f"::{command} {properties}::{_data(message)}"


def _inert(text: str) -> str:
    """Plain text that GitHub takes for no command: it looks for `::` behind any indent, and for `##[` anywhere."""
    return text.replace("::", ": :").replace("##[", "## [")


def _data(text: str) -> str:
    """As GitHub's toolkit escapes a message: https://github.com/actions/toolkit, packages/core/src/command.ts."""
    spelt = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return words.visible(spelt)


def _property(text: str) -> str:
    """As it escapes a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
