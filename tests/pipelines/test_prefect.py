"""examples/pipelines/prefect_gate.py, run by Prefect with a server of its own on 127.0.0.1."""

from __future__ import annotations

from pathlib import Path

from tests.pipelines.orchestrated import EXAMPLES, Ran, each_case, held, interpreter, lay, orchestrate


def run(place: Path) -> Ran:
    home = {
        "PREFECT_HOME": str(place / "home"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    return orchestrate(place, [interpreter("prefect"), EXAMPLES / "prefect_gate.py", "train.csv", "suite.toml"], home)


@each_case
def test_the_gate_decides_what_is_trained_on(case, tmp_path):
    lay(tmp_path, case)

    held(case, run(tmp_path))
