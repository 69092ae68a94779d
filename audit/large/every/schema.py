"""The suite's expectations over blocks, by Great Expectations: what speaks of single rows runs block by block, what
speaks of the columns' names on the first rows, what needs a whole column on that column alone. All of that is exact;
what fits none of it, or not the memory, is an error and never a pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit import gx
from audit.gx.outcomes import NO_VALUES_NEEDED
from audit.large.bounds import size
from audit.large.found import Streamed, findings, streamed
from audit.large.read.table import LargeData
from audit.report import Issues
from audit.suite import Expectation

ROW_BY_ROW = frozenset(
    "expect_" + name
    for name in (
        "column_values_to_not_be_null", "column_values_to_be_null", "column_values_to_be_between",
        "column_values_to_be_in_set", "column_values_to_not_be_in_set", "column_values_to_match_regex",
        "column_values_to_not_match_regex", "column_values_to_match_regex_list", "column_values_to_not_match_regex_list",
        "column_value_lengths_to_be_between", "column_value_lengths_to_equal", "column_values_to_match_strftime_format",
        "column_values_to_be_dateutil_parseable", "column_values_to_be_json_parseable",
        "column_values_to_match_json_schema", "column_pair_values_a_to_be_greater_than_b",
        "column_pair_values_to_be_equal", "column_pair_values_to_be_in_set", "multicolumn_sum_to_equal",
        "select_column_values_to_be_unique_within_record",
    )
)  # fmt: skip
OF_NAMES = frozenset(
    "expect_" + name
    for name in (
        "column_to_exist", "table_columns_to_match_set", "table_columns_to_match_ordered_list",
        "table_column_count_to_equal", "table_column_count_to_be_between",
    )
)  # fmt: skip
OF_COUNT = frozenset(("expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"))
OF_KIND = frozenset(("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"))
"""What pandas makes of a column depends on all its values, so one block's kind is not the column's."""
NAMED = ("column", "column_A", "column_B", "column_list")
COPIES = 16
"""Great Expectations holds about so many arrays as long as the column that it looks at."""
EXAMPLES = 3


@dataclass(frozen=True)
class Tally:
    """What blocks have said of one expectation so far."""

    checked: int = 0
    broken: int = 0
    examples: tuple[tuple[Any, Any], ...] = ()
    why: str = ""
    """What broke, or was observed."""
    state: str = "pass"

    def plus(self, outcome: gx.Outcome) -> Tally:
        """With one more block."""
        if outcome.state == "error":
            return replace(self, state="error", why=self.why or outcome.why)
        examples = (*self.examples, *zip(outcome.rows, outcome.values, strict=False))[:EXAMPLES]
        broken = len(outcome.rows) or int(outcome.state == "fail")
        state = "fail" if self.state == "pass" and outcome.state == "fail" else self.state
        return Tally(self.checked + outcome.checked, self.broken + broken, examples, self.why or outcome.why, state)


@dataclass(frozen=True, eq=False)
class Broken:
    """Which rows break which expectations: (n, expectations / 8) uint8 bits, most of them in memory as nothing."""

    bits: np.ndarray

    @classmethod
    def none(cls, rows: int, expectations: int) -> Broken:
        """No row breaks anything yet."""
        return cls(np.zeros((rows, -(-expectations // 8)), np.uint8))

    def mark(self, positions: np.ndarray, k: int) -> None:
        """These rows break expectation k; filled in place, since a copy a block would cost more than the check."""
        self.bits[positions, k // 8] |= np.uint8(0x80 >> (k % 8))

    def clear(self, k: int) -> None:
        """No row breaks expectation k after all: as many keep it as it asks for."""
        self.bits[:, k // 8] &= np.uint8(0xFF ^ (0x80 >> (k % 8)))

    def of(self, k: int) -> np.ndarray:
        """(n,) bool."""
        return np.asarray(self.bits[:, k // 8] & np.uint8(0x80 >> (k % 8)) != 0)


@dataclass(frozen=True, eq=False)
class Rules:
    """The expectations, and how each is judged."""

    data: LargeData
    expectations: Sequence[Expectation]
    room: int
    """Bytes that a whole column may take."""

    def columns(self, k: int) -> list[str]:
        """The columns that an expectation names."""
        said = [self.expectations[k].kwargs.get(name) for name in NAMED]
        return [str(c) for one in said if one is not None for c in (one if isinstance(one, list) else [one])]

    def way(self, k: int) -> str:
        """How expectation k is judged: names, blocks, count, column, or why it is not."""
        e, there = self.expectations[k], self.data.table.schema.names
        if e.type in OF_NAMES or not set(self.columns(k)) <= set(there):
            return "names"
        if any(e.kwargs.get(c) for c in ("row_condition", "condition_parser")):
            return "a condition on rows is not judged block by block"
        if e.type in ROW_BY_ROW:
            return "blocks"
        if e.type in OF_COUNT:
            return "count"
        if e.type in OF_KIND or len(self.columns(k)) != 1:
            return "needs the whole table in memory"
        wanted = COPIES * max(self.data.table.columns[self.columns(k)[0]], 8 * self.data.table.rows)
        if wanted > self.room:
            return f"needs all of column {self.columns(k)[0]!r} at once, about {size(wanted)}; there is room for {size(max(self.room, 0))}"
        return "column"


def schema(data: LargeData, expectations: Sequence[Expectation], room: int) -> Streamed:
    """Run the suite's expectations over all rows; a row's score is the share of them that it keeps."""
    rules, n = Rules(data, expectations, room), data.table.rows
    ways = [rules.way(k) for k in range(len(expectations))]
    broken = Broken.none(n, len(expectations))
    tallies = _by_blocks(rules, [k for k, w in enumerate(ways) if w == "blocks"], broken)
    named = _at_once(data.head.table, rules, [k for k, w in enumerate(ways) if w == "names"], None)
    tallies |= {k: replace(t, checked=n) if t.checked else t for k, t in named.items()}  # one row's names are all rows'
    for k, way in enumerate(ways):
        if way == "count":
            tallies |= _at_once(pd.DataFrame({"row": np.zeros(n, "int8")}), rules, [k], None)
        elif way == "column":
            whole = pd.concat([frame for _, frame in data.table.batches(rules.columns(k))])
            tallies |= _at_once(whole, rules, [k], broken)
        elif way not in ("blocks", "names"):
            tallies[k] = Tally(state="error", why=f"was not run: {way}")
    lines = [_line(e, tallies[k], ways[k]) for k, e in enumerate(expectations)]
    return _said(data, expectations, lines, broken)


def _by_blocks(rules: Rules, ks: list[int], broken: Broken) -> dict[int, Tally]:
    strict = [replace(e, kwargs={a: v for a, v in e.kwargs.items() if a != "mostly"}) for e in rules.expectations]
    columns = list(dict.fromkeys(c for k in ks for c in rules.columns(k)))
    tallies = {k: Tally() for k in ks}
    for _, frame in rules.data.table.batches(columns) if ks else ():
        blank = {c for c in columns if frame[c].isna().all()}
        mine = [k for k in ks if strict[k].type in NO_VALUES_NEEDED or not blank & set(rules.columns(k))]
        for k, outcome in zip(mine, gx.run_expectations(frame, [strict[k] for k in mine]), strict=True):
            tallies[k] = tallies[k].plus(outcome)
            broken.mark(np.array(outcome.rows, np.int64), k)
    for k in ks:
        tallies[k] = _mostly(rules.expectations[k], tallies[k])
        if tallies[k].state == "pass":
            broken.clear(k)
    return tallies


def _mostly(e: Expectation, tally: Tally) -> Tally:
    """The blocks' counts judged as one: an expectation may hold for most values only."""
    if tally.state == "error":
        return tally
    if not tally.checked:
        return Tally(state="error", why="had nothing to look at: every value is missing")
    if tally.broken == 0 or (tally.checked - tally.broken) / tally.checked >= float(e.kwargs.get("mostly", 1)):
        return Tally(tally.checked)
    return replace(tally, why=f"{tally.broken:,} of {tally.checked:,} rows break it", state="fail")


