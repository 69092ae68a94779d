"""A Ray that was there before: a head in processes of its own."""

from __future__ import annotations

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
from contextlib import contextmanager
from pathlib import Path

import audit

SECONDS = 120


def free_port() -> int:
    """Of this machine."""
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


@contextmanager
def head() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a head with two workers, which has assay and asks for a token; and the environment that has one.

    Ray reads how to be let in once a process, so no process may join this head that has joined another Ray before.
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


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("the head of the cluster did not come up")
