"""Data Docs of a report say what the report says, show what the data says as text, and ask nothing of the network."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy import table_of

from audit.cli import run
from audit.errors import OutputError, StaleError, Undecided
from audit.gx import hash_of_report
from audit.gx.data_docs import veiled, write_data_docs
from audit.report import Report
from audit.run import audit
from audit.suite import parse_suite
from tests.browser import CHROMIUM, FLAGS, needs_browser

NASTY = "<img src=x onerror=alert(1)>$x"
DEMANDS = {
    "limits": {
        "conflicts.count": 0,
        "imbalance.ratio": {"max": 1.5, "severity": "warning"},
        "outliers.rate": {"max": 0.1, "severity": "info"},
    },
    "expectations": [
        {"type": "expect_column_values_to_be_in_set", "column": NASTY, "value_set": ["good"]},
        {"type": "expect_column_values_to_not_be_null", "column": "x1"},
        {"type": "expect_column_mean_to_be_between", "column": "x1", "min_value": 100, "severity": "warning"},
        {"type": "expect_column_values_to_be_between", "column": "gone", "min_value": 0},
        {
            "type": "expect_column_quantile_values_to_be_between",
            "column": "x1",
            "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1000]]},
        },
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A report of 40 rows, with markup in a column's name and value: of three limits and five rules four hold."""
    where = tmp_path_factory.mktemp("docs") / "report"
    data = table_of(np.arange(80.0).reshape(40, 2), ["ash", "birch"] * 20)
    words = [f"bad {NASTY}", *["good"] * 39]
    data = replace(data, name=f"data {NASTY}", table=data.table.assign(**{NASTY: words}))
    suite = parse_suite(DEMANDS, name=f"suite {NASTY}")
    audit(data, suite=suite, checks=("schema", "conflicts", "imbalance")).write(where)
    return where


@pytest.fixture(scope="module")
def site(folder) -> Path:
    write_data_docs(folder, folder.parent / "site")
    return folder.parent / "site"


def text_of(page: Path) -> str:
    """What a reader sees of a page, on one line; markup that the data brought along would be gone."""
    bare = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for entity, character in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#36;", "$"),
        ("&quot;", '"'),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ):
        bare = bare.replace(entity, character)
    return " ".join(bare.split())


def test_every_limit_and_rule_of_the_suite_is_there_with_what_became_of_it(site):
    seen = text_of(site / "validation.html")

    assert "the report must pass the suite that it was made for" in seen
    assert (
        "conflicts.count must be at most 0 : sets of equal content under more than one label conflicts.count is 0"
        in seen
    )
    assert "imbalance.ratio is 1" in seen
    assert "not known: the report has no check 'outliers'" in seen
    assert "values must never be null. 100% not null" in seen
    assert "mean must be greater than or equal to 100 . found 40.0" in seen
    assert 'could not run: Error: The column "gone" in BatchData does not exist' in seen
    assert f"bad {NASTY}" in seen
    assert "Evaluated Expectations 9" in seen
    assert "Status: Failed" in seen


def test_a_result_that_great_expectations_cannot_show_is_shown_in_our_words(site):
    assert "column quantile values to be between: column x1" in text_of(site / "validation.html")
    assert "holds; 40 rows were looked at" in text_of(site / "validation.html")


def test_the_index_leads_to_both_pages_and_they_lead_back(site):
    links = {name: set(re.findall(r'href="([^"#]+)"', (site / name).read_text())) for name in ("index.html", "validation.html", "expectations.html")}  # fmt: skip

    assert links["index.html"] >= {"validation.html", "expectations.html"}
    assert "index.html" in links["validation.html"] & links["expectations.html"]
    assert sorted(p.name for p in site.iterdir()) == ["expectations.html", "index.html", "validation.html"]
    assert "4 of 9 hold" in text_of(site / "index.html")


@pytest.mark.parametrize("name", ["index.html", "validation.html", "expectations.html"])
def test_a_page_holds_no_script_and_nothing_from_elsewhere(site, name):
    page = (site / name).read_text(encoding="utf-8")

    assert re.findall(r"<script|<img|<iframe|\bon\w+=\"|https?://|url\(", page) == []
    assert "default-src 'none'" in page
    assert NASTY in text_of(site / name)


