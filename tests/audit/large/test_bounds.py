"""Bounds of memory and of time, and what several owners hand over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.checks import CHECKS
from audit.dataset import Dataset
from audit.errors import InputError, StaleError, UnknownName
from audit.large.bounds import Clock, parse_budget, parse_size, within
from audit.large.every.sites import merged, partial
from audit.large.plan import fits
from audit.run import audit
from audit.sources import load
from audit.stream import confident
from audit.stream.sites import Pooled, write_stats
from audit.suite import parse_suite
from tests.audit.large.data import NAMES, table, write


@pytest.mark.parametrize(
    ("said", "bytes_"),
    [("4G", 4 << 30), ("512M", 512 << 20), ("1.5GB", 3 << 29), ("800 mib", 800 << 20), ("1000", 1000)],
)
def test_sizes_are_read_in_powers_of_1024(said, bytes_):
    assert parse_size(said) == bytes_


@pytest.mark.parametrize("said", ["", "G", "4X", "-1G", "0", "0M"])
def test_what_is_no_size_is_refused(said):
    with pytest.raises(InputError, match="a size is expected"):
        parse_size(said)


def test_a_bare_integer_is_a_budget_of_labels_and_a_duration_one_of_time():
    assert [parse_budget(x) for x in ("500", "0", "30s", "10m", "1.5h")] == [500, 0, 30.0, 600.0, 5400.0]
    assert isinstance(parse_budget("500"), int)
    assert isinstance(parse_budget("30s"), float)
    for wrong in ("", "-5", "10 minutes", "0s", "1.5", "5d"):
        with pytest.raises(InputError, match="a number of labels"):
            parse_budget(wrong)


def small() -> Dataset:
    frame = pd.DataFrame({"a": np.arange(40) % 13 * 1.0, "b": np.arange(40) % 7 * 1.0, "y": ["u", "v"] * 20})
    return load(frame, label="y")


def test_in_time_every_check_runs_as_without_a_bound():
    some = {name: CHECKS[name] for name in ("conflicts", "duplicates", "imbalance")}
    suite = parse_suite({"checks": {"imbalance": {"rare": 0.2}}}, name="none")
    bounded = audit(small(), suite=suite, checks=within(Clock(3600.0), some))

    assert bounded.measures == audit(small(), suite=suite, checks=list(some)).measures


def test_a_check_not_begun_in_time_says_so_and_is_not_kept_for_the_next_audit(tmp_path):
    late = audit(small(), checks=within(Clock(1e-9), {"imbalance": CHECKS["imbalance"]}), cache=tmp_path)
    (issues,) = late

    assert issues.status == "not_applicable"
    assert issues.why.startswith("not begun: the time budget of 1e-09 s was used up after ")
    assert audit(small(), checks=["imbalance"], cache=tmp_path)["imbalance"].status == "ran"


def test_what_fits_is_told_from_metadata_and_only_parquet_is_read_in_blocks(tmp_path):
    frame, probabilities = table()
    data, model = write(tmp_path, frame, probabilities)
    frame.to_csv(tmp_path / "data.csv", index=False)

    assert fits(str(data), 1 << 30, [model])
    assert not fits(str(data), 401 << 20, [model])
    assert fits("digits", 1 << 20, [])
    with pytest.raises(InputError, match="only Parquet is read block by block"):
        fits(str(tmp_path / "data.csv"), 400 << 20, [])


def sites(folder: Path, cuts: tuple[int, ...]) -> tuple[list[tuple[np.ndarray, Path]], np.ndarray, np.ndarray]:
    frame, probabilities = table()
    codes = np.array([NAMES.index(v) for v in frame["y"]])
    out = []
    for i, rows in enumerate(np.split(np.arange(len(codes)), cuts)):
        path = folder / f"p{i}.parquet"
        pd.DataFrame(probabilities[rows].astype("float64"), columns=list(NAMES)).to_parquet(path, index=False)
        out.append((codes[rows], path))
    return out, codes, probabilities.astype("float64")


def test_two_rounds_of_three_sites_give_the_joint_of_all_rows(tmp_path):
    owners, codes, probabilities = sites(tmp_path, (100, 350))
    for i, (own, path) in enumerate(owners):
        write_stats(tmp_path / f"{i}.sums", partial(own, NAMES, path))
    write_stats(tmp_path / "pooled", merged([tmp_path / f"{i}.sums" for i in range(3)]))
    for i, (own, path) in enumerate(owners):
        write_stats(tmp_path / f"{i}.counts", partial(own, NAMES, path, pooled=tmp_path / "pooled"))
    found = merged([tmp_path / f"{i}.counts" for i in (2, 0, 1)], tmp_path / "pooled")
    wanted = confident(codes, probabilities)

    assert isinstance(found, Pooled)
    assert np.array_equal(found.joint, wanted.joint)
    assert np.array_equal(found.noise_rates, wanted.noise_rates)
    assert found.count == wanted.count
    assert np.allclose(found.thresholds, wanted.thresholds, rtol=1e-15)
    with pytest.raises(StaleError, match="counts of 1 of 3 sites are missing"):
        merged([tmp_path / "0.counts", tmp_path / "1.counts"], tmp_path / "pooled")
    with pytest.raises(InputError, match="some of these files are of round 1"):
        merged([tmp_path / "0.counts", tmp_path / "0.sums"])
    with pytest.raises(InputError, match="holds counts of round 2"):
        merged([tmp_path / "0.counts"], tmp_path / "1.counts")


def test_a_site_without_a_class_still_counts_its_column(tmp_path):
    ((own, path), _), _, _ = sites(tmp_path, (100,))
    mine = np.flatnonzero(own != 2)
    pd.read_parquet(path).iloc[mine].to_parquet(path, index=False)
    found = partial(np.array([0, 1, 0, 2])[own[mine]], ("ant", "bee", "dog"), path)

    assert found.classes == NAMES
    assert found.counts[2] == 0
    with pytest.raises(UnknownName, match="no column for class 'eel'"):
        partial(np.zeros(len(mine), int), ("eel",), path)
