"""A report on disk whose flags are made by hand, and the review's server as its users start it."""

from __future__ import annotations

import http.client
import json
import os
import select
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from toy import report_of

from audit.checks.findings import found, scored
from audit.dataset import Dataset
from audit.report import Issues, Report
from audit.sources import load

ROOT = Path(__file__).parents[3]
INJECTIONS = (
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 2'>",
    '"><svg onload=window.broken=3>',
    "{{ 7 * 7 }}",
    "javascript:window.broken=4",
    "\x1b[31mred\x1b[0m \u202eback",
    '=HYPERLINK("http://127.0.0.1:9")',
    "'; DROP TABLE rows; --",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Data as a file, its report's folder, and both as values."""

    csv: Path
    folder: Path
    data: Dataset
    report: Report
    truth: dict[str, str]
    """Row → the label that is right."""


def labels_found(data: Dataset, wrong: np.ndarray, flagged: np.ndarray, suggested: list[str]) -> Issues:
    given, chosen = data.given.to_numpy(object), np.array(suggested, dtype=object)
    rows = np.flatnonzero(flagged)
    rows = rows[np.argsort(-wrong[rows], kind="stable")]
    reason = [f"labelled {given[i]}, looks like {chosen[i]}" for i in rows]
    return Issues(
        "labels",
        measures={"count": int(flagged.sum()), "flagged": int(flagged.sum())},
        scores=scored(
            data.rows, 1 - wrong, flagged, given=data.given,
            suggested=pd.Series(chosen, index=data.rows), suggested_probability=wrong,
        ),
        findings=found(data.rows[rows], 1 - wrong[rows], reason, given=given[rows], suggested=chosen[rows]),
        detail={"method": "assay", "why": []},
    )  # fmt: skip


def case(folder: Path, rows: int = 160, flagged: int = 60, *, hostile: bool = False, classes: int = 3) -> Case:
    """Texts of which every third flagged label is right after all; the last of the others is wrong and was missed."""
    rng = np.random.default_rng(rows)
    names = (
        [INJECTIONS[0], INJECTIONS[6], INJECTIONS[5]] if hostile else [f"kind {chr(97 + k)}" for k in range(classes)]
    )
    true = [names[i % len(names)] for i in range(rows)]
    given = list(true)
    doubtful = rng.permutation(rows)[:flagged]
    for i in doubtful[np.arange(flagged) % 3 > 0]:
        given[i] = names[(names.index(true[i]) + 1) % len(names)]
    texts = [f"note {i} about {t} {INJECTIONS[i % len(INJECTIONS)] if hostile else ''}" for i, t in enumerate(true)]
    folder.mkdir(parents=True, exist_ok=True)
    csv = folder / ("notes <b>&.csv" if hostile else "notes.csv")
    pd.DataFrame({"id": [f"n{i}" for i in range(rows)], "text": texts, "label": given}).to_csv(csv, index=False)
    data = load(csv, text="text", label="label", id="id")
    wrong = np.full(rows, 0.02)
    wrong[doubtful] = np.linspace(0.99, 0.5, flagged)
    suggested = [t if t != g else names[(names.index(g) + 1) % len(names)] for t, g in zip(true, given, strict=True)]
    report = report_of(data, labels_found(data, wrong, wrong >= 0.5, suggested))
    report.write(folder / "report")
    return Case(csv, folder / "report", data, Report.read(folder / "report"), {f"n{i}": t for i, t in enumerate(true)})


@dataclass
class Server:
    """`assay review` in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    pages: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].split("/")[0])

    @property
    def token(self) -> str:
        return self.address.split("/")[3]

    def ask(self, path: str, body: Any = None, *, raw: str = "", **headers: str) -> tuple[int, Any]:
        """Status and JSON (or text) of an answer; a body is posted as the page does it."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        own = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/json",
            "Origin": f"http://127.0.0.1:{self.port}",
        }
        said = {**own, **{k.replace("_", "-"): v for k, v in headers.items()}}
        line.putrequest("GET" if body is None else "POST", raw or f"/{self.token}/{path}", skip_host=True)
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        for name, value in said.items():
            if value:
                line.putheader(name, value)
        line.putheader("Content-Length", str(len(content)))
        line.endheaders(content)
        answer = line.getresponse()
        text = answer.read().decode()
        self.headers = dict(answer.getheaders())
        line.close()
        return answer.status, json.loads(text) if "json" in answer.getheader("Content-Type", "") else text

    def decide(self, row: str, verdict: str, label: str | None = None, **more: Any) -> dict[str, Any]:
        said = {"id": uuid.uuid4().hex, "row": row, "verdict": verdict, "seconds": 1.5, **more}
        status, answer = self.ask("decide", said if label is None else {**said, "label": label})
        assert status == 200, answer
        return answer

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def started(*args: object) -> Server:
    command = [sys.executable, "-m", "audit.cli", "review", *map(str, args), "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    ready, _, _ = select.select([process.stdout], [], [], 60)
    address = process.stdout.readline().strip() if ready else ""
    assert address.startswith("http://127.0.0.1:"), address
    return Server(process, address)
