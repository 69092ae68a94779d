"""`inline`: every piece of work here and now, one after another."""

from __future__ import annotations

from collections.abc import Generator

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from train.grid.ledger import Ledger
from train.grid.tasks import Event, Feed, Setting, Started, attempt


def inline(setting: Setting, ledger: Ledger, feed: Feed, most: int) -> Generator[Event, None, None]:  # noqa: ARG001  an Executor
    """Work in this process, on one thread: sums over several threads round otherwise, and no cell may depend on that."""
    yield Started(1, "")
    with threadpool_limits(limits=1):
        while (task := feed()) is not None:
            yield from attempt(setting, ledger, task)
