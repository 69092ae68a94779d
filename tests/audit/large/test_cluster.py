"""A cluster that was there before: a Ray head in processes of its own, joined through its client port."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import audit
from tests.audit.large.data import table, write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed (extra ray)"),
    pytest.mark.skipif(
        not importlib.util.find_spec("grpc"), reason="grpcio, which Ray's client needs, is not installed"
    ),
]
SECONDS = 120


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


@pytest.fixture
def head() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a head with two workers, which has assay and asks for a token; and the environment that has one.

    Ray reads how to be let in once a process, so no test may join this head in the process of the other tests.
    """
    root = str(Path(audit.__file__).parent.parent)
    let_in = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {**os.environ, **let_in, "PYTHONPATH": root}
    port, client = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="ray")  # a socket's path may not be long
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2",
        f"--port={port}", f"--ray-client-server-port={client}", "--include-dashboard=false", f"--temp-dir={folder}",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(client, process)
        yield f"ray://127.0.0.1:{client}", environment
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the head of the cluster did not come up")


def audited(where: list[str], folder: Path, environment: dict[str, str], report: str) -> Path:
    """The report of the folder's data; a busy machine may start a client's server later than Ray waits for it."""
    command = [
        sys.executable,
        "-m",
        "audit.cli",
        "audit",
        "data.parquet",
        "--label",
        "y",
        "--pred-probs",
        "model.parquet",
    ]
    for _ in range(3):
        ran = subprocess.run(
            [*command, *where, "--memory", "1G", "-o", report, "--force"],
            cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
        if "cannot join" not in ran.stderr:
            break
    assert ran.returncode == 0, ran.stderr
    return folder / report


def test_a_cluster_joined_by_its_address_writes_the_bytes_that_a_ray_of_its_own_writes(tmp_path, head):
    address, let_in = head
    write(tmp_path, *table())
    own = audited(["--engine", "ray"], tmp_path, {**os.environ, "PYTHONPATH": let_in["PYTHONPATH"]}, "own")
    joined = audited(["--engine", address], tmp_path, let_in, "joined")

    assert json.loads((joined / "audit.json").read_text())["checks"]["outliers"]["detail"]["path"] == "sampled"
    for name in ("scores.parquet", "issues.parquet"):
        assert (own / name).read_bytes() == (joined / name).read_bytes()


IMPATIENT = """
import sys
import ray.util.client.worker as worker
worker.INITIAL_TIMEOUT_SEC = worker.MAX_TIMEOUT_SEC = 0.1
from audit.cli import run
sys.exit(run(sys.argv[1:]))
"""
"""The command line, where Ray's client waits a moment and not half a minute. In a process of its own: a client that
failed to join leaves Ray in its process unusable."""


def test_an_address_where_nobody_answers_is_said(tmp_path):
    write(tmp_path, *table())
    where = f"ray://127.0.0.1:{free_port()}"
    root = str(Path(audit.__file__).parent.parent)
    environment = {k: v for k, v in os.environ.items() if k != "RAY_AUTH_TOKEN"} | {"PYTHONPATH": root}
    ran = subprocess.run(
        [sys.executable, "-c", IMPATIENT, "audit", "data.parquet", "--label", "y", "--engine", where],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip

    assert ran.returncode == 2
    assert f"cannot join {where}: ray client connection timeout" in ran.stderr
    assert "RAY_AUTH_TOKEN" in ran.stderr
