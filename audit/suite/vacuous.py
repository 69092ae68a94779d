"""Expectations that Great Expectations meets whatever the table holds: they demand nothing, and are no pass."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.errors import UnknownName

NAMING = ("column", "column_A", "column_B")
EMPTY_PASSES = {
    "expect_column_values_to_not_be_in_set": "value_set",
    "expect_column_distinct_values_to_contain_set": "value_set",
    "expect_table_columns_to_match_set": "column_set",
    "expect_table_row_count_to_equal_other_table": "other_table_name",
}
"""Types that an empty list or name satisfies, and what it is called; of the columns' set where it need not be matched exactly."""
NEEDED = {
    "expect_column_values_to_be_in_type_list": "type_list",
    "expect_table_columns_to_match_ordered_list": "column_list",
}
"""Types that may be given without what they compare with, and its name."""
LARGEST = {
    "expect_column_value_z_scores_to_be_less_than": "threshold",
    "expect_column_values_to_not_be_outliers": "multiplier",
    "expect_column_kl_divergence_to_be_less_than": "threshold",
}
"""Types that hold everything below a number, and the number's name."""
NEVER_NEGATIVE = ("count", "lengths", "stdev")
"""What stands in the types of measures that no table has below 0."""
WITHIN_A_ROW = (
    "expect_multicolumn_values_to_be_equal",
    "expect_multicolumn_values_to_be_unique",
    "expect_select_column_values_to_be_unique_within_record",
)
"""Types that hold the values of a row against each other."""
ANY_TEXT = (".*", "(?s).*", "^", "$", "^.*", ".*$", "^.*$", "(?s)^.*$", r"[\s\S]*", r"^[\s\S]*$", "")
"""Regular expressions that every text matches; Great Expectations takes the second where none is given."""
ANY_LIKE = ("%", "%%")
COMPARISON = re.compile(
    r"""\s*col\("[^"]+"\)\s*(?:\.notnull\(\)|(?:[<>]=?|[=!]=)\s*(?:[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?|"[^"]*"|'[^']*'))\s*""",
    re.IGNORECASE,
)
"""A row condition in Great Expectations' own words: one comparison."""
QUERIES = ("unexpected_rows_query", "base_query", "comparison_query")
QUESTION = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
"""How SQL begins that asks, and does not write, copy, or end the transaction in which it may only read."""


def objection(kind: str, asked: Mapping[str, Any], columns: Sequence[str], condition: object = None) -> str:
    """Why no table could break this expectation, why it would be held against another column, or why it asks nothing;
    else ''.

    Args:
        kind: its type in snake case.
        asked: its arguments, those that were left out at their defaults.
        columns: what the table has; empty where that is not known.
        condition: its row_condition as it was written.
    """
    return (
        _no_question(asked)
        or _half_a_condition(condition, asked)
        or _condition_on_nothing(asked, columns)
        or _other_column(kind, asked, columns)
        or _demands_nothing(kind, asked)
    )


def _no_question(asked: Mapping[str, Any]) -> str:
    for name in QUERIES:
        if asked.get(name) is not None and not QUESTION.match(str(asked[name])):
            return f"{name} asks nothing: a question begins with SELECT, WITH, VALUES or TABLE"
    return ""


def _half_a_condition(written: object, asked: Mapping[str, Any]) -> str:
    """Great Expectations takes the first comparison of a text, and leaves whatever follows it out: rows that `or` adds."""
    parsed = asked.get("row_condition")
    of_its_own = isinstance(parsed, Mapping) and parsed.get("type") in ("comparison", "nullity")
    if not of_its_own or not isinstance(written, str) or COMPARISON.fullmatch(written):
        return ""
    return (
        f"row_condition {written!r}: of a text only the first comparison would be held; write several as a table "
        f"with type = 'and' or 'or', and conditions"
    )


def _condition_on_nothing(asked: Mapping[str, Any], columns: Sequence[str]) -> str:
    """SQLite takes the quoted name of a column that is not there for a text, and every row may meet the condition."""
    if not columns:
        return ""
    gone = next((name for name in _named_in(asked.get("row_condition")) if name not in columns), None)
    return "" if gone is None else f"could not run: its row_condition: {UnknownName.of('column', gone, columns)}"


def _named_in(condition: Any) -> Iterator[str]:
    """The columns of a condition as Great Expectations has parsed it: of one comparison, or of several."""
    if not isinstance(condition, Mapping):
        return
    if "column" in condition:
        yield str(condition["column"]["name"])
    for part in condition.get("conditions", ()):
        yield from _named_in(part)


