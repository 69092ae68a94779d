"""The stylesheets as they are put into a page, and the palette by itself."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


@cache
def compact(name: str) -> str:
    """One of our stylesheets; comments and indents are left behind."""
    text = re.sub(r"/\*.*?\*/", " ", (TEMPLATES / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(text.split())


def palettes() -> tuple[str, str]:
    """The colours by their roles, light and dark, as declarations of custom properties."""
    light, dark, *_ = re.findall(r":root \{(.*?)\}", compact("style.css"))
    return _properties(light), _properties(dark)


def _properties(block: str) -> str:
    return " ".join(re.findall(r"--[\w-]+:[^;]+;", block))
