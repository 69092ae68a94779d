"""One finding a check, in the reader's order, judged by the limit that decides."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.render.findings import against, example_lines, finding, findings, help_for, how_sure
from audit.report import Issues
from audit.suite import Limit, Suite
from audit.verdict import gate

STATES = ["error", "fail", "warn", "pass", "not_checked"]


def test_findings_are_ordered_by_state_then_by_excess(case):
    made = case("ERROR")
    rows = findings(made.report, made.verdict)
    states = [STATES.index(f.state) for f in rows]
    assert states == sorted(states)
    for state in STATES:
        excess = [f.excess for f in rows if f.state == state]
        assert excess == sorted(excess, reverse=True)


def test_every_check_has_exactly_one_finding(case):
    made = case("FAIL")
    assert sorted(f.check for f in findings(made.report, made.verdict)) == sorted(made.report.checks)


def test_a_label_finding_keeps_what_is_flagged_apart_from_what_is_estimated_and_held_to_the_limit(case):
    made = case("FAIL")
    f = finding(made.report["labels"], made.verdict, made.report.dataset)
    assert (f.state, f.sentence, f.measured, f.basis, f.limit_text) == (
        "fail",
        "57 labels look wrong",
        "8.6\u202f%",
        "estimated",
        "at most 3.0\u202f%",
    )
    assert f.note.split("; ")[:3] == [
        "an estimated 86 are wrong: 8.6\u202f%, between 7.7 and 9.5\u202f%",
        "expected: 88\u202f% of the flagged wrong, between 76 and 98\u202f%",
        "and 60\u202f% of the wrong flagged",
    ]
    assert f.excess == pytest.approx(0.086 / 0.03)


@pytest.mark.parametrize(
    ("limit", "measured", "basis"),
    [
        ("labels.rate_high", "9.5\u202f%", "upper end"),
        ("labels.count", "86", "estimated"),
        ("labels.flagged", "57", "flagged"),
    ],
)
def test_another_measure_of_labels_held_to_a_limit_says_which_it_is(case, rejudged, limit, measured, basis):
    made = rejudged(case("FAIL"), (Limit(limit, 0.01),))
    f = finding(made.report["labels"], made.verdict, made.report.dataset)
    assert (f.state, f.measured, f.basis) == ("fail", measured, basis)


def test_labels_that_were_not_measured_are_no_estimate(case):
    made = case("ERROR")
    f = finding(made.report["labels"], made.verdict, made.report.dataset)
    assert (f.measured, f.basis) == ("–", "")


def test_only_labels_have_several_numbers_to_tell_apart(case):
    made = case("FAIL")
    assert {f.check for f in findings(made.report, made.verdict) if f.basis} == {"labels"}


def test_labels_that_are_estimated_wrong_and_not_flagged_are_no_clean_bill(case, rejudged):
    made = case("PASS")
    none = Issues("labels", measures={"count": 12, "rate": 0.012, "rate_low": 0.01, "rate_high": 0.02, "flagged": 0})
    made = rejudged(made, (Limit("labels.rate", 0.005),), labels=none)
    f = finding(none, made.verdict, made.report.dataset)
    assert (f.state, f.affected) == ("fail", 0)
    assert f.sentence == "an estimated 12 labels are wrong, none is flagged"
    assert f.note == "that is 1.2\u202f%, between 1.0 and 2.0\u202f%"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"method": "cleanlab", "cutoff_used": "cleanlab both", "expected_precision": None, "expected_recall": None},
         "; flags and count are cleanlab's (both)"),
        ({"method": "self_confidence", "expected_precision": 0.999, "expected_recall": 0.001},
         "; ranked by self_confidence; expected: 99\u202f% of the flagged wrong, 1\u202f% of the wrong flagged"),
        ({}, ""),
    ],
)  # fmt: skip
def test_flags_of_another_method_say_whose_they_are(case, rejudged, detail, said):
    other = Issues("labels", measures={"count": 3, "rate": 0.003, "flagged": 2}, detail=detail)
    made = rejudged(case("PASS"), (Limit("labels.rate", 0.03),), labels=other)
    f = finding(other, made.verdict, made.report.dataset)
    assert f.note == f"an estimated 3 are wrong: 0.30\u202f%{said}"


def test_one_label_is_singular(case, rejudged):
    made = case("PASS")
    one = Issues("labels", measures={"count": 1, "rate": 0.001, "flagged": 1})
    made = rejudged(made, (Limit("labels.rate", 0.03),), labels=one)
    f = finding(one, made.verdict, made.report.dataset)
    assert (f.sentence, f.note) == ("1 label looks wrong", "an estimated 1 is wrong: 0.10\u202f%")


@pytest.mark.parametrize(("kind", "noun"), [("image", "picture"), ("text", "text"), ("table", "row")])
def test_examples_are_called_what_they_are(case, kind, noun):
    made = case("PASS", kind)
    assert finding(made.report["duplicates"], made.verdict, made.report.dataset).sentence == f"no {noun} appears twice"
    failed = case("FAIL", kind)
    assert (
        finding(failed.report["conflicts"], failed.verdict, failed.report.dataset).sentence
        == f"2 {noun}s appear with more than one label"
    )


def test_near_repeats_look_the_same_and_only_equal_ones_are(case, rejudged):
    made = case("PASS")
    near = Issues("duplicates", measures={"exact.count": 0, "normalised.count": 4, "near.count": 28})
    made = rejudged(made, (Limit("labels.rate", 1),), duplicates=near)
    f = finding(near, made.verdict, made.report.dataset)
    assert f.sentence == "4 texts repeat another but for capitals and spaces"
    assert f.note == "28 more look the same as another"


def test_a_breach_that_is_critical_decides_before_one_that_warns(case, rejudged):
    made = rejudged(case("FAIL"), (Limit("duplicates.near.count", 0, "warning"), Limit("duplicates.exact.count", 1)))
    f = finding(made.report["duplicates"], made.verdict, made.report.dataset)
    assert (f.state, f.limit_text) == ("fail", "at most 1 (exact)")


def test_a_passing_check_shows_the_limit_it_is_closest_to(case, rejudged):
    limits = (Limit("duplicates.exact.count", 100), Limit("duplicates.near.count", 4, "warning"))
    made = rejudged(case("FAIL"), limits)
    f = finding(made.report["duplicates"], made.verdict, made.report.dataset)
    assert (f.state, f.limit_text) == ("pass", "warn above 4 (near)")


def test_without_a_limit_what_is_measured_is_what_the_sentence_says(case, rejudged):
    near = Issues(
        "leakage", measures={"exact.count": 0, "normalised.count": 7, "near.count": 2}, detail={"against": "test"}
    )
    made = rejudged(case("PASS"), (Limit("labels.rate", 1),), leakage=near)
    f = finding(near, made.verdict, made.report.dataset)
    assert (f.sentence, f.measured) == ("7 texts of test appear here but for capitals and spaces", "9")


def test_a_limit_of_zero_is_exceeded_without_end(case):
    made = case("FAIL")
    f = finding(made.report["conflicts"], made.verdict, made.report.dataset)
    assert (f.limit, f.excess) == (0, math.inf)


def test_a_crashed_check_says_that_it_could_not_finish(case):
    made = case("ERROR")
    f = findings(made.report, made.verdict)[0]
    assert (f.check, f.state) == ("labels", "error")
    assert f.sentence == "could not finish: pred_probs.npy row 311 sums to 0.93, expected 1"


def test_a_check_that_does_not_apply_says_why_and_is_not_a_pass(case):
    made = case("PASS")
    f = finding(made.report["leakage"], made.verdict, made.report.dataset)
    assert f.state == "not_checked"
    assert f.sentence == "not checked: nothing to compare with (--reference DATA, or --split COLUMN)"


def test_a_limit_on_a_check_that_does_not_apply_is_shown_as_failed(case, rejudged):
    made = rejudged(case("PASS"), (Limit("leakage.exact.count", 0),))
    f = finding(made.report["leakage"], made.verdict, made.report.dataset)
    assert f.state == "fail"
    assert f.sentence.startswith("not measured, though the suite sets a limit")


def test_a_demand_that_no_check_answers_is_listed(case, rejudged):
    made = rejudged(case("PASS"), (Limit("drift.rate", 0.1),))
    f = findings(made.report, made.verdict)[0]
    assert (f.check, f.state) == ("drift", "fail")
    assert "no check 'drift' ran" in f.sentence


def test_a_suite_that_demands_nothing_is_an_error_that_is_listed(case):
    made = case("PASS")
    verdict = gate(made.report, Suite("empty"))
    assert findings(made.report, verdict)[0].sentence == "the suite demands nothing"


def test_a_check_of_somebody_else_has_a_finding_too(case, rejudged):
    own = Issues("too_long", measures={"count": 3}, findings=case("FAIL").report["outliers"].findings)
    made = rejudged(case("PASS"), (Limit("too_long.count", 1),), too_long=own)
    f = finding(own, made.verdict, made.report.dataset)
    assert (f.title, f.state, f.sentence, f.measured) == ("too_long", "fail", "4 rows are flagged", "3")


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_value_above_its_limit_is_never_printed_as_equal_to_it(value, limit):
    if abs(value - limit) > 1e-5:
        said = against("labels.rate", value, limit)
        assert said[0] != said[1]


def test_a_crashing_class_has_no_place_in_a_sentence(case):
    made = case("FAIL", hostile=True)
    for f in findings(made.report, made.verdict):
        assert "\x1b" not in f.sentence + f.note


def test_example_lines_say_row_reason_and_how_sure(case):
    lines = example_lines(case("FAIL").report["labels"])
    assert [x.row for x in lines] == ["row 0", "row 1", "row 2"]
    assert lines[0].text == "kind 0, looks like kind 1"
    assert lines[0].aside == "99.7\u202f% sure"


def test_without_a_probability_nobody_is_said_to_be_sure(case):
    labels = case("FAIL").report["labels"]
    plain = replace(labels, scores=labels.scores.drop(columns="suggested_probability"))
    assert how_sure(labels, 0) == "99.7\u202f% sure"
    assert how_sure(plain, 0) == ""


@pytest.mark.parametrize(("rate", "pruned"), [(0.4, True), (0.6, False)])
def test_dropping_the_rows_is_no_help_where_it_would_drop_most(case, rate, pruned):
    made = case("FAIL")
    missing = replace(made.report["missing"], measures={**made.report["missing"].measures, "count": 9, "rate": rate})
    report = replace(made.report, checks={"missing": missing})
    (f,) = findings(report, gate(report, Suite("s", limits=(Limit("missing.rate", 0.1),))))
    assert ("--by prune" in help_for(f)) == pruned
