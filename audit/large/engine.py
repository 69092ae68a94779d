"""Where blocks are worked on: here, or by Ray's workers on this machine or on many.

An engine is shaped like the built-in `map`: a pure function and items in, results out, in the items' order. So the
results are the same to the last bit wherever they were made. Actors, and neither tasks nor Ray Data, by measurement:
`python -m tests.bench cluster`.
"""

from __future__ import annotations

import functools
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from types import ModuleType
from typing import Any

from audit.errors import AssayError, InputError, Undecided, UnknownName

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
NAMES = ("local", "ray", "ray://ADDRESS")
SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No telemetry; and workers that ask for no GPU keep the environment as it is."""
UNANSWERED = "a cluster that asks for a token answers nobody else: put it into RAY_AUTH_TOKEN"
TRIES = 3
"""So often a block is begun anew when the actor that had it dies."""


@contextmanager
def engine(name: str = "local", workers: int | None = None) -> Iterator[Map]:
    """The engine of a name, while the block runs.

    Args:
        name: `local`, `ray` (workers on this machine), `ray://HOST:PORT` or `ray://auto` (a cluster, whose machines
            have assay in the same version and see the same files).
        workers: of a Ray of our own; by default one a core.
    """
    if name == "local":
        yield map
    elif name == "ray" or (name.startswith("ray://") and name != "ray://"):
        address = {"ray": None, "ray://auto": "auto"}.get(name, name)
        with _joined(address, workers) as ray:
            crew: list[Any] = []
            try:
                yield functools.partial(_spread, ray, crew)
            finally:
                crew.clear()  # an actor that nobody can ask any more ends
    else:
        raise UnknownName.of("engine", name, NAMES)


def _spread(ray: ModuleType, crew: list[Any], work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Results in order, with at most two items a core handed out, so that neither side piles up blocks. An actor for which
    the cluster has no core yet is handed none.

    Args:
        ray: the module.
        crew: the actors there are; as many are added as there are items for, at most one a core.
        work: carried to each machine once, and read by each actor once.
        items: what to work on.
    """
    cores, rest = max(1, int(ray.cluster_resources().get("CPU", 1))), iter(items)
    ahead = list(islice(rest, cores))
    kind = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=TRIES)(Actor)
    crew += [kind.remote() for _ in range(len(ahead) - len(crew))]
    held = ray.put(work)
    # what is to come from an actor, to the actor: once it is there, the actor can take one item more, at most two at a time
    free = {actor.ready.remote(): actor for actor in 2 * crew}
    waiting: deque[Any] = deque()
    for item in chain(ahead, rest):
        done, _ = ray.wait(list(free), num_returns=1)
        actor = free.pop(done[0])
        coming = actor.do.remote([held], item)
        free[coming] = actor
        waiting.append(coming)
        if len(waiting) >= 2 * cores:
            yield _result(ray, waiting.popleft())
    while waiting:
        yield _result(ray, waiting.popleft())


class Actor:
    """A process of Ray's that keeps the work it is at, with what is bound to it, until it is asked for other work."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.work: Any = None

    def ready(self) -> None:
        """Say that there is a core for this actor."""

    def do(self, held: list[Any], item: Any) -> Any:
        """The work on an item. `held` is a reference to the work, in a list so that Ray does not follow it every time;
        following it is part of the first item, whose faults are told and whose tries are counted."""
        import ray

        if self.held != held:
            self.held, self.work = [], None  # makes room
            self.work, self.held = ray.get(held[0]), held
        return self.work(item)


def _result(ray: ModuleType, coming: Any) -> Any:
    try:
        return ray.get(coming)
    except ray.exceptions.RayTaskError as broken:
        if isinstance(broken.cause, AssayError):  # said there as it would be said here
            raise broken.cause from None
        raise
    except ray.exceptions.RayError as died:
        raise Undecided(f"engine ray: a block was lost {TRIES + 1} times: {_first(died)}") from None


@contextmanager
def _joined(address: str | None, workers: int | None) -> Iterator[ModuleType]:
    """Ray, joined to a cluster or with one of its own while the block runs. Joined before, it stays so."""
    ray = _imported()
    if ray.is_initialized():
        yield ray
        return
    path = os.pathsep.join(p or str(Path.cwd()) for p in sys.path)
    here = {"address": "local", "num_cpus": workers, "runtime_env": {"env_vars": {"PYTHONPATH": path}}}
    try:
        ray.init(
            **({"address": address} if address else here),
            include_dashboard=False, log_to_driver=False, logging_level="ERROR",
        )  # fmt: skip
    except (ConnectionError, OSError, RuntimeError, ValueError) as refused:
        hint = f"; {UNANSWERED}" if address and not os.environ.get("RAY_AUTH_TOKEN") else ""
        raise InputError(f"engine ray: cannot join {address or 'a Ray of its own'}: {_first(refused)}{hint}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _imported() -> ModuleType:
    os.environ.update({name: value for name, value in SETTINGS.items() if name not in os.environ})  # read at the import
    try:
        import ray
    except ImportError:
        raise InputError("engine ray needs Ray, which is not installed: pip install 'assay[ray]'") from None
    found: ModuleType = ray
    return found


def _first(error: BaseException) -> str:
    """The first line, with the last where it only announces that: a traceback of another machine lies between."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[0]} {lines[-1].strip()}" if lines[0].endswith(":") else lines[0]
