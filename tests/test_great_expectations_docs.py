"""What docs/great-expectations.md shows is what happens. `python -m tests.test_great_expectations_docs` writes the outputs."""

from __future__ import annotations

import re
from pathlib import Path

from audit.gx.ours import OURS
from tests.readme import commands, rewrite, run

DOCUMENT = Path(__file__).parent.parent / "docs/great-expectations.md"
HASH = re.compile(r"\b[0-9a-f]{32}\b")
"""Of a report, which says when it was made."""


def test_the_quoted_output_is_what_the_commands_print_and_the_python_runs(tmp_path, monkeypatch):
    text = DOCUMENT.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for command in commands(text):
        assert HASH.sub("…", run(command.line, tmp_path)) == HASH.sub("…", command.output), command.line

    names: dict[str, object] = {}
    exec(compile("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)), DOCUMENT.name, "exec"), names)
    pages = [p.read_text() for p in sorted(tmp_path.rglob("project/**/validations/**/*.html"))]

    assert "of the labels are estimated to be wrong" in pages[0]
    assert "the batch is not the data that the report is about" in pages[1]


def test_every_expectation_is_described():
    described = re.findall(r"^\| `(Expect\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(described) == list(OURS)


if __name__ == "__main__":
    rewrite(DOCUMENT)
