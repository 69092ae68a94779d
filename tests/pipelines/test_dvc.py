"""The DVC example, run by DVC itself: data that the gate refuses is not trained on, however often it is tried."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/pipelines/dvc"
OWN = Path(__file__).parents[2] / ".venv-pipelines/dvc/bin/dvc"
DVC = OWN if OWN.exists() else shutil.which("dvc")

pytestmark = pytest.mark.skipif(
    DVC is None, reason="no dvc here: `make test-pipelines` installs it into .venv-pipelines/dvc and runs this"
)


def dvc(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of DVC's, with the assay and the python under test first on its path."""
    own = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    return subprocess.run(
        [str(DVC), *command], cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder)
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text(
        f"[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n    site_cache_dir = {tmp_path}\n"
    )
    table(folder)
    return folder


def table(folder: Path, copies: int = 0) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2
    frame = pd.DataFrame({"a": rng.normal(size=60) + 4 * label, "label": np.where(label, "yes", "no")})
    pd.concat([frame, frame.iloc[:copies]]).to_csv(folder / "data.csv", index=False)


def test_fit_data_is_trained_on_and_bad_data_stops_before_it(project):
    done = dvc(project, "repro")
    assert done.returncode == 0, done.stderr
    assert json.loads((project / "certificate.json").read_text())["verdict"]["outcome"] == "PASS"
    shown = json.loads(dvc(project, "metrics", "show", "--json").stdout)
    assert shown[""]["data"]["measures.json"]["data"]["measures"]["duplicates.exact.count"] == 0
    trained = (project / "model.json").read_bytes()

    table(project, copies=3)
    alone = subprocess.run([sys.executable, "train.py"], cwd=project, capture_output=True, text=True, check=False)
    assert alone.returncode != 0
    assert "Uncertified" in alone.stderr
    stopped = dvc(project, "repro")
    assert stopped.returncode != 0
    assert "failed to reproduce 'gate'" in stopped.stderr
    assert "exited with 1" in stopped.stderr
    assert "Running stage 'train'" not in stopped.stdout
    assert "duplicates.exact.count: 3, at most 0" in stopped.stdout
    assert (project / "model.json").read_bytes() == trained
