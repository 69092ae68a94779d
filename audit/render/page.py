"""What every page is made of: the stylesheet, the script, the templates. The comparison's page uses them too."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from audit.render import words

TEMPLATES = Path(__file__).parent / "templates"


@cache
def stylesheet() -> str:
    """The one stylesheet, to be put inside a page's `<style>`; comments and indents are left behind."""
    lines = (TEMPLATES / "style.css").read_text(encoding="utf-8").splitlines()
    kept = " ".join(line.strip() for line in lines)
    while "/*" in kept:
        before, _, rest = kept.partition("/*")
        kept = before + rest.partition("*/")[2]
    return " ".join(kept.split())


@cache
def script() -> str:
    """The one script, which only filters and orders the examples: every page is whole without it."""
    return (TEMPLATES / "page.js").read_text(encoding="utf-8").strip()


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
        "visible": words.visible,
    }
    made.globals |= {"stylesheet": Markup(stylesheet()), "script": Markup(script())}  # noqa: S704  our own files
    return made
