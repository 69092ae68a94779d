"""Expectations on a table that lies elsewhere, whose rows a key names: what Great Expectations' SQL and Spark engines
find, brought into the same outcomes as those of a table in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd

from audit.errors import AssayError, UnknownName
from audit.gx.outcomes import NO_VALUES_NEEDED, Outcome, counted, counting, crashes, error, judge
from audit.gx.tables import registered, run_expectations
from audit.suite import Expectation
from audit.suite.vacuous import NAMING, objection

NAMED_IN_PLACE = 10_000
"""Rows that break an expectation and are named, where no row is pulled; more are counted and none is named, since which
came first would depend on how the table lies on disk."""
DISTINCT = 100_000
"""Different values that may be pulled out of one column."""
PULL_VALUES = (
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set",
    "expect_column_kl_divergence_to_be_less_than",
    "expect_column_most_common_value_to_be_in_set",
)
"""Types for which the engines fetch every different value of the column."""
OF_NAMES = (
    "expect_column_to_exist",
    "expect_table_columns_to_match_set",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_column_count_to_equal",
    "expect_table_column_count_to_be_between",
)
"""Types that speak of the columns' names alone. Of a database's, Great Expectations takes `Age` for `age`."""


@dataclass(frozen=True)
class Elsewhere:
    """A table in another engine, and the few questions that are asked of it beside Great Expectations'."""

    engine: Any
    """Great Expectations' execution engine."""
    data: Any
    """Its batch data."""
    key: str
    columns: Sequence[str]
    rows: int
    filled: Callable[[str], int]
    """How many values of a column are not missing."""
    distinct: Callable[[str], int]


def run_elsewhere(
    table: Elsewhere, expectations: Sequence[Expectation], *, rows: Sequence[Hashable] | None = None
) -> list[Outcome]:
    """Run every expectation, in the order given.

    Args:
        table: where it lies.
        expectations: what is expected of it.
        rows: the ids of all rows in their order, where they are known: then every row that breaks an expectation is
            named, as the id it has there. Else up to NAMED_IN_PLACE of each.

    Raises:
        UnknownName: if a type is none of Great Expectations'.
    """
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # what it logs of a crash, the outcome says
    import great_expectations as gx
    from great_expectations.core.batch import Batch
    from great_expectations.validator.validator import Validator

    types = registered()
    for e in expectations:
        if e.type not in types:
            raise UnknownName.of("expectation", e.type, types, where="suite")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    validator = Validator(execution_engine=table.engine, batches=[Batch(data=table.data)], data_context=context)
    places = None if rows is None else {_plain(row): i for i, row in enumerate(rows)}
    names = _of_names(table, [e for e in expectations if e.type in OF_NAMES])
    return [
        next(names) if e.type in OF_NAMES else _run_one(validator, table, e, types[e.type], rows, places)
        for e in expectations
    ]


def _run_one(
    validator: Any,
    table: Elsewhere,
    expectation: Expectation,
    implementation: Any,
    rows: Sequence[Hashable] | None,
    places: Mapping[Any, int] | None,
) -> Outcome:
    try:
        built = implementation(**expectation.kwargs)
    except (ValueError, TypeError) as refused:  # pydantic's ValidationError is a ValueError
        return error(expectation, f"arguments refused: {' '.join(str(refused).split())}")
    if why := objection(expectation.type, built.dict(), table.columns, expectation.kwargs.get("row_condition")):
        return error(expectation, why)
    most = NAMED_IN_PLACE if rows is None else len(rows)
    try:
        blank = _is_blank(table, expectation)
        if why := _too_much(table, expectation):
            return error(expectation, why)
    except AssayError as refused:
        return error(expectation, f"could not run: {refused}")
    asked = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": [table.key],
        "partial_unexpected_count": most + 1,
        "return_unexpected_index_query": False,
    }
    (result,) = validator.graph_validate([built.configuration], runtime_configuration={"result_format": asked})
    if messages := crashes(result.exception_info):
        return error(expectation, f"could not run: {' '.join(messages[0].split())}")
    found = {"element_count": table.rows, "missing_count": table.rows * blank, **result.result}
    if conditional := counting(expectation, result.result):
        form = {"result_format": {"result_format": "SUMMARY"}}
        (of_these,) = validator.graph_validate([conditional.configuration], runtime_configuration=form)
        if messages := crashes(of_these.exception_info):
            return error(expectation, f"could not run: {' '.join(messages[0].split())}")
        found |= counted(of_these.result)
    if found.get("unexpected_index_list") is None:
        return _nameless(judge(expectation, bool(result.success), found), found)
    return _judged(expectation, bool(result.success), found, table.key, places, rows, most)


