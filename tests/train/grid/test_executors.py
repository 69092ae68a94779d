"""Wherever the work is done, the result is the same to the last bit, and a killed worker costs one piece of work."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.errors import InputError, Undecided, UnknownName
from tests.train.grids import PRUNED, RAW, Deadly, Faulty, Slow, own, small, values
from train.grid.executors import executor_for, processes
from train.grid.executors.inline import inline
from train.grid.grid import fill
from train.grid.ledger import Ledger
from train.grid.tasks import Draw, attempt

pytestmark = pytest.mark.slow  # each worker imports torch, which takes seconds

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Where temporary folders go, so that what is left behind can be seen."""
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        yield folder


def cells(folder):
    """{file: when it was written} of a ledger's cells."""
    return {p.name: p.stat().st_mtime_ns for p in (folder / "cells").glob("*.npz")}


@pytest.fixture(scope="module")
def killed(scratch, tmp_path_factory):
    """A grid of three seeds with a worker killed once five cells were finished; a lambda among the variants."""
    folder = tmp_path_factory.mktemp("killed")
    variants = (RAW, PRUNED, own("deadly", Deadly(str(folder), 5)), own("by the way", lambda x, t, g: (x + 0, t)))
    grid = small(variants, seeds=3)
    return grid, fill(grid, Ledger(folder), executor=processes(2)), folder


def test_a_worker_killed_in_the_middle_changes_no_bit(killed):
    grid, filled, folder = killed

    assert (folder / "killed").exists()
    assert values(filled) == values(fill(grid, Ledger()))


def test_a_killed_worker_costs_at_most_its_own_piece_of_work(killed):
    grid, filled, folder = killed

    assert filled.trained == len(grid)
    assert len(cells(folder)) == len(grid)
    (note,) = filled.notes
    assert note == "8 of 8 cells of linear were begun anew: its worker was killed by SIGKILL"


def test_the_ledger_that_workers_filled_is_whole(killed):
    grid, filled, folder = killed
    again = fill(grid, Ledger(folder), executor=_never)

    assert again.trained == 0
    assert values(again) == values(filled)


def _never(*_):
    raise AssertionError("there is nothing to do")


def test_workers_leave_nothing_behind(killed, scratch):
    assert list(scratch.glob("assay-*")) == []


def test_a_cell_that_ends_every_worker_fails_with_why_and_is_not_kept(scratch, tmp_path):
    grid = small((own("faulty", Faulty(str(tmp_path))),), sizes=(60,), seeds=1)
    filled = fill(grid, Ledger(tmp_path), executor=processes(1))

    (result,) = filled.results.values()
    assert result.failed == "its worker was killed by SIGKILL (2 times)"
    (note,) = filled.notes
    assert note == "1 of 1 cell of linear were begun anew: its worker ended with code 1: TypeError: no such thing"
    assert cells(tmp_path) == {}
    assert filled.trained == 0


def test_what_the_user_must_mend_crosses_from_worker_to_user():
    (event,) = attempt(small().setting(), Ledger(), Draw(0, 4, ("raw",)))
    crossed = pickle.loads(pickle.dumps(event))

    assert isinstance(crossed.error, InputError)
    assert str(crossed.error) == str(event.error)


def test_an_interrupted_run_ends_its_workers_and_keeps_what_is_finished(scratch, tmp_path):
    started = []

    def interrupted(record):
        started.extend(processes_with(str(scratch)))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(
            small((RAW, own("slow", Slow(0.5))), sizes=(60,), seeds=1),
            Ledger(tmp_path),
            seen=interrupted,
            executor=processes(1),
        )

    assert len(started) == 1
    assert processes_with(str(scratch)) == []
    assert list(scratch.glob("assay-*")) == []
    assert len(cells(tmp_path)) >= 1


def test_workers_that_cannot_start_end_the_run(scratch, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "nowhere")])
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(Undecided, match="no worker could start: its worker ended with code 1"):
        fill(small((RAW,), sizes=(60,), seeds=1), Ledger(), executor=processes(1))


RUN = """
import sys, tempfile
from pathlib import Path
tempfile.tempdir = sys.argv[1]
from tests.train.grids import RAW, Slow, own, small
from train.grid.executors import processes
from train.grid.grid import fill
from train.grid.ledger import Ledger
fill(small((RAW, own("slow", Slow(0.05))), sizes=(60,), seeds=3), Ledger(Path(sys.argv[2])), executor=processes(1))
"""


def processes_with(text):
    """The processes whose command line holds these words."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if text in (path / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def until(true, seconds=180.0):
    """Wait for it, as long as a crowded machine may take to import torch twice."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for processes")
def test_a_killed_run_leaves_whole_cells_and_no_process_and_the_next_goes_on_from_there(tmp_path):
    shared, runs = tmp_path / "tmp", tmp_path / "runs"
    shared.mkdir()
    with subprocess.Popen([sys.executable, "-c", RUN, shared, runs], cwd=ROOT, stderr=subprocess.DEVNULL) as parent:
        try:
            until(lambda: len(cells(runs)) >= 1)
        finally:
            parent.kill()
    until(lambda: not processes_with(str(shared)))
    before = cells(runs)
    grid = small((RAW, own("slow", Slow(0.05))), sizes=(60,), seeds=3)
    resumed = fill(grid, Ledger(runs))

    assert list(shared.iterdir()) == []
    assert 1 <= len(before) < 6
    assert resumed.trained == 6 - len(before)
    assert {name: when for name, when in cells(runs).items() if name in before} == before
    assert values(resumed) == values(fill(small((RAW, own("slow", Slow(0.0))), sizes=(60,), seeds=3), Ledger()))


def test_executors_have_names():
    assert executor_for("inline") is inline
    with pytest.raises(UnknownName, match="did you mean 'processes'"):
        executor_for("proceses")
    with pytest.raises(UnknownName, match="no executor 'ray://'"):
        executor_for("ray://")


@pytest.mark.parametrize(
    ("name", "workers", "why"), [("processes", 0, "at least 1"), ("inline", 2, "one thing at a time")]
)
def test_a_number_of_workers_that_cannot_be_is_refused(name, workers, why):
    with pytest.raises(InputError, match=why):
        executor_for(name, workers)
