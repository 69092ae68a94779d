"""Rules of the suite that the table breaks."""

from dataclasses import replace

import numpy as np
import pytest
from toy import evidence_of, pictures_of, table_of

from audit.checks.schema import schema
from audit.dataset import Dataset, Roles
from audit.errors import NotApplicable, UnknownName
from audit.run import audit
from audit.suite import Expectation, Suite
from audit.verdict import gate

IDS = ["40", "10", "30", "20"]
DATA = table_of(np.array([[1.0, 5.0], [2.0, np.nan], [30.0, 5.0], [np.nan, 50.0]]), list("abab"), IDS)
LOW = Expectation("expect_column_values_to_be_between", {"column": "x0", "min_value": 0, "max_value": 10})
FULL = Expectation("expect_column_values_to_not_be_null", {"column": "x1"}, "warning")
SMALL = Expectation("expect_column_values_to_be_between", {"column": "x1", "max_value": 10})
ABSENT = Expectation("expect_column_values_to_be_between", {"column": "gone", "max_value": 10})
TABLE = Expectation("expect_table_row_count_to_be_between", {"max_value": 3})


def ran(*rules: Expectation, data: Dataset = DATA):
    return schema(replace(evidence_of(data), suite=Suite("own", expectations=rules)))


def test_rows_that_break_a_rule_are_named_with_the_rules_they_break():
    issues = ran(LOW, FULL, SMALL)
    assert issues.flagged.tolist() == ["10", "30", "20"]
    assert issues.measures == {"failed": 3, "rows": 3, "rate": 0.75}
    assert issues.findings.loc["30", "reason"] == "breaks: x0 is between 0 and 10"
    assert issues.scores["score"].tolist() == pytest.approx([1, 2 / 3, 2 / 3, 2 / 3])


def test_a_row_that_breaks_more_scores_lower():
    data = table_of(np.array([[99.0, 99.0], [99.0, 1.0], [1.0, 1.0]]), list("aba"))
    issues = ran(LOW, SMALL, data=data)
    assert issues.scores["score"].tolist() == [0.0, 0.5, 1.0]
    assert issues.findings.index.tolist() == [0, 1]


def test_each_expectation_has_its_line():
    lines = ran(LOW, ABSENT, TABLE, FULL).detail["expectations"]
    assert [line["state"] for line in lines] == ["fail", "error", "fail", "fail"]
    assert [line["broken"] for line in lines] == [1, 0, 1, 1]
    assert [line["checked"] for line in lines] == [3, 0, 4, 4]
    assert lines[0]["examples"] == [{"row": "30", "value": "30.0"}]
    assert lines[0]["key"] == LOW.key
    assert lines[3]["severity"] == "warning"
    assert lines[2]["why"] == "found 4"


def test_a_rule_that_did_not_run_counts_as_failed():
    issues = ran(ABSENT)
    assert issues.measures == {"failed": 1, "rows": 0, "rate": 0.0}
    assert issues.flagged.tolist() == []


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [((FULL,), "WARN"), ((LOW,), "FAIL"), ((LOW, ABSENT), "ERROR"), ((TABLE,), "FAIL")],
)
def test_the_gate_judges_what_became_of_each(rules, outcome):
    suite = Suite("own", expectations=rules)
    assert gate(audit(DATA, suite=suite, checks=["schema"]), suite).outcome == outcome


def test_rules_that_hold_pass_the_gate():
    suite = Suite("own", expectations=(Expectation("expect_column_to_exist", {"column": "x0"}),))
    report = audit(DATA, suite=suite, checks=["schema"])
    assert gate(report, suite).outcome == "PASS"
    assert report.measures == {"schema.failed": 0, "schema.rows": 0, "schema.rate": 0.0}


def test_a_changed_rule_runs_again_beside_a_cache(tmp_path):
    states = [
        audit(DATA, suite=Suite("own", expectations=(rule,)), checks=["schema"], cache=tmp_path)["schema"].measures[
            "rows"
        ]
        for rule in (LOW, LOW, FULL)
    ]
    assert states == [1, 1, 1]
    report = audit(DATA, suite=Suite("own", expectations=(FULL,)), checks=["schema"], cache=tmp_path)
    assert report["schema"].flagged.tolist() == ["10"]
    assert gate(report, Suite("own", expectations=(FULL,))).outcome == "WARN"


def test_an_unknown_type_breaks_the_check_and_not_the_audit():
    suite = Suite("own", expectations=(Expectation("expect_nothing", {}),))
    report = audit(DATA, suite=suite, checks=["schema", "imbalance"])
    assert report["schema"].status == "error"
    assert "no expectation 'expect_nothing'" in report["schema"].why
    assert report["imbalance"].status == "ran"
    assert gate(report, suite).outcome == "ERROR"
    with pytest.raises(UnknownName):
        ran(Expectation("expect_nothing", {}))


def test_row_order_does_not_matter():
    one, other = ran(LOW, FULL), ran(LOW, FULL, data=DATA.take(IDS[::-1]))
    assert set(one.flagged) == set(other.flagged)
    assert one.measures == other.measures


def test_rows_whose_picture_cannot_be_opened_are_held_to_the_rules_too():
    tiles = pictures_of(6)
    everything = Dataset(
        "d", tiles.table.assign(file="x", n=range(6)), Roles(label="label", image="file"), tiles.classes
    )
    rule = Expectation("expect_column_values_to_be_between", {"column": "n", "max_value": 4})
    evidence = replace(
        evidence_of(everything.drop([5])),
        everything=everything,
        unreadable={5: "broken"},
        suite=Suite("s", expectations=(rule,)),
    )
    assert schema(evidence).flagged.tolist() == [5]


def test_a_suite_without_rules_is_nothing_to_run():
    with pytest.raises(NotApplicable, match="suite own has no expectations"):
        ran()
