"""Expectations that no table breaks are no pass; those that some table breaks are left alone."""

from __future__ import annotations

import pytest

from audit.suite.vacuous import objection

QUANTILES = "expect_column_quantile_values_to_be_between"
BETWEEN = "expect_column_values_to_be_between"
EQUAL, GREATER = "expect_column_pair_values_to_be_equal", "expect_column_pair_values_a_to_be_greater_than_b"
WITHIN = "expect_select_column_values_to_be_unique_within_record"
HERE = {"type": "nullity", "column": {"name": "a"}, "is_null": True}
GONE = {**HERE, "column": {"name": "bb"}}


@pytest.mark.parametrize(
    ("kind", "asked", "why"),
    [
        (BETWEEN, {"column": "a", "min_value": 1, "max_value": None, "mostly": 0}, "mostly is 0"),
        ("expect_column_mean_to_be_between", {"column": "a", "min_value": None, "max_value": None}, "neither"),
        (BETWEEN, {"column": "a", "min_value": float("-inf"), "max_value": float("inf")}, "neither"),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "a", "min_value": 0, "max_value": 1}, "every share"),
        ("expect_column_values_to_not_be_in_set", {"column": "a", "value_set": []}, "value_set is empty"),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "(?s).*"}, "every text"),
        ("expect_column_kl_divergence_to_be_less_than", {"column": "a", "partition_object": None}, "no partition_object"),
        ("expect_table_row_count_to_be_between", {"min_value": 0, "max_value": None}, "nothing of the kind is less"),
        ("expect_column_stdev_to_be_between", {"column": "a", "min_value": -1.5, "max_value": None, "strict_min": True}, "nothing of the kind"),
        ("expect_column_values_to_be_in_type_list", {"column": "a", "type_list": None}, "no type_list"),
        ("expect_table_columns_to_match_ordered_list", {"column_list": None}, "no column_list"),
        (QUANTILES, {"column": "a", "quantile_ranges": {"quantiles": [], "value_ranges": []}}, "bounds no quantile"),
        (QUANTILES, {"column": "a", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[None, float("inf")]]}}, "bounds no quantile"),
        ("expect_column_value_z_scores_to_be_less_than", {"column": "a", "threshold": float("inf")}, "threshold is infinite"),
        ("expect_column_values_to_not_be_outliers", {"column": "a", "multiplier": float("inf")}, "multiplier is infinite"),
        ("expect_column_values_to_match_regex_list", {"column": "a", "regex_list": ["x", "^"], "match_on": "any"}, "every text"),
        ("expect_column_values_to_match_like_pattern", {"column": "a", "like_pattern": "%"}, "every text"),
        ("expect_table_columns_to_match_set", {"column_set": [], "exact_match": False}, "column_set is empty"),
        ("expect_table_row_count_to_equal_other_table", {"other_table_name": ""}, "other_table_name is empty"),
        (EQUAL, {"column_A": "a", "column_B": "a"}, "column 'a' is held against itself"),
        (GREATER, {"column_A": "a", "column_B": "a", "or_equal": True}, "held against itself"),
        (WITHIN, {"column_list": ["a"]}, "names no two columns"),
        ("expect_multicolumn_values_to_be_equal", {"column_list": ["a", "a"]}, "names no two columns"),
        (BETWEEN, {"column": "A", "min_value": 1, "max_value": 2}, "did you mean 'a'"),
        ("expect_table_row_count_to_equal", {"value": 3, "row_condition": GONE}, "no column 'bb'; there is a, b; did you mean 'b'"),
        ("expect_table_row_count_to_equal", {"value": 3, "row_condition": {"type": "or", "conditions": [HERE, GONE]}}, "no column 'bb'"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "DELETE FROM {batch}"}, "asks nothing"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "-- SELECT\nCOMMIT"}, "asks nothing"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "selected"}, "asks nothing"),
    ],
)  # fmt: skip
def test_what_demands_nothing_or_looks_elsewhere_is_objected_to(kind, asked, why):
    assert why in objection(kind, asked, ["a", "b"])


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (BETWEEN, {"column": "a", "min_value": 0, "max_value": None, "mostly": 0.9}),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": []}),
        (EQUAL, {"column_A": "a", "column_B": "b"}),
        (GREATER, {"column_A": "a", "column_B": "a", "or_equal": False}),
        (WITHIN, {"column_list": ["a", "b"]}),
        (WITHIN, {"column_list": {"$PARAMETER": "columns"}}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "a", "min_value": 0.1, "max_value": None}),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "[a-z]+"}),
        ("expect_table_row_count_to_be_between", {"min_value": 0, "max_value": None, "strict_min": True}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "a", "min_value": 0, "max_value": 1, "strict_max": True}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "a", "min_value": {"$PARAMETER": "low"}, "max_value": None}),
        (QUANTILES, {"column": "a", "quantile_ranges": {"quantiles": [0.1, 0.9], "value_ranges": [[None, None], [None, 3]]}}),
        (QUANTILES, {"column": "a", "quantile_ranges": {"$PARAMETER": "ranges"}}),
        ("expect_column_values_to_match_regex_list", {"column": "a", "regex_list": ["x", "^"], "match_on": "all"}),
        ("expect_column_values_to_match_strftime_format", {"column": "a", "strftime_format": "%Y"}),
        ("expect_table_columns_to_match_set", {"column_set": [], "exact_match": True}),
        ("expect_column_to_exist", {"column": "A"}),
        ("expect_table_row_count_to_equal", {"value": 3, "row_condition": {"type": "and", "conditions": [HERE, HERE]}}),
        ("expect_table_row_count_to_equal", {"value": 3, "row_condition": {"type": "pass_through", "pass_through_filter": "c > 3"}}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": " /* x */ (select 1)"}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "WITH x AS (SELECT 1) SELECT * FROM x"}),
        ("expect_column_values_to_not_be_null", {"column": "gone"}),
    ],
)  # fmt: skip
def test_what_some_table_breaks_is_left_to_great_expectations(kind, asked):
    assert objection(kind, asked, ["a", "b"]) == ""


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ('col("a") == 1', True),
        (' col("a b")>= -1.5e3 ', True),
        ("col(\"a\") != 'x or y'", True),
        ('col("a").notnull()', True),
        ('col("a") == 1 or col("b") > 0', False),
        ('col("a").notNull() & col("b") > 0', False),
        ("col(\"a\") == 'x' and b > 2", False),
    ],
)
def test_half_of_a_condition_is_not_held_for_the_whole(written, whole):
    built = {"value": 3, "row_condition": HERE}

    why = objection("expect_table_row_count_to_equal", built, ["a", "b"], written)
    assert ("only the first comparison" in why) is not whole
