"""What is found where a table lies is what is found of the same rows in memory, on SQLite and on PostgreSQL."""

import gc
import sqlite3
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sqlalchemy.exc import DBAPIError

from audit.errors import UnknownName
from audit.gx import keyed, run_expectations, run_expectations_on_sql
from audit.gx.sql import rows_in
from audit.sources.moment import moment
from audit.sources.sql import read_database
from audit.suite import Expectation

COLUMNS = ("nr", "age", "size", "word", "none", "Two Words", "flag")
TYPES = {
    "sqlite": ("INTEGER PRIMARY KEY", "REAL", "INTEGER", "TEXT", "REAL", "TEXT", "BOOLEAN"),
    "postgresql": ("bigint PRIMARY KEY", "double precision", "int", "text", "real", "varchar(20)", "boolean"),
}
N = 60


def lines() -> list[tuple]:
    """Rows in no order, some with holes."""
    rng = np.random.default_rng(3)
    made = []
    for i in rng.permutation(N).tolist():
        age = None if i % 9 == 0 else float(rng.integers(0, 90)) + 0.5
        word = None if i % 13 == 0 else ["red", "green", "blue", "grün", ""][i % 5]
        made.append((i * 7 + 3, age, int(rng.integers(-5, 20)), word, None, f"x{i:02}", i % 3 == 0))
    return made


def literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def statements(dialect: str, table: str) -> list[str]:
    columns = ", ".join(f'"{c}" {t}' for c, t in zip(COLUMNS, TYPES[dialect], strict=True))
    rows = ", ".join(f"({', '.join(map(literal, line))})" for line in lines())
    return [
        f'DROP TABLE IF EXISTS "{table}"',
        f'CREATE TABLE "{table}" ({columns})',
        f'INSERT INTO "{table}" VALUES {rows}',
    ]


def sqlite_of(path, *made: str) -> str:
    connection = sqlite3.connect(path)
    for statement in made:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, tmp_path_factory) -> str:
    """The address of a table of either kind."""
    if request.param == "sqlite":
        where = sqlite_of(tmp_path_factory.mktemp("sql") / "t.db", *statements("sqlite", "Odd Name"))
        return f"{where}?table=Odd%20Name"
    server = request.getfixturevalue("postgres")
    server.run(*statements("postgresql", "Odd Name"))
    return f"{server.by_socket}&table=Odd%20Name"


def where_word_is(word: str) -> dict:
    """A row condition, as Great Expectations writes it down."""
    return {"type": "comparison", "column": {"name": "word"}, "operator": "==", "parameter": word}


BOTH_WORDS = {"type": "and", "conditions": [where_word_is("red"), {**where_word_is("red"), "column": {"name": "wrod"}}]}


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request) -> str:
    """Either database."""
    return request.param


def both(place: str, *expectations: Expectation) -> tuple[list, list]:
    """What is found where it lies, and in memory."""
    table = read_database(place).table
    table.index = pd.Index(table["nr"])
    with moment(place) as now:
        there = run_expectations_on_sql(now, expectations, rows=table.index.tolist())
    return there, run_expectations(table, expectations)