def _demands_nothing(kind: str, asked: Mapping[str, Any]) -> str:
    why = (
        _accepts_every_row(kind, asked)
        or _accepts_every_number(kind, asked)
        or _lacks_what_it_compares(kind, asked)
        or _compares_with_itself(kind, asked)
    )
    return why and f"demands nothing: {why}"


def _accepts_every_row(kind: str, asked: Mapping[str, Any]) -> str:
    if asked.get("mostly") == 0:
        return "mostly is 0, so every row may break it"
    if kind.startswith("expect_column_values_to_match_") and _matches_any_text(kind, asked):
        return f"every text matches its {'regex' if 'regex' in kind else 'pattern'}"
    return ""


def _accepts_every_number(kind: str, asked: Mapping[str, Any]) -> str:
    if {"min_value", "max_value"} <= asked.keys() and "kl_divergence" not in kind:
        low, high = (_bound(asked[name]) for name in ("min_value", "max_value"))
        if low is None and high is None:
            return "it has neither min_value nor max_value"
        if "proportion" in kind and not _above_zero(low, asked) and not _below_one(high, asked):
            return "every share lies between 0 and 1"
        if high is None and any(word in kind for word in NEVER_NEGATIVE) and not _above_zero(low, asked):
            return f"min_value is {low:g}, and nothing of the kind is less"
    if kind == "expect_column_quantile_values_to_be_between" and not _bounds_a_quantile(asked.get("quantile_ranges")):
        return "quantile_ranges bounds no quantile"
    return ""


def _lacks_what_it_compares(kind: str, asked: Mapping[str, Any]) -> str:
    if "kl_divergence" in kind and (asked.get("partition_object") is None or asked.get("threshold") is None):
        return "it has no partition_object, or no threshold to hold the divergence against"
    if kind in LARGEST and _bound(asked.get(LARGEST[kind])) is None:
        return f"{LARGEST[kind]} is infinite"
    if kind in NEEDED and asked.get(NEEDED[kind]) is None:
        return f"it has no {NEEDED[kind]}"
    name = (
        "" if kind == "expect_table_columns_to_match_set" and asked.get("exact_match") else EMPTY_PASSES.get(kind, "")
    )
    return f"{name} is empty" if name and not asked.get(name) else ""


def _compares_with_itself(kind: str, asked: Mapping[str, Any]) -> str:
    one, other, several = (asked.get(name) for name in ("column_A", "column_B", "column_list"))
    equals = kind == "expect_column_pair_values_to_be_equal" or asked.get("or_equal")
    if equals and isinstance(one, str) and one == other:
        return f"column {one!r} is held against itself"
    if kind in WITHIN_A_ROW and isinstance(several, (list, tuple)) and len(set(map(str, several))) < 2:
        return "column_list names no two columns"
    return ""


def _above_zero(low: Any, asked: Mapping[str, Any]) -> bool:
    """Whether 0 is too little; a parameter that is filled in later may be anything."""
    if not isinstance(low, (int, float)):
        return low is not None
    return low > 0 or (low == 0 and bool(asked.get("strict_min")))


def _below_one(high: Any, asked: Mapping[str, Any]) -> bool:
    if not isinstance(high, (int, float)):
        return high is not None
    return high < 1 or (high == 1 and bool(asked.get("strict_max")))


def _bounds_a_quantile(ranges: Any) -> bool:
    """Whether one quantile at least has an end; a parameter that is filled in later may."""
    named = ranges if isinstance(ranges, Mapping) else {}
    return "$PARAMETER" in named or any(
        _bound(end) is not None for pair in named.get("value_ranges", ()) for end in pair
    )


def _matches_any_text(kind: str, asked: Mapping[str, Any]) -> bool:
    """Whether every text matches the pattern, or as many of the list's as must be matched."""
    name, every = ("regex", ANY_TEXT) if "regex" in kind else ("like_pattern", ANY_LIKE)
    if name not in asked and f"{name}_list" not in asked:
        return False
    if not kind.endswith("_list"):
        return asked[name] in (*every, None)
    listed = asked[f"{name}_list"]
    if isinstance(listed, Mapping):  # a parameter that is filled in later
        return False
    return (all if asked.get("match_on") == "all" else any)(pattern in every for pattern in listed)


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
