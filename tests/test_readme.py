"""What the README and the examples say is what they do."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme import README, commands, run, timeless
from tests.tree import tree

ROOT = README.parent
TEXT = README.read_text(encoding="utf-8")
SAID = commands(TEXT)
LONG = ("assay demo", "assay compare", "assay advise")
"""Trained models differ in their last digits between processors: these are run elsewhere, not compared here."""


def test_the_readme_begins_with_its_two_commands():
    first = TEXT.split("```")[1]

    assert [line.split("#")[0].strip() for line in first.splitlines()[1:]] == ["make demo", "make test"]


def test_every_verb_is_shown_with_its_output():
    shown = {c.line.split()[1] for c in SAID if c.line.startswith("assay") and c.output}

    assert {"audit", "gate", "clean", "restore", "compare", "advise"} <= shown


def test_the_quoted_output_is_what_the_commands_print(tmp_path):
    for command in SAID:
        if not command.line.startswith(LONG):
            assert timeless(run(command.line, tmp_path)) == timeless(command.output), command.line


def test_the_python_in_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = TEXT.split("```python\n")[1].split("```")[0]

    exec(compile(code, "README.md", "exec"), {})

    gate, rows, verdicts = capsys.readouterr().out.splitlines()
    assert gate.startswith("FAIL ")
    assert rows.endswith("rows are left")
    assert "('pruned', 'linear')" in verdicts


def test_the_tree_in_the_readme_is_the_tree():
    assert TEXT.split("```tree\n")[1].split("\n```")[0] == tree()


SMALL = {"experiment": ["digits", "--sizes", "80,160", "--seeds", "3", "--models", "linear"]}
"""Arguments with which an example takes seconds."""


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_an_example_runs(path, tmp_path):
    said = [*SMALL[path.stem], "-o", str(tmp_path)] if path.stem in SMALL else []
    ran = subprocess.run([sys.executable, str(path), *said], capture_output=True, text=True, check=False, cwd=ROOT)

    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) >= 3


def test_examples_do_nothing_when_imported():
    for path in (ROOT / "examples").glob("*.py"):
        assert "main" in runpy.run_path(str(path))


def test_the_suites_that_are_shipped_can_be_read():
    from audit import read_suite

    suites = sorted(Path(ROOT / "suites").glob("*.toml"))
    assert {"tabular", "text", "image"} <= {s.stem for s in suites}
    assert all(read_suite(s).limits for s in suites)