def _at_once(table: pd.DataFrame, rules: Rules, ks: list[int], broken: Broken | None) -> dict[int, Tally]:
    outcomes = gx.run_expectations(table, [rules.expectations[k] for k in ks]) if ks else []
    for k, outcome in zip(ks, outcomes, strict=True):
        if broken is not None:
            broken.mark(np.array(outcome.rows, np.int64), k)
    return {k: Tally().plus(outcome) for k, outcome in zip(ks, outcomes, strict=True)}


def _line(e: Expectation, tally: Tally, way: str) -> dict[str, Any]:
    shown = {
        "blocks": "block by block",
        "names": "on the columns' names",
        "count": "on the number of rows",
        "column": "on the whole column",
    }
    return {
        "key": e.key,
        "type": e.type,
        "kwargs": dict(e.kwargs),
        "severity": e.severity,
        "state": tally.state,
        "why": tally.why if tally.state != "pass" else "",
        "broken": tally.broken,
        "checked": tally.checked,
        "words": gx.in_words(e),
        "examples": [{"row": r, "value": str(v)} for r, v in tally.examples],
        "path": f"exact, {shown[way]}" if way in shown else "skipped",
    }


def _said(
    data: LargeData, expectations: Sequence[Expectation], told: Sequence[Mapping[str, Any]], broken: Broken
) -> Streamed:
    counts = np.zeros(data.table.rows, np.uint16)
    for k in range(len(expectations)):
        counts += broken.of(k)
    flagged = counts > 0
    positions = np.flatnonzero(flagged)
    worst = positions[np.argsort(-counts[positions].astype(np.int64), kind="stable")]
    phrases = [line["words"] for line in told]

    def score(s: slice | np.ndarray) -> np.ndarray:
        return 1 - counts[s] / len(expectations)

    def lines(at: np.ndarray) -> pd.DataFrame:
        bits = np.unpackbits(broken.bits[at], axis=1, count=len(expectations)).astype(bool)
        reason = ["breaks: " + "; ".join(phrases[k] for k in np.flatnonzero(line)[:EXAMPLES]) for line in bits]
        return findings(data, at, score(at), reason, kind="schema")

    named = [{**line, "examples": [{**x, "row": data.rows[x["row"]]} for x in line["examples"]]} for line in told]
    issues = Issues(
        "schema",
        measures={
            "failed": sum(line["state"] != "pass" for line in told),
            "rows": len(positions),
            "rate": len(positions) / data.table.rows,
        },
        detail={"expectations": named},
    )
    return streamed(issues, score, lambda s: flagged[s], worst, lines)
