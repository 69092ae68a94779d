"""`assay gate` on files: formats for machines, severities, baselines."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from audit.cli import run
from audit.run import audit
from audit.sources import load
from audit.suite import read_suite

SUITE = """
[limits]
"duplicates.exact.count" = {{ max = {most}, severity = "{severity}" }}
"""


def write_suite(most: int = 0, severity: str = "critical") -> None:
    Path("s.toml").write_text(SUITE.format(most=most, severity=severity))


def write_data(copies: int) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2
    table = pd.DataFrame({"a": rng.normal(size=60) + 4 * label, "label": np.where(label, "yes", "no")})
    pd.concat([table, table.iloc[:copies]]).to_csv("data.csv", index=False)


@pytest.fixture
def report(tmp_path, monkeypatch) -> str:
    """A report of a table with three copies, gated by a suite that allows none."""
    monkeypatch.chdir(tmp_path)
    write_suite()
    write_data(3)
    audit(load("data.csv"), suite=read_suite("s.toml")).write(Path("report"))
    return "report"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "sarif", "github"])
def test_every_format_ends_with_the_same_exit_code(report, capsys, form):
    assert run(["gate", report, "--format", form]) == 1
    assert "duplicates.exact.count" in capsys.readouterr().out


def test_a_report_points_at_the_lines_of_its_data_while_that_is_what_it_was(report, capsys):
    run(["gate", report, "--format", "github"])
    out, err = capsys.readouterr()
    assert out.startswith("::error file=data.csv,line=62,")
    assert err == ""

    write_data(4)
    run(["gate", report, "--format", "github"])
    out, err = capsys.readouterr()
    assert out.startswith("::error title=")
    assert "lines are not given" in err


def test_data_that_is_gated_straight_away_has_lines_too(report, capsys):
    assert run(["gate", "data.csv", "--suite", "s.toml", "--format", "sarif"]) == 1
    (run_,) = json.loads(capsys.readouterr().out)["runs"]
    places = [r["locations"][0]["physicalLocation"] for r in run_["results"]]
    assert [p["region"]["startLine"] for p in places] == [62, 63, 64]
    assert {p["artifactLocation"]["uri"] for p in places} == {"data.csv"}


def test_warnings_fail_where_that_is_asked(report, capsys):
    write_suite(severity="warning")
    assert run(["gate", report, "--suite", "s.toml"]) == 0
    assert "WARN" in capsys.readouterr().out
    assert run(["gate", report, "--suite", "s.toml", "--fail-on", "warning", "--format", "junit"]) == 1
    assert ET.fromstring(capsys.readouterr().out).get("failures") == "1"


def test_old_data_is_held_to_what_it_was_and_the_output_says_so(report, capsys):
    assert run(["gate", report, "--baseline", "report/audit.json"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "loosened duplicates.exact.count: at most 0 in the suite, 3 by baseline report/audit.json" in out

    write_data(4)
    assert run(["gate", "data.csv", "--suite", "s.toml", "--baseline", "report"]) == 1
    assert "duplicates.exact.count: 4, at most 3" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--baseline", "report"], ["--fail-on", "warning"]])
def test_a_certificate_says_that_the_suite_itself_is_met(report, capsys, option):
    assert run(["gate", "data.csv", "--suite", "s.toml", "--certificate", "c.json", *option]) == 2
    assert f"{option[0]} does not go with --certificate" in capsys.readouterr().err
    assert not Path("c.json").exists()


def test_a_baseline_that_is_not_there_is_refused(report, capsys):
    assert run(["gate", report, "--baseline", "gone.json"]) == 2
    assert "gone.json: no such file" in capsys.readouterr().err


def test_the_small_baseline_file_serves_as_the_report_does(report, capsys):
    assert run(["suite", "baseline", report, "-o", "small.json"]) == 0
    assert run(["gate", report, "--baseline", "small.json"]) == 0
    assert "loosened  duplicates.exact.count" in capsys.readouterr().out
    assert run(["suite", "baseline", report, "-o", "small.json"]) == 2


class TestAReportAmongData:
    """A folder of pictures is gated by looking at them, whatever report was left there."""

    @pytest.mark.parametrize(
        "beside", ["new.csv", "new.jsonl.gz", "new.feather", "new.npz", "loose.png", "cats/", "evidence/cats.png"]
    )
    def test_either_could_be_meant_so_neither_is_judged(self, report, capsys, beside):
        path = Path(report) / beside
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if beside.endswith("/") else path.write_bytes(b"")

        assert run(["gate", report]) == 2
        assert f"beside it what no audit writes: {Path(beside).parts[0]}" in capsys.readouterr().err

    def test_what_people_write_into_a_report_may_stay(self, report, capsys):
        for name in (
            "junit.xml",
            "out.sarif",
            "notes.md",
            "cert.json",
            "cert.rows.json",
            "evidence/a.npz",
            "review/decisions.jsonl",
            ".git/x",
        ):
            (Path(report) / name).parent.mkdir(exist_ok=True)
            (Path(report) / name).write_bytes(b"")

        assert run(["gate", report]) == 1
        assert "duplicates.exact.count" in capsys.readouterr().out

    @pytest.mark.parametrize("output", ["pets", "pets/report", "elsewhere/../pets/report"])
    def test_no_report_is_written_among_data(self, tmp_path, monkeypatch, capsys, output):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "pets" / "cats").mkdir(parents=True)

        assert run(["audit", "pets", "-o", output, "--force"]) == 2
        assert "lies in pets, whose files are the data" in capsys.readouterr().err
        assert [p.name for p in tmp_path.rglob("*")] == ["pets", "cats"]
