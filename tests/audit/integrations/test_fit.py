"""`assert_fit` returns a verdict only of data that the gate lets through."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from toy import table_of

import audit
from audit.errors import AssayError, InputError, StaleError, Undecided, UnknownName
from audit.evidence.given import Given
from audit.report import Issues
from audit.suite import Expectation, Limit, Suite

QUICK = ["missing", "duplicates"]
NO_COPIES = Suite("own", limits=(Limit("duplicates.exact.count", 0.0), Limit("missing.rate", 0.25)))
GOOD = table_of(np.arange(24.0).reshape(12, 2), list("ab") * 6)
COPIED = pd.concat([GOOD.table, GOOD.table.iloc[:5]], ignore_index=True)


def broken(suite=NO_COPIES, **kwargs) -> str:
    """What the assertion says of the table with five copies."""
    with pytest.raises(AssertionError) as raised:
        audit.assert_fit(COPIED, suite, label="label", checks=QUICK, **kwargs)
    return str(raised.value)


def test_fit_data_has_its_verdict():
    verdict = audit.assert_fit(GOOD, NO_COPIES, checks=QUICK)

    assert (verdict.outcome, verdict.judged, verdict.fingerprint) == ("PASS", 2, GOOD.fingerprint)


def test_a_file_is_read_with_its_roles(tmp_path):
    GOOD.table.rename(columns={"label": "kind"}).to_csv(tmp_path / "good.csv", index=False)

    assert audit.assert_fit(tmp_path / "good.csv", NO_COPIES, label="kind", checks=QUICK).passed


@pytest.mark.parametrize("kept", ["report", "cache", "nothing"])
def test_data_that_was_edited_in_place_since_its_audit_does_not_pass(tmp_path, kept):
    data = table_of(np.arange(24.0).reshape(12, 2), list("ab") * 6)
    report = audit.audit(data, suite=NO_COPIES, checks=QUICK, cache=tmp_path)
    data.table.iloc[0] = data.table.iloc[2]
    how = {"report": {"report": report}, "cache": {"checks": QUICK, "cache": tmp_path}, "nothing": {"checks": QUICK}}

    with pytest.raises(StaleError if kept == "report" else AssertionError):
        audit.assert_fit(data, NO_COPIES, **how[kept])


def test_unfit_data_is_an_assertion_that_names_the_demand_the_excess_and_the_worst_rows():
    said = broken(Suite("own", limits=(Limit("duplicates.exact.count", 2), Limit("missing.rate", 0.25))))

    assert "by suite own: 1 of 2 demands not met" in said
    assert "duplicates.exact.count: 5, at most 2, over by 3" in said
    assert said.count("is the same as row") == 3
    assert "… 5 rows in all" in said
    assert "missing" not in said


def test_what_cannot_be_decided_is_no_assertion_and_no_pass():
    def crashes(evidence):
        raise ZeroDivisionError("by nothing")

    for suite, checks, why in (
        (Suite("empty"), QUICK, "demands nothing"),
        (NO_COPIES, [*QUICK, crashes], "by nothing"),
    ):
        with pytest.raises(Undecided, match=why):
            audit.assert_fit(GOOD, suite, checks=checks)


def test_undecided_outranks_unfit():
    def crashes(evidence):
        raise ZeroDivisionError("by nothing")

    with pytest.raises(Undecided):
        audit.assert_fit(COPIED, NO_COPIES, label="label", checks=[*QUICK, crashes])


def test_a_demanded_check_that_was_left_out_does_not_pass():
    with pytest.raises(AssertionError, match="no check 'duplicates' ran"):
        audit.assert_fit(GOOD, NO_COPIES, checks=["missing"])


def test_severities_and_a_baseline_are_heeded(tmp_path):
    lax = Suite("lax", limits=(Limit("duplicates.exact.count", 0, "warning"),))
    data = audit.load(COPIED, label="label")
    report = audit.audit(data, suite=NO_COPIES, checks=QUICK)
    report.write(tmp_path)

    assert audit.assert_fit(data, lax, checks=QUICK).outcome == "WARN"
    broken(lax, fail_on="warning")
    with pytest.raises(UnknownName, match="did you mean 'warning'"):
        audit.assert_fit(data, lax, fail_on="warn")
    assert audit.assert_fit(data, NO_COPIES, checks=QUICK, baseline=tmp_path).loosened


class TestReport:
    @pytest.fixture
    def report(self):
        return audit.audit(GOOD, suite=NO_COPIES, checks=QUICK)

    def test_it_is_judged_by_the_suite_it_was_made_for(self, report, tmp_path):
        report.write(tmp_path)

        assert audit.assert_fit(GOOD, report=report).suite == "own"
        assert audit.assert_fit(GOOD, report=tmp_path).judged == 2

    def test_of_other_data_it_decides_nothing(self, report):
        with pytest.raises(StaleError, match="of other data"):
            audit.assert_fit(COPIED, label="label", report=report)

    def test_what_it_was_not_asked_cannot_be_judged_by_it(self, report):
        rule = Suite("rule", (Expectation("expect_column_values_to_not_be_null", {"column": "x0"}),))

        with pytest.raises(Undecided, match="was not run in this audit"):
            audit.assert_fit(GOOD, rule, report=report)

    @pytest.mark.parametrize("said", [{"checks": QUICK}, {"seed": 3}, {"reference": GOOD}, {"given": Given()}])
    def test_arguments_of_an_audit_are_refused(self, report, said):
        with pytest.raises(InputError, match=next(iter(said))):
            audit.assert_fit(GOOD, report=report, **said)


def test_roles_are_known_and_only_for_data_that_is_read():
    with pytest.raises(UnknownName, match="did you mean 'label'"):
        audit.assert_fit(COPIED, lebel="label")
    with pytest.raises(InputError, match="has its roles already"):
        audit.assert_fit(GOOD, label="label")


def test_the_filter_error_breaks_no_check():
    """Many test suites turn warnings into errors; a library's own must not make data undecidable."""

    def warns(evidence):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return Issues("warns", measures={"count": 0})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert audit.assert_fit(GOOD, Suite("own", limits=(Limit("warns.count", 0),)), checks=[warns]).passed


def test_names_from_the_data_are_shown_and_not_obeyed():
    data = COPIED.set_axis([f"r{i}\x1b[31m\n" for i in range(len(COPIED))]).rename_axis("id").reset_index()

    with pytest.raises(AssertionError) as raised:
        audit.assert_fit(data, NO_COPIES, label="label", id="id", checks=QUICK)
    assert "\x1b" not in str(raised.value)
    assert "\\x1b" in str(raised.value)


def test_undecided_is_of_the_family_that_ends_with_3():
    assert (issubclass(Undecided, AssayError), Undecided.exit_code) == (True, 3)
    assert not issubclass(Undecided, AssertionError)
