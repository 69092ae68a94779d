"""Airflow: no training on data that the gate did not let through. Needs apache-airflow 3 and the command `assay`.

Airflow's own environment does not need assay's libraries: the command may come from another one, first on the PATH.
Put the file among your DAGs, where all workers see the data and the certificate beside it, and try it:
airflow dags test gate_then_train --conf '{"data": "/data/train.csv", "suite": "/data/suite.toml", …}'
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

UNDECIDED = 3
"""The one exit code after which the same data may be asked about again."""
WAIT = timedelta(seconds=float(os.environ.get("GATE_RETRY_SECONDS", "300")))


def assay_gate(*args: str) -> tuple[int, str]:
    """The exit code of `assay gate`, and what it said."""
    command = ["assay", "gate", *args]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  paths of one's own
    print(ran.stdout + ran.stderr)
    return ran.returncode, (ran.stdout + ran.stderr).strip()


@dag(schedule=None, params={"data": "train.csv", "suite": "suite.toml", "certificate": "cert.json"})
def gate_then_train() -> None:
    """Gate the data, then train on the very bytes that were let through."""

    @task(retries=2, retry_delay=WAIT)
    def gate(params: dict[str, str]) -> str:
        """Write the certificate; tried again only if the gate could not decide."""
        code, said = assay_gate(params["data"], "--suite", params["suite"], "--certificate", params["certificate"])
        if code == UNDECIDED:
            raise AirflowException(said)
        if code != 0:
            raise AirflowFailException(said)
        return params["certificate"]

    @task
    def train(certificate: str, params: dict[str, str]) -> None:
        """Train on certified bytes. Your training comes in place of the commonest label."""
        code, said = assay_gate("--verify", certificate, params["data"], "--suite", params["suite"])
        if code != 0:
            raise AirflowFailException(said)
        with Path(params["data"]).open(encoding="utf-8", newline="") as rows:
            labels = Counter(row["label"] for row in csv.DictReader(rows))
        Path(params["data"]).with_suffix(".model.json").write_text(json.dumps(labels.most_common(1)), encoding="utf-8")

    train(gate())


gate_then_train()