EXPECTED = [
    ("column_to_exist", {"column": "age"}),
    ("column_to_exist", {"column": "Age"}),
    ("table_columns_to_match_set", {"column_set": [*COLUMNS]}),
    ("table_columns_to_match_set", {"column_set": [c.upper() for c in COLUMNS]}),
    ("table_columns_to_match_ordered_list", {"column_list": [*COLUMNS]}),
    ("table_columns_to_match_ordered_list", {"column_list": [*reversed(COLUMNS)]}),
    ("table_column_count_to_equal", {"value": 6}),
    ("table_row_count_to_equal", {"value": N}),
    ("table_row_count_to_be_between", {"min_value": 1, "max_value": 10}),
    ("column_values_to_not_be_null", {"column": "age"}),
    ("column_values_to_not_be_null", {"column": "age", "mostly": 0.5}),
    ("column_values_to_not_be_null", {"column": "size"}),
    ("column_values_to_be_null", {"column": "none"}),
    ("column_values_to_be_null", {"column": "word"}),
    ("column_values_to_be_between", {"column": "age", "min_value": 10, "max_value": 60}),
    ("column_values_to_be_between", {"column": "age", "min_value": 10, "max_value": 60, "mostly": 0.2}),
    ("column_values_to_be_between", {"column": "size", "min_value": 0, "strict_min": True}),
    ("column_values_to_be_between", {"column": "nr", "max_value": 100}),
    ("column_values_to_be_between", {"column": "none", "min_value": 0}),
    ("column_values_to_be_in_set", {"column": "word", "value_set": ["red", "blue", ""]}),
    ("column_values_to_not_be_in_set", {"column": "word", "value_set": ["red", "grün"]}),
    ("column_values_to_be_in_set", {"column": "flag", "value_set": [True]}),
    ("column_values_to_be_unique", {"column": "Two Words"}),
    ("column_values_to_be_unique", {"column": "word"}),
    ("column_values_to_match_regex", {"column": "word", "regex": "^[rg]"}),
    ("column_values_to_not_match_regex", {"column": "Two Words", "regex": "x[0-3]"}),
    ("column_value_lengths_to_be_between", {"column": "word", "min_value": 1, "max_value": 4}),
    ("column_value_lengths_to_equal", {"column": "Two Words", "value": 3}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "age", "column_B": "size", "ignore_row_if": "either_value_is_missing"}),
    ("column_pair_values_to_be_equal", {"column_A": "nr", "column_B": "size"}),
    ("select_column_values_to_be_unique_within_record", {"column_list": ["nr", "size"]}),
    ("multicolumn_sum_to_equal", {"column_list": ["nr", "size"], "sum_total": 20}),
    ("column_mean_to_be_between", {"column": "size", "min_value": 100}),
    ("column_sum_to_be_between", {"column": "size", "min_value": 0}),
    ("column_max_to_be_between", {"column": "size", "max_value": 3}),
    ("column_min_to_be_between", {"column": "age", "min_value": 0}),
    ("column_median_to_be_between", {"column": "size", "max_value": 0}),
    ("column_unique_value_count_to_be_between", {"column": "word", "max_value": 2}),
    ("column_proportion_of_unique_values_to_be_between", {"column": "Two Words", "min_value": 0.9}),
    ("column_proportion_of_non_null_values_to_be_between", {"column": "none", "max_value": 0.5}),
    ("column_distinct_values_to_be_in_set", {"column": "word", "value_set": ["red", "green", "blue", "grün", ""]}),
    ("column_distinct_values_to_contain_set", {"column": "word", "value_set": ["black"]}),
    ("column_sum_to_be_between", {"column": "none", "min_value": 0}),
    ("column_values_to_be_between", {"column": "agee", "min_value": 0}),
    ("column_values_to_be_between", {"column": "Age", "min_value": 0}),
    ("column_values_to_be_between", {"column": "age"}),
    ("column_values_to_be_between", {"column": "age", "min_value": 0, "wrong": 1}),
    ("column_values_to_match_regex", {"column": "word", "regex": "["}),
]  # fmt: skip


def plain(values) -> list:
    """Numbers as floats, so that 1 and 1.0 and Decimal(1) are one; what is missing as None, which pandas has as NaN."""
    if isinstance(values, (tuple, list)):
        return [plain(v) for v in values]
    if isinstance(values, dict):
        return [(name, plain(v)) for name, v in values.items()]
    return (
        None if pd.isna(values) else float(values) if isinstance(values, (int, float, Decimal, np.number)) else values
    )


