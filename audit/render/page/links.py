"""Addresses within a page: `#row-12`, `#duplicates/row-12`, `#labels/cat~dog`. They are stable, so that they can be sent
to somebody else; what is odd in an id or a class is percent-encoded, as browsers do it, and so is `~`."""

from __future__ import annotations

from urllib.parse import quote

AS_IN_BROWSERS = "!'()*"
"""What encodeURIComponent leaves as it is, and `quote` would not."""


def row_anchor(row: object, check: str = "") -> str:
    """`row-12`: the first card of a row on the page; `duplicates/row-12`: its card in that check's section."""
    return f"{_encoded(check)}/row-{_encoded(row)}" if check else f"row-{_encoded(row)}"


def pair_anchor(given: object, suggested: object) -> str:
    """`labels/cat~dog`: the cards of rows labelled cat that look like dog."""
    return "labels/" + "~".join(map(_encoded, (given, suggested)))


def _encoded(text: object) -> str:
    # half of a surrogate pair has no bytes; browsers refuse it too. A bare `~` stands between two labels only
    return quote(str(text), safe=AS_IN_BROWSERS, errors="backslashreplace").replace("~", "%7E")


class Anchors:
    """Gives each id out once: of several cards of one row the first has it."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def __call__(self, name: str) -> str:
        """The name, or "" where it is taken."""
        if name in self._given:
            return ""
        self._given.add(name)
        return name
