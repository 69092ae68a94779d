"""A comparison's folder: the pages first, then comparison.json."""

from __future__ import annotations

from pathlib import Path

from audit.files import write_bytes
from train.comparison import Comparison
from train.render.html import html
from train.render.markdown import markdown


def publish(comparison: Comparison, folder: Path) -> None:
    """Write comparison.html, comparison.md and comparison.json beside the ledger's cells."""
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "comparison.html", html(comparison).encode())
    write_bytes(folder / "comparison.md", markdown(comparison).encode())
    comparison.write_json(folder)
