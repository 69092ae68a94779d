"""Work that something is bound to, for workers of which one is killed. It imports little, since every worker imports it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.large.drawn.near import near_here
from audit.large.read.tiles import Stretch
from audit.neighbours import Neighbours


class Bound:
    """What is bound to the work: it writes down every process that reads it."""

    def __init__(self, read: Path, value: Any) -> None:
        self.read, self.value = read, value

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        with self.read.open("a") as log:
            log.write(f"{os.getpid()}\n")


def scaled(bound: Bound, item: int, by: float = 1.0) -> tuple[float, int]:
    """A number, and who made it."""
    return bound.value[item] / 3 * by, os.getpid()


def near_once_deadly(bound: Bound, stretch: Stretch) -> Neighbours:
    """`near_here`, where the first process that comes to row 224 is killed."""
    marker = bound.read.with_suffix(".killed")
    if stretch.start == 224 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return near_here(bound.value, stretch)


def deadly(_: Bound, __: int) -> None:
    """Work that no process survives."""
    os.kill(os.getpid(), signal.SIGKILL)


def refused(bound: Bound, item: int) -> None:
    """Work that finds fault with an item."""
    raise InputError(f"item {item} of {len(bound.value)} is wrong")
