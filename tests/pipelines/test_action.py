"""The GitHub Action's gate, run as GitHub runs it: the script of action.yml under bash, inputs as its environment.

Installing and the cache step need GitHub or the network, and are only read here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ACTION = Path(__file__).parents[2] / ".github/actions/gate/action.yml"
DOCS = ACTION.parents[3] / "docs/pipelines.md"
READ = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
STEPS = {s["name"]: s for s in READ["runs"]["steps"]}
SUITE = '[limits]\n"missing.count" = 0\n"duplicates.exact.count" = { max = 0, severity = "warning" }\n'
PWNED = "word " * 12 + "::error::pwned ::add-mask::a ##[error]pwned"
HOSTILE = "$(touch x)`touch x`;touch x&&touch x|touch x>x'\"; touch x #\n::error::pwned\nverdict=PASS"

pytestmark = pytest.mark.skipif(
    os.name == "nt" or shutil.which("bash") is None, reason="needs bash, by which GitHub runs the action's steps"
)


@dataclass(frozen=True)
class Ran:
    """What a step left behind."""

    code: int
    out: str
    summary: str
    outputs: dict[str, str]

    @property
    def annotations(self) -> list[str]:
        """The lines that GitHub obeys: those outside stop-commands."""
        heard: list[str] = []
        until = None
        for line in map(str.strip, self.out.splitlines()):
            if until is None and line.startswith("::stop-commands::"):
                until = f"::{line.removeprefix('::stop-commands::')}::"
            elif line == until:
                until = None
            elif until is None and (line.startswith("::") or "##[" in line):
                heard.append(line)
        assert until is None
        return heard


def gate(work: Path, **inputs: str) -> Ran:
    """The script, with the inputs' defaults where none are given."""
    values = {name: said.get("default", "") for name, said in READ["inputs"].items()}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    own = {name: values[re.fullmatch(r"\${{ inputs\.([\w-]+) }}", said)[1]] for name, said in STEPS["Gate"]["env"].items()}  # fmt: skip
    runner = work.parent / "runner"
    given = {"RUNNER_TEMP": runner, "GITHUB_STEP_SUMMARY": runner / "summary", "GITHUB_OUTPUT": runner / "output"}
    for file in ("summary", "output"):
        (runner / file).write_text("")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = runner / "step.sh"
    script.write_text(STEPS["Gate"]["run"], encoding="utf-8")
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=work, capture_output=True, text=True, check=False,
        env={**os.environ, **{k: str(v) for k, v in given.items()}, **own, "PATH": path},
    )  # fmt: skip
    outputs = dict(line.split("=", 1) for line in (runner / "output").read_text().splitlines())
    return Ran(ran.returncode, ran.stdout + ran.stderr, (runner / "summary").read_text(), outputs)


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A checkout with good data, bad data whose ids are hostile, and suites; beside it the runner's own folder."""
    folder = tmp_path_factory.mktemp("job") / "work"
    for path in (folder, folder.parent / "runner"):
        path.mkdir()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60)})
    frame.to_csv(folder / "good.csv", index=False)
    copied = pd.concat([frame, frame.iloc[:3]], ignore_index=True)
    copied.assign(id=[f"{PWNED} {i}" for i in range(len(copied))]).to_csv(folder / "bad.csv", index=False)
    (folder / "s.toml").write_text(SUITE)
    (folder / "empty.toml").write_text("")
    return folder


@pytest.fixture(scope="module")
def good(work) -> Ran:
    return gate(work, data="good.csv", suite="s.toml", options="--no-label\n\n--seed=1\n")


BAD = {"data": "bad.csv", "suite": "s.toml", "options": "--no-label\n--id=id", "fail_on": "warning"}


@pytest.fixture(scope="module")
def bad(work) -> Ran:
    return gate(work, **BAD)


def test_good_data_passes(good, work):
    assert (good.code, good.outputs["verdict"], good.outputs["exit-code"]) == (0, "PASS", "0")
    assert good.summary.startswith("**PASS** `good.csv` by suite `s`")
    assert good.annotations == []


def test_options_are_heeded_and_the_report_and_the_evidence_are_there(good, work):
    report = Path(good.outputs["report"])

    assert json.loads((report / "audit.json").read_text())["seed"] == 1
    assert (report / "report.html").is_file()
    assert list((work.parent / "runner/assay-cache").iterdir())


def test_bad_data_fails_with_a_summary_and_the_severity_that_was_asked(bad):
    assert (bad.code, bad.outputs["verdict"], bad.outputs["exit-code"]) == (1, "FAIL", "1")
    assert "| FAIL | `duplicates.exact.count` | 3 | 0 |" in bad.summary


