"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Server, serving, skip_without


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spark's tests start a Java machine: they run where they are asked for by their marker."""
    if "spark" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.skip(reason="needs pyspark and Java, and is run by: make test-spark"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of this session's own; skipped where there is none."""
    skip_without()
    with serving() as server:
        yield server
