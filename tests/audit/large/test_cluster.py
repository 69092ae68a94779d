"""Work on Ray's workers: what is bound to it, workers that die, faults; and a cluster that was there before: a Ray head in
processes of its own, joined through its client port."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import audit
from audit.cli import run as assay
from audit.errors import InputError, Undecided
from audit.evidence.embeddings import directions, fit
from audit.large.drawn.near import Asked, near_here
from audit.large.engine import Map, engine
from audit.large.read.table import open_data, open_table
from audit.large.read.tiles import stretches
from audit.sources.roles import Named
from tests.audit.large.bound import Bound, deadly, near_once_deadly, refused, scaled
from tests.audit.large.data import table, write
from tests.audit.large.head import SECONDS, free_port, head

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed (extra ray)"),
]
from_afar = pytest.mark.skipif(
    not importlib.util.find_spec("grpc"), reason="grpcio, which Ray's client needs, is not installed"
)


@pytest.fixture(scope="module")
def run() -> Iterator[Map]:
    """Two workers of a Ray of this process's own."""
    with engine("ray", workers=2) as on_ray:
        yield on_ray


def test_what_is_bound_is_read_once_an_actor_and_items_wait_for_results(tmp_path, run):
    bound = Bound(tmp_path / "read", list(range(40)))
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(40):
            taken.append(item)
            yield item

    results = run(functools.partial(scaled, bound, by=7), items())
    found = [next(results)]
    assert len(taken) <= 4  # two a core
    found += results

    assert [value for value, _ in found] == [scaled(bound, i, by=7)[0] for i in range(40)]
    workers = {pid for _, pid in found}
    read = [int(pid) for pid in bound.read.read_text().split()]
    assert sorted(read) == sorted(workers)
    assert len(workers - {os.getpid()}) == len(workers) <= 2


def test_an_actor_killed_in_the_middle_is_begun_anew_and_changes_no_bit(tmp_path, run):
    data = open_data(open_table(write(tmp_path, *table())[0]), Named(label="y", text="word"))
    rows = np.arange(0, 600, 6)
    own = data.at(rows)
    vectors, space = fit(own)
    centre = vectors.mean(axis=0)
    asked = Asked(space, centre, data.head, directions(vectors, centre), rows, np.full(100, np.inf), 5, tile=32)
    bound = Bound(tmp_path / "read", asked)
    here = [near_here(asked, stretch) for stretch in stretches(data.table, 32)]
    there = list(run(functools.partial(near_once_deadly, bound), stretches(data.table, 32)))

    assert bound.read.with_suffix(".killed").exists()
    for one, other in zip(here, there, strict=True):
        assert np.array_equal(one.indices, other.indices)
        assert np.array_equal(one.distances, other.distances)
    read = bound.read.read_text().split()
    assert len(read) == len(set(read)) <= 3  # two actors, and the one that took the place of the killed


def test_a_block_that_kills_every_actor_cannot_be_decided(tmp_path, run):
    with pytest.raises(Undecided, match="engine ray: a block was lost 4 times"):
        list(run(functools.partial(deadly, Bound(tmp_path / "read", None)), [5]))


def test_a_fault_found_inside_an_actor_is_said_as_it_would_be_here(tmp_path, run):
    with pytest.raises(InputError, match=r"^item 5 of 9 is wrong$"):
        list(run(functools.partial(refused, Bound(tmp_path / "read", range(9))), [5]))


def test_bound_work_on_nothing_gives_nothing(run):
    assert list(run(functools.partial(scaled, None), [])) == []


@pytest.fixture
def cluster() -> Iterator[tuple[str, dict[str, str]]]:
    """A head's address, and the environment that is let in; no test may join it in the process of the other tests."""
    with head() as address_and_environment:
        yield address_and_environment


def said(where: str, report: Path) -> list[str]:
    """What is asked of the command in a folder with a table and its probabilities."""
    return ["audit", where, "--label", "y", "--pred-probs", "model.parquet", "--memory", "1G", "-o", str(report)]


def audited_from_afar(address: str, folder: Path, environment: dict[str, str]) -> None:
    """Write the report `joined`; a busy machine may start a client's server later than Ray waits for it."""
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, "-m", "audit.cli", *said("data.parquet", folder / "joined"), "--engine", address, "--force"],
            cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
        if "cannot join" not in ran.stderr:
            break
    assert ran.returncode == 0, ran.stderr


@from_afar
def test_a_cluster_joined_by_its_address_writes_the_bytes_that_this_process_writes(tmp_path, cluster, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address, let_in = cluster
    data, _ = write(tmp_path, *table())
    assert assay(said(data.as_uri(), tmp_path / "here")) == 0  # an address is read in blocks
    audited_from_afar(address, tmp_path, let_in)

    for name in ("scores.parquet", "issues.parquet"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "joined" / name).read_bytes()
    checks = json.loads((tmp_path / "joined" / "audit.json").read_text())["checks"]
    assert checks["outliers"]["detail"]["path"] == "sampled"


IMPATIENT = """
import sys
import ray.util.client.worker as worker
worker.INITIAL_TIMEOUT_SEC = worker.MAX_TIMEOUT_SEC = 0.1
from audit.cli import run
sys.exit(run(sys.argv[1:]))
"""
"""The command line, where Ray's client waits a moment and not half a minute. In a process of its own: a client that
failed to join leaves Ray in its process unusable."""


@from_afar
def test_an_address_where_nobody_answers_is_said(tmp_path):
    write(tmp_path, *table())
    where = f"ray://127.0.0.1:{free_port()}"
    root = str(Path(audit.__file__).parent.parent)
    environment = {k: v for k, v in os.environ.items() if k != "RAY_AUTH_TOKEN"} | {"PYTHONPATH": root}
    ran = subprocess.run(
        [sys.executable, "-c", IMPATIENT, "audit", "data.parquet", "--label", "y", "--engine", where],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip

    assert ran.returncode == 2
    assert f"cannot join {where}: ray client connection timeout" in ran.stderr
    assert "RAY_AUTH_TOKEN" in ran.stderr
