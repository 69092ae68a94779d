"""Expectations that Great Expectations meets whatever the table holds: they demand nothing, and are no pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

NAMING = ("column", "column_A", "column_B")
EMPTY_PASSES = {
    "expect_column_values_to_not_be_in_set": "value_set",
    "expect_column_distinct_values_to_contain_set": "value_set",
}
"""Types that an empty list satisfies, and the list's name."""
ANYTHING = "(?s).*"
"""The regular expression that Great Expectations takes where none is given."""


def objection(kind: str, asked: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Why no table could break this expectation, or why it would be held against another column; else ''.

    Args:
        kind: its type in snake case.
        asked: its arguments, those that were left out at their defaults.
        columns: what the table has.
    """
    return _other_column(kind, asked, columns) or _demands_nothing(kind, asked)


def _demands_nothing(kind: str, asked: Mapping[str, Any]) -> str:
    if asked.get("mostly") == 0:
        return "demands nothing: mostly is 0, so every row may break it"
    if {"min_value", "max_value"} <= asked.keys() and "kl_divergence" not in kind:
        low, high = (_bound(asked[name]) for name in ("min_value", "max_value"))
        if low is None and high is None:
            return "demands nothing: it has neither min_value nor max_value"
        if "proportion" in kind and (low or 0) <= 0 and (1 if high is None else high) >= 1:
            return "demands nothing: every share lies between 0 and 1"
    if "kl_divergence" in kind and (asked.get("partition_object") is None or asked.get("threshold") is None):
        return "demands nothing: it has no partition_object, or no threshold to hold the divergence against"
    name = EMPTY_PASSES.get(kind)
    if name is not None and not asked.get(name):
        return f"demands nothing: {name} is empty"
    if kind == "expect_column_values_to_match_regex" and asked.get("regex") in (None, "", ANYTHING, ".*"):
        return "demands nothing: every text matches its regex"
    if (
        kind == "expect_table_columns_to_match_set"
        and not asked.get("column_set")
        and asked.get("exact_match") is False
    ):
        return "demands nothing: column_set is empty"
    return ""


def _bound(value: Any) -> Any:
    """None where nothing lies beyond it."""
    return None if isinstance(value, float) and math.isinf(value) else value


def _other_column(kind: str, asked: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Great Expectations takes `Age` for `age`; what reads the table afterwards does not."""
    if kind.startswith("expect_table_") or kind == "expect_column_to_exist":  # these compare names as they are written
        return ""
    names = [asked[n] for n in NAMING if asked.get(n) is not None] + list(asked.get("column_list") or ())
    for name in names:
        near = [c for c in columns if str(c).casefold() == str(name).casefold()]
        if name not in columns and near:
            return f"there is no column {name!r}; did you mean {near[0]!r}?"
    return ""
