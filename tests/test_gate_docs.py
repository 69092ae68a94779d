"""What docs/gate.md shows is what happens. `python -m tests.test_gate_docs` writes the commands' outputs into it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.readme import commands, rewrite, run

DOCUMENT = Path(__file__).parent.parent / "docs/gate.md"
CHANGING = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<=key )[0-9a-f]{16}")


def still(text: str) -> str:
    """Without the time of day and the names of keys that were made at random."""
    return CHANGING.sub("…", text)


def test_the_quoted_output_is_what_the_commands_print_and_the_python_runs(tmp_path, monkeypatch):
    text = DOCUMENT.read_text(encoding="utf-8")
    for command in commands(text):
        assert still(run(command.line, tmp_path)) == still(command.output), command.line
    monkeypatch.chdir(tmp_path)

    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    names: dict[str, object] = {}
    exec(compile(code, "docs/gate.md", "exec"), names)

    assert len(names["items"]) <= len(names["base"]) == 149
    assert sum(len(batch[0]) for batch in names["loader"]) == len(names["items"])


if __name__ == "__main__":
    rewrite(DOCUMENT)
