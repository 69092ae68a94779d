"""A pipeline of examples/pipelines run as its library runs it, with the gate's calls written down as they come.

The library may live in an environment of its own, which knows nothing of assay: `assay` is a command on its PATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from tests.fooled.way import flipped, trees

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "pipelines"
ENVIRONMENTS = ROOT / ".venv-pipelines"
SUITE = '[limits]\n"labels.rate" = 0.05\n"duplicates.exact.count" = 0\n'
COMMAND = """#!/bin/sh
echo "$@" >> {place}/calls
{python} -m audit.cli "$@"
code=$?
case "$*" in *--verify*) ;; *) [ -f {place}/next.csv ] && mv {place}/next.csv {place}/train.csv ;; esac
exit $code
"""
"""The command line itself; behind the gate's back `next.csv`, if it is there, takes the place of the data."""


@dataclass(frozen=True)
class Ran:
    """What a pipeline's run came to."""

    code: int
    text: str
    gated: int
    """How many times the gate was asked."""
    trained: bool


def interpreter(tool: str) -> Path:
    """The Python that has this library; skips where none has, and says how to get it."""
    own = ENVIRONMENTS / tool / "bin" / "python"
    if own.exists():
        return own
    if find_spec(tool) is not None:
        return Path(sys.executable)
    pytest.skip(f"no {tool} here: `make test-pipelines` installs it into .venv-pipelines/{tool} and runs this")


def fit() -> pd.DataFrame:
    """Data that the gate lets through."""
    return trees()


def unfit() -> pd.DataFrame:
    """Data with one label in five wrong."""
    return flipped(trees(), 0.2)


def incomplete() -> pd.DataFrame:
    """Data of which nobody can tell yet: a class of which only one row has come."""
    table = trees()
    table.loc[0, "label"] = "oak"
    return table


@dataclass(frozen=True)
class Case:
    """What the data is, what it becomes once the gate was asked, and what must come of it."""

    name: str
    first: Callable[[], pd.DataFrame]
    later: Callable[[], pd.DataFrame] | None
    code: int
    gated: int
    trained: bool
    says: str


CASES = (
    Case("fit data is gated once and trained on", fit, None, 0, 1, True, "PASS"),
    Case("bad data fails for good", unfit, None, 1, 1, False, "FAIL   labels.rate"),
    Case("a gate that could not decide is asked again", incomplete, fit, 0, 2, True, "has 1 row"),
    Case("data that changed after the gate is not trained on", fit, unfit, 1, 1, False, "not what the gate judged"),
)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def held(case: Case, ran: Ran) -> None:
    """A pipeline did what it must in this case."""
    assert (ran.code, ran.gated, ran.trained) == (case.code, case.gated, case.trained), ran.text
    assert case.says in ran.text


def lay(place: Path, case: Case) -> None:
    """The data, the suite and the command `assay` in a folder."""
    case.first().to_csv(place / "train.csv", index=False)
    if case.later is not None:
        case.later().to_csv(place / "next.csv", index=False)
    (place / "suite.toml").write_text(SUITE)
    command = place / "bin" / "assay"
    command.parent.mkdir()
    command.write_text(COMMAND.format(place=place, python=sys.executable))
    command.chmod(0o755)


def orchestrate(place: Path, command: Sequence[object], settings: Mapping[str, str]) -> Ran:
    """Run a pipeline to its end."""
    env = {**os.environ, **settings, "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "GATE_RETRY_SECONDS": "0"}
    env |= {"PYTHONPATH": str(ROOT)} if str(command[0]) == sys.executable else {}
    done = subprocess.run(
        [str(part) for part in command], cwd=place, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    calls = (place / "calls").read_text().splitlines() if (place / "calls").exists() else []
    gated = sum("--verify" not in call for call in calls)
    return Ran(done.returncode, done.stdout + done.stderr, gated, (place / "train.model.json").exists())
