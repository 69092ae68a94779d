"""The README's console blocks: run each command in order, and write down or compare what it prints.

`python -m tests.readme` writes the outputs into README.md; tests/test_readme.py holds them against a fresh run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
SECONDS = re.compile(r"in (?:under )?[\d.,]+ s\b|in \d+ min(?: \d+ s)?|about \d+ (?:s|min)[a-z]*")


@dataclass(frozen=True)
class Command:
    """A line after `$ ` and what the README says it prints."""

    line: str
    output: str


def commands(text: str) -> list[Command]:
    """Every command of every console block, in order."""
    out = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            # a command goes on after a backslash at the end of its line
            match = re.match(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", part, re.DOTALL)
            assert match is not None
            out.append(Command(match[1], match[2].strip("\n")))
    return out


def run(line: str, folder: Path) -> str:
    """What a command prints, run where the commands before it left their files; an exit code other than 0 is said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "COLUMNS": "80", "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(line, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert not ran.stderr, f"{line}\n{ran.stderr}"
    return "\n".join(x.rstrip() for x in ran.stdout.strip("\n").splitlines())


def timeless(text: str) -> str:
    """Without the seconds it took."""
    return SECONDS.sub("in … s", text)


def rewrite(document: Path, prepare: Callable[[Path], None] = lambda _folder: None) -> None:
    """Write what each quoted command of a document prints now below it, run in a folder that is prepared for it."""
    text = document.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch))
        for command in commands(text):
            printed = run(command.line, Path(scratch))
            old = f"$ {command.line}\n" + (f"{command.output}\n" if command.output else "")
            text = text.replace(old, f"$ {command.line}\n" + (f"{printed}\n" if printed else ""), 1)
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite(README)
