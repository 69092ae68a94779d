"""Of every type that the installed Great Expectations has: asked for as little as it accepts, it passes no table that
breaks whatever can be asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.gx import run_expectations
from audit.gx.tables import registered
from audit.suite import Expectation

MESS = pd.DataFrame(
    {
        "number": [3.0, 1.0, 1.0, -1e9, 2.0, np.nan],
        "word": ["ash", "ash", "{", "1 January", "oak", None],
        "same": ["ash", "ash", "x", "y", "z", None],
    }
)
NUMBERS = ("between", "z_scores", "outliers", "kl_divergence", "increasing", "decreasing")
BROKEN: dict[str, Any] = {
    "column_A": "word", "column_B": "same", "column_list": ["word", "same"], "value_set": ["never"],
    "value_pairs_set": [("never", "never")], "type_": "int64", "value": 99, "threshold": -1e9, "double_sided": False,
    "like_pattern": "never", "like_pattern_list": ["never"], "regex": "never", "regex_list": ["never"],
    "strftime_format": "%Y", "json_schema": {"type": "array"}, "sum_total": 99, "other_table_name": "none",
    "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[99, None]]}, "unexpected_rows_query": "SELECT",
    "base_query": "SELECT", "comparison_data_source_name": "none", "comparison_query": "SELECT",
}  # fmt: skip
"""What the table breaks, by the name of the argument."""
OTHERWISE: dict[str, dict[str, Any]] = {
    "expect_column_to_exist": {"column": "gone"},
    "expect_column_values_to_not_be_in_set": {"value_set": ["ash"]},
    "expect_column_values_to_not_match_regex": {"regex": "ash"},
    "expect_column_values_to_not_match_regex_list": {"regex_list": ["ash"]},
    "expect_multicolumn_sum_to_equal": {"column_list": ["number", "number"]},
    "expect_table_column_count_to_equal": {"value": 99},
}
SHARED = {
    "id", "meta", "notes", "rendered_content", "result_format", "catch_exceptions", "windows", "batch_id", "severity",
    "description", "library_metadata", "row_condition", "condition_parser", "column", "column_A", "column_B",
}  # fmt: skip
LEAST = (None, [], "", {}, float("inf"), float("-inf"), ["%"], ["^"], "%", "^", ".*")
FORBIDDING = ("value_set", "regex", "regex_list")
TYPES = {n: c for n, c in registered().items() if c.__module__.startswith("great_expectations.expectations.core")}


def asked(kind: str) -> dict[str, Any]:
    """The arguments that the type cannot do without, and which the table breaks."""
    needed = [name for name, f in TYPES[kind].__fields__.items() if f.required]
    column = "number" if any(word in kind for word in NUMBERS) and "lengths" not in kind else "word"
    return {name: {**BROKEN, "column": column, **OTHERWISE.get(kind, {})}[name] for name in needed}


# an empty column and a sum of nothing: numpy's and pandas' own warnings, raised within Great Expectations
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_no_type_passes_what_breaks_it_with_as_few_arguments_as_it_accepts():
    outcomes = run_expectations(MESS, [Expectation(kind, asked(kind)) for kind in TYPES])

    assert len(outcomes) >= 50
    assert [o.expectation for o in outcomes if o.state == "pass"] == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_no_type_passes_it_where_one_argument_is_empty_or_without_end():
    made = [
        Expectation(kind, {**asked(kind), name: value})
        for kind, implementation in TYPES.items()
        for name in implementation.__fields__.keys() - SHARED
        for value in LEAST
        if not (name in FORBIDDING and "_not_" in kind and value)  # to forbid what no text holds is a demand
    ]

    assert [(o.expectation.type, o.expectation.kwargs) for o in run_expectations(MESS, made) if o.state == "pass"] == []
