"""A PostgreSQL of the tests' own: made in an empty folder, reached by a socket in it and by loopback, gone at the end."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BINARIES = next(
    (p for p in [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)] if (p / "initdb").is_file()),
    Path(found).resolve().parent if (found := shutil.which("initdb")) else None,
)
USERS = ("postgres", "nobody")
"""Who runs it when the tests run as root, whom PostgreSQL refuses."""
PASSWORD = "o'pen/ses@me:1"
DIES_WITH_PARENT = 1
"""prctl's PR_SET_PDEATHSIG."""


@dataclass(frozen=True)
class Server:
    """A running server, and how one reaches it."""

    folder: Path
    port: int

    @property
    def by_socket(self) -> str:
        """An address that needs no password."""
        return f"postgresql://tester@/postgres?host={self.folder}&port={self.port}"

    def by_loopback(self, password: str = "") -> str:
        """An address that needs one."""
        return f"postgresql://tester{password}@127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        """Execute statements, each committed."""
        import pg8000.dbapi

        place = f"{self.folder}/.s.PGSQL.{self.port}"
        with closing(pg8000.dbapi.connect("tester", database="postgres", unix_sock=place, ssl_context=False)) as made:
            made.autocommit = True
            for statement in statements:
                made.cursor().execute(statement)


def _owner() -> str | None:
    """The user to run it as; None: who runs the tests."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in known)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGQUIT)


@contextmanager
def serving() -> Iterator[Server]:
    """Start a server, and stop it whatever happens: it also dies with this process, should that be killed."""
    owner = _owner()
    as_owner = {} if owner is None else {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}
    with tempfile.TemporaryDirectory(prefix="assay-pg-") as made:  # short: a socket's path may have 107 letters
        folder, secret = Path(made), Path(made) / "password"
        secret.write_text(PASSWORD)
        for path in (folder, secret):
            shutil.chown(path, owner) if owner else None
        auth = ["-U", "tester", "--pwfile", str(secret), "--auth-local=trust", "--auth-host=scram-sha-256"]
        kind = ["-D", str(folder / "data"), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([f"{BINARIES}/initdb", *kind, *auth], check=True, capture_output=True, cwd=folder, **as_owner)
        server = Server(folder, _free_port())
        options = {
            "port": server.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [f"{BINARIES}/postgres", "-D", str(folder / "data"), *flags],
                stdout=log, stderr=log, cwd=folder, preexec_fn=_die_with_parent, **as_owner,  # noqa: PLW1509  one call of the C library
            )  # fmt: skip
            try:
                _wait(server, process)
                yield server
            finally:
                process.send_signal(signal.SIGQUIT)
                process.wait(timeout=30)


def _wait(server: Server, process: subprocess.Popen) -> None:
    """Until it answers."""
    import pg8000.exceptions

    for _ in range(300):
        try:
            server.run("SELECT 1")
        except (OSError, pg8000.exceptions.Error):
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise AssertionError((server.folder / "log").read_text())


def skip_without() -> None:
    """Skip where there is none."""
    pytest.importorskip("pg8000", reason="pg8000 is not installed (extra sql)")
    if BINARIES is None:
        pytest.skip("no PostgreSQL server on this machine: no initdb under /usr/lib/postgresql or on the path")
