"""What every page is made of: the stylesheet, the script, the templates. The comparison's page uses them too."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from audit.render import words
from audit.render.page.links import pair_anchor, row_anchor
from audit.render.page.style import TEMPLATES, compact


def stylesheet() -> str:
    """The one stylesheet, to be put inside a page's `<style>`; comments and indents are left behind."""
    return compact("style.css")


@cache
def script() -> str:
    """The one script, which filters the examples and unfolds what an address leads to: every page is whole without it.
    Comments and indents are left behind."""
    lines = (TEMPLATES / "page.js").read_text(encoding="utf-8").splitlines()
    return "\n".join(text for line in lines if (text := line.strip()) and not text.startswith("//"))


def tokens(command: str) -> list[str]:
    """A command in the pieces between which it may break: an option stays with its value."""
    out: list[str] = []
    for word in command.split(" "):
        if out and out[-1].startswith("-") and " " not in out[-1] and not word.startswith("-"):
            out[-1] += f" {word}"
        else:
            out.append(word)
    return out


def environment(*folders: Path) -> jinja2.Environment:
    """Templates that escape everything; `folders` are looked into before the shared ones."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        name.__name__: name
        for name in (words.count, words.share, words.between, words.ratio, words.signed, words.interval)
    }
    made.filters |= {
        "tokens": tokens,
        "capital": words.sentence,
        "plural": words.plural,
        "row_name": words.row_name,
        "row_anchor": row_anchor,
        "visible": words.visible,
    }
    made.globals |= {
        "stylesheet": Markup(stylesheet()),  # noqa: S704  our own file
        "script": Markup(script()),  # noqa: S704  our own file
        "GLYPHS": words.GLYPHS,
        "pair_anchor": pair_anchor,
    }
    return made
