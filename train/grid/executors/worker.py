"""One worker process of the executor `processes`: `python -m train.grid.executors.worker PIPE FOLDER LEDGER`.

It says that it is ready, then does one piece of work after another. It ends when the pipe closes, and at once when the
process that started it is gone, whichever way that went; then it takes the shared folder with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from train.grid.executors import shelf
from train.grid.ledger import Ledger
from train.grid.tasks import Started, attempt


def main(pipe: int, folder: str, ledger: str) -> None:
    """Work until there is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group of processes; the first one ends us
    threading.Thread(target=_end_with_parent, args=(Path(folder),), daemon=True).start()
    setting, kept = shelf.take(Path(folder)), Ledger(Path(ledger) if ledger else None)
    with Connection(pipe) as line, threadpool_limits(limits=1):
        line.send(Started(1, ""))
        while True:
            try:
                task = line.recv()
            except EOFError:
                return
            for event in attempt(setting, kept, task):
                line.send(event)


def _end_with_parent(folder: Path) -> None:
    """Nobody writes to standard input: it ends with the process that holds its other end."""
    os.read(0, 1)  # not sys.stdin: a thread that waits in there aborts an interpreter that ends
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
