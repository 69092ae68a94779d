"""`assay audit` within bounds of memory and time, and `assay merge`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.cli import run
from audit.report import Report
from tests.audit.large.data import NAMES, table, write
from tests.audit.stream.made import made

LIMITS = """
[limits]
"labels.rate" = 0.5
"outliers.rate" = 1
"""


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    """A working directory with a table, probabilities, and a suite without expectations."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, *table())
    Path("limits.toml").write_text(LIMITS)
    return tmp_path


AUDIT = ["audit", "data.parquet", "--label", "y", "--pred-probs", "model.parquet", "--suite", "limits.toml"]


def failed(capsys) -> str:
    err = capsys.readouterr().err
    assert len(err.strip().splitlines()) == 1, err
    return str(err)


def test_what_does_not_fit_is_audited_block_by_block_gated_and_cleaned(work, capsys):
    assert run([*AUDIT, "--memory", "401M", "-o", "report"]) == 0

    out = capsys.readouterr().out
    assert "audited block by block to keep within 401 MB of memory" in " ".join(out.split())
    files = {p.name for p in Path("report").iterdir()}
    assert files == {"audit.json", "scores.parquet", "issues.parquet", "report.html", "report.md"}
    assert run(["gate", "report"]) == 1
    assert "outliers.rate: not measured: " in " ".join(capsys.readouterr().out.split())
    assert run(["clean", "data.parquet", "--report", "report", "--by", "prune", "-o", "clean"]) == 0
    assert run(["restore", "clean", "-o", "back"]) == 0


def test_a_memory_that_not_even_blocks_keep_to_is_refused(work, capsys):
    assert run([*AUDIT, "--memory", "390M"]) == 2
    assert "block by block the audit needs about 400 MB, more than --memory 390 MB" in failed(capsys)


@pytest.mark.parametrize("option", [["--reference-embeddings", "e.npy"], ["--cache", "kept"], ["--precision", "0.9"]])
def test_what_blocks_cannot_heed_is_refused(work, capsys, option):
    assert run([*AUDIT, "--memory", "401M", *option]) == 2
    assert option[0].removeprefix("--") in failed(capsys)


def test_what_fits_is_audited_as_without_a_bound(work):
    assert run([*AUDIT, "--memory", "8G", "-o", "one"]) == run([*AUDIT, "-o", "two"]) == 0

    one, two = (Report.read(work / name) for name in ("one", "two"))
    assert one.measures == two.measures
    assert one["outliers"].status == "ran"


def test_one_owner_after_another_and_all_together(work, capsys):
    frame, probabilities = table()
    for name, rows in (("a", slice(0, 250)), ("b", slice(250, 600))):
        frame.iloc[rows].to_csv(f"{name}.csv", index=False)
        np.save(f"{name}.npy", probabilities[rows])
    own = [
        ["audit", f"{x}.csv", "--label", "y", "--pred-probs", f"{x}.npy", "--classes", ",".join(NAMES)] for x in "ab"
    ]

    assert [run([*o, "--partial", f"{x}.stats"]) for o, x in zip(own, "ab", strict=True)] == [0, 0]
    assert run(["merge", "a.stats", "b.stats", "-o", "pooled.stats"]) == 0
    second = [[*o, "--partial", f"{x}2.stats", "--thresholds", "pooled.stats"] for o, x in zip(own, "ab", strict=True)]
    assert [run(one) for one in second] == [0, 0]
    capsys.readouterr()
    assert run(["merge", "a2.stats", "b2.stats", "--thresholds", "pooled.stats", "-o", "pooled.json"]) == 0

    out = capsys.readouterr().out
    values = json.loads(Path("pooled.json").read_text())
    assert "2 sites, 600 rows: an estimated" in out
    assert values["rows"] == 600
    assert np.sum(values["joint"]) == pytest.approx(1)
    assert not Path("report").exists()
    assert run(["merge", "a.stats", "-o", "pooled.json"]) == 2
    assert "exists; name another file or say --force" in failed(capsys)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--memory", "lots"], "a size is expected"),
        (["--budget", "soon"], "a number of labels (500) or a time (30s, 10m, 1h)"),
        (["--thresholds", "x.stats"], "--thresholds goes with --partial"),
        (["--engine", "spark"], "no engine 'spark'; there is local, ray, ray://ADDRESS"),
    ],
)
def test_options_that_cannot_be_heeded_are_refused(work, capsys, options, said):
    assert run([*AUDIT, *options]) == 2
    assert said in failed(capsys)


def test_a_time_budget_leaves_checks_out_and_a_limit_on_them_is_a_breach(work, capsys):
    assert run([*AUDIT, "--budget", "0.000001s", "-o", "report"]) == 0
    report = Report.read(Path("report"))

    assert {i.status for i in report} == {"not_applicable"}
    assert "time budget" in report["labels"].why
    assert run(["gate", "report"]) == 3
    assert "no check ran" in capsys.readouterr().out


def test_a_budget_of_labels_is_what_it_was(work):
    assert run([*AUDIT, "--budget", "7", "-o", "report"]) == 0
    assert Report.read(Path("report")).measures["labels.flagged"] == 7


PEAK = """
import pathlib, sys
from audit.cli import run
code = run(sys.argv[1:])
# the kernel's high-water mark; getrusage's begins with that of the process that started this one
peak = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print("PEAK", code, int(peak.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read the peak from")
def test_the_memory_stays_under_its_bound_on_a_file_several_times_as_large(tmp_path):
    base, times, classes = 10_000, 40, 500
    codes, probabilities = made(base, classes)
    with (tmp_path / "model.npy").open("wb") as file:
        shape = {"descr": "<f4", "fortran_order": False, "shape": (base * times, classes)}
        np.lib.format.write_array_header_1_0(file, shape)
        for _ in range(times):
            probabilities.tofile(file)
    n = base * times
    frame = pd.DataFrame({"a": np.arange(n) % 350_000 * 1.0, "y": np.tile(codes, times)})
    frame.to_parquet(tmp_path / "data.parquet", row_group_size=1 << 16, index=False)
    (tmp_path / "limits.toml").write_text(LIMITS)

    ran = subprocess.run(
        [sys.executable, "-c", PEAK, "audit", "data.parquet", "--label", "y", "--pred-probs", "model.npy",
         "--suite", "limits.toml", "--memory", "520M"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1", "PATH": ""},
    )  # fmt: skip
    (tmp_path / "model.npy").unlink()

    _, code, peak = ran.stdout.splitlines()[-1].split()
    assert code == "0", ran.stderr
    assert int(peak) < 520 << 20
    report = Report.read(tmp_path / "report")
    assert report["labels"].detail["path"] == "exact, streamed"
    assert report["duplicates"].measures["exact.count"] == n - 350_000
