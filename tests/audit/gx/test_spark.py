"""What is found of a Spark data frame is what is found of the same rows in memory. Needs pyspark and Java: make test-spark."""

from __future__ import annotations

import shutil
import warnings

import pandas as pd
import pytest

from audit.errors import InputError, UnknownName
from audit.gx import run_expectations, run_expectations_on_spark
from audit.suite import Expectation

pytestmark = [
    pytest.mark.spark,
    # what pyspark and Great Expectations' Spark engine bring up themselves
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"),
]
ROWS = [
    (
        i * 7 + 3,
        None if i % 9 == 0 else i * 1.5,
        i % 11 - 3,
        [None, "red", "green", "", "blau"][i % 5],
        f"x{i:02}",
        None,
    )
    for i in range(40)
]
COLUMNS = ("nr", "age", "size", "word", "a.b c", "none")
KINDS = "nr long, age double, size int, word string, `a.b c` string, none double"


@pytest.fixture(scope="module")
def spark():
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")
    if shutil.which("java") is None:
        pytest.skip("no java on this machine, which pyspark needs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quiet = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.driver.host": "127.0.0.1",
                 "spark.driver.bindAddress": "127.0.0.1", "spark.log.level": "ERROR"}  # fmt: skip
        session = pyspark.sql.SparkSession.builder.master("local[1]").config(map=quiet).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark):
    return spark.createDataFrame(ROWS, KINDS)


@pytest.fixture
def table():
    made = pd.DataFrame(ROWS, columns=list(COLUMNS))
    return made.set_index(pd.Index(made["nr"].tolist()))


EXPECTED = [
    ("column_to_exist", {"column": "age"}),
    ("column_to_exist", {"column": "Age"}),
    ("table_columns_to_match_ordered_list", {"column_list": [*COLUMNS]}),
    ("table_row_count_to_be_between", {"min_value": 1, "max_value": 10}),
    ("column_values_to_not_be_null", {"column": "age"}),
    ("column_values_to_not_be_null", {"column": "age", "mostly": 0.5}),
    ("column_values_to_be_null", {"column": "none"}),
    ("column_values_to_be_between", {"column": "age", "min_value": 10, "max_value": 40}),
    ("column_values_to_be_between", {"column": "none", "min_value": 0}),
    ("column_values_to_be_in_set", {"column": "word", "value_set": ["red", ""]}),
    ("column_values_to_match_regex", {"column": "word", "regex": "^[rg]"}),
    ("column_values_to_be_unique", {"column": "word"}),
    ("column_value_lengths_to_be_between", {"column": "word", "min_value": 1}),
    ("column_mean_to_be_between", {"column": "size", "min_value": 100}),
    ("column_sum_to_be_between", {"column": "none", "min_value": 0}),
    ("column_distinct_values_to_contain_set", {"column": "word", "value_set": ["black"]}),
    ("column_values_to_be_between", {"column": "agee", "min_value": 0}),
    ("column_values_to_be_between", {"column": "Age", "min_value": 0}),
    ("column_values_to_be_between", {"column": "age"}),
]


def plain(values) -> list:
    return [None if pd.isna(v) else v for v in values]


def test_outcomes_are_those_of_the_rows_in_memory(frame, table):
    rules = [Expectation(f"expect_{kind}", kwargs) for kind, kwargs in EXPECTED]
    there, here = run_expectations_on_spark(frame, rules, key="nr"), run_expectations(table, rules)

    assert [o.expectation for o in there] == rules
    for one, other in zip(there, here, strict=True):
        assert (one.state, one.rows, one.checked) == (other.state, other.rows, other.checked), one.expectation.key
        assert plain(one.values) == plain(other.values), one.expectation.key
    states = [o.state for o in there]
    assert min(states.count(s) for s in ("pass", "fail", "error")) >= 4


def test_a_column_with_a_dot_in_its_name_is_an_error_where_the_engine_loses_it(frame):
    (outcome,) = run_expectations_on_spark(
        frame, [Expectation("expect_column_values_to_not_be_null", {"column": "a.b c"})], key="nr"
    )
    assert outcome.state == "error"
    assert "does not exist in Spark DataFrame" in outcome.why


def test_what_cannot_name_the_rows_is_refused(spark, frame):
    with pytest.raises(UnknownName, match=r"no column 'nrr'; .* did you mean 'nr'"):
        run_expectations_on_spark(frame, [], key="nrr")
    with pytest.raises(InputError, match="column 'age' has no id in 5 of 40 rows"):
        run_expectations_on_spark(frame, [], key="age")
    with pytest.raises(InputError, match="column 'size' names 29 rows twice"):
        run_expectations_on_spark(frame, [], key="size")


def test_an_unknown_type_is_named(frame):
    with pytest.raises(UnknownName, match="did you mean 'expect_column_to_exist'"):
        run_expectations_on_spark(frame, [Expectation("expect_column_to_exits", {"column": "age"})], key="nr")