@needs_browser
def test_in_a_browser_without_a_network_the_page_is_whole(site, tmp_path):
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", (site / "validation.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert "Table-Level Expectations" in done.stdout
    assert "<img" not in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_suite_that_demands_nothing_is_no_page(folder, tmp_path):
    report = Report.read(folder)
    empty = parse_suite({}, name="empty")
    replace(report, suite="empty", suite_fingerprint=empty.fingerprint, demands=empty.to_dict()).write(tmp_path / "r")

    with pytest.raises(Undecided, match="suite empty demands nothing: there is nothing to show"):
        write_data_docs(tmp_path / "r", tmp_path / "site")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"detail": {}}, "it was not run in this audit"),
        ({"status": "error", "why": "out of memory", "detail": {}}, "out of memory"),
    ],
)
def test_rules_of_which_the_report_says_nothing_are_shown_as_not_run(folder, tmp_path, changes, said):
    report = Report.read(folder)
    checks = {**report.checks, "schema": replace(report["schema"], **changes)}
    replace(report, checks=checks).write(tmp_path / "r")

    seen = text_of(write_data_docs(tmp_path / "r", tmp_path / "site").with_name("validation.html"))

    assert f"expect_column_values_to_not_be_null raised an exception: {said}" in seen
    assert "Evaluated Expectations 9 Successful Expectations 2" in seen


def test_a_report_that_says_no_date_is_as_old_as_its_file(folder, tmp_path):
    replace(Report.read(folder), created="one day").write(tmp_path / "r")
    os.utime(tmp_path / "r/audit.json", (1_000_000_000, 1_000_000_000))

    assert "2001-09-09 01:46 UTC" in text_of(write_data_docs(tmp_path / "r", tmp_path / "site"))


def test_an_edited_report_is_no_page(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "r")
    (tmp_path / "r/audit.json").write_text((tmp_path / "r/audit.json").read_text().replace('"pass"', '"fail"'))

    with pytest.raises(StaleError, match="does not match its own hash"):
        write_data_docs(tmp_path / "r", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_folder_that_holds_something_is_left_alone_and_with_force_only_the_pages_are_written_anew(folder, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(OutputError, match="is not empty"):
        write_data_docs(folder, tmp_path)
    write_data_docs(folder, tmp_path, force=True)

    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_what_stands_in_for_markup_cannot_be_brought_along():
    assert veiled({"a<": ["b\ue000", 1, True, None]}) == {"a\ue000": ["b\ufffd", 1, True, None]}


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_writes_the_pages_and_ends_as_the_audit_did(folder, tmp_path, capsys):
    assert run(["report", str(folder), "--data-docs", str(tmp_path / "site")]) == 0
    assert capsys.readouterr().out == f"data docs: {tmp_path / 'site/index.html'}\n"
    assert (tmp_path / "site/validation.html").exists()


def test_without_options_the_summary_ends_with_the_hash_by_which_suites_name_the_report(folder, capsys):
    assert run(["report", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "conflicts" in out
    assert out.endswith(f"\nhash:   {hash_of_report(folder)}\n")

    assert run(["report", str(folder), "--hash"]) == 0
    assert capsys.readouterr().out == f"{hash_of_report(folder)}\n"


@pytest.mark.parametrize(("form", "said"), [("json", '"blake3": "'), ("markdown", "### ERROR: Could not decide")])
def test_the_summary_comes_in_other_forms(folder, capsys, form, said):
    assert run(["report", str(folder), "--format", form]) == 0
    assert said in capsys.readouterr().out


def test_a_report_in_which_a_check_crashed_ends_with_3(folder, tmp_path, capsys):
    report = Report.read(folder)
    broken = replace(report["conflicts"], status="error", why="out of memory")
    replace(report, checks={**report.checks, "conflicts": broken}).write(tmp_path / "r")

    assert run(["report", str(tmp_path / "r")]) == 3
    assert run(["report", str(tmp_path / "r"), "--data-docs", str(tmp_path / "site")]) == 3
    assert "check 'conflicts' crashed: out of memory" in text_of(tmp_path / "site/validation.html")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hash", "--format", "json"], "--format goes with the summary"),
        (["--data-docs", "d", "--format", "json"], "--format goes with the summary"),
        (["--hash", "--data-docs", "d"], "leave out the other"),
        (["--force"], "--force goes with --data-docs"),
    ],
)
def test_options_that_would_not_be_heeded_are_refused(folder, capsys, options, said):
    assert run(["report", str(folder), *options]) == 2
    assert said in capsys.readouterr().err


def test_what_is_no_report_is_refused(tmp_path, capsys):
    assert run(["report", str(tmp_path)]) == 2
    assert "audit.json: no such file" in capsys.readouterr().err
