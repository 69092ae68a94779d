"""examples/pipelines/dagster_gate.py, materialised by Dagster."""

from __future__ import annotations

from pathlib import Path

from tests.pipelines.orchestrated import EXAMPLES, Ran, each_case, held, interpreter, lay, orchestrate


def run(place: Path) -> Ran:
    command = [interpreter("dagster"), EXAMPLES / "dagster_gate.py", "train.csv", "suite.toml"]
    return orchestrate(place, command, {"DAGSTER_DISABLE_TELEMETRY": "true"})


@each_case
def test_the_gate_decides_what_is_trained_on(case, tmp_path):
    lay(tmp_path, case)

    held(case, run(tmp_path))
