"""Where blocks are worked on: here, or by Ray's workers on this machine or on many.

An engine is shaped like the built-in `map`: a pure function and items in, results out, in the items' order. So the
results are the same to the last bit wherever they were made.
"""

from __future__ import annotations

import functools
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
"""So often a block is begun anew when the worker that had it dies."""


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
            yield lambda work, items: _spread(ray, work, items)
    else:
        raise UnknownName.of("engine", name, NAMES)


def _spread(ray: ModuleType, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Results in order, with at most two items a core handed out, so that neither side piles up blocks. What is bound to
    the work is carried to each machine once."""
    bound: tuple[Any, ...] = ()
    if isinstance(work, functools.partial):
        bound, work = tuple(ray.put(value) for value in work.args), work.func
    remote = ray.remote(num_cpus=1, max_retries=TRIES)(work)
    most = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting: deque[Any] = deque()
    for item in items:
        waiting.append(remote.remote(*bound, item))
        if len(waiting) >= most:
            yield _result(ray, waiting.popleft())
    while waiting:
        yield _result(ray, waiting.popleft())


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
