"""A verdict for machines: JUnit, SARIF and GitHub annotations say what the exit code says, and point at lines."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from toy import report_of, table_of

from audit.render.annotations import github_annotations
from audit.render.demands import demands
from audit.render.gate import LONGEST, gate_markdown, gate_terminal
from audit.render.junit import junit
from audit.render.sarif import sarif
from audit.report import FINDING_COLUMNS, Card, Issues
from audit.sources import load
from audit.sources.lines import Places, places_of
from audit.suite import Expectation, Limit, Suite
from audit.suite.baseline import Baseline
from audit.verdict import gate

DATA = table_of(np.arange(24.0).reshape(12, 2), list("ab") * 6)
RULE = Expectation("expect_column_values_to_be_between", {"column": "x0", "max_value": 10}, "warning")
PLACES = Places("some data/train,1.csv", {k: k + 2 for k in range(12)})
HOSTILE = "bad\n::error::pwned % \x1b[31m \x00 & <b> | `x`"


def findings(rows: dict, kind: str = "exact", reason: str = "is odd") -> pd.DataFrame:
    table = pd.DataFrame({c: None for c in FINDING_COLUMNS}, index=list(rows))
    return table.assign(score=list(rows.values()), reason=reason, kind=kind)


def copies(count: int, rows: dict | None = None, **kwargs) -> Issues:
    return Issues("duplicates", measures={"exact.count": count}, findings=findings(rows or {3: 0.0, 5: 0.1}, **kwargs))


def ruled(state: str = "fail") -> Issues:
    line = {"key": RULE.key, "words": "x0 is at most 10", "state": state, "why": "2 of 12 rows break it", "broken": 2,
            "examples": [{"row": 6, "value": "12"}, {"row": 7, "value": "14"}]}  # fmt: skip
    rows = findings({6: 0.0}, kind="schema", reason="breaks: x0 is at most 10")
    return Issues("schema", detail={"expectations": [line]}, measures={"failed": 1}, findings=rows)


SUITE = Suite(
    "own", (RULE,), (Limit("duplicates.exact.count", 0.0), Limit("labels.rate", 0.5), Limit("missing.rate", 0, "info"))
)
WHOLE = (
    ruled(),
    copies(2),
    Issues("labels", measures={"rate": 0.1}),
    Issues("missing", measures={"rate": 0.2}),
    Issues("leakage", "not_applicable", why="nothing to compare with"),
)


def rendered(render, issues=WHOLE, suite=SUITE, places=PLACES, **kwargs) -> str:
    report = report_of(DATA, *issues)
    return render(report, suite, gate(report, suite, **kwargs), places)


def cases(text: str) -> dict[str, str]:
    """Name of each test case to what became of it."""
    found = ET.fromstring(text).iter("testcase")
    return {c.get("name"): c[0].tag if len(c) else "passed" for c in found}


class TestJUnit:
    def test_failed_is_a_failure_and_not_run_is_skipped_and_a_warning_passes_with_words(self):
        assert cases(rendered(junit)) == {
            RULE.key: "system-out",
            "duplicates.exact.count": "failure",
            "labels.rate": "passed",
            "missing.rate": "system-out",
            "leakage": "skipped",
        }

    def test_crashed_is_an_error(self):
        text = rendered(junit, (*WHOLE[:2], Issues("labels", "error", why="ValueError: no")))
        assert cases(text)["labels"] == "error"
        assert cases(text)["labels.rate"] == "failure"  # it was demanded and nobody knows it

    def test_a_limit_that_nothing_measured_is_a_failure_and_no_skip(self):
        text = rendered(junit, (*WHOLE[:2], Issues("labels", "not_applicable", why="no label"), WHOLE[3]))
        assert cases(text)["labels.rate"] == "failure"

    def test_a_warning_is_a_failure_where_the_gate_fails_on_warnings(self):
        assert cases(rendered(junit, fail_on="warning"))[RULE.key] == "failure"

    @pytest.mark.parametrize("fail_on", ["critical", "warning"])
    @pytest.mark.parametrize("suite", [SUITE, Suite("empty"), replace(SUITE, limits=SUITE.limits[1:2])])
    def test_there_are_failures_or_errors_exactly_if_the_exit_code_is_not_0(self, suite, fail_on):
        verdict = gate(report_of(DATA, *WHOLE), suite, fail_on=fail_on)
        root = ET.fromstring(rendered(junit, suite=suite, fail_on=fail_on))
        assert (int(root.get("failures")) + int(root.get("errors")) > 0) == (verdict.exit_code != 0)

    def test_it_has_the_structure_that_readers_of_junit_expect(self):
        text = rendered(junit, (*WHOLE[:2], Issues("labels", "error", why=HOSTILE), *WHOLE[3:]))
        root = ET.fromstring(text)
        assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
        (suite,) = root
        assert [child.tag for child in suite][:1] == ["properties"]
        assert {child.tag for child in suite[1:]} == {"testcase"}
        tags = [c[0].tag for c in suite.iter("testcase") if len(c)]
        for tag, counted in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(counted)) == tags.count(tag) > 0
        assert int(suite.get("tests")) == len(list(suite.iter("testcase")))
        assert all(c.get("name") and c.get("classname") and float(c.get("time")) >= 0 for c in suite.iter("testcase"))

    def test_rows_are_named_with_file_and_line(self):
        assert "some data/train,1.csv:5: row 3: is odd" in rendered(junit)

    def test_what_the_data_says_cannot_break_the_xml(self):
        text = rendered(junit, (copies(2, reason=HOSTILE + "\ufffe"), *WHOLE[2:]))
        said = ET.fromstring(text.encode()).find(".//failure").text
        assert "\\x00" in said
        assert "& <b>" in said


class TestSarif:
    def results(self, *args, **kwargs) -> list[dict]:
        return json.loads(rendered(sarif, *args, **kwargs))["runs"][0]["results"]

    def test_a_row_is_a_result_at_its_line(self):
        (first, second, *_) = [r for r in self.results() if r["ruleId"] == "duplicates"]
        where = first["locations"][0]["physicalLocation"]
        assert where["region"] == {"startLine": 5}
        assert where["artifactLocation"] == {"uri": "some%20data/train%2C1.csv", "uriBaseId": "%SRCROOT%"}
        assert first["level"] == "error"
        assert first["partialFingerprints"] != second["partialFingerprints"]

    def test_levels_are_those_of_the_gate(self):
        assert {r["ruleId"]: r["level"] for r in self.results()} == {
            "schema": "warning", "duplicates": "error", "missing": "note",
        }  # fmt: skip
        assert {r["level"] for r in self.results(fail_on="warning") if r["ruleId"] == "schema"} == {"error"}

    def test_an_expectation_names_the_rows_that_break_it_and_its_examples(self):
        found = [r for r in self.results() if r["ruleId"] == "schema"]
        assert [r["locations"][0]["physicalLocation"]["region"]["startLine"] for r in found] == [8, 9]

    def test_the_log_has_what_sarif_2_1_0_demands(self):
        log = json.loads(rendered(sarif))
        (run,) = log["runs"]
        rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
        assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "assay")
        assert len(set(rules)) == len(rules)
        for result in run["results"]:
            assert result["message"]["text"]
            assert rules[result["ruleIndex"]] == result["ruleId"]
            assert result["level"] in ("error", "warning", "note")
        assert run["invocations"][0]["executionSuccessful"] is True
        assert run["invocations"][0]["exitCode"] == 1

    def test_a_crash_is_an_error_and_the_run_no_success(self):
        run = json.loads(rendered(sarif, (Issues("labels", "error", why="no"), WHOLE[1])))["runs"][0]
        assert run["invocations"][0]["executionSuccessful"] is False
        assert [r["level"] for r in run["results"] if r["ruleId"] == "labels"] == ["error", "error"]

    def test_many_rows_are_cut_and_counted(self):
        many = copies(900, {k: k / 1000 for k in range(900)})
        found = [r for r in self.results((many, *WHOLE[2:])) if r["ruleId"] == "duplicates"]
        assert len(found) == 500
        assert "900 rows, 500 are listed" in found[0]["message"]["text"]

    def test_data_without_a_file_has_no_location(self):
        assert all("locations" not in r for r in self.results(places=Places()))


class TestAnnotations:
    LINE = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:\n]*,?)+)::([^\n]*)")

    def lines(self, *args, **kwargs) -> list[str]:
        text = rendered(github_annotations, *args, **kwargs)
        return [line for line in text.splitlines() if line.startswith("::")]

    def test_properties_are_escaped_as_github_demands(self):
        assert self.lines()[0] == (
            "::error file=some data/train%2C1.csv,line=5,title=assay%3A duplicates"
            "::duplicates.exact.count: 2, at most 0; row 3 is odd"
        )

    def test_every_line_is_one_whole_command(self):
        lines = self.lines((copies(2, reason=HOSTILE), *WHOLE[2:]))
        assert all(self.LINE.fullmatch(line) for line in lines)
        assert "bad%0A::error::pwned %25 \\x1b[31m" in "".join(lines)

    def test_no_line_of_the_data_becomes_a_command(self):
        text = rendered(github_annotations, (copies(2, reason=HOSTILE), *WHOLE[2:]))
        assert not [x for x in text.splitlines() if x.strip().startswith("::") and not self.LINE.fullmatch(x)]

    def test_every_demand_comes_before_any_second_row_and_at_most_ten_of_a_kind(self):
        many = copies(50, {k % 12: 0.0 for k in range(50)})
        suite = replace(SUITE, limits=(*SUITE.limits, Limit("labels.rate_high", 0.1)))
        errors = [x for x in self.lines((many, *WHOLE[2:]), suite) if x.startswith("::error")]
        assert len(errors) == 10
        assert "labels.rate_high" in "".join(errors[:3])

    def test_a_pass_is_said_in_plain_text(self):
        text = rendered(github_annotations, WHOLE[2:3], Suite("s", limits=(Limit("labels.rate", 1),)))
        assert text == "PASS: trees by suite s: the one demand is met\n"


class TestMarkdown:
    def test_it_fits_a_comment_and_says_what_it_left_out(self):
        suite = Suite("s", limits=tuple(Limit(f"labels.{'m' * 60}{k}", 0.0) for k in range(3000)))
        text = gate_markdown(gate(report_of(DATA, *WHOLE), suite))
        assert len(text) < LONGEST
        assert re.search(r"and [\d,]+ more lines", text)

    def test_a_name_cannot_leave_its_cell(self):
        suite = Suite("s|`x", limits=(Limit("labels.`@me|", 0.0),))
        (row,) = [x for x in gate_markdown(gate(report_of(DATA, *WHOLE), suite)).splitlines() if "FAIL |" in x]
        assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_what_was_loosened_is_said_in_every_format():
    baseline = Baseline("baseline old.json", "table", "label", {"duplicates.exact.count": 2.0})
    verdict = gate(report_of(DATA, *WHOLE), SUITE, baseline=baseline)
    words = "duplicates.exact.count: at most 0 in the suite, 2 by baseline old.json"
    assert verdict.outcome == "WARN"
    assert f"loosened  {words}" in gate_terminal(verdict)
    assert f"Loosened: {words}" in gate_markdown(verdict)
    assert [x["to"] for x in verdict.to_dict()["loosened"]] == [2.0]
    for render in (junit, sarif, github_annotations):
        assert words in rendered(render, baseline=baseline)


def test_a_demand_is_listed_once_whatever_became_of_it():
    report = report_of(DATA, *WHOLE)
    names = [d.name for d in demands(report, SUITE, gate(report, SUITE))]
    assert sorted(names) == sorted({RULE.key, *(x.measure for x in SUITE.limits), "leakage"})


class TestLines:
    @pytest.mark.parametrize(
        ("name", "content", "lines"),
        [
            ("a.csv", 'x,label\n1,a\n\n2,"b\nb"\n3,a\n', [2, 4, 6]),
            ("a.csv", "x,label\r\n1,a\r\n2,b\r\n3,a\r\n", [2, 3, 4]),
            ("a.csv", "x,label\r1,a\r2,b\r3,a\r", [2, 3, 4]),
            ("a.csv", "\n\ufeff".strip("\n") + "x,label\n1,a\n2,b\n3,a", [2, 3, 4]),
            ("a.tsv", "x\tlabel\n\n1\ta\n2\tb\n3\ta\n", [3, 4, 5]),
            ("a.jsonl", '\n{"x": 1, "label": "a"}\n\n{"x": 2, "label": "b"}\n{"x": 3, "label": "a"}\n', [2, 4, 5]),
        ],
    )
    def test_a_row_stands_where_an_editor_shows_it(self, tmp_path, name, content, lines):
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        data = load(tmp_path / name, label="label")
        assert [places_of(data).of(row)[1] for row in data.rows] == lines

    def test_a_file_that_has_changed_since_has_no_lines(self, tmp_path):
        (tmp_path / "a.csv").write_text("x,label\n1,a\n2,b\n")
        data = load(tmp_path / "a.csv", label="label")
        (tmp_path / "a.csv").write_text("x,label\n1,a\n2,b\n3,c\n")
        assert places_of(data).of(data.rows[0])[1] is None

    def test_a_binary_file_is_named_without_lines(self, tmp_path):
        pd.DataFrame({"x": [1.0, 2.0], "label": ["a", "b"]}).to_parquet(tmp_path / "a.parquet")
        data = load(tmp_path / "a.parquet", label="label")
        assert places_of(data).of(data.rows[0]) == ((tmp_path / "a.parquet").as_posix(), None)

    def test_a_picture_is_its_own_file(self):
        place = Places("pictures", is_folder=True)
        assert place.of("cat/1.png") == (os.fspath(Path("pictures/cat/1.png")), None)


def test_what_is_only_told_does_not_contradict_a_pass():
    suite = replace(SUITE, expectations=(), limits=SUITE.limits[1:])
    said = gate_terminal(gate(report_of(DATA, *WHOLE), suite))
    assert said.splitlines()[-1].endswith("by suite own: 1 of 2 demands not met, which is only told")


def test_a_table_reached_by_a_socket_is_named():
    named = replace(
        report_of(DATA, *WHOLE), dataset=replace(Card.of(DATA), name="postgresql:///db?table=t&host=/run/pg")
    )

    assert "FAIL: db?table=t&host=/run/pg by suite own" in gate_terminal(gate(named, SUITE))