def test_outcomes_are_those_of_the_rows_in_memory(place):
    rules = [Expectation(f"expect_{kind}", kwargs) for kind, kwargs in EXPECTED]
    there, here = both(place, *rules)

    assert [o.expectation for o in there] == rules
    for one, other in zip(there, here, strict=True):
        assert (one.state, one.rows, one.checked) == (other.state, other.rows, other.checked), one.expectation.key
        assert plain(one.values) == plain(other.values), one.expectation.key
        if one.state == "fail" and not one.why.startswith("found"):
            assert one.why == other.why
    states = [o.state for o in there]
    assert min(states.count(s) for s in ("pass", "fail", "error")) >= 7


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("column_values_to_be_dateutil_parseable", {"column": "word"}),
        ("column_values_to_be_increasing", {"column": "nr"}),
        ("column_values_to_be_json_parseable", {"column": "word"}),
    ],
)
def test_what_the_sql_engine_cannot_do_is_an_error_and_never_a_pass(place, kind, kwargs):
    with moment(place) as now:
        (outcome,) = run_expectations_on_sql(now, [Expectation(f"expect_{kind}", kwargs)])

    assert outcome.state == "error"
    assert outcome.why.startswith("could not run: ")
    assert "\n" not in outcome.why


def test_rows_that_the_sql_engine_counts_and_does_not_name_are_counted(place):
    (there,), (here,) = both(
        place, Expectation("expect_compound_columns_to_be_unique", {"column_list": ["size", "flag"]})
    )

    assert there.state == here.state == "fail"
    assert there.why == f"{len(here.rows)} of {N} rows break it, and this engine names none"


def test_an_unknown_type_is_named_before_anything_runs(place):
    with moment(place) as now, pytest.raises(UnknownName, match="did you mean 'expect_column_to_exist'"):
        run_expectations_on_sql(now, [Expectation("expect_column_to_exits", {"column": "age"})])


def test_types_are_the_databases_own(place):
    named = {"sqlite": "REAL", "postgresql": "DOUBLE PRECISION"}[place.split(":")[0]]
    rules = [
        Expectation("expect_column_values_to_be_of_type", {"column": "age", "type_": t}) for t in (named, "INTEGER")
    ]
    with moment(place) as now:
        assert [o.state for o in run_expectations_on_sql(now, rules)] == ["pass", "fail"]


def test_without_the_rows_those_that_break_a_rule_stand_in_the_order_of_their_ids(place):
    (known,), _ = both(place, rule := Expectation("expect_column_values_to_not_be_null", {"column": "age"}))
    with moment(place) as now:
        (outcome,) = run_expectations_on_sql(now, [rule])

    assert outcome.rows == known.rows == tuple(sorted(known.rows))


def test_more_broken_rows_than_are_named_are_counted_and_none_is_named(place, monkeypatch):
    monkeypatch.setattr(keyed, "NAMED_IN_PLACE", 5)
    rules = [
        Expectation("expect_column_values_to_be_between", {"column": "size", "min_value": 100}),
        Expectation("expect_column_values_to_be_between", {"column": "size", "min_value": 100, "mostly": 0.0001}),
    ]
    with moment(place) as now:
        outcome, lenient = run_expectations_on_sql(now, rules)

    assert (outcome.state, outcome.rows, outcome.why) == ("fail", (), f"{N} of {N} rows break it, too many to name")
    assert lenient.state == "fail"


def test_values_are_not_pulled_out_of_a_column_without_bound(place, monkeypatch):
    monkeypatch.setattr(keyed, "DISTINCT", 10)
    rules = [
        Expectation("expect_column_distinct_values_to_equal_set", {"column": "Two Words", "value_set": ["x01"]}),
        Expectation("expect_column_distinct_values_to_contain_set", {"column": "word", "value_set": ["red"]}),
    ]
    with moment(place) as now:
        much, little = run_expectations_on_sql(now, rules)

    assert much.state == "error"
    assert much.why == f"would pull {N} different values of 'Two Words' out of the table; the most is 10"
    assert little.state == "pass"


