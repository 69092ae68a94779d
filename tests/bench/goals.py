"""One measured goal, how it is printed and where it is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

BUILD = Path("build/bench")
SHARED = Path("../shared/data")


@dataclass(frozen=True)
class Goal:
    """A value held against its bar."""

    name: str
    value: float | None
    """None: not measured here; `note` says why."""
    unit: str
    bar: str
    ok: bool | None
    command: str
    note: str = ""


def at_least(name: str, value: float, bar: float, unit: str, command: str, note: str = "") -> Goal:
    return Goal(name, round(value, 4), unit, f">= {bar:g}", value >= bar, command, note)


def at_most(name: str, value: float, bar: float, unit: str, command: str, note: str = "") -> Goal:
    return Goal(name, round(value, 4), unit, f"<= {bar:g}", value <= bar, command, note)


def not_measured(name: str, bar: str, unit: str, command: str, note: str) -> Goal:
    return Goal(name, None, unit, bar, None, command, note)


def timed(work: Callable[[], object], repeats: int = 1) -> float:
    """Median wall-clock seconds."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def keep(benchmark: str, goals: list[Goal]) -> None:
    """Print the goals and write them down."""
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / f"{benchmark}.json").write_text(json.dumps([asdict(g) for g in goals], indent=1) + "\n")
    for g in goals:
        word = "–   " if g.ok is None else "ok  " if g.ok else "MISS"
        value = "not measured" if g.value is None else f"{g.value:g} {g.unit}"
        print(f"{word}  {g.name:<58} {value:>18}  bar {g.bar}  {g.note}")
