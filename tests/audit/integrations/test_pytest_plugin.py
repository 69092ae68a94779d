"""In a session of pytest's own each check is one test: failed, error, skipped or passed as the gate says.

Every session is a process of its own, with the plugin found by its entry point.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from certificate.gated import table

from audit.integrations import pytest_plugin

INI = """
[pytest]
addopts = -p no:xdist --strict-markers
filterwarnings =
    error
    default::audit.integrations.pytest_plugin.NotMet
"""
CONFTEST = """
from pathlib import Path

def counted(evidence):
    from audit.report import Issues

    with Path("audits.txt").open("a") as file:
        file.write(evidence.data.name + chr(10))
    return Issues("counted", measures={"count": 0})

def crashes(evidence):
    raise ZeroDivisionError("by nothing")
"""
SUITE = """
[limits]
"missing.count" = 0
"duplicates.exact.count" = {{ max = 0, severity = "{severity}" }}
"counted.count" = 0
"""
MARKED = """
import pytest
from conftest import counted, crashes

QUICK = ["missing", "duplicates", "imbalance", counted]
seen = []

@pytest.mark.assay("data/good.csv", suite="strict.toml", label="label", checks=QUICK)
def test_good(assay_check):
    seen.append(assay_check.check)
    assert assay_check.judged.verdict.passed

@pytest.mark.assay("data/bad.csv", suite="strict.toml", label="label", checks=QUICK)
def test_bad(assay_check):
    seen.append("bad " + assay_check.check)

@pytest.mark.assay("data/bad.csv", suite="strict.toml", label="label", checks=QUICK)
@pytest.mark.parametrize("more", [1, 2])
def test_again(assay_check, more): ...

@pytest.mark.assay("data/bad.csv", suite="lax.toml", label="label", checks=QUICK)
def test_lax(assay_check): ...

@pytest.mark.assay("data/bad.csv", suite="lax.toml", label="label", checks=QUICK, fail_on="warning")
def test_strict(assay_check): ...

@pytest.mark.assay("data/good.csv", suite="strict.toml", label="label", checks=[*QUICK, crashes])
def test_crash(assay_check): ...

@pytest.mark.assay("data/good.csv", suite="empty.toml", label="label", checks=["missing"])
def test_empty(assay_check): ...

@pytest.mark.assay("data/good.csv", label="label", checks=["missing"], cache="kept")
def test_left_out(assay_check): ...

@pytest.mark.assay("data/none.csv", suite="strict.toml", label="label", checks=["missing"])
def test_no_data(assay_check): ...

def test_bodies_of_failed_tests_do_not_run():
    assert seen == ["missing", "duplicates", "counted", "bad missing", "bad counted"]

def test_without_the_marker(assay_check): ...
"""
PLAIN = """
import sys

def test_plain():
    own = {m for m in sys.modules if m.startswith("audit.")}
    assert own == {"audit.errors", "audit.integrations", "audit.integrations.pytest_plugin"}
    assert not {"numpy", "pandas", "sklearn", "torch", "cleanlab", "great_expectations"} & set(sys.modules)
