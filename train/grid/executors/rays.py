"""`ray`: workers on this machine or on a Ray cluster (extra `ray`), a lasting actor for each core, or, where models
train on GPUs, for each GPU; the setting lies in the object store once, and its arrays are read from there without a copy.

Ray only carries: what a piece of work came to is written to the ledger by the worker, or, where it does not see the
ledger's folder, by the process that asked. Ray retries nothing; train/grid/schedule.py does.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from audit.errors import InputError, Undecided
from train.grid.executors.processes import THREADS, cores
from train.grid.ledger import Ledger
from train.grid.tasks import Ended, Event, Executor, Feed, Lost, Refused, Setting, Started, Task, attempt

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No telemetry; and actors that ask for no GPU keep the environment as it is, which Ray is going to do anyway."""
NEWS = 0.5
"""Seconds after which an actor says what it has finished so far. Streams would say it at once, but not to a client."""


def rays(address: str | None = None, workers: int | None = None) -> Executor:
    """An executor on a Ray cluster (`auto`, `HOST:PORT` or `ray://HOST:PORT`), or on a Ray of this machine's own.

    A cluster's machines need assay installed, in the same versions. A Ray that this process has joined is used as it is.
    """
    _imported()

    def events(setting: Setting, ledger: Ledger, feed: Feed, most: int) -> Generator[Event, None, None]:
        with joined(address, workers) as ray, _marked(ledger.folder) as mark:
            gpus = setting.device.startswith("cuda")
            lanes = _lanes(ray, workers, most, gpus=gpus)
            yield Started(lanes, f"{lanes} Ray actor{'s' * (lanes != 1)}, each with a {'GPU' if gpus else 'core'}")
            stock = ray.put(replace(setting))  # anew, without the tensors that it may have made
            kind = ray.remote(num_cpus=0 if gpus else 1, num_gpus=1 if gpus else 0, max_restarts=0)(Lane)
            crew = _Crew(ray, lambda: kind.remote(stock, mark), lanes)
            try:
                yield from crew.worked(feed)
            finally:
                crew.end()

    return events


class Lane:
    """An actor: a process that keeps the setting and does one piece of work after another."""

    def __init__(self, setting: Setting, mark: Path | None) -> None:
        """`mark` is a file in the ledger's folder, which a worker elsewhere may not see."""
        self.setting, self.ledger = setting, Ledger(mark.parent if mark and mark.exists() else None)
        self.under_way: Iterator[Event] = iter(())

    def work(self, task: Task | None) -> list[Event]:
        """Begin a piece of work, or go on with it (None), for a while; what happened. Its last event ends it."""
        if task is not None:
            self.under_way = attempt(self.setting, self.ledger, task)
        news, start = [], time.monotonic()
        with threadpool_limits(limits=1):
            for event in self.under_way:
                news.append(event)
                if time.monotonic() - start > NEWS:
                    break
        return news


@dataclass(eq=False)
class _Crew:
    """The actors, and what each is at."""

    ray: ModuleType
    hire: Any
    lanes: int

    def __post_init__(self) -> None:
        self.idle = [self.hire() for _ in range(self.lanes)]
        self.busy: dict[Any, tuple[Any, Task]] = {}
        """What will come from an actor, to the actor and its piece of work."""

    def worked(self, feed: Feed) -> Iterator[Event]:
        """Feed actors and pass on what they tell, until there is no work and nobody at work."""
        try:
            self.ray.get(self.idle[0].__ray_ready__.remote())
        except self.ray.exceptions.RayError as failed:
            raise Undecided(f"executor ray: no actor could start: {_last(failed)}") from None
        while True:
            while len(self.busy) < self.lanes and (task := feed()) is not None:
                actor = self.idle.pop() if self.idle else self.hire()
                self.busy[actor.work.remote(task)] = actor, task
            if not self.busy:
                return
            ready, _ = self.ray.wait(list(self.busy), num_returns=1)
            for coming in ready:
                yield from self._told(coming)

    def _told(self, coming: Any) -> list[Event]:
        actor, task = self.busy.pop(coming)
        try:
            news: list[Event] = self.ray.get(coming)
        except self.ray.exceptions.RayTaskError as broken:  # a fault in the program, not in the actor
            self.idle.append(actor)
            return [Lost(task, f"its worker ended: {type(broken.cause).__name__}: {_first(broken.cause)}")]
        except self.ray.exceptions.RayError as died:
            self.ray.kill(actor)
            return [Lost(task, f"its worker died: {_first(died)}")]
        if news and isinstance(news[-1], Ended | Lost | Refused):
            self.idle.append(actor)
        else:
            self.busy[actor.work.remote(None)] = actor, task
        return news

    def end(self) -> None:
        """Send every actor home, also those at work."""
        for actor in [*self.idle, *(actor for actor, _ in self.busy.values())]:
            self.ray.kill(actor)


def _first(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")


def _last(error: BaseException) -> str:
    return next(iter(reversed(str(error).strip().splitlines())), "")


def _lanes(ray: ModuleType, workers: int | None, most: int, *, gpus: bool) -> int:
    """How many actors the cluster can hold. Ray would wait for ever, and say nothing, for a GPU that nobody has."""
    resource, kind = ("GPU", "GPU") if gpus else ("CPU", "core")
    can = int(ray.cluster_resources().get(resource, 0))
    if not can:
        raise InputError(f"executor ray: the cluster has no {kind}")
    if workers and workers > can:
        raise InputError(f"executor ray: {workers} workers were asked for, and the cluster has {can} {kind}s")
    return min(workers or can, most)


def _imported() -> ModuleType:
    os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})  # read when imported
    try:
        import ray
    except ImportError:
        raise InputError("executor ray needs Ray, which is not installed: pip install 'assay[ray]'") from None
    found: ModuleType = ray
    return found


@contextmanager
def joined(address: str | None, workers: int | None) -> Iterator[ModuleType]:
    """Ray, joined to a cluster or with one of its own while the block runs. Joined before, it stays so."""
    ray = _imported()
    if ray.is_initialized():
        yield ray
        return
    path = os.pathsep.join(p or str(Path.cwd()) for p in sys.path)
    here = {
        "address": "local",
        "num_cpus": workers or cores(),
        "runtime_env": {"env_vars": THREADS | {"PYTHONPATH": path}},
    }
    there = {"address": address, "runtime_env": {"env_vars": THREADS}}
    try:
        ray.init(**(there if address else here), include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, OSError, RuntimeError, ValueError) as refused:
        raise InputError(f"executor ray: cannot join {address or 'a Ray of its own'}: {_first(refused)}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _marked(folder: Path | None) -> Iterator[Path | None]:
    """A file in the ledger's folder while the block runs, by which a worker knows whether it is the same folder."""
    if folder is None:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder.absolute() / f".ray-{uuid4().hex}"
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)
