"""What it costs to ask for help, and to look at a value in a notebook."""

from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
import pandas as pd

from audit.dataset import Dataset, Roles
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
        at_most("a notebook's card of 1,000,000 rows", timed(_large()._repr_html_, repeats=7), 0.05, "s", COMMAND),
    ]


def _large() -> Dataset:
    values = np.random.default_rng(0).normal(size=(1_000_000, 8))
    table = pd.DataFrame(values, columns=[f"x{k}" for k in range(8)], index=[f"r{k}" for k in range(len(values))])
    roles = Roles(label="label", features=tuple(table.columns))
    return Dataset("large", table.assign(label=(values[:, 0] > 0).astype(int)), roles, (0, 1))


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
