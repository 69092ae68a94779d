"""What it costs to ask for help."""

from __future__ import annotations

import resource
import subprocess
import sys

from tests.bench.goals import Goal, at_least, at_most, timed

COMMAND = "python -m tests.bench start"
STACK = "import numpy, pandas, sklearn.linear_model, torch, cleanlab.filter, great_expectations"


def run() -> list[Goal]:
    def python(*args: str) -> None:
        subprocess.run([sys.executable, *args], check=True, capture_output=True)

    python("-c", STACK)  # once, so that both find their files in memory
    before = _cpu_of_children()
    helped = timed(lambda: python("-m", "audit.cli", "--help"), repeats=7)
    cpu = (_cpu_of_children() - before) / 7
    stack = timed(lambda: python("-c", STACK), repeats=3)
    return [
        at_least("importing the stack against assay --help", stack / helped, 30, "x", COMMAND),
        at_most("assay --help", cpu, 0.15, "s of CPU", COMMAND),
    ]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
