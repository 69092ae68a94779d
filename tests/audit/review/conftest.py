"""Servers that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.audit.review.served import Case, Server, case, started


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that end with the test."""
    running: list[Server] = []

    def start(*args: object) -> Server:
        running.append(started(*args))
        return running[-1]

    yield start
    for server in running:
        server.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[tuple[Server, Case]]:
    """One server for tests that only ask."""
    made = case(tmp_path_factory.mktemp("shared"), hostile=True)
    server = started(made.folder, made.csv, "--reviewer", "ann")
    yield server, made
    server.kill()


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> Iterator[tuple[Server, Case]]:
    """One server for tests that answer."""
    made = case(tmp_path_factory.mktemp("answered"))
    server = started(made.folder, made.csv, "--reviewer", "ann")
    yield server, made
    server.kill()