"""


def project(folder: Path) -> Path:
    """A project with two tables, one with copies, and three suites."""
    (folder / "data").mkdir(parents=True)
    frame = table(12)
    frame.to_csv(folder / "data/good.csv", index=False)
    frame.iloc[[*range(12), 3, 4]].to_csv(folder / "data/bad.csv", index=False)
    (folder / "strict.toml").write_text(SUITE.format(severity="critical"))
    (folder / "lax.toml").write_text(SUITE.format(severity="warning"))
    (folder / "empty.toml").write_text("")
    (folder / "pytest.ini").write_text(INI)
    (folder / "conftest.py").write_text(CONFTEST)
    return folder


@dataclass(frozen=True)
class Session:
    """What a session of pytest left behind."""

    folder: Path
    code: int
    out: str

    @property
    def cases(self) -> dict[str, ET.Element]:
        return {c.get("name", ""): c for c in ET.parse(self.folder / "junit.xml").iter("testcase")}

    def outcome(self, name: str) -> str:
        tags = [c.tag for c in self.cases[name] if c.tag != "properties"]
        return tags[0] if tags else "passed"

    def said(self, name: str) -> str:
        return next(c.get("message", "") + (c.text or "") for c in self.cases[name] if c.tag != "properties")


def session(folder: Path, tests: str, *options: str) -> Session:
    """Run pytest over these tests; from another working directory, since paths are from the rootdir."""
    (folder / "test_data.py").write_text(tests)
    here = folder / "elsewhere"
    here.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", f"--rootdir={folder}", "-c", f"{folder}/pytest.ini", str(folder)]
    ran = subprocess.run(
        [*command, f"--junitxml={folder}/junit.xml", *options], cwd=here, capture_output=True, text=True, check=False
    )
    return Session(folder, ran.returncode, ran.stdout + ran.stderr)


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Session:
    return session(project(tmp_path_factory.mktemp("project")), MARKED)


def test_the_plugin_is_published():
    (found,) = entry_points(group="pytest11", name="assay")

    assert found.load() is pytest_plugin


def test_each_check_is_a_test(ran):
    assert [n for n in ran.cases if n.startswith("test_good")] == [
        f"test_good[{check}]" for check in ("missing", "duplicates", "imbalance", "counted")
    ]


def test_what_is_met_passes_and_what_is_not_asked_is_skipped_with_the_reason(ran):
    assert ran.outcome("test_good[missing]") == "passed"
    assert ran.outcome("test_good[duplicates]") == "passed"
    assert ran.outcome("test_good[imbalance]") == "skipped"
    assert "suite strict demands nothing of it" in ran.said("test_good[imbalance]")


def test_what_is_not_met_fails_with_the_limit_and_the_rows(ran):
    assert ran.outcome("test_bad[missing]") == "passed"
    assert ran.outcome("test_bad[duplicates]") == "failure"
    said = ran.said("test_bad[duplicates]")
    assert "bad.csv: duplicates.exact.count: 2, at most 0, over by 2" in said
    assert "row 12 is the same as row 3" in said
    assert "FAILED" in ran.out
    assert "duplicates.exact.count" in ran.out


def test_a_warning_passes_and_is_one_of_pytests(ran):
    assert ran.outcome("test_lax[duplicates]") == "passed"
    assert "NotMet: bad.csv: duplicates.exact.count" in ran.out
    assert ran.outcome("test_strict[duplicates]") == "failure"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("test_crash[crashes]", "ZeroDivisionError: by nothing"),
        ("test_empty[missing]", "the suite demands nothing"),
        ("test_no_data[missing]", "none.csv: no such file"),
        ("test_without_the_marker", "goes with @pytest.mark.assay"),
    ],
)
def test_what_could_not_be_judged_is_an_error(ran, name, why):
    assert ran.outcome(name) == "error"
    assert why in ran.said(name)


def test_a_demand_that_no_test_is_named_after_fails_all(ran):
    """The shipped suite demands checks that were left out, which nobody knows before the data is read."""
    assert ran.outcome("test_left_out[missing]") == "failure"
    assert "no check 'labels' ran" in ran.said("test_left_out[missing]")


def test_a_cache_of_ones_own_is_found_from_the_rootdir(ran):
    assert (ran.folder / "kept").is_dir()


def test_other_checks_than_the_broken_one_are_judged(ran):
    assert ran.outcome("test_crash[missing]") == "passed"


def test_the_bodies_of_failed_tests_do_not_run(ran):
    assert ran.outcome("test_bodies_of_failed_tests_do_not_run") == "passed"


def test_each_marker_is_audited_once_a_session_however_many_tests_it_makes(ran):
    """good.csv by two lists of checks; bad.csv by two suites, and by one of them at two severities."""
    audited = (ran.folder / "elsewhere/audits.txt").read_text().splitlines()

    assert sorted(Path(a).name for a in audited) == ["bad.csv"] * 3 + ["good.csv"] * 2


def test_results_name_the_data_and_the_suite_by_their_hashes(ran):
    named = {p.get("name"): p.get("value") for p in ran.cases["test_good[missing]"].iter("property")}

    assert set(named) == {"dataset", "suite"}
    assert all(len(value) == 32 for value in named.values())


def test_evidence_is_kept_in_pytests_own_cache(ran):
    assert list((ran.folder / ".pytest_cache/d/assay/checks").iterdir())


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ('@pytest.mark.assay("data/good.csv")\ndef test(): ...', "does nothing unless the test takes assay_check"),
        (
            '@pytest.mark.assay("a.csv")\n@pytest.mark.assay("b.csv")\ndef test(assay_check): ...',
            "two markers assay",
        ),
        (
            '@pytest.mark.assay("a.csv")\nclass TestData:\n'
            '    @pytest.mark.assay("b.csv")\n    def test(self, assay_check): ...',
            "two markers assay",
        ),
        ('@pytest.mark.assay("data/good.csv", suite="s.toml")\ndef test(assay_check): ...', "s.toml"),
        ("@pytest.mark.assay\ndef test(assay_check): ...", "data is no path"),
        ('@pytest.mark.assay("a.csv", checks=[])\ndef test(assay_check): ...', "no check is asked for"),
    ],
)
def test_a_marker_that_gates_nothing_stops_the_session(tmp_path, test, why):
    stopped = session(project(tmp_path), f"import pytest\n{test}\n")

    assert stopped.code not in (0, 1, 5)
    assert why in stopped.out


def test_an_unused_plugin_imports_nothing_heavy(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    done = session(tmp_path, PLAIN)

    assert (done.code, done.outcome("test_plain")) == (0, "passed"), done.out
