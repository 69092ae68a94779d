"""Expectations on a table in memory, and what is wrong with an expectation before there is a table."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from audit.errors import UnknownName
from audit.gx.ours import misplaced
from audit.gx.outcomes import NO_VALUES_NEEDED, Outcome, counted, counting, crashes, error, judge
from audit.suite import Expectation
from audit.suite.vacuous import objection

ALL_ROWS = "COMPLETE"


def run_expectations(table: pd.DataFrame, expectations: Sequence[Expectation]) -> list[Outcome]:
    """Validate `table` (index: row ids) by every expectation, in the order given.

    Raises:
        UnknownName: if a type is none of Great Expectations'.
    """
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # before the import: registration logs at INFO
    import great_expectations as gx

    types = registered()
    for e in expectations:
        if why := misplaced(e.type):
            raise UnknownName(f"suite: {why}")
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
    if not expectations:
        return []  # Great Expectations takes seconds to import
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    types = registered()
    return [_refusal(e, types) for e in expectations]


def _refusal(expectation: Expectation, types: Mapping[str, Any]) -> str:
    if why := misplaced(expectation.type):
        return why
    if expectation.type not in types:
        return str(UnknownName.of("expectation", expectation.type, types))
    try:
        built = types[expectation.type](**expectation.kwargs)
    except (ValueError, TypeError) as refused:
        return f"arguments refused: {' '.join(str(refused).split())}"
    return objection(expectation.type, built.dict(), (), expectation.kwargs.get("row_condition"))


def registered() -> dict[str, Any]:
    """Every expectation there is, by its type, but for ours, which look at a report and not at a table."""
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    names = list_registered_expectation_implementations()
    return {name: get_expectation_impl(name) for name in names if not misplaced(name)}


def _run_one(batch: Any, expectation: Expectation, implementation: Any, table: pd.DataFrame) -> Outcome:
    try:
        built = implementation(**expectation.kwargs)
    except (ValueError, TypeError) as refused:  # pydantic's ValidationError is a ValueError
        return error(expectation, f"arguments refused: {' '.join(str(refused).split())}")
    condition = expectation.kwargs.get("row_condition")
    if why := objection(expectation.type, built.dict(), list(table.columns), condition):
        return error(expectation, why)
    result = batch.validate(built, result_format={"result_format": ALL_ROWS})
    if messages := crashes(result.exception_info):
        return error(expectation, f"could not run: {' '.join(messages[0].split())}")
    column = expectation.kwargs.get("column")
    blank = column in table.columns and expectation.type not in NO_VALUES_NEEDED and table[column].isna().all()
    # a sum or a set of distinct values over no values at all satisfies Great Expectations
    found = {"element_count": len(table), "missing_count": len(table) * blank, **result.result}
    if asked := counting(expectation, result.result):
        conditional = batch.validate(asked, result_format={"result_format": ALL_ROWS})
        if messages := crashes(conditional.exception_info):
            return error(expectation, f"could not run: {' '.join(messages[0].split())}")
        found |= counted(conditional.result)
    return judge(expectation, bool(result.success), found)
