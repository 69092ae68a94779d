"""The tree of the project with half a line a file, from the files' own first sentences: `python -m tests.tree`."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
WIDTH = 118


def tree() -> str:
    """A line a module of the two packages, then the other folders."""
    lines = [line for top in ("audit", "train") for line in _folder(ROOT / top, 0)]
    lines += [
        f"{'suites/':<28}one TOML contract a dataset; tabular, text and image serve any of their kind",
        f"{'examples/':<28}{_names('examples', '*.py')}, each run by a test",
        f"{'tests/':<28}mirrors the tree; tests/bench is `make bench`",
        f"{'docs/':<28}{_names('docs', '*.md')}",
    ]
    return "\n".join(lines)


def _names(folder: str, pattern: str) -> str:
    return " ".join(sorted(p.name for p in (ROOT / folder).glob(pattern)))


def _folder(folder: Path, depth: int) -> list[str]:
    lines = [_line(f"{folder.name}/", folder / "__init__.py", depth)]
    files = sorted(p for p in folder.glob("*.py") if p.name != "__init__.py")
    lines += [_line(p.name, p, depth + 1) for p in files]
    for inner in sorted(p for p in folder.iterdir() if (p / "__init__.py").exists()):
        lines += _folder(inner, depth + 1)
    return lines


def _line(name: str, path: Path, depth: int) -> str:
    about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = re.split(r"(?<=[.;])\s|\n\n", about, maxsplit=1)[0]
    said = " ".join(first.split()).rstrip(".:;")
    head = f"{'  ' * depth}{name}"
    return f"{head:<28}{textwrap.shorten(said, WIDTH - 28, placeholder=' …')}".rstrip()


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(
        re.sub(r"```tree\n.*?```", lambda _: f"```tree\n{tree()}\n```", text, flags=re.DOTALL), encoding="utf-8"
    )