@pytest.mark.parametrize(
    "query", ['DELETE FROM "Odd Name"', 'DROP TABLE "Odd Name"', 'DELETE FROM "Odd Name" RETURNING *']
)
def test_sql_of_the_suite_can_read_and_nothing_else(place, query):
    custom, below = "unexpected_rows_expectation", 'SELECT * FROM "Odd Name" WHERE size < 0'
    rules = [Expectation(custom, {"unexpected_rows_query": q}) for q in (below, query)]
    for _ in range(2):
        with moment(place) as now:
            counted, written = run_expectations_on_sql(now, rules)
        assert (counted.state, counted.why) == ("fail", f"found {sum(line[2] < 0 for line in lines())}")
        assert written.state == "error"


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_sum_to_be_between", {"min_value": 0, "max_value": 0}),
        ("expect_column_unique_value_count_to_be_between", {"max_value": 0}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"max_value": 0.5}),
        ("expect_column_proportion_of_non_null_values_to_be_between", {"max_value": 0.5}),
    ],
)
def test_what_is_said_of_rows_that_are_not_there_is_an_error_and_never_a_pass(place, kind, kwargs):
    where = {"row_condition": where_word_is("oak")}
    (there,), (here,) = both(place, Expectation(kind, {"column": "size", **kwargs, **where}))

    assert (there.state, there.why) == ("error", "had nothing to look at: no row meets its condition")
    assert (here.state, here.why) == (there.state, there.why)


def test_of_a_row_condition_that_rows_meet_their_number_is_told(place):
    where = {"row_condition": where_word_is("red")}
    asked = Expectation("expect_column_sum_to_be_between", {"column": "age", "min_value": 1, **where})
    (there,), (here,) = both(place, asked)

    assert (there.state, there.checked) == (here.state, here.checked) == ("pass", 10)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM {batch} WHERE false; DELETE FROM many",
        "SELECT 1; COMMIT; DELETE FROM many; SELECT 1 FROM {batch} WHERE false",
        "COMMIT; DELETE FROM many; SELECT 1 FROM {batch} WHERE false",
        "WITH gone AS (DELETE FROM many RETURNING *) SELECT * FROM gone",
        "COMMIT",
        "/* SELECT */ ROLLBACK",
        "VACUUM INTO '{{folder}}/copy'",
        "ATTACH '{{folder}}/copy' AS other",
        "COPY many TO PROGRAM 'cat > {{folder}}/copy'",
        "PRAGMA query_only",
    ],
)
def test_sql_of_the_suite_is_one_question(request, dialect, tmp_path, query):
    made = ["DROP TABLE IF EXISTS many", "CREATE TABLE many (nr int PRIMARY KEY)", "INSERT INTO many VALUES (1), (2)"]
    if dialect == "sqlite":
        where = f"{sqlite_of(tmp_path / 'w.db', *made)}?table=many"
    else:
        server = request.getfixturevalue("postgres")
        server.run(*made)
        where = f"{server.by_socket}&table=many"
    asked = query.replace("{{folder}}", str(tmp_path))
    with moment(where) as now:
        rules = [Expectation("unexpected_rows_expectation", {"unexpected_rows_query": q}) for q in (asked, "SELECT 1")]
        refused, after = run_expectations_on_sql(now, rules)
        assert rows_in(now) == 2

    assert refused.state == "error"
    assert after.state == "fail"
    assert read_database(where).table["nr"].tolist() == [1, 2]
    assert not (tmp_path / "copy").exists()


