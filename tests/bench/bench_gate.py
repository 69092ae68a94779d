"""How long a certificate takes to answer, as wall clock of the whole process; `python -m tests.bench.bench_gate` puts
the last figures into docs/gate.md."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from PIL import Image

from audit.certificate.issue import certify
from audit.run import audit
from audit.sources import load
from audit.suite import Limit, Suite
from tests.bench.goals import BUILD, Goal, at_most, timed

COMMAND = "python -m tests.bench gate"
BAR = 0.3
MB = 1_000_000
FIT = Suite("fit", limits=(Limit("missing.count", 0.0),))
DOCUMENT = Path(__file__).parent.parent.parent / "docs/gate.md"
BETWEEN = re.compile(r"(?<=<!-- figures: python -m tests\.bench\.bench_gate -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)  # fmt: skip


def run() -> list[Goal]:
    with tempfile.TemporaryDirectory() as folder:
        return [*_table(Path(folder)), *_pictures(Path(folder))]


def _table(folder: Path) -> list[Goal]:
    """A CSV file of 100 MB in 200,000 rows."""
    path, rows = folder / "data.csv", 200_000
    letters = np.random.default_rng(0).integers(97, 123, rows * 497, dtype=np.uint8).view("S497")
    texts = letters.astype(str)
    pd.DataFrame({"text": texts, "label": np.arange(rows) % 2}).to_csv(path, index=False)
    key, pair = folder / "secret", folder / "pair.pem"
    key.write_bytes(b"k" * 32)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair.write_bytes(pem)
    data = load(path, label="label", text="text")
    report = audit(data, suite=FIT, checks=["missing"])
    size = f"{path.stat().st_size / MB:.0f} MB"
    goals = []
    for name, by in (("unsigned", None), ("signed, HMAC-SHA256", key), ("signed, Ed25519", pair)):
        certify(data, report, FIT, key=by).write(folder / "cert.json")
        keys = ["--key", str(by)] if by else []
        goals.append(_quick(f"assay gate --verify, one file, {size}, {name}", folder / "cert.json", path, *keys))
    certify(data, report, FIT).write(folder / "cert.json")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"#")
    took = timed(lambda: _verify(folder / "cert.json", path, code=1), repeats=3)
    note = "one letter of 200,000 rows changed; reads the table to name the row"
    return [*goals, Goal("the same after a change, the row named", round(took, 4), "s", "none", None, COMMAND, note)]


def _pictures(folder: Path) -> list[Goal]:
    """A folder of 100 MB in 2,000 pictures."""
    rng, where = np.random.default_rng(0), folder / "pictures"
    for i in range(2_000):
        path = where / f"{i % 10}" / f"{i}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (128, 130, 3), dtype=np.uint8)).save(path)
    data = load(where)
    certify(data, audit(data, suite=FIT, checks=["missing"]), FIT).write(folder / "pictures.json")
    return [_quick("assay gate --verify, a folder of 2,000 pictures, 100 MB", folder / "pictures.json", where)]


def _quick(name: str, cert: Path, where: Path, *more: str) -> Goal:
    """The median of five, and the processor time, which other work on the machine does not stretch."""
    before = _processor()
    took = timed(lambda: _verify(cert, where, *more), repeats=5)
    return at_most(name, took, BAR, "s", COMMAND, f"{(_processor() - before) / 5:.3f} s of CPU")


def _processor() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _verify(cert: Path, where: Path, *more: str, code: int = 0) -> None:
    asked = [sys.executable, "-m", "audit.cli", "gate", "--verify", str(cert), str(where), *more]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ran.returncode != code:
        raise RuntimeError(f"exit code {ran.returncode}, not {code}: {ran.stdout}{ran.stderr}")


def figures() -> str:
    """The last figures as Markdown."""
    goals = json.loads((BUILD / "gate.json").read_text())
    rows = [f"| {g['name']} | {g['value']:.3f} {g['unit']} | {g['bar']} | {g['note']} |" for g in goals]
    return "\n".join(["| what | median | bar | |", "|---|--:|--:|---|", *rows]) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(BETWEEN.sub(lambda _: figures(), DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
