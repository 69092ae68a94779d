"""examples/pipelines/airflow_gate.py, run by `airflow dags test` in an Airflow made for the run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.pipelines.orchestrated import EXAMPLES, Ran, each_case, held, interpreter, lay, orchestrate


def run(place: Path) -> Ran:
    python = interpreter("airflow")
    home = place / "airflow"
    (home / "dags").mkdir(parents=True)
    shutil.copy(EXAMPLES / "airflow_gate.py", home / "dags")
    settings = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "false"}
    settings["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] = "false"
    subprocess.run(
        [python, "-m", "airflow", "db", "migrate"], env={**os.environ, **settings}, capture_output=True, check=True
    )
    params = {"data": "train.csv", "suite": "suite.toml", "certificate": "cert.json"}
    params = {name: str(place / file) for name, file in params.items()}
    return orchestrate(
        place, [python, "-m", "airflow", "dags", "test", "gate_then_train", "--conf", json.dumps(params)], settings
    )


@each_case
def test_the_gate_decides_what_is_trained_on(case, tmp_path):
    lay(tmp_path, case)

    held(case, run(tmp_path))
