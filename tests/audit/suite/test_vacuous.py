"""Expectations that no table breaks are no pass; those that some table breaks are left alone."""

from __future__ import annotations

import pytest

from audit.suite.vacuous import objection

BETWEEN = "expect_column_values_to_be_between"


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
        (BETWEEN, {"column": "A", "min_value": 1, "max_value": 2}, "did you mean 'a'"),
    ],
)  # fmt: skip
def test_what_demands_nothing_or_looks_elsewhere_is_objected_to(kind, asked, why):
    assert why in objection(kind, asked, ["a", "b"])


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (BETWEEN, {"column": "a", "min_value": 0, "max_value": None, "mostly": 0.9}),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": []}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"column": "a", "min_value": 0.1, "max_value": None}),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "[a-z]+"}),
        ("expect_column_to_exist", {"column": "A"}),
        ("expect_column_values_to_not_be_null", {"column": "gone"}),
    ],
)  # fmt: skip
def test_what_some_table_breaks_is_left_to_great_expectations(kind, asked):
    assert objection(kind, asked, ["a", "b"]) == ""
