"""What it costs to ask for help."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.goals import Goal, at_least, timed

COMMAND = "python -m tests.bench start"
STACK = "import numpy, pandas, sklearn.linear_model, torch, cleanlab.filter, great_expectations"


def run() -> list[Goal]:
    def python(*args: str) -> None:
        subprocess.run([sys.executable, *args], check=True, capture_output=True)

    python("-c", STACK)  # once, so that both find their files in memory
    helped = timed(lambda: python("-m", "audit.cli", "--help"), repeats=7)
    stack = timed(lambda: python("-c", STACK), repeats=3)
    return [at_least("importing the stack against assay --help", stack / helped, 30, "x", COMMAND)]
