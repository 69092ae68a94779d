"""Executors: where the pieces of a grid are worked on. They only fill the ledger, and the results are the same to the
last bit on all of them. `executor_for` gives the one of a name; your own is a function like `inline`."""

from __future__ import annotations

from audit.errors import InputError, UnknownName
from train.grid.executors.inline import inline
from train.grid.executors.processes import processes
from train.grid.executors.rays import rays
from train.grid.tasks import Executor

NAMES = ("inline", "processes", "ray", "ray://ADDRESS")


def executor_for(name: str, workers: int | None = None) -> Executor:
    """The executor of a name as the command line writes it.

    Args:
        name: `inline`, `processes`, `ray` (on this machine), `ray://HOST:PORT` (a cluster's client server) or
            `ray://auto` (the cluster that this machine is part of).
        workers: how many pieces of work at a time; by default as many as there are cores, or GPUs under Ray.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}")
    if name == "inline":
        if workers not in (None, 1):
            raise InputError(f"executor inline works on one thing at a time; {workers} workers need processes or ray")
        return inline
    if name == "processes":
        return processes(workers)
    if name == "ray":
        return rays(None, workers)
    if name.startswith("ray://") and name != "ray://":
        return rays("auto" if name == "ray://auto" else name, workers)
    raise UnknownName.of("executor", name, NAMES)
