"""The hooks of .pre-commit-hooks.yaml, run by pre-commit itself from a git repository, as their users run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from certificate.gated import csv, written

HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
HERE = Path(sys.executable).parent

pytestmark = [
    pytest.mark.skipif(not (HERE / "pre-commit").exists(), reason="pre-commit is not installed (extra dev)"),
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git, by which pre-commit reads the hooks"),
]
CONFIG = """
repos:
- repo: {hooks}
  rev: {rev}
  hooks:
  - id: assay-verify
    args: [certificate.json, data.csv]
  - id: assay-gate
    args: [data.csv, --suite=suites/own.toml, --no-label]
  - id: assay-suite-check
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command with no git configuration but ours, and with the assay under test on its path."""
    own = {
        "PATH": f"{HERE}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for who in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{who}_NAME": "a", f"GIT_{who}_EMAIL": "a@b"}
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return subprocess.run(command, cwd=folder, env={**env, **own}, capture_output=True, text=True, check=False)


def commit(folder: Path) -> str:
    """Make a repository of the folder with all that is in it; the commit's name."""
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        assert run(folder, "git", *command).returncode == 0
    return run(folder, "git", "rev-parse", "HEAD").stdout.strip()


@dataclass(frozen=True)
class Project:
    """A repository with data, its certificate and two suites, which names the hooks' repository."""

    folder: Path

    def hook(self, name: str, *files: str) -> tuple[int, str]:
        """Run one hook over these files, or over all."""
        which = ["--files", *files] if files else ["--all-files"]
        stage = ["--hook-stage", "pre-push"] if name == "assay-gate" else []
        done = run(self.folder, str(HERE / "pre-commit"), "run", name, *stage, *which, "--color=never")
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The project before anything in it is changed."""
    base = tmp_path_factory.mktemp("made")
    hooks, work = base / "hooks", base / "work"
    for folder in (hooks, work / "suites"):
        folder.mkdir(parents=True)
    shutil.copy(HOOKS, hooks)
    (work / ".pre-commit-config.yaml").write_text(CONFIG.format(hooks=hooks.as_posix(), rev=commit(hooks)))
    for name in ("own", "other"):
        (work / f"suites/{name}.toml").write_text('[limits]\n"missing.count" = 0\n"duplicates.exact.count" = 0\n')
    written(csv(work), work / "certificate.json", now=None)
    commit(work)
    return work


@pytest.fixture
def project(made, tmp_path) -> Project:
    shutil.copytree(made.parent, tmp_path / "copy")
    return Project(tmp_path / "copy/work")


def copy_a_row(project: Project) -> None:
    path = project.folder / "data.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")


def test_unchanged_data_is_verified(project):
    code, out = project.hook("assay-verify")

    assert (code, "Passed" in out) == (0, True), out


def test_changed_data_stops_the_commit_and_the_row_is_named(project):
    copy_a_row(project)
    code, out = project.hook("assay-verify")

    assert code == 1
    assert "rows added: 12" in out


@pytest.mark.parametrize("hook", ["assay-verify", "assay-gate"])
def test_data_that_was_deleted_stops_the_commit_and_the_push(project, hook):
    assert run(project.folder, "git", "rm", "-q", "data.csv").returncode == 0
    code, out = project.hook(hook, "data.csv")

    assert code == 1
    assert "no files to check" not in out


def test_what_no_name_tells_is_data_starts_it_too(project):
    copy_a_row(project)

    assert project.hook("assay-verify", ".pre-commit-config.yaml")[0] == 1


def test_fit_data_may_be_pushed(project):
    code, out = project.hook("assay-gate")

    assert (code, "Passed" in out) == (0, True), out


def test_unfit_data_may_not(project):
    copy_a_row(project)
    code, out = project.hook("assay-gate")

    assert code == 1
    assert "exit code: 1" in out
    assert "duplicates.exact.count: 1, at most 0" in out


def test_an_audit_does_not_run_at_every_commit(project):
    copy_a_row(project)
    done = run(project.folder, str(HERE / "pre-commit"), "run", "--files", "data.csv")

    assert "assay verify" in done.stdout
    assert "assay gate" not in done.stdout


def test_every_suite_is_checked_by_itself_and_the_wrong_one_is_named(project):
    (project.folder / "suites/own.toml").write_text('[limits]\n"missing.cuont" = 0\n')
    code, out = project.hook("assay-suite-check")

    assert code == 1
    assert "exit code: 2" in out
    assert "missing.cuont" in out
    assert "VALID: other" in out


def test_the_documented_configuration_is_one_of_pre_commits_and_names_our_hooks(tmp_path):
    text = (HOOKS.parent / "docs/pipelines.md").read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "repos:" in b)
    (tmp_path / "config.yaml").write_text(block, encoding="utf-8")

    assert run(tmp_path, str(HERE / "pre-commit"), "validate-config", "config.yaml").returncode == 0
    assert {h["id"] for h in yaml.safe_load(block)["repos"][0]["hooks"]} == published()


def published() -> set[str]:
    return {h["id"] for h in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))}


def test_each_hook_is_tried_here():
    assert published() == {h["id"] for h in yaml.safe_load(CONFIG.format(hooks="", rev=""))["repos"][0]["hooks"]}
