"""What a second audit of unchanged data costs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from audit import audit, gate, load, read_suite
from audit.publish import EVIDENCE, publish
from tests.bench.goals import SHARED, Goal, at_most, not_measured, timed

COMMAND = "python -m tests.bench audit"
NAME = "second audit of unchanged data against the first"


def run() -> list[Goal]:
    goals = [_again("digits with planted faults", "planted:digits", "planted:digits-test", "digits", {})]
    text = SHARED / "text"
    if text.is_dir():
        roles = {"text": "text", "label": "category"}
        where = (str(text / f"banking77_{part}.csv") for part in ("train", "test"))
        goals.append(_again("banking77", *where, "banking77", roles))
    else:
        goals.append(not_measured(f"{NAME}: banking77", "<= 0.1", "of it", COMMAND, "benchmark data absent"))
    return goals


def _again(name: str, where: str, reference: str, suite_name: str, roles: dict[str, str]) -> Goal:
    suite = read_suite(suite_name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "report"

        def once() -> None:
            data, there = load(where, **roles), load(reference, **roles)
            report = audit(data, reference=there, suite=suite, cache=folder / EVIDENCE)
            publish(report, gate(report, suite), data, there, folder)

        first = timed(once)
        again = timed(once, repeats=3)
    return at_most(f"{NAME}: {name}", again / first, 0.1, "of it", COMMAND, f"first {first:.1f} s")
