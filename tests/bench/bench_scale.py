"""Confident learning over a file of probabilities that is larger than what it may hold in memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.audit.stream.made import made
from tests.bench.goals import BUILD, Goal, at_most, not_measured

COMMAND = "python -m tests.bench scale"
ROWS, CLASSES, AT_ONCE = 10_000_000, 100, 250_000
FEWER = 1_000_000
"""Where the disk has no room for the whole."""
NAME = f"resident memory to audit {ROWS:,} x {CLASSES} probabilities in a file"
AUDIT = """
import json, pathlib, sys, time
from audit.stream import confident
start = time.process_time()
found = confident(sys.argv[1], sys.argv[2], filter_by=("both",), scores=("self_confidence", "normalized_margin"))
# the kernel's high-water mark; getrusage's begins with that of the process that started this one
peak = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({
    "seconds": time.process_time() - start,
    "peak": int(peak.split()[1]) * 1024,
    "flagged": int(found.masks["both"].sum()),
    "joint": found.calibrated_joint.tolist(),
}))
"""


def run() -> list[Goal]:
    from cleanlab.count import compute_confident_joint

    if not Path("/proc/self/status").exists():
        return [not_measured(NAME, "<= 1.5", "GB", COMMAND, "no /proc to read the peak from")]
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
    return [at_most(NAME, found["peak"] / 1e9, 1.5, "GB", COMMAND, note + fewer)]


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
