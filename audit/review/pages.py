"""The review page itself: markup, stylesheet and script, which hold nothing of the data but its name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from audit.render import words
from audit.render.page.environment import environment, stylesheet

FOLDER = Path(__file__).parent / "page"
PAGES = {
    "": "text/html; charset=utf-8",
    "review.css": "text/css; charset=utf-8",
    "review.js": "text/javascript; charset=utf-8",
}
"""What is served by name, and as what."""


@cache
def page(name: str, data: str) -> bytes:
    """One of `PAGES`, for data by that name."""
    if name == "":
        return environment(FOLDER).get_template("review.html").render(data=words.called(data)).encode()
    own = (FOLDER / name).read_text(encoding="utf-8")
    return (f"{stylesheet()}\n{own}" if name.endswith(".css") else own).encode()