def _of_names(table: Elsewhere, expectations: Sequence[Expectation]) -> Iterator[Outcome]:
    """Judged by the names as they are written, as those of a table in memory are."""
    line = pd.DataFrame({name: [0] for name in table.columns})
    for outcome in run_expectations(line, expectations) if expectations else ():
        if outcome.state == "error" or table.rows:
            yield replace(outcome, checked=table.rows if outcome.checked else 0)
        else:
            yield judge(outcome.expectation, success=False, found={"element_count": 0, "missing_count": 0})


def _nameless(outcome: Outcome, found: Mapping[str, Any]) -> Outcome:
    """Where the engine counts rows and names none, as SQL's does of columns that are unique together."""
    count = found.get("unexpected_count")
    if outcome.state != "fail" or not count or "element_count" not in found or "observed_value" in found:
        return outcome
    return replace(outcome, why=f"{count:,} of {outcome.checked:,} rows break it, and this engine names none")


def _judged(
    expectation: Expectation,
    success: bool,  # noqa: FBT001
    found: Mapping[str, Any],
    key: str,
    places: Mapping[Any, int] | None,
    rows: Sequence[Hashable] | None,
    most: int,
) -> Outcome:
    """`judge`, of rows that come as a table of the key and the columns."""
    # names of columns come as a kind of text of their own, which hashes otherwise
    broken = [{"".join(name): v for name, v in line.items()} for line in found["unexpected_index_list"]]
    count = int(found["unexpected_count"] or 0)
    if rows is None and count > most:
        outcome = judge(expectation, success, {**found, "unexpected_index_list": (), "unexpected_list": ()})
        why = f"{count:,} of {outcome.checked:,} rows break it, too many to name"
        return Outcome(
            expectation, outcome.state, why if outcome.state == "fail" else outcome.why, (), (), outcome.checked
        )
    if len(broken) != count:
        return error(expectation, f"could not run: {count:,} rows break it, and {len(broken):,} are named")
    ids = [_found(line[key], places) for line in broken]
    strange = [i for i in ids if places is not None and i not in places]
    if strange:
        return error(
            expectation, f"could not run: row {strange[0]!r} breaks it, and was not among those that were read"
        )
    order = sorted(range(count), key=lambda i: _sorting(ids[i]) if places is None else places[ids[i]])
    known = [ids[i] if rows is None or places is None else rows[places[ids[i]]] for i in order]
    values = [_value(expectation, broken[i]) for i in order]
    return judge(expectation, success, {**found, "unexpected_index_list": known, "unexpected_list": values})


def _is_blank(table: Elsewhere, expectation: Expectation) -> bool:
    """Whether the column has no value at all: a sum or a set of distinct values over none satisfies Great Expectations."""
    column = str(expectation.kwargs.get("column"))
    return column in table.columns and expectation.type not in NO_VALUES_NEEDED and table.filled(column) == 0


def _too_much(table: Elsewhere, expectation: Expectation) -> str:
    column = str(expectation.kwargs.get("column"))
    if expectation.type not in PULL_VALUES or column not in table.columns:
        return ""
    count = table.distinct(column)
    if count <= DISTINCT:
        return ""
    return f"would pull {count:,} different values of {column!r} out of the table; the most is {DISTINCT:,}"


def _plain(row: Any) -> Any:
    """An id by which rows that were read are known: dates, times and UUIDs as text, exact decimals as numbers."""
    if isinstance(row, Decimal):
        return int(row) if row.is_finite() and row == row.to_integral_value() else float(row)
    if isinstance(row, UUID):
        return str(row)
    return row.isoformat() if hasattr(row, "isoformat") else row


def _found(row: Any, places: Mapping[Any, int] | None) -> Any:
    """An id as it was read: PostgreSQL fills what is declared char(n) up with blanks, and reads it as text without."""
    row = _plain(row)
    if places is None or row in places or not isinstance(row, str):
        return row
    return row.rstrip(" ")


def _sorting(row: Any) -> tuple[str, Any]:
    return ("" if isinstance(row, (int, float)) else type(row).__name__, row)


def _value(expectation: Expectation, line: Mapping[str, Any]) -> Any:
    """What stands in a row that breaks an expectation, as a table in memory has it."""
    kwargs = expectation.kwargs
    if kwargs.get("column_list"):
        return {c: line[c] for c in kwargs["column_list"]}
    named = [kwargs[n] for n in NAMING if kwargs.get(n) is not None]
    return line[named[0]] if len(named) == 1 else tuple(line[c] for c in named)
