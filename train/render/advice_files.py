"""An advice's folder: the pages first, then advice.json."""

from __future__ import annotations

from pathlib import Path

from audit.errors import OutputError
from audit.files import write_bytes
from train.advice.advise import Advice
from train.render.advice_html import advice_html
from train.render.advice_markdown import advice_markdown


def write_advice(advice: Advice, folder: Path) -> None:
    """Write advice.html, advice.md and advice.json."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
    write_bytes(folder / "advice.html", advice_html(advice).encode())
    write_bytes(folder / "advice.md", advice_markdown(advice).encode())
    advice.write_json(folder)
