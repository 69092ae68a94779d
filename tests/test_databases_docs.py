"""What docs/databases.md shows is what happens. `python -m tests.test_databases_docs` writes the outputs into it."""

from __future__ import annotations

from pathlib import Path

from tests.readme import commands, rewrite, run
from tests.test_gate_docs import still

DOCUMENT = Path(__file__).parent.parent / "docs/databases.md"


def test_the_quoted_output_is_what_the_commands_print(tmp_path):
    quoted = commands(DOCUMENT.read_text(encoding="utf-8"))

    assert len(quoted) > 5
    for command in quoted:
        assert still(run(command.line, tmp_path)) == still(command.output), command.line


if __name__ == "__main__":
    rewrite(DOCUMENT)
