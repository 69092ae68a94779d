"""Prefect: no training on data that the gate did not let through. Needs prefect 3 and the command `assay`.

Prefect's own environment does not need assay's libraries: the command may come from another one, first on the PATH.
Run it: python examples/pipelines/prefect_gate.py train.csv suite.toml
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from prefect import flow, task

UNDECIDED = 3
"""The one exit code after which the same data may be asked about again."""
WAIT = float(os.environ.get("GATE_RETRY_SECONDS", "300"))


class Refused(Exception):
    """The data is not to be trained on, and asking again would not change that."""


class CouldNotDecide(Exception):
    """A check crashed, or what it needs was not there."""


def assay_gate(*args: str) -> tuple[int, str]:
    """The exit code of `assay gate`, and what it said."""
    command = ["assay", "gate", *args]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  paths of one's own
    print(ran.stdout + ran.stderr)
    return ran.returncode, (ran.stdout + ran.stderr).strip()


def could_not_decide(_task: Any, _run: Any, state: Any) -> bool:
    """Whether a failed task is worth another try."""
    return isinstance(state.result(raise_on_failure=False), CouldNotDecide)


@task(retries=2, retry_delay_seconds=WAIT, retry_condition_fn=could_not_decide, log_prints=True)
def gate(data: str, suite: str, certificate: str) -> str:
    """Write the certificate; tried again only if the gate could not decide."""
    code, said = assay_gate(data, "--suite", suite, "--certificate", certificate)
    if code == UNDECIDED:
        raise CouldNotDecide(said)
    if code != 0:
        raise Refused(said)
    return certificate


@task(log_prints=True)
def train(data: str, suite: str, certificate: str) -> None:
    """Train on certified bytes. Your training comes in place of the commonest label."""
    code, said = assay_gate("--verify", certificate, data, "--suite", suite)
    if code != 0:
        raise Refused(said)
    with Path(data).open(encoding="utf-8", newline="") as rows:
        labels = Counter(row["label"] for row in csv.DictReader(rows))
    Path(data).with_suffix(".model.json").write_text(json.dumps(labels.most_common(1)), encoding="utf-8")


@flow
def gate_then_train(data: str, suite: str, certificate: str) -> None:
    """Gate the data, then train on the very bytes that were let through."""
    train(data, suite, gate(data, suite, certificate))


if __name__ == "__main__":
    data, suite = sys.argv[1:]
    state = gate_then_train(data, suite, str(Path(data).with_suffix(".cert.json")), return_state=True)
    sys.exit(not state.is_completed())
