"""An expectation as a person would say it."""

from __future__ import annotations

from string import Formatter
from typing import Any

from audit.suite import Expectation

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
