"""Put the figures of the last `make bench` into docs/performance.md: `python -m tests.bench.document`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.bench.goals import BUILD

DOCUMENT = Path(__file__).parent.parent.parent / "docs/performance.md"
BETWEEN = re.compile(r"(?<=build/bench/NAME\.json\.\n\n).*?(?=\nNot measured)", re.DOTALL)


def table() -> str:
    """The goals of every benchmark that has been run, as Markdown."""
    lines = ["| goal | value | bar | |", "|---|--:|--:|---|"]
    command = ""
    for path in sorted(BUILD.glob("*.json")):
        for goal in json.loads(path.read_text()):
            if goal["command"] != command:
                command = goal["command"]
                lines.append(f"| **`{command}`** | | | |")
            value = "not measured" if goal["value"] is None else f"{goal['value']:g} {goal['unit']}".strip()
            lines.append(f"| {goal['name']} | {value} | {goal['bar'].replace('1e-09', '0')} | {goal['note']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(BETWEEN.sub(lambda _: table(), DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
