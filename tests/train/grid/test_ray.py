"""Ray carries the work and changes no bit of it; a killed actor costs one piece of work."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import replace

import pytest

from audit.errors import InputError
from tests.train.grids import PRUNED, RAW, Deadly, own, small, values, wrong
from train.grid.executors import executor_for
from train.grid.executors.rays import Lane, joined
from train.grid.grid import fill
from train.grid.ledger import Ledger
from train.grid.tasks import Draw, Ended, Finished, Training

needs_ray = pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed (extra ray)")


@pytest.fixture(scope="module")
def cluster():
    """A Ray of our own with two workers, started once: that takes seconds."""
    with joined(None, 2) as ray:
        yield ray


@needs_ray
@pytest.mark.slow
def test_an_actor_killed_in_the_middle_changes_no_bit_and_loses_no_finished_cell(cluster, tmp_path):
    grid = small((RAW, PRUNED, own("deadly", Deadly(str(tmp_path), 5))), seeds=3)
    filled = fill(grid, Ledger(tmp_path), executor=executor_for("ray", 2))

    assert (tmp_path / "killed").exists()
    assert values(filled) == values(fill(grid, Ledger()))
    assert len(list((tmp_path / "cells").iterdir())) == len(grid)
    (note,) = filled.notes
    assert note.startswith("6 of 6 cells of linear were begun anew: its worker died: ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cells", "killed"]


@needs_ray
@pytest.mark.slow
def test_a_cell_that_fails_is_reported_and_the_others_go_on(cluster):
    grid = small((RAW, own("wrong", wrong)), sizes=(60,), seeds=1)
    filled = fill(grid, Ledger(), executor=executor_for("ray", 1))
    why = {c.variant: r.failed for c, r in filled.results.items()}

    assert why == {"raw": "", "wrong": "its worker ended: TypeError: no such thing (2 times)"}


@needs_ray
@pytest.mark.slow
def test_what_the_cluster_has_not_is_said_and_not_waited_for(cluster):
    on_a_gpu = replace(small().setting(), device="cuda")

    with pytest.raises(InputError, match="the cluster has no GPU"):
        list(executor_for("ray")(on_a_gpu, Ledger(), lambda: None, 1))
    with pytest.raises(InputError, match="3 workers were asked for, and the cluster has 2 cores"):
        fill(small(), Ledger(), executor=executor_for("ray", 3))
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_an_actor_that_does_not_see_the_ledgers_folder_sends_its_cells_home(tmp_path):
    setting = small(seeds=1).setting()
    lane = Lane(setting, tmp_path / "another machine" / ".mark")
    drawn, _ = lane.work(Draw(0, 60, ("raw",)))
    (cell,) = [c for c in small(seeds=1).cells() if (c.variant, c.size) == ("raw", 60)]
    news = lane.work(Training("linear", {cell: "key"}, {cell: drawn.rows["raw"]}))

    assert [type(event) for event in news] == [Finished, Ended]
    assert not news[0].written


def test_a_cell_sent_home_is_written_there(tmp_path):
    grid = small(seeds=1)

    def elsewhere(setting, ledger, feed, most):
        lane = Lane(setting, None)
        while (task := feed()) is not None:
            yield from lane.work(task)

    filled = fill(grid, Ledger(tmp_path), executor=elsewhere)

    assert values(fill(grid, Ledger(tmp_path), executor=None)) == values(filled)


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'assay\[ray\]'"):
        executor_for("ray")