def test_it_points_at_the_lines(bad):
    assert [a.split("::")[1] for a in bad.annotations] == [
        f"error file=bad.csv,line={line},title=assay%3A duplicates" for line in (62, 63, 64)
    ]
    (run,) = json.loads(Path(bad.outputs["sarif"]).read_text())["runs"]
    assert [r["ruleId"] for r in run["results"]] == ["duplicates"] * 3
    assert run["invocations"][0]["exitCode"] == 1


def test_text_in_the_data_is_no_workflow_command(bad):
    assert "pwned" in bad.out
    assert all(a.startswith("::error file=bad.csv,line=") for a in bad.annotations)


def test_a_baseline_reaches_the_gate(bad, work):
    old = gate(work, **BAD, baseline=f"{bad.outputs['report']}/audit.json")

    assert (old.code, old.outputs["verdict"]) == (0, "PASS")
    assert "Loosened" in old.summary


def test_what_cannot_be_decided_ends_with_3(work):
    ran = gate(work, data="good.csv", suite="empty.toml", options="--no-label\n--seed=1")

    assert (ran.code, ran.outputs["verdict"], ran.outputs["exit-code"]) == (3, "ERROR", "3")
    assert ran.summary.startswith("**ERROR**")
    assert ran.annotations == ["::error file=good.csv,title=assay%3A suite::the suite demands nothing"]


def test_a_defect_that_leaves_no_report_ends_with_3(work, tmp_path, monkeypatch):
    (tmp_path / "pandas.py").write_text("raise RuntimeError('half installed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ran = gate(work, data="good.csv", suite="s.toml", options="--no-label\n--seed=1")

    assert ran.code == 3
    assert ran.outputs == {"verdict": "", "exit-code": "3", "report": "", "sarif": ""}
    assert "RuntimeError: half installed" in ran.summary


@pytest.mark.parametrize(
    "inputs",
    [
        {"data": ""},
        {"data": "none.csv"},
        {"data": "--help"},
        {"data": "good.csv", "options": "--no-such-option"},
        {name: HOSTILE for name in READ["inputs"]},
        {"data": "good.csv", "options": "--no-label\n--seed=1", "fail_on": HOSTILE, "baseline": HOSTILE},
    ],
    ids=["no data", "missing", "dash", "option", "hostile", "hostile judging"],
)
def test_misuse_ends_with_2_and_nothing_in_an_input_is_run(work, inputs):
    before = {p.name for p in work.iterdir()}
    ran = gate(work, **inputs)

    assert ran.code == 2
    assert ran.outputs == {"verdict": "", "exit-code": "2", "report": "", "sarif": ""}
    assert ran.summary.startswith("**not judged**, exit code 2\n\n    ")
    assert ran.annotations == ["::error title=assay::the data was not judged, exit code 2"]
    assert {p.name for p in work.iterdir()} == before


def test_inputs_are_no_text_of_a_script():
    scripts = [s["run"] for s in READ["runs"]["steps"] if "run" in s]

    assert len(scripts) == 2
    assert not [s for s in scripts if "${{" in s]
    assert all(s["shell"] == "bash" for s in READ["runs"]["steps"] if "run" in s)


def test_every_input_is_used_and_every_output_is_written(good):
    used = set(re.findall(r"inputs\.([\w-]+)", ACTION.read_text(encoding="utf-8")))

    assert used == set(READ["inputs"])
    assert set(good.outputs) == set(READ["outputs"])
    assert {o["value"] for o in READ["outputs"].values()} == {f"${{{{ steps.gate.outputs.{n} }}}}" for n in good.outputs}  # fmt: skip


def test_the_documented_workflow_says_nothing_that_the_action_does_not_know():
    block = next(
        b for b in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL) if "runs-on" in b
    )
    (step,) = [s for s in yaml.safe_load(block)["jobs"]["gate"]["steps"] if "actions/gate" in s.get("uses", "")]

    assert step["with"].keys() <= READ["inputs"].keys()
    assert set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", block)) <= READ["outputs"].keys()


def test_installing_finds_the_project_and_its_pinned_versions():
    root = ACTION.parent / "../../.."

    assert '"$GITHUB_ACTION_PATH/../../.."' in STEPS["Install assay"]["run"]
    assert (root / "pyproject.toml").is_file()
    assert (root / "constraints.txt").is_file()
    assert subprocess.run(["bash", "-n", "-c", STEPS["Install assay"]["run"]], check=False).returncode == 0
