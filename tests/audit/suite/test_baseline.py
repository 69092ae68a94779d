"""No worse than today: what an earlier audit measured is the limit, and every limit that it loosens is said."""

import json

import numpy as np
import pytest
from toy import report_of, table_of

from audit.errors import InputError
from audit.report import Issues, Report
from audit.suite import Expectation, Limit, Suite
from audit.suite.baseline import Baseline, baseline_of, read_baseline
from audit.verdict import gate

DATA = table_of(np.arange(8.0).reshape(4, 2), ["a", "b", "a", "b"])
RULE = Expectation("expect_column_values_to_be_between", {"column": "x0", "max_value": 3})
TABLE = Expectation("expect_table_row_count_to_be_between", {"max_value": 3})


def report(rate: float = 0.1, broken: int = 2, *, ruled: bool = True) -> Report:
    lines = [
        {"key": RULE.key, "words": "x0 is at most 3", "why": "it is not", "state": "fail", "broken": broken,
         "examples": [{"row": 2, "value": "4"}]},
        {"key": TABLE.key, "words": "at most 3 rows", "why": "4", "state": "fail", "broken": 1, "examples": []},
    ]  # fmt: skip
    schema = [Issues("schema", detail={"expectations": lines}, measures={"failed": 2})] if ruled else []
    return report_of(DATA, Issues("labels", measures={"rate": rate, "count": 3}), *schema)


def kept(tmp_path, **changes) -> Baseline:
    report(**changes).write(tmp_path / "old")
    return read_baseline(tmp_path / "old")


def limited(most: float) -> Suite:
    return Suite("s", limits=(Limit("labels.rate", most),))


def test_what_was_so_before_passes_and_more_does_not(tmp_path):
    old = kept(tmp_path, rate=0.1)
    assert gate(report(0.1), limited(0.05), baseline=old).outcome == "PASS"
    assert gate(report(0.11), limited(0.05), baseline=old).outcome == "FAIL"
    assert gate(report(0.1), limited(0.05)).outcome == "FAIL"


def test_a_limit_is_never_tightened(tmp_path):
    verdict = gate(report(0.2), limited(0.3), baseline=kept(tmp_path, rate=0.1))
    assert (verdict.outcome, verdict.loosened) == ("PASS", ())


def test_what_was_loosened_says_from_what_to_what_and_by_whom(tmp_path):
    (loosened,) = gate(report(0.01), limited(0.05), baseline=kept(tmp_path, rate=0.1)).loosened
    assert (loosened.measure, loosened.limit, loosened.to) == ("labels.rate", 0.05, 0.1)
    assert "audit.json" in loosened.source
    assert "trees, 4 rows" in loosened.source


def test_rows_that_broke_a_rule_before_may_again_but_no_more_of_them(tmp_path):
    suite, old = Suite("s", expectations=(RULE,)), kept(tmp_path, broken=2)
    assert gate(report(broken=2), suite, baseline=old).outcome == "PASS"
    verdict = gate(report(broken=3), suite, baseline=old)
    assert (verdict.outcome, verdict.breaches[0].value, verdict.breaches[0].limit) == ("FAIL", 3, 2)


def test_a_table_that_broke_a_rule_as_a_whole_is_held_to_the_rule(tmp_path):
    verdict = gate(report(), Suite("s", expectations=(TABLE,)), baseline=kept(tmp_path))
    assert (verdict.outcome, verdict.loosened) == ("FAIL", ())


def test_a_measure_that_is_not_there_is_no_better_for_having_been(tmp_path):
    old = kept(tmp_path)
    verdict = gate(report_of(DATA, Issues("outliers", measures={"rate": 0})), limited(0.05), baseline=old)
    assert verdict.outcome == "FAIL"


@pytest.mark.parametrize(("kind", "label", "said"), [("text", "label", "kind is 'text'"), ("table", "y", "column is")])
def test_other_data_is_refused(kind, label, said):
    with pytest.raises(InputError, match=said):
        gate(report(), limited(0.1), baseline=Baseline("b.json", kind, label, {}))


def test_the_small_file_says_the_same_without_examples_of_the_data(tmp_path):
    old = kept(tmp_path)
    (tmp_path / "small.json").write_text(json.dumps(baseline_of(tmp_path / "old")))
    small = read_baseline(tmp_path / "small.json")
    assert (small.measures, small.broken, small.kind) == (old.measures, old.broken, old.kind)
    assert "examples" not in (tmp_path / "small.json").read_text()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda v: v.update(schema_version=1), "this has 1"),
        (lambda v: v.pop("measures"), "no whole audit.json"),
        (lambda v: v["measures"].update({"labels.rate": "0.1"}), "is no number"),
        (lambda v: v["measures"].update({"labels.rate": True}), "is no number"),
        (lambda v: v["measures"].update({"labels.rate": float("nan")}), "is no number"),
        (lambda v: v.update(dataset=[]), "no whole audit.json"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path, edit, said):
    kept(tmp_path)
    values = json.loads((tmp_path / "old/audit.json").read_text())
    edit(values)
    (tmp_path / "b.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=said):
        read_baseline(tmp_path / "b.json")


def test_warnings_fail_the_gate_where_that_is_asked():
    suite = Suite("s", limits=(Limit("labels.rate", 0.05, "warning"),))
    lenient, strict = gate(report(ruled=False), suite), gate(report(ruled=False), suite, fail_on="warning")
    assert (lenient.outcome, lenient.exit_code) == ("WARN", 0)
    assert (strict.outcome, strict.exit_code) == ("FAIL", 1)
    assert strict.state(report()["labels"]) == "fail"
    told = Suite("s", limits=(Limit("labels.rate", 0, "info"), Limit("labels.count", 1e6)))
    assert gate(report(), told, fail_on="warning").outcome == "PASS"
