"""Suites cross to Great Expectations and back, through TOML, and nothing is lost on the way."""

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.gx import check_expectations
from audit.suite import Expectation, Limit, Suite, parse_suite, read_suite
from audit.suite.exchange import from_gx, to_gx
from audit.suite.text import suite_text, toml_value

STORED = {
    "name": "orders",
    "id": "5b9e0c61-7d0c-4a8b-9d5f-1f2f3a4b5c6d",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "a", "mostly": 0.9, "min_value": 0.0, "max_value": None},
            "meta": {"owner": "finance", "nested": {"x": [1, None, {"y": "z"}]}},
            "notes": "as agreed\nin May",
            "id": "1",
            "severity": "warning",
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {
                "column": "a",
                "row_condition": {
                    "column": {"name": "split"}, "operator": "==", "parameter": "train", "type": "comparison",
                },
            },
            "meta": {},
            "severity": "critical",
        },
        {
            "type": "expect_column_quantile_values_to_be_between",
            "kwargs": {"column": "a", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[None, 3]]}},
            "meta": {},
            "severity": "info",
        },
        {"type": "expect_what_only_they_know", "kwargs": {"k": {"$PARAMETER": "m"}}, "meta": {}, "severity": "critical"},
    ],
    "meta": {"great_expectations_version": "1.24.1", "own": True},
    "notes": None,
}  # fmt: skip


def through_toml(suite: Suite) -> Suite:
    import tomllib

    return parse_suite(tomllib.loads(suite_text(suite)), name=suite.name, path=suite.path)


def test_a_stored_suite_comes_back_as_it_was():
    assert to_gx(through_toml(from_gx(STORED, name="file"))) == STORED


def test_what_great_expectations_itself_writes_comes_back_and_is_read_by_it():
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    check_expectations([])  # registration, with its logging held down
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.row_conditions import Column

    suite = ExpectationSuite(
        name="theirs",
        expectations=[
            gxe.ExpectColumnValuesToBeInSet(column="c", value_set=["é", 'a"b', 1], severity="info", meta={"k": 1}),
            gxe.ExpectColumnValuesToNotBeNull(column="c", row_condition=Column("s") == "train", notes="n"),
            gxe.ExpectTableRowCountToBeBetween(min_value={"$PARAMETER": "least"}),
        ],
        meta={"team": "x"},
    )
    stored = suite.to_json_dict()
    given_back = to_gx(through_toml(from_gx(stored, name="x")))
    assert given_back == stored
    again = ExpectationSuite(**given_back)
    assert again.to_json_dict() == stored
    assert len(again.expectations) == 3


def test_a_suite_of_ours_comes_back_with_limits_and_options():
    suite = Suite(
        "own",
        (Expectation("expect_column_to_exist", {"column": "a b"}, "warning"),),
        (Limit("labels.rate", 0.05), Limit("duplicates.near.count", 2.0, "info")),
        {"outliers": {"spread": 6}, "labels": {"method": "cleanlab"}},
    )
    values = json.loads(json.dumps(to_gx(suite)))
    assert values["meta"]["assay"]["limits"]["labels.rate"] == {"max": 0.05, "severity": "critical"}
    back = from_gx(values, name="own")
    assert (back.expectations, back.limits, back.options) == (suite.expectations, suite.limits, suite.options)
    assert back.fingerprint == suite.fingerprint


@pytest.mark.parametrize("name", ["tabular", "text", "image", "beers", "digits"])
def test_every_shipped_suite_crosses_and_keeps_its_fingerprint(name):
    suite = read_suite(name)
    assert from_gx(json.loads(json.dumps(to_gx(suite))), name=name).fingerprint == suite.fingerprint


def changed(**changes) -> dict:
    return {**STORED, "expectations": [{**STORED["expectations"][0], **changes}]}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "x"}, "no list of expectations"),
        (changed(severity="fatal"), "expectation 1: .*no severity 'fatal'"),
        (changed(kwargs={"type": 3}), "called 'type'"),
        (changed(kwargs={"severity": 3}), "called 'severity'"),
        (changed(kwargs=[1]), "has a type and kwargs"),
        (changed(type=None), "has a type and kwargs"),
        ({"expectations": [{"expectation_type": "expect_x", "kwargs": {}}]}, "0.x; save it with 1.x"),
        ({"expectations": ["x"]}, "a table is expected"),
        ({"expectations": [], "meta": {"assay": {"limit": {}}}}, "not what assay writes"),
        ({"expectations": [], "meta": {"assay": {"limits": {"a.b": "x"}}}}, "max must be a number"),
    ],
)
def test_what_could_not_be_given_back_is_refused_by_name(values, said):
    with pytest.raises(InputError, match=said):
        from_gx(values, name="s")


def test_what_is_beside_a_demand_changes_no_verdict():
    plain = Expectation("expect_column_to_exist", {"column": "a"})
    noted = Expectation("expect_column_to_exist", {"column": "a"}, about={"notes": "x"})
    assert plain.key == noted.key
    assert Suite("a", (plain,)).fingerprint == Suite("b", (noted,), about={"id": "3"}).fingerprint


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3).filter(lambda d: "$null" not in d),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXT.filter(lambda k: k not in ("type", "severity", "about")), JSON, max_size=4), JSON)
def test_any_arguments_survive_the_file(kwargs, meta):
    suite = Suite("s", (Expectation("expect_x", kwargs, "info", {"meta": {"m": meta}}),), about={"name": "ü"})
    assert through_toml(suite) == suite


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXT, max_size=3), TEXT)
def test_a_comment_is_only_ever_a_comment(head, because):
    suite = Suite("s", (Expectation("expect_x", {"column": "a"}),), (Limit("labels.rate", 0.1),))
    import tomllib

    text = suite_text(suite, head=head, because={suite.expectations[0].key: because, "labels.rate": because})
    assert parse_suite(tomllib.loads(text), name="s") == suite


@pytest.mark.parametrize("value", ["\ud800", object(), b"x", {1, 2}])
def test_what_no_suite_can_hold_is_refused(value):
    with pytest.raises(InputError):
        toml_value(value)
