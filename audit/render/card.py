"""What a value's card in a notebook is made of: markup that carries its own style and touches nothing around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from markupsafe import Markup

from audit.render.page.style import compact, palettes
from audit.render.words import GLYPHS

LIGHT = ('[data-jp-theme-light="true"]', ".vscode-light", 'html[theme="light"]')
DARK = ('[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast", 'html[theme="dark"]')
"""How JupyterLab, VS Code and Colab say which theme is on; elsewhere the browser's own preference counts."""
Cell = str | Markup


def card(what: str, identity: Sequence[str], *parts: Markup) -> str:
    """A card: what it is, of what, then its parts, from top to bottom."""
    told = Markup("").join(Markup("<span>{}</span>").format(x) for x in identity)
    who = Markup('<p class="who"><b>{}</b>{}</p>').format(what, told)
    style = Markup("<style>{}</style>").format(_style())
    return Markup('<div class="assay-card" role="group" tabindex="0" aria-label="{}">{}{}{}</div>').format(
        what, style, who, Markup("").join(parts)
    )


@cache
def _style() -> Markup:
    light, dark = palettes()
    themed = [
        (", ".join(f"{theme} .assay-card" for theme in themes), colours)
        for themes, colours in ((LIGHT, light), (DARK, dark))
    ]
    rules = [f".assay-card {{ {light} }}", f"@media (prefers-color-scheme: dark) {{ .assay-card {{ {dark} }} }}"]
    rules += [f"{selector} {{ {colours} }}" for selector, colours in themed]
    return Markup(" ".join([*rules, compact("card.css")]))  # noqa: S704  our own files


def badge(state: str, text: str = "") -> Markup:
    """A glyph and a word before it is a colour."""
    word = text or state.replace("_", " ").upper()
    return Markup('<span class="badge {}"><i aria-hidden="true">{}</i>{}</span>').format(state, GLYPHS[state], word)


def says(state: str, word: str, text: str, lead: str = "") -> Markup:
    """The answer in one sentence beside its badge, and what there is to add."""
    more = Markup("<p>{}</p>").format(lead) if lead else Markup("")
    return Markup('<p class="says">{} {}</p>{}').format(badge(state, word), text, more)


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Names and what stands for them; a name with nothing is left out."""
    lines = [Markup("<dt>{}</dt><dd>{}</dd>").format(name, said) for name, said in pairs if said]
    return Markup("<dl>{}</dl>").format(Markup("").join(lines)) if lines else Markup("")


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], numbers: Iterable[int] = ()) -> Markup:
    """A table whose first column names the rows; the columns at `numbers` are set to the right."""
    right = set(numbers)
    kinds = [Markup(' class="num"') if k in right else Markup("") for k in range(len(head))]
    names = Markup("").join(Markup('<th scope="col"{}>{}</th>').format(kinds[k], x) for k, x in enumerate(head))
    lines = Markup("").join(_row(row, kinds) for row in rows)
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(names, lines)


def _row(cells: Sequence[Cell], kinds: Sequence[Markup]) -> Markup:
    first = Markup('<th scope="row"{}>{}</th>').format(kinds[0], cells[0])
    others = (Markup("<td{}>{}</td>").format(kinds[k], x) for k, x in enumerate(cells[1:], 1))
    return Markup("<tr>{}{}</tr>").format(first, Markup("").join(others))


def steps(listed: Iterable[tuple[str, Sequence[str]]]) -> Markup:
    """What to do next: sentences, each with the lines of code that do it; numbered where there are several."""
    told = [
        Markup("{}{}").format(text, Markup("").join(Markup("<code>{}</code>").format(c) for c in code if c))
        for text, code in listed
    ]
    if len(told) <= 1:
        return Markup("").join(Markup('<p class="step">{}</p>').format(x) for x in told)
    return Markup("<ol>{}</ol>").format(Markup("").join(Markup("<li>{}</li>").format(x) for x in told))


def small(text: str) -> Markup:
    """A remark; nothing where there is nothing to say."""
    return Markup('<p class="small">{}</p>').format(text) if text else Markup("")
