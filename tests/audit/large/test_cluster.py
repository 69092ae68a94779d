"""A cluster that was there before: a Ray head in processes of its own, joined through its client port."""

from __future__ import annotations

import importlib.util
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
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import audit
from audit.errors import InputError
from audit.large.engine import Map, engine
from audit.large.probabilities import bring
from audit.large.publish import publish_blocks
from audit.large.run import audit_blocks
from audit.suite import parse_suite
from audit.verdict import gate
from tests.audit.large.data import table, write
from tests.audit.large.test_run import opened

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
def head(monkeypatch) -> Iterator[str]:
    """The address of a head with two workers, which has assay and asks for a token."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    root = str(Path(audit.__file__).parent.parent)
    port, client = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="ray")  # a socket's path may not be long
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2",
        f"--port={port}", f"--ray-client-server-port={client}", "--include-dashboard=false", f"--temp-dir={folder}",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": root}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(client, process)
        yield f"ray://127.0.0.1:{client}"
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


@contextmanager
def patiently(where: str) -> Iterator[Map]:
    """The engine; a machine with much else to do may start a client's server later than Ray waits for it."""
    for left in (2, 1, 0):
        with ExitStack() as stack:
            try:
                run = stack.enter_context(engine(where))
            except InputError:
                if not left:
                    raise
            else:
                yield run
                return


def test_a_cluster_joined_by_its_address_writes_the_bytes_that_one_process_writes(tmp_path, head):
    data, model = write(tmp_path, *table())
    suite, opened_ = parse_suite({}, name="none"), opened(data)
    for where in ("local", head):
        with patiently(where) as run:
            brought = bring(model, opened_.classes, None)
            large = audit_blocks(opened_, suite=suite, run=run, memory=1 << 30, brought=brought)
        publish_blocks(large, gate(large.report, suite), tmp_path / where[:3])

    assert large.report["outliers"].detail["path"] == "sampled"
    for name in ("scores.parquet", "issues.parquet"):
        assert (tmp_path / "loc" / name).read_bytes() == (tmp_path / "ray" / name).read_bytes()


def test_an_address_where_nobody_answers_is_said(monkeypatch):
    import ray.util.client.worker

    monkeypatch.setattr(ray.util.client.worker, "INITIAL_TIMEOUT_SEC", 0.1)
    monkeypatch.setattr(ray.util.client.worker, "MAX_TIMEOUT_SEC", 0.1)
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    where = f"ray://127.0.0.1:{free_port()}"
    with (
        pytest.warns(UserWarning, match="Ray Client connection timed out"),
        pytest.raises(InputError, match=rf"cannot join {where}: ray client connection timeout; .* RAY_AUTH_TOKEN"),
        engine(where),
    ):
        pass
