"""Dagster: no training on data that the gate did not let through. Needs dagster, and assay in the same environment.

Serve it: dagster dev -f examples/pipelines/dagster_gate.py. Or run it once:
python examples/pipelines/dagster_gate.py train.csv suite.toml
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg

from audit import AssayError, load, require

UNDECIDED = 3
"""The one exit code after which the same data may be asked about again."""
WAIT = float(os.environ.get("GATE_RETRY_SECONDS", "300"))


class Training(dg.ConfigurableResource):
    """What is trained on, by which suite it is judged, and where the verdict is written."""

    data: str = "train.csv"
    suite: str = "suite.toml"
    certificate: str = "cert.json"


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=2, delay=WAIT))
def certificate(context: dg.AssetExecutionContext, training: Training) -> str:
    """Where the gate wrote its verdict; tried again only if it could not decide."""
    command = ["assay", "gate", training.data, "--suite", training.suite, "--certificate", training.certificate]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  paths of one's own
    said = (ran.stdout + ran.stderr).strip()
    context.log.info(said)
    if ran.returncode != 0:
        raise dg.Failure(said, allow_retries=ran.returncode == UNDECIDED)
    return training.certificate


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=2, delay=WAIT))
def model(training: Training, certificate: str) -> str:
    """Train on certified rows, compared as they were loaded. Your training comes in place of the commonest label."""
    data = load(training.data, label="label")
    try:
        require(data, certificate, suite=training.suite)
    except AssayError as refused:
        raise dg.Failure(str(refused), allow_retries=False) from refused
    commonest = data.table[data.roles.label].value_counts().index[0]
    path = Path(training.data).with_suffix(".model.json")
    path.write_text(json.dumps(commonest), encoding="utf-8")
    return str(path)


defs = dg.Definitions(assets=[certificate, model], resources={"training": Training()})

if __name__ == "__main__":
    data, suite = sys.argv[1:]
    training = Training(data=data, suite=suite, certificate=str(Path(data).with_suffix(".cert.json")))
    result = dg.materialize([certificate, model], resources={"training": training}, raise_on_error=False)
    sys.exit(not result.success)