def execute(connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK", "ATTACH ':memory:' AS other", "SELECT 1; SELECT 2"])
def test_no_statement_ends_a_snapshot_or_brings_another(place, statement):
    with moment(place) as now, now.engine.connect() as one, pytest.raises((DBAPIError, sqlite3.Warning)):
        execute(one, statement, 'DELETE FROM "Odd Name"')  # COMMIT alone is a statement in PostgreSQL


def test_sql_may_begin_with_a_remark_and_hold_semicolons(place):
    query = """-- short ones
        (SELECT * FROM "Odd Name" WHERE word = 'a;b'); """
    with moment(place) as now:
        (outcome,) = run_expectations_on_sql(
            now, [Expectation("unexpected_rows_expectation", {"unexpected_rows_query": query})]
        )
    assert outcome.state == ("pass" if place.startswith("postgresql") else "error")  # SQLite has no such brackets


@pytest.mark.filterwarnings("ignore:The condition_parser parameter:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning")
@pytest.mark.parametrize("condition", ['col("Nope") > 5', 'col("SIZE") > -9', BOTH_WORDS])
def test_a_condition_on_a_column_that_is_not_there_is_an_error(place, condition):
    kwargs = {"column": "nr", "min_value": 0, "row_condition": condition, "condition_parser": "great_expectations"}
    there, here = both(place, Expectation("expect_column_values_to_be_between", kwargs))

    assert {there[0].state, here[0].state} == {"error"}
    assert "could not run: its row_condition: no column" in there[0].why


@pytest.mark.filterwarnings("ignore:The condition_parser parameter:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning")
def test_a_condition_of_which_only_half_would_be_held_is_an_error(place):
    condition = 'col("word") == "red" or col("size") > -9'
    kwargs = {"column": "nr", "min_value": 0, "row_condition": condition, "condition_parser": "great_expectations"}
    there, here = both(place, Expectation("expect_column_values_to_be_between", kwargs))

    assert {there[0].state, here[0].state} == {"error"}
    assert there[0].why == here[0].why
    assert "only the first comparison would be held" in here[0].why


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python below 3.12 cannot tell SQLite that quotes are names")
def test_a_misspelt_name_in_quotes_is_no_text(tmp_path):
    where = sqlite_of(tmp_path / "q.db", *statements("sqlite", "t"))
    query = 'SELECT * FROM {batch} WHERE "Szie" < 0'
    with moment(f"{where}?table=t") as now:
        rule = Expectation("unexpected_rows_expectation", {"unexpected_rows_query": query})
        assert run_expectations_on_sql(now, [rule])[0].state == "error"


KEYS = [
    ("uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("numeric(6, 2)", ["0.10", "12.00"]),
    ("numeric(8, 0)", ["7", "5"]),
    ("numeric", ["1.5", "2"]),
    ("char(6)", ["b", "aa"]),
    ("timestamptz", ["2024-02-29 12:00:00.5+02", "2024-02-28 12:00:00+00"]),
    ("date", ["2024-02-29", "2023-02-28"]),
    ("text", ["b ", "b"]),
]


@pytest.mark.parametrize(("kind", "keys"), KEYS)
def test_rows_are_named_as_they_were_read_whatever_names_them(postgres, kind, keys):
    lines = ", ".join(f"('{key}', {i})" for i, key in enumerate(keys))
    postgres.run(
        "DROP TABLE IF EXISTS keyed",
        f"CREATE TABLE keyed (k {kind} PRIMARY KEY, x int)",
        f"INSERT INTO keyed VALUES {lines}",
    )
    rule = Expectation("expect_column_values_to_be_between", {"column": "x", "min_value": 1})
    where = f"{postgres.by_socket}&table=keyed"
    table = read_database(where).table
    with moment(where) as now:
        (known,) = run_expectations_on_sql(now, [rule], rows=table["k"].tolist())
        (unread,) = run_expectations_on_sql(now, [rule])

    assert (known.state, known.rows) == ("fail", tuple(table["k"][table["x"] == 0]))
    assert (unread.state, len(unread.rows)) == ("fail", 1)


def test_a_moment_outlives_what_has_looked_at_it(place):
    rules = [Expectation("expect_table_row_count_to_equal", {"value": N})]
    with moment(place) as now:
        for _ in range(2):
            assert run_expectations_on_sql(now, rules)[0].state == "pass"
            gc.collect()
        assert rows_in(now) == N


def test_a_row_that_was_not_read_is_an_error(place):
    with moment(place) as now:
        (outcome,) = run_expectations_on_sql(
            now, [Expectation("expect_column_values_to_not_be_null", {"column": "age"})], rows=[3, 10]
        )
    assert outcome.state == "error"


def test_a_table_without_rows_passes_nothing(tmp_path):
    where = sqlite_of(tmp_path / "e.db", "CREATE TABLE t (nr INTEGER PRIMARY KEY, age REAL)")
    rules = [
        Expectation("expect_column_to_exist", {"column": "age"}),
        Expectation("expect_column_values_to_not_be_null", {"column": "age"}),
        Expectation("expect_table_row_count_to_be_between", {"min_value": 0, "max_value": 9}),
    ]
    with moment(f"{where}?table=t") as now:
        assert [o.state for o in run_expectations_on_sql(now, rules)] == ["error"] * 3
