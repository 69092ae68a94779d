"""Ways to hand blocks to Ray's workers: plain tasks, the engine's actors, Ray Data's tasks, and Ray Data's actors.

Each way works through the same two sets of blocks in a Ray of its own, the ways in turn, several times over; what they find
is held against one process's. Times are of the wall clock, on cores that others use too, so what is reported is a ratio
within a round, the median of the rounds. The start is what two items take, in a Ray that has just been begun, on which
nothing is done but importing what the work needs.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.evidence.embeddings import directions, fit
from audit.large.drawn.near import Asked, near_here
from audit.large.engine import TRIES, Map, engine
from audit.large.every.labels import first, looks
from audit.large.read.probabilities import bring
from audit.large.read.table import open_data, open_table
from audit.large.read.tiles import stretches
from audit.neighbours import nearest
from audit.sources.roles import Named
from tests.audit.large.head import SECONDS, head
from tests.audit.stream.made import made
from tests.bench.goals import BUILD, Goal, not_measured, timed

COMMAND = "python -m tests.bench cluster"
WORKERS, ROUNDS = 2, 3
ROWS, CLASSES, AT_ONCE = 2_000_000, 100, 250_000
TEXTS, DRAWN, TILE, NEAREST = 12_000, 2_000, 1_000, 10
BASE, START = "plain tasks", "the start"


@dataclass(frozen=True)
class Load:
    """Work and what it is done on."""

    name: str
    work: Callable[[Any], Any]
    items: list[Any]
    found: list[Any]
    """By one process."""
    seconds: float
    """It took that process."""


@dataclass(frozen=True)
class Took:
    """How long a way took, and how much the process that asked grew."""

    seconds: float
    grown: int
    """Bytes; -1 where the system does not tell."""


def run() -> list[Goal]:
    if not find_spec("ray"):
        return [not_measured("ways to hand blocks to Ray's workers", "reported", "", COMMAND, "Ray is not installed")]
    BUILD.mkdir(parents=True, exist_ok=True)
    took: dict[tuple[str, str], list[Took]] = defaultdict(list)
    killed: list[Goal] = []
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        loads = [_probabilities(Path(scratch)), _neighbours(Path(scratch))]
        for turn in range(ROUNDS):
            for name in [*WAYS][turn % len(WAYS) :] + [*WAYS][: turn % len(WAYS)]:
                with engine("ray", workers=WORKERS) as run_:
                    way = WAYS[name](run_)
                    start = timed(lambda way=way: list(way(_nothing(), range(WORKERS))))
                    took[name, START].append(Took(start, -1))
                    for load in loads:
                        took[name, load.name].append(_took(way, load))
                    if turn == ROUNDS - 1:
                        killed.append(_killed(name, way, loads[1], took, Path(scratch)))
    compared = [_against(what, name, took) for what in (START, *(load.name for load in loads)) for name in WAYS]
    alone = [_alone(load, took) for load in loads]
    return [*compared, *alone, *sorted(killed, key=lambda g: g.name), _importing(), _from_afar()]


# -- the work ----------------------------------------------------------------------------------------------------------


def _probabilities(folder: Path) -> Load:
    """The first pass of confident learning: nothing is bound, a block is a place in a file, and little comes back."""
    path = folder / "probabilities.npy"
    stored = np.lib.format.open_memmap(path, "w+", np.float32, (ROWS, CLASSES))
    labels = np.empty(ROWS, np.uint8)
    for seed, start in enumerate(range(0, ROWS, AT_ONCE)):
        here = slice(start, start + AT_ONCE)
        labels[here], stored[here] = made(AT_ONCE, CLASSES, seed)
    stored.flush()
    del stored
    names = [str(k) for k in range(CLASSES)]
    return _load(f"probabilities, {ROWS:,} x {CLASSES}", first, list(looks(bring(path, (), names).source, labels)))


def _neighbours(folder: Path) -> Load:
    """The nearest of all texts to the drawn ones: their vectors and the fitted space are bound."""
    rng = np.random.default_rng(0)
    words = np.array(["".join(rng.choice([*"abcdefghijklmnop"], rng.integers(3, 9))) for _ in range(3000)])
    texts = [" ".join(line) for line in words[rng.integers(0, len(words), (TEXTS, 30))]]
    pq.write_table(pa.table({"text": texts}), folder / "texts.parquet", row_group_size=TILE)
    data = open_data(open_table(folder / "texts.parquet"), Named(unlabelled=True, text="text"))
    rows = np.sort(rng.choice(TEXTS, DRAWN, replace=False))
    own = data.at(rows)
    vectors, space = fit(own)
    centre = vectors.mean(axis=0)
    queries = directions(vectors, centre)
    bound = nearest(queries, NEAREST).distances[:, -1]
    asked = Asked(space, centre, data.head, queries, rows, bound, NEAREST, tile=TILE)
    work = functools.partial(near_here, asked)
    return _load(f"neighbours of {DRAWN:,} of {TEXTS:,} texts", work, list(stretches(data.table, TILE)))


def _load(name: str, work: Callable[[Any], Any], items: list[Any]) -> Load:
    found: list[Any] = []
    seconds = timed(lambda: found.extend(map(work, items)))
    return Load(f"{name}, {len(items)} blocks", work, items, found, seconds)


def _same(a: Any, b: Any) -> bool:
    """To the last bit."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if is_dataclass(a):
        return type(a) is type(b) and all(_same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


# -- the ways ----------------------------------------------------------------------------------------------------------


def _tasks(_: Map) -> Map:
    """What is bound is read by every task anew."""
    import ray

    def mapped(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        held = ray.put(work)
        each = ray.remote(num_cpus=1, max_retries=TRIES)(lambda work, item: work(item))
        waiting: deque[Any] = deque()
        for item in items:
            waiting.append(each.remote(held, item))
            if len(waiting) >= 2 * WORKERS:
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())

    return mapped


def _actors(run_: Map) -> Map:
    """What is bound is read by every actor once."""
    return run_


def _data_tasks(_: Map) -> Map:
    def mapped(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        ray, rows = _rows(items)
        held = ray.put(work)
        done = rows.map(lambda row: {"found": ray.get([held])[0](row["item"])}, num_cpus=1)
        return (row["found"] for row in done.iter_rows())

    return mapped


def _data_actors(_: Map) -> Map:
    def mapped(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        ray, rows = _rows(items)
        held = ray.put(work)

        class Keeps:
            def __init__(self) -> None:
                self.work = ray.get([held])[0]

            def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
                return {"found": self.work(row["item"])}

        pool = ray.data.ActorPoolStrategy(size=WORKERS)
        done = rows.map(Keeps, compute=pool, num_cpus=1)
        return (row["found"] for row in done.iter_rows())

    return mapped


def _rows(items: Iterable[Any]) -> tuple[ModuleType, Any]:
    """Ray, and its data set of a block an item, in order and as quiet as it can be told to be."""
    import ray
    import ray.data

    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    rows = [{"item": item} for item in items]
    return ray, ray.data.from_items(rows, override_num_blocks=len(rows))


WAYS: dict[str, Callable[[Map], Map]] = {
    BASE: _tasks,
    "actors": _actors,
    "Ray Data": _data_tasks,
    "Ray Data's actors": _data_actors,
}


# -- what they take ----------------------------------------------------------------------------------------------------


def _nothing() -> Callable[[Any], Any]:
    """Work that only needs what the real work needs."""
    return lambda _: importlib.import_module("audit.large.drawn.near") and None


def _took(way: Map, load: Load) -> Took:
    before, found = _resident("VmRSS"), []
    _forget_peak()
    seconds = timed(lambda: found.extend(way(load.work, load.items)))
    grown = _resident("VmHWM") - before if before else -1
    assert _same(found, load.found)
    return Took(seconds, grown)


def _resident(which: str) -> int:
    """Bytes; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(which)), 0)


def _forget_peak() -> None:
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5")


def _against(what: str, name: str, took: dict[tuple[str, str], list[Took]]) -> Goal:
    mine, base = took[name, what], took[BASE, what]
    seconds, grown = median(t.seconds for t in mine), median(t.grown for t in mine)
    note = f"{seconds:.2f} s" + (
        f", the asking process grew by {grown / 1e6:.0f} MB; equal results" if grown >= 0 else ""
    )
    ratio = median(m.seconds / b.seconds for m, b in zip(mine, base, strict=True))
    return Goal(f"{what}: {name}", round(ratio, 2), f"of {BASE}' time", "reported", None, COMMAND, note)


def _alone(load: Load, took: dict[tuple[str, str], list[Took]]) -> Goal:
    ratio = load.seconds / median(t.seconds for t in took[BASE, load.name])
    note = f"{load.seconds:.2f} s, once, before the others"
    return Goal(f"{load.name}: one process", round(ratio, 2), f"of {BASE}' time", "reported", None, COMMAND, note)


def _killed(name: str, way: Map, load: Load, took: dict[tuple[str, str], list[Took]], folder: Path) -> Goal:
    """The process that comes first to the block in the middle is killed there."""
    marker = folder / f"{name}.killed"
    middle = load.items[len(load.items) // 2].start

    def deadly(work: Callable[[Any], Any], item: Any) -> Any:
        if item.start == middle and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return work(item)

    found: list[Any] = []
    seconds = timed(lambda: found.extend(way(functools.partial(deadly, load.work), load.items)))
    assert marker.exists()
    assert _same(found, load.found)
    usual = took[name, load.name][-1].seconds
    note = f"{seconds:.1f} s against {usual:.1f} s in the same round; equal results"
    return Goal(f"one worker killed: {name}", round(seconds / usual, 2), "x as long", "reported", None, COMMAND, note)


def _importing() -> Goal:
    def loaded(what: str) -> float:
        return timed(lambda: subprocess.run([sys.executable, "-c", f"import {what}"], check=True), 3)

    plain, data = loaded("ray"), loaded("ray.data")
    note = f"{data:.2f} s against {plain:.2f} s, a process of its own, median of 3"
    return Goal("import ray.data", round(data / plain, 2), "x import ray", "reported", None, COMMAND, note)


CLIENT = """
import logging, sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="CRITICAL")
import ray.data
logging.getLogger("ray.data").setLevel("CRITICAL")
try:
    found = len(ray.data.from_items([{"item": i} for i in range(4)]).map(lambda row: row).take_all())
except (AttributeError, NotImplementedError, ray.exceptions.RayError) as refused:
    found = repr(refused).splitlines()[0]
ray.shutdown()
print("found", found)
"""
"""In a process of its own, since Ray reads how to be let in once a process."""


def _from_afar() -> Goal:
    name = "Ray Data over 4 items, from a process that joined by ray://HOST:PORT"
    with head() as (address, environment):
        for _ in range(3):  # a busy machine may start a client's server later than Ray waits for it
            ran = subprocess.run(
                [sys.executable, "-c", CLIENT, address],
                env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
            )  # fmt: skip
            if said := [line for line in ran.stdout.splitlines() if line.startswith("found ")]:
                break
    if not said:
        return not_measured(name, "reported", "items", COMMAND, f"no answer: {ran.stderr.strip().splitlines()[-1:]}")
    found = said[0].removeprefix("found ")
    note = "" if found.isdigit() else found
    return Goal(name, float(found) if found.isdigit() else 0.0, "items", "reported", None, COMMAND, note)
