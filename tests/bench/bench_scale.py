"""Confident learning over a file of probabilities that is larger than what it may hold in memory, and the peaks of whole
audits by blocks beside the estimates that `--memory` trusts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.audit.stream.made import made
from tests.bench.goals import BUILD, Goal, at_most, not_measured

COMMAND = "python -m tests.bench scale"
ROWS, CLASSES, AT_ONCE = 10_000_000, 100, 250_000
FEWER = 1_000_000
"""Where the disk has no room for the whole."""
NAME = f"resident memory to audit {ROWS:,} x {CLASSES} probabilities in a file"
BLOCKS = (
    ("table", 200_000),
    ("table", 800_000),
    ("narrow table", 300_000),
    ("text", 20_000),
    ("table without probabilities", 400_000),
)
GROUP = 50_000
PEAK = """
def peak():
    # the kernel's high-water mark; getrusage's begins with that of the process that started this one
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
"""
AUDIT = (
    PEAK
    + """
import json, pathlib, sys, time
from audit.stream import confident
start = time.process_time()
found = confident(sys.argv[1], sys.argv[2], filter_by=("both",), scores=("self_confidence", "normalized_margin"))
print(json.dumps({
    "seconds": time.process_time() - start,
    "peak": peak(),
    "flagged": int(found.masks["both"].sum()),
    "joint": found.calibrated_joint.tolist(),
}))
"""
)
STREAMED = (
    PEAK
    + """
import json, pathlib, sys, time
from audit.large.budget import MOST, sample_bytes
from audit.large.read.probabilities import bring
from audit.large.publish import publish_blocks
from audit.large.needs import needed
from audit.large.run import audit_blocks
from audit.large.read.table import open_data, open_table
from audit.sources.roles import Named
from audit.suite import parse_suite
from audit.verdict import gate
start = time.process_time()
folder = pathlib.Path(sys.argv[1])
data = open_data(open_table(folder / "data.parquet"), Named(label="y"))
model = folder / "model.parquet"
brought = bring(model, data.classes, None) if model.exists() else None
rule = {"type": "expect_column_values_to_not_be_null", "column": "y"}
suite = parse_suite({"expectations": [rule]}, name="bench")
fixed, each = sample_bytes(data)
memory = needed(data, brought, suite) + fixed + min(MOST, data.table.rows) * each
large = audit_blocks(data, suite=suite, run=map, memory=memory, brought=brought)
publish_blocks(large, gate(large.report, suite), folder / "report")
print(json.dumps({
    "seconds": time.process_time() - start,
    "peak": peak(),
    "memory": memory,
    "drawn": large.report["outliers"].detail["sampled"]["rows"],
    "errors": [i.why for i in large.report.errors],
}))
"""
)


def run() -> list[Goal]:
    if not Path("/proc/self/status").exists():
        return [not_measured(NAME, "<= 1.5", "GB", COMMAND, "no /proc to read the peak from")]
    return [_confident(), *(_blocks(kind, rows) for kind, rows in BLOCKS)]


def _confident() -> Goal:
    from cleanlab.count import compute_confident_joint

    BUILD.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(BUILD).free
    rows = ROWS if room > 3 * 4 * ROWS * CLASSES else FEWER
    fewer = "" if rows == ROWS else f"; {rows:,} rows only: the disk has {room / 1e9:.0f} GB left"
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        labels, probabilities = _write(Path(scratch), rows)
        ran = subprocess.run(
            [sys.executable, "-c", AUDIT, labels, probabilities], capture_output=True, text=True, check=True
        )
        found = json.loads(ran.stdout)
        # cleanlab needs all of it at once, so it runs here, where memory is not measured
        wanted = compute_confident_joint(np.load(labels), np.load(probabilities, mmap_mode="r"))
        assert np.array_equal(found["joint"], wanted)
        size = probabilities.stat().st_size
    note = f"{size / 1e9:.1f} GB read in {found['seconds']:.0f} CPU s, {found['flagged']:,} rows flagged; joint equal to cleanlab's"
    return at_most(NAME, found["peak"] / 1e9, 1.5, "GB", COMMAND, note + fewer)


def _blocks(kind: str, rows: int) -> Goal:
    """A whole audit by blocks, of every check, in as little memory as holds the largest sample."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        size = _tables(Path(scratch), kind, rows)
        ran = subprocess.run([sys.executable, "-c", STREAMED, scratch], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert not found["errors"]
    mb = {name: found[name] / 2**20 for name in ("peak", "memory")}
    note = (
        f"{mb['peak']:.0f} MB against {mb['memory']:.0f}; {size / 2**20:.0f} MB of files, {found['drawn']:,} rows drawn, "
        f"{found['seconds']:.0f} CPU s"
    )
    name = f"peak of an audit by blocks against what --memory counts on: {kind}, {rows:,} rows"
    return at_most(name, mb["peak"] / mb["memory"], 1, "of it", COMMAND, note)


def _tables(folder: Path, kind: str, rows: int) -> int:
    """data.parquet and model.parquet, a part at a time; their bytes."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), rng.integers(3, 9))) for _ in range(3000)]
    labels, probabilities = made(rows, 10)
    names = [f"c{k}" for k in range(10)]
    if kind != "text":
        means = 3 * np.eye(10)[labels] if "without" in kind else 0  # else there is nothing to learn
        columns = 1 if "narrow" in kind else 10  # in one column many rows lie near one another
        frame = pd.DataFrame((means + rng.normal(size=(rows, columns))).astype("float32")).add_prefix("x")
    else:
        frame = pd.DataFrame({"text": [" ".join(words[k] for k in rng.integers(0, 3000, 30)) for _ in range(rows)]})
    frame["y"] = [names[k] for k in labels]
    files = {"data": frame} | ({} if "without" in kind else {"model": pd.DataFrame(probabilities, columns=names)})
    for name, made_ in files.items():
        table = pa.Table.from_pandas(made_, preserve_index=False)
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=GROUP)
    return sum((folder / f"{name}.parquet").stat().st_size for name in files)


def _write(folder: Path, rows: int) -> tuple[Path, Path]:
    """Labels and probabilities as .npy files, made a part at a time."""
    paths = folder / "labels.npy", folder / "probabilities.npy"
    stored = np.lib.format.open_memmap(paths[1], "w+", np.float32, (rows, CLASSES))
    labels = np.empty(rows, np.int64)
    for seed, start in enumerate(range(0, rows, AT_ONCE)):
        here = slice(start, start + AT_ONCE)
        labels[here], stored[here] = made(len(labels[here]), CLASSES, seed)
    stored.flush()
    np.save(paths[0], labels)
    return paths
