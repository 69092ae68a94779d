"""What docs/selftest.md shows is what happens. `python -m tests.test_selftest_docs` writes the commands' outputs into it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.readme import commands, rewrite, run

DOCUMENT = Path(__file__).parent.parent / "docs/selftest.md"


def test_the_quoted_output_is_what_the_commands_print_and_the_python_runs(tmp_path, monkeypatch):
    text = DOCUMENT.read_text(encoding="utf-8")
    for command in commands(text):
        assert run(command.line, tmp_path) == command.output, command.line
    monkeypatch.chdir(tmp_path)

    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    exec(compile(code, "docs/selftest.md", "exec"), {})


def test_every_fault_is_described():
    from audit.faults import FAULTS

    described = re.findall(r"^\| (\w+) \| .* \| .* \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert [name for name in described if name in FAULTS] == list(FAULTS)


if __name__ == "__main__":
    rewrite(DOCUMENT)
