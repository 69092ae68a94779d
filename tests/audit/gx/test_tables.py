"""Great Expectations is believed only where it looked and did not crash."""

import numpy as np
import pandas as pd
import pytest

from audit.errors import UnknownName
from audit.gx import Outcome, in_words, run_expectations
from audit.suite import Expectation

TABLE = pd.DataFrame(
    {
        "age": [1.0, 2.0, 30.0, np.nan],
        "none": [np.nan] * 4,
        "nothing": pd.Series([None] * 4, dtype=object),
        "word": ["x", "y", "x", "zz"],
        "row": [1, 2, 3, 4],
    },
    index=pd.Index(["7", "8", "9", "10"], name="row"),
)
BETWEEN = "expect_column_values_to_be_between"


def run(type_: str, table: pd.DataFrame = TABLE, **kwargs) -> Outcome:
    (outcome,) = run_expectations(table, [Expectation(type_, kwargs)])
    return outcome


def test_offending_rows_come_by_their_ids_with_their_values():
    outcome = run(BETWEEN, column="age", min_value=0, max_value=10)
    assert (outcome.state, outcome.rows, outcome.values, outcome.checked) == ("fail", ("9",), (30.0,), 3)
    assert outcome.why == "1 of 3 rows break it"


@pytest.mark.parametrize(
    "index",
    [[40, 10, 30, 20], ["d", "01", "1", "a b"], pd.Index([1.5, 0.5, 3.5, 2.5], name="age")],
    ids=["int", "str", "float"],
)
def test_ids_may_be_of_any_kind_and_in_any_order(index):
    table = TABLE.set_axis(pd.Index(index), axis=0)
    assert run("expect_column_values_to_not_be_null", table, column="age").rows == (index[3],)
    assert run("expect_column_values_to_be_unique", table, column="word").rows == (index[0], index[2])


def where_word_is(word: str) -> dict:
    """A row condition, as Great Expectations writes it down."""
    return {"type": "comparison", "column": {"name": "word"}, "operator": "==", "parameter": word}


OF_NOTHING = [
    ("expect_column_distinct_values_to_be_in_set", {"column": "word", "value_set": ["never"]}),
    ("expect_column_sum_to_be_between", {"column": "age", "min_value": 0, "max_value": 0}),
    ("expect_column_unique_value_count_to_be_between", {"column": "age", "max_value": 0}),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "age", "max_value": 0.5}),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "age", "max_value": 0.5}),
]
"""What is said of a whole column, and is true of none of its rows."""


@pytest.mark.parametrize(("type_", "kwargs"), OF_NOTHING)
def test_what_is_said_of_rows_that_are_not_there_is_an_error_and_never_a_pass(type_, kwargs):
    outcome = run(type_, **kwargs, row_condition=where_word_is("oak"))
    assert (outcome.state, outcome.why) == ("error", "had nothing to look at: no row meets its condition")


def test_what_is_said_of_rows_without_a_value_is_an_error_unless_it_is_of_that():
    where = {"row_condition": where_word_is("zz")}
    distinct = run("expect_column_distinct_values_to_be_in_set", column="age", value_set=[99.0], **where)
    share = run("expect_column_proportion_of_non_null_values_to_be_between", column="age", max_value=0.5, **where)
    assert (distinct.state, distinct.why) == ("error", "had nothing to look at: every value is missing")
    assert (share.state, share.checked) == ("pass", 1)


def test_of_a_row_condition_that_rows_meet_their_number_is_told():
    where = {"row_condition": where_word_is("x")}
    outcome = run("expect_column_sum_to_be_between", column="age", min_value=31, max_value=31, **where)
    assert (outcome.state, outcome.checked) == ("pass", 2)


def test_what_holds_passes():
    outcome = run(BETWEEN, column="age", min_value=0)
    assert (outcome.state, outcome.rows, outcome.checked) == ("pass", (), 3)


def test_enough_rows_are_enough_where_the_suite_says_so():
    assert run(BETWEEN, column="age", min_value=0, max_value=10, mostly=0.5).state == "pass"
    assert run(BETWEEN, column="age", min_value=0, max_value=10, mostly=0.9).rows == ("9",)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"column": "agee", "min_value": 0}, 'The column "agee" in BatchData does not exist'),
        ({"column": "word", "min_value": 0}, "must either be None or of the same type"),
    ],
)
def test_an_expectation_that_crashed_is_an_error_and_no_failure(kwargs, said):
    outcome = run(BETWEEN, **kwargs)
    assert outcome.state == "error"
    assert said in outcome.why
    assert outcome.why.startswith("could not run: ")


def test_a_pattern_that_does_not_compile_is_an_error():
    assert run("expect_column_values_to_match_regex", column="word", regex="[").state == "error"


