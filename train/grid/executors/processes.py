"""`processes`: workers on this machine, each a fresh interpreter with one thread, started once and fed until the end.

They are started as `python -m train.grid.executors.worker`, not forked (threads and locks do not survive that) and not by
multiprocessing's spawn either, which runs the user's script again in each worker unless it is guarded against that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.errors import InputError, Undecided
from train.grid.executors import shelf
from train.grid.ledger import Ledger
from train.grid.tasks import Ended, Event, Executor, Feed, Lost, Refused, Setting, Started, Task

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
STARTS = 3
"""So many workers in a row that end before they are ready: then something is wrong with all of them."""
GRACE = 5.0
"""Seconds that a worker has to end when asked to."""


def processes(workers: int | None = None) -> Executor:
    """An executor with this many worker processes; by default one a core that this process may use."""
    if os.name != "posix":
        raise InputError("executor processes needs pipes as POSIX has them; there is inline, ray")
    count = cores() if workers is None else workers

    def events(setting: Setting, ledger: Ledger, feed: Feed, most: int) -> Generator[Event, None, None]:
        lanes = min(count, most)
        with TemporaryDirectory(prefix="assay-", ignore_cleanup_errors=True) as shared:
            shelf.put(setting, Path(shared))
            with _crew(Path(shared), ledger.folder) as crew:
                yield Started(lanes, f"{lanes} worker process{'es' * (lanes != 1)} of one thread each")
                yield from _worked(crew, feed, lanes)

    return events


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    line: Connection
    errors: Path
    """Where goes what it says."""
    ready: bool = False
    task: Task | None = None

    def why(self) -> str:
        """How it ended."""
        code = self.process.wait()
        if code < 0:
            return f"its worker was killed by {signal.Signals(-code).name}"
        said = self.errors.read_text(errors="replace").strip().splitlines()
        return f"its worker ended with code {code}" + (f": {said[-1]}" if said else "")


@dataclass(eq=False)
class _Crew:
    shared: Path
    ledger: Path | None
    workers: list[_Worker]
    started: int = 0
    stillborn: int = 0

    def start(self) -> None:
        """One more worker."""
        self.started += 1
        errors = self.shared / f"worker-{self.started}.log"
        ours, theirs = Pipe()
        argv = [sys.executable, "-m", f"{__package__}.worker", str(theirs.fileno()), str(self.shared)]
        with theirs, errors.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  ourselves
                [*argv, str(self.ledger.absolute()) if self.ledger else ""],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **THREADS, "PYTHONPATH": os.pathsep.join(p or str(Path.cwd()) for p in sys.path)},
            )
        self.workers.append(_Worker(process, ours, errors))

    def end(self, worker: _Worker) -> None:
        """Be rid of a worker, dead or alive."""
        self.workers.remove(worker)
        worker.line.close()
        worker.process.terminate()
        try:
            worker.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        if worker.process.stdin:
            worker.process.stdin.close()


@contextmanager
def _crew(shared: Path, ledger: Path | None) -> Iterator[_Crew]:
    crew = _Crew(shared, ledger, [])
    try:
        yield crew
    finally:
        for worker in list(crew.workers):
            crew.end(worker)


def _worked(crew: _Crew, feed: Feed, lanes: int) -> Iterator[Event]:
    """Feed idle workers and pass on what the others tell, until there is no work and nobody at work."""
    waiting: deque[Task] = deque()
    while True:
        busy = [w for w in crew.workers if w.task is not None]
        while len(busy) + len(waiting) < lanes and (task := feed()) is not None:
            waiting.append(task)
        if not waiting and not busy:
            return
        for worker in [w for w in crew.workers if w.ready and w.task is None][: len(waiting)]:
            worker.task = waiting.popleft()
            busy.append(worker)
            with suppress(OSError):  # it died while it stood idle: reading from its line says so
                worker.line.send(worker.task)
        for _ in range(len(waiting) - sum(not w.ready for w in crew.workers)):
            crew.start()
        at = {w.line: w for w in crew.workers if w.task is not None or not w.ready}
        for line in wait(list(at)):
            yield from _told(crew, at[line])  # type: ignore[index]  # what `wait` gives is what it was given


def _told(crew: _Crew, worker: _Worker) -> Iterator[Event]:
    try:
        event: Event = worker.line.recv()
    except (EOFError, OSError):
        yield from _died(crew, worker)
        return
    if isinstance(event, Started):
        worker.ready, crew.stillborn = True, 0
        return
    if isinstance(event, Ended | Lost | Refused):
        worker.task = None
    yield event


def _died(crew: _Crew, worker: _Worker) -> Iterator[Event]:
    """What it was at is lost; another worker is started when there is work for it."""
    why = worker.why()
    crew.end(worker)
    crew.stillborn += not worker.ready
    if crew.stillborn >= STARTS:
        raise Undecided(f"executor processes: no worker could start: {why}")
    if worker.task is not None:
        yield Lost(worker.task, why)
