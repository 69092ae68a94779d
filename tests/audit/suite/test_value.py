"""A suite says what it demands, and refuses what it does not understand."""

import pytest

from audit.errors import InputError, UnknownName
from audit.suite import SHIPPED, Expectation, Limit, Suite, parse_suite, read_suite

WHOLE = """
[[expectations]]
type = "expect_column_values_to_be_between"
column = "age"
min_value = 0
severity = "warning"

[limits]
"labels.rate" = 0.03
"duplicates.near.count" = { max = 0, severity = "info" }

[checks.outliers]
spread = 4
"""


def test_a_suite_is_read_whole(tmp_path):
    (tmp_path / "own.toml").write_text(WHOLE)
    suite = read_suite(tmp_path / "own.toml")
    assert suite.name == "own"
    assert suite.expectations == (
        Expectation("expect_column_values_to_be_between", {"column": "age", "min_value": 0}, "warning"),
    )
    assert [(x.measure, x.max, x.severity) for x in suite.limits] == [
        ("labels.rate", 0.03, "critical"),
        ("duplicates.near.count", 0.0, "info"),
    ]
    assert suite.options == {"outliers": {"spread": 4}}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"limit": {}}, "did you mean 'limits'"),
        ({"limits": {"a.b": {"maximum": 1}}}, "no key 'maximum'"),
        ({"limits": {"a.b": {"max": 1, "severity": "fatal"}}}, "no severity 'fatal'"),
        ({"expectations": [{"type": "expect_x", "severity": "crit"}]}, "no severity 'crit'"),
    ],
)
def test_an_unknown_word_is_refused(values, said):
    with pytest.raises(UnknownName, match=said):
        parse_suite(values, name="s")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"expectations": {"type": "x"}}, r"write \[\[expectations\]\]"),
        ({"expectations": [{"column": "x"}]}, "needs a type"),
        ({"expectations": ["expect_x"]}, "needs a type"),
        ({"limits": [1]}, r"write \[limits\]"),
        ({"checks": 3}, r"write \[checks\]"),
        ({"checks": {"labels": 3}}, r"write \[checks.labels\]"),
        ({"limits": {"a.b": "0.1"}}, "max must be a number"),
        ({"limits": {"a.b": True}}, "max must be a number"),
        ({"limits": {"missing.rate": 5}}, "a share is never above 1: 5 % is 0.05"),
        ({"limits": {"labels.rate_high": {"max": 1.5}}}, "1.5 % is 0.015"),
        ({"limits": {"a.b": float("nan")}}, "max must be a number"),
        ({"limits": {"a.b": float("inf")}}, "max must be a number"),
        ({"limits": {"a.b": {"severity": "info"}}}, "max must be a number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(values, said):
    with pytest.raises(InputError, match=said):
        parse_suite(values, name="s")


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "s.toml").write_text("[limits\n")
    with pytest.raises(InputError, match=r"s.toml: not TOML"):
        read_suite(tmp_path / "s.toml")


def test_a_suite_that_is_not_there_names_the_shipped_ones():
    with pytest.raises(InputError, match=r"shipped with assay are .*tabular.*text"):
        read_suite("nonesuch")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_suite_is_found_by_its_bare_name_and_demands_something(path):
    suite = read_suite(path.stem)
    assert suite.limits or suite.expectations


def test_a_suite_made_in_python_is_the_one_read_back():
    made = Suite("s", limits=(Limit("a.b", 0),))
    assert parse_suite(made.to_dict(), name="s").fingerprint == made.fingerprint


def test_the_fingerprint_is_of_the_demands_and_not_of_the_name():
    one = parse_suite({"limits": {"a.b": 1}}, name="one", path="x")
    assert one.fingerprint == parse_suite({"limits": {"a.b": 1.0}}, name="two").fingerprint


@pytest.mark.parametrize(
    "values",
    [
        {"limits": {"a.b": 2}},
        {"limits": {"a.b": {"max": 1, "severity": "warning"}}},
        {"limits": {"a.b": 1}, "checks": {"outliers": {"spread": 2}}},
        {"limits": {"a.b": 1}, "expectations": [{"type": "expect_x"}]},
    ],
)
def test_any_other_demand_changes_the_fingerprint(values):
    base = parse_suite({"limits": {"a.b": 1}}, name="s")
    assert parse_suite(values, name="s").fingerprint != base.fingerprint


def test_an_expectation_is_known_by_its_type_and_arguments_in_any_order():
    one = Expectation("expect_x", {"b": [1, 2], "a": "c"})
    assert one.key == Expectation("expect_x", {"a": "c", "b": [1, 2]}, "info").key
    assert one.key != Expectation("expect_x", {"a": "c", "b": [2, 1]}).key