@pytest.mark.parametrize(
    "kwargs",
    [
        {"column": "age"},
        {"column": "age", "min_value": 0, "wrong": 3},
        {"min_value": 0},
        {"column": "age", "min_value": [1]},
    ],
)
def test_arguments_that_are_refused_are_an_error(kwargs):
    outcome = run(BETWEEN, **kwargs)
    assert outcome.state == "error"
    assert outcome.why.startswith("arguments refused: ")
    assert "\n" not in outcome.why


def test_an_unknown_type_is_named_before_anything_runs():
    with pytest.raises(
        UnknownName,
        match=r"no expectation 'expect_column_values_to_be_betwen'; .*did you mean 'expect_column_values_to_be_between'",
    ):
        run("expect_column_values_to_be_betwen", column="age")


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        (BETWEEN, {"min_value": 0}),
        ("expect_column_values_to_be_in_set", {"value_set": ["x"]}),
        ("expect_column_distinct_values_to_be_in_set", {"value_set": [1]}),
        ("expect_column_unique_value_count_to_be_between", {"min_value": 0}),
        ("expect_column_sum_to_be_between", {"min_value": 0}),
        ("expect_column_mean_to_be_between", {"min_value": 0}),
        ("expect_column_max_to_be_between", {"max_value": 9}),
    ],
)
@pytest.mark.parametrize("column", ["none", "nothing"])
def test_a_column_without_a_value_is_an_error_and_never_a_pass(type_, kwargs, column):
    outcome = run(type_, column=column, **kwargs)
    assert outcome.state == "error"


@pytest.mark.parametrize(
    ("type_", "kwargs", "state"),
    [
        ("expect_column_to_exist", {}, "pass"),
        ("expect_column_values_to_be_null", {}, "pass"),
        ("expect_column_values_to_not_be_null", {}, "fail"),
        ("expect_column_proportion_of_non_null_values_to_be_between", {"max_value": 0.5}, "pass"),
    ],
)
def test_what_needs_no_values_is_judged_without_them(type_, kwargs, state):
    assert run(type_, column="none", **kwargs).state == state


@pytest.mark.filterwarnings(
    "ignore:.*row_condition parameter is deprecated:DeprecationWarning",
    "ignore:The condition_parser parameter is deprecated:DeprecationWarning",
)
def test_a_condition_that_no_row_meets_is_an_error():
    where = {"condition_parser": "pandas", "column": "age", "min_value": 0, "max_value": 10}
    outcome = run(BETWEEN, row_condition="age > 1000", **where)
    assert (outcome.state, outcome.why) == ("error", "had nothing to look at: no row meets its condition")
    assert run(BETWEEN, row_condition="age > 20", **where).rows == ("9",)


def test_an_expectation_about_the_table_has_no_rows():
    outcome = run("expect_table_row_count_to_be_between", min_value=1, max_value=3)
    assert (outcome.state, outcome.rows, outcome.why) == ("fail", (), "found 4")


def test_each_is_told_apart_and_their_order_kept_and_the_table_left_as_it_was():
    before = TABLE.copy(deep=True)
    rules = [
        Expectation("expect_column_to_exist", {"column": "age"}),
        Expectation(BETWEEN, {"column": "gone", "min_value": 0}),
        Expectation("expect_column_values_to_be_in_set", {"column": "word", "value_set": ["x", "y"]}),
    ]
    outcomes = run_expectations(TABLE, rules)
    assert [o.expectation for o in outcomes] == rules
    assert [o.state for o in outcomes] == ["pass", "error", "fail"]
    assert outcomes[2].rows == ("10",)
    pd.testing.assert_frame_equal(TABLE, before)


@pytest.mark.parametrize(
    ("type_", "kwargs", "words"),
    [
        (BETWEEN, {"column": "age", "min_value": 0, "max_value": 9}, "age is between 0 and 9"),
        (BETWEEN, {"column": "age", "max_value": 9}, "age is at most 9"),
        (BETWEEN, {"column": "age", "min_value": 0, "max_value": None}, "age is at least 0"),
        (
            BETWEEN,
            {"column": "age", "min_value": 0, "mostly": 0.9},
            "column values to be between: column age, min_value 0, mostly 0.9",
        ),
        (
            "expect_column_values_to_be_in_set",
            {"column": "w", "value_set": list("abcdefghij")},
            "w is one of a, b, c, d, e, f, g, h, …",
        ),
        ("expect_column_to_be_odd", {"column": "w"}, "column to be odd: column w"),
        ("expect_table_row_count_to_be_between", {"min_value": 5}, "there are at least 5 rows"),
    ],
)
def test_an_expectation_is_said_in_words(type_, kwargs, words):
    assert in_words(Expectation(type_, kwargs)) == words
