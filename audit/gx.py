"""Great Expectations' one home: run expectations on a table and say for each what it found, row by row.

Great Expectations passes silently where it should not (an expectation that crashed is a plain failure, one that had
nothing to look at is a success): here those are states of their own, and never a pass.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal

import pandas as pd

from audit.errors import UnknownName
from audit.suite import Expectation
from audit.vacuous import objection

ALL_ROWS = "COMPLETE"
NO_VALUES_NEEDED = (
    "expect_column_to_exist",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_null",
    "expect_column_proportion_of_non_null_values_to_be_between",
)
"""What can be said of a column even where every value is missing."""


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation."""

    expectation: Expectation
    state: Literal["pass", "fail", "error"]
    why: str
    rows: tuple[Hashable, ...]
    """The ids of the rows that break it; none for an expectation about the table as a whole."""
    values: tuple[Any, ...]
    """Their values, as text or numbers."""
    checked: int
    """How many rows it looked at."""


def run_expectations(table: pd.DataFrame, expectations: Sequence[Expectation]) -> list[Outcome]:
    """Validate `table` (index: row ids) by every expectation, in the order given.

    Raises:
        UnknownName: if a type is none of Great Expectations'.
    """
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # before the import: registration logs at INFO
    import great_expectations as gx

    types = _types()
    for e in expectations:
        if e.type not in types:
            raise UnknownName.of("expectation", e.type, types, where="suite")
    # a named index would come back as a dictionary a row; never a bare get_context(): it would look for a project in the working directory and its parents
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("assay").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": table.rename_axis(None)})
    return [_run_one(batch, e, types[e.type], table) for e in expectations]


def check_expectations(expectations: Sequence[Expectation]) -> list[str]:
    """What is wrong with each, '' for nothing: an unknown type, arguments that are refused or demand nothing."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    types = _types()
    return [_refusal(e, types) for e in expectations]


def _refusal(expectation: Expectation, types: Mapping[str, Any]) -> str:
    if expectation.type not in types:
        return str(UnknownName.of("expectation", expectation.type, types))
    try:
        built = types[expectation.type](**expectation.kwargs)
    except (ValueError, TypeError) as refused:
        return f"arguments refused: {' '.join(str(refused).split())}"
    return objection(expectation.type, built.dict(), ())


def _types() -> dict[str, Any]:
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    return {name: get_expectation_impl(name) for name in list_registered_expectation_implementations()}


def _run_one(batch: Any, expectation: Expectation, implementation: Any, table: pd.DataFrame) -> Outcome:
    try:
        built = implementation(**expectation.kwargs)
    except (ValueError, TypeError) as refused:  # pydantic's ValidationError is a ValueError
        return _error(expectation, f"arguments refused: {' '.join(str(refused).split())}")
    if why := objection(expectation.type, built.dict(), list(table.columns)):
        return _error(expectation, why)
    result = batch.validate(built, result_format={"result_format": ALL_ROWS})
    if messages := _crashes(result.exception_info):
        return _error(expectation, f"could not run: {' '.join(messages[0].split())}")
    column = expectation.kwargs.get("column")
    blank = column in table.columns and expectation.type not in NO_VALUES_NEEDED and table[column].isna().all()
    # a sum or a set of distinct values over no values at all satisfies Great Expectations
    found = {"element_count": len(table), "missing_count": len(table) * blank, **result.result}
    return _judge(expectation, bool(result.success), found)


def _error(expectation: Expectation, why: str) -> Outcome:
    return Outcome(expectation, "error", why[:300], (), (), 0)


def _crashes(info: Mapping[str, Any] | None) -> list[str]:
    """The messages of the exceptions behind a result; the two shapes that Great Expectations gives them."""
    if not info:
        return []
    if "raised_exception" in info:
        return [str(info["exception_message"])] if info["raised_exception"] else []
    inner = [v for v in info.values() if isinstance(v, Mapping)]
    return [str(v["exception_message"]) for v in inner if v.get("raised_exception")]


def _judge(expectation: Expectation, success: bool, found: Mapping[str, Any]) -> Outcome:  # noqa: FBT001
    count, missing = int(found["element_count"]), int(found["missing_count"])
    checked = count if expectation.type in NO_VALUES_NEEDED else count - missing
    if checked == 0:
        why = "every value is missing" if count else "no row meets its condition"
        return _error(expectation, f"had nothing to look at: {why}")
    if success:
        return Outcome(expectation, "pass", "", (), (), checked)
    broken = tuple(found.get("unexpected_index_list") or ())
    values = tuple(found.get("unexpected_list") or ())
    if broken:
        return Outcome(expectation, "fail", f"{len(broken):,} of {checked:,} rows break it", broken, values, checked)
    observed = found.get("observed_value")
    return Outcome(
        expectation, "fail", f"found {observed}" if observed is not None else "does not hold", (), (), checked
    )


PHRASES = {
    "expect_column_to_exist": "there is a column {column}",
    "expect_column_values_to_not_be_null": "{column} is never missing",
    "expect_column_values_to_be_between": "{column} is between {min_value} and {max_value}",
    "expect_column_values_to_be_in_set": "{column} is one of {value_set}",
    "expect_column_values_to_be_unique": "{column} never repeats",
    "expect_column_values_to_match_regex": "{column} matches {regex}",
    "expect_column_values_to_not_match_regex": "{column} does not match {regex}",
    "expect_column_value_lengths_to_be_between": "{column} has between {min_value} and {max_value} characters",
    "expect_column_values_to_be_of_type": "{column} is of type {type_}",
    "expect_table_row_count_to_be_between": "there are between {min_value} and {max_value} rows",
    "expect_table_column_count_to_equal": "there are {value} columns",
    "expect_column_mean_to_be_between": "the mean of {column} is between {min_value} and {max_value}",
}


def in_words(expectation: Expectation) -> str:
    """The expectation as a person would say it."""
    kwargs = {k: _said(v) for k, v in expectation.kwargs.items() if v is not None}
    phrase = PHRASES.get(expectation.type, "")
    if "{min_value} and {max_value}" in phrase and not {"min_value", "max_value"} <= kwargs.keys():
        bound = "at most {max_value}" if "max_value" in kwargs else "at least {min_value}"
        phrase = phrase.replace("between {min_value} and {max_value}", bound)
    asked = {name for _, name, _, _ in Formatter().parse(phrase) if name}
    if phrase and asked == kwargs.keys():
        return phrase.format(**kwargs)
    rest = ", ".join(f"{k} {v}" for k, v in kwargs.items())
    return f"{expectation.type.removeprefix('expect_').replace('_', ' ')}: {rest}"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(v) for v in value[:8]) + (", …" if len(value) > 8 else "")
    return str(value)
