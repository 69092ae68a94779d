"""The gate fails closed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import planted, report_of, table_of

from audit.report import Issues, Report
from audit.run import audit
from audit.suite import Expectation, Limit, Suite
from audit.verdict import gate, own_suite

DATA = table_of(np.arange(8.0).reshape(4, 2), ["a", "b", "a", "b"])
RULE = Expectation("expect_column_to_exist", {"column": "x0"})


def measured(check: str = "labels", **measures: float) -> Issues:
    return Issues(check, measures=measures)


def schema(state: str, severity: str = "critical", rule: Expectation = RULE) -> Issues:
    line = {
        "key": rule.key,
        "words": "there is a column x0",
        "state": state,
        "why": f"it is {state}",
        "broken": 2,
        "severity": severity,
    }
    return Issues("schema", detail={"expectations": [line]}, measures={"failed": int(state != "pass")})


def limited(*limits: Limit) -> Suite:
    return Suite("s", limits=limits)


def report(*issues: Issues) -> Report:
    return report_of(DATA, *issues)


def test_measures_within_their_limits_pass():
    verdict = gate(report(measured(rate=0.1)), limited(Limit("labels.rate", 0.1)))
    assert (verdict.outcome, verdict.exit_code, verdict.passed, verdict.judged) == ("PASS", 0, True, 1)
    assert verdict.breaches == ()
    assert verdict.fingerprint == DATA.fingerprint


@pytest.mark.parametrize(
    ("severity", "outcome", "code"), [("critical", "FAIL", 1), ("warning", "WARN", 0), ("info", "PASS", 0)]
)
def test_a_breach_counts_by_its_severity(severity, outcome, code):
    verdict = gate(report(measured(rate=0.2)), limited(Limit("labels.rate", 0.1, severity), Limit("labels.rate", 1)))
    assert (verdict.outcome, verdict.exit_code) == (outcome, code)
    (breach,) = verdict.breaches
    assert (breach.check, breach.measure, breach.value, breach.limit) == ("labels", "labels.rate", 0.2, 0.1)
    assert breach.why == "0.2 is above 0.1"


def spread(value: float | None) -> Suite:
    return Suite(
        "s", limits=(Limit("outliers.count", 0),), options={} if value is None else {"outliers": {"spread": value}}
    )


@pytest.mark.parametrize(
    ("took", "asks", "said"),
    [
        (spread(1000), spread(2), "was measured with spread = 1000, the suite asks for spread = 2"),
        (spread(1000), spread(None), "was measured with spread = 1000, the suite asks for the defaults"),
        (spread(None), spread(2), "was measured with the defaults, the suite asks for spread = 2"),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_a_measure_taken_with_other_options_than_the_suite_s_is_an_error(took, asks, said, kept):
    made = report(measured("outliers", count=0), measured())
    made = replace(made, demands=took.to_dict(), options=took.options if kept else None)
    verdict = gate(made, asks)

    assert (verdict.outcome, len(verdict.breaches)) == ("ERROR", 1)
    assert said in verdict.breaches[0].why
    assert gate(made, took).outcome == "PASS"
    assert gate(made, limited(Limit("labels.rate", 1))).outcome == "FAIL"  # which no other check's options change


def test_options_given_beside_the_suite_stay_with_the_report(tmp_path):
    suite = Suite("s", limits=(Limit("outliers.count", 99),), options={"outliers": {"spread": 5}})
    data, checks = planted().data, ["outliers"]
    audit(data, suite=suite, checks=checks, options={"outliers": {"spread": 1000.0}}).write(tmp_path / "lax")
    audit(data, suite=suite, checks=checks, options={"outliers": {"spread": np.int64(5)}}).write(tmp_path / "same")
    lax, same = Report.read(tmp_path / "lax"), Report.read(tmp_path / "same")

    assert "spread = 1000.0, the suite asks for spread = 5" in gate(lax, suite).breaches[0].why
    assert gate(lax, own_suite(lax)).outcome == "ERROR"
    assert gate(same, suite).outcome == gate(same, own_suite(same)).outcome == "PASS"


def test_how_many_labels_are_flagged_is_not_how_many_are_wrong():
    made = replace(report(measured(rate=0.0, flagged=3)), options={"labels": {"budget": 3}})

    assert gate(made, limited(Limit("labels.rate", 0.1))).outcome == "PASS"
    assert "with budget = 3" in gate(made, limited(Limit("labels.flagged", 9))).breaches[0].why
    other = replace(made, options={"labels": {"method": "cleanlab"}})
    assert gate(other, limited(Limit("labels.rate", 0.1))).outcome == "ERROR"


def test_a_suite_that_demands_nothing_is_an_error():
    verdict = gate(report(measured(rate=0.0)), Suite("empty"))
    assert (verdict.outcome, verdict.exit_code) == ("ERROR", 3)
    assert "demands nothing" in verdict.breaches[0].why


@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_a_suite_that_could_fail_nothing_demands_nothing(rate):
    verdict = gate(report(measured(rate=rate)), limited(Limit("labels.rate", 0.1, "info")))
    assert (verdict.outcome, verdict.exit_code) == ("ERROR", 3)
    assert verdict.breaches[-1].why == "the suite demands nothing: all that stands in it is only told"


def test_a_check_that_crashed_outranks_a_failure():
    broken = Issues("outliers", "error", "ValueError: boom")
    verdict = gate(report(measured(rate=0.9), broken), limited(Limit("labels.rate", 0.1)))
    assert verdict.outcome == "ERROR"
    assert {b.severity for b in verdict.breaches} == {"error", "critical"}
    assert verdict.state(broken) == "error"


def test_a_check_that_crashed_is_an_error_even_if_nothing_is_asked_of_it():
    verdict = gate(report(measured(rate=0.0), Issues("outliers", "error", "x")), limited(Limit("labels.rate", 1)))
    assert verdict.outcome == "ERROR"


@pytest.mark.parametrize("measure", ["labels.count", "leakage.exact.count", "labels", "outliers.rate"])
def test_a_limit_without_its_measure_is_a_breach(measure):
    absent = Issues("outliers", "not_applicable", "too few rows")
    verdict = gate(report(measured(rate=0.0), absent), limited(Limit(measure, 1)))
    assert verdict.outcome == "FAIL"
    assert verdict.breaches[0].value is None


def test_a_breach_says_why_the_measure_is_absent():
    verdict = gate(
        report(measured(rate=0.0), Issues("outliers", "not_applicable", "too few rows")),
        limited(Limit("outliers.rate", 1), Limit("leakage.exact.count", 1), Limit("labels.count", 1)),
    )
    assert [b.why for b in verdict.breaches] == [
        "not measured: too few rows",
        "no check 'leakage' ran; there is labels, outliers",
        "labels has no measure 'labels.count'; it has labels.rate",
    ]


def test_a_measure_that_is_no_number_is_an_error_whatever_its_severity():
    verdict = gate(report(measured(rate=math.nan)), limited(Limit("labels.rate", 1, "info")))
    assert verdict.outcome == "ERROR"


def test_an_infinite_measure_is_above_any_limit():
    assert gate(report(measured(rate=math.inf)), limited(Limit("labels.rate", 1e300))).outcome == "FAIL"


def test_a_limit_that_is_no_number_never_passes():
    assert gate(report(measured(rate=0.0)), limited(Limit("labels.rate", math.nan))).outcome == "FAIL"


def test_no_check_that_ran_is_an_error():
    verdict = gate(report(Issues("labels", "not_applicable", "no label")), limited(Limit("labels.rate", 1, "info")))
    assert verdict.outcome == "ERROR"


@pytest.mark.parametrize(("state", "outcome"), [("pass", "PASS"), ("fail", "FAIL"), ("error", "ERROR")])
def test_an_expectation_is_judged_by_what_became_of_it(state, outcome):
    assert gate(report(schema(state)), Suite("s", expectations=(RULE,))).outcome == outcome


def test_an_expectation_that_was_not_run_is_an_error():
    other = Expectation("expect_column_to_exist", {"column": "x1"}, "info")
    verdict = gate(report(schema("pass")), Suite("s", expectations=(RULE, other)))
    assert verdict.outcome == "ERROR"
    assert "was not run in this audit" in verdict.breaches[0].why
    assert gate(report(measured(rate=0)), Suite("s", expectations=(RULE,))).outcome == "ERROR"


def test_the_suite_at_the_gate_says_how_much_a_broken_expectation_matters():
    lenient = Expectation(RULE.type, RULE.kwargs, "warning")
    assert gate(report(schema("fail")), Suite("s", expectations=(lenient,))).outcome == "WARN"


LIMITS = st.lists(
    st.tuples(
        st.sampled_from(["labels.rate", "labels.count", "gone.rate"]),
        st.floats(-10, 10),
        st.sampled_from(["critical", "warning", "info"]),
    ),
    min_size=1,
    max_size=4,
)
RANK = {"PASS": 0, "WARN": 1, "FAIL": 2, "ERROR": 3}


@given(LIMITS, st.floats(-10, 10), st.floats(-10, 10), st.lists(st.floats(0, 10), min_size=4, max_size=4))
def test_raising_a_limit_never_makes_the_outcome_worse(limits, rate, count, by):
    seen = report(measured(rate=rate, count=count))
    before = gate(seen, limited(*(Limit(*x) for x in limits)))
    after = gate(seen, limited(*(Limit(m, v + more, s) for (m, v, s), more in zip(limits, by, strict=False))))
    assert RANK[after.outcome] <= RANK[before.outcome]


@given(LIMITS, st.floats(-10, 10))
def test_an_error_anywhere_is_never_less_than_an_error(limits, rate):
    seen = report(measured(rate=rate, count=0), Issues("schema", "error", "x"))
    assert gate(seen, limited(*(Limit(*x) for x in limits))).outcome == "ERROR"


def test_a_check_s_state_is_its_worst_breach():
    labels, outliers = measured(rate=0.5, count=3), measured("outliers", rate=0.5)
    absent = Issues("leakage", "not_applicable", "no reference")
    verdict = gate(
        report(labels, outliers, absent, measured("missing", rate=0)),
        limited(Limit("labels.rate", 0, "warning"), Limit("labels.count", 0), Limit("outliers.rate", 0, "warning")),
    )
    states = [verdict.state(i) for i in (labels, outliers, absent, measured("missing"))]
    assert states == ["fail", "warn", "not_checked", "pass"]


def test_a_verdict_is_json_values():
    values = gate(report(measured(rate=0.2)), limited(Limit("labels.rate", 0.1))).to_dict()
    assert values["outcome"] == "FAIL"
    assert values["exit_code"] == 1
    assert values["breaches"][0]["measure"] == "labels.rate"
