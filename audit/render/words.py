"""Numbers and phrases as every face prints them, so that a wording exists once.

Thousands have a comma, shares one decimal (two below 1 %), U+202F stands before %, minus is U+2212, and what is not
known is a dash, never "nan". `plain_text` gives the same words to a terminal, with a hyphen for minus.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

NARROW_SPACE = "\u202f"
MINUS = "\u2212"
UNKNOWN = "\u2013"
PERCENT = f"{NARROW_SPACE}%"
TIMES = f"{NARROW_SPACE}×"

GLYPHS = {
    "pass": "✓", "warn": "!", "fail": "✕", "error": "?", "not_checked": "–", "info": "i",
    "helps": "▲", "hurts": "▼", "no_difference": "=", "cannot_tell": "?",
}  # fmt: skip
"""State to the sign that stands before its word and its colour."""


@dataclass(frozen=True)
class Noun:
    """What one example is called, and several."""

    one: str
    many: str

    def of(self, n: int) -> str:
        """`1 picture`, `1,141 pictures`."""
        return plural(n, self.one, self.many)


NOUNS = {"image": Noun("picture", "pictures"), "text": Noun("text", "texts"), "table": Noun("row", "rows")}


# -- numbers -----------------------------------------------------------------------------------------------------------


def known(value: float | None) -> bool:
    """Whether there is a number to print."""
    return value is not None and math.isfinite(value)


def count(n: float | None) -> str:
    """`999`, `1,141`, a dash when unknown."""
    if n is None or not math.isfinite(n):
        return UNKNOWN
    return f"{round(n):,}".replace("-", MINUS)


def number(value: float | None) -> str:
    """Any number for a reader: whole ones as a count, others to three figures."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if float(value).is_integer() or abs(value) >= 1000:
        return count(value)
    return f"{value:.3g}".replace("-", MINUS)


def share(fraction: float | None, decimals: int | None = None) -> str:
    """A fraction as a percentage: `5.7 %`, `0.22 %`, `under 0.01 %`, `0 %`; all of it is `100 %`, nearly is not."""
    if fraction is None or not math.isfinite(fraction):
        return UNKNOWN
    if fraction in (0, 1):
        return f"{round(fraction * 100)}{PERCENT}"
    if decimals is None:
        if 0 < fraction < 0.0001:
            return f"under 0.01{PERCENT}"
        if 0.9995 <= fraction < 1:
            return f"over 99.9{PERCENT}"
    return _hundredths(fraction, decimals) + PERCENT


def _hundredths(fraction: float, decimals: int | None = None) -> str:
    percent = fraction * 100
    places = decimals if decimals is not None else 2 if 0 < percent < 0.995 else 1
    return f"{percent:,.{places}f}".replace("-", MINUS)


def about(fraction: float | None) -> str:
    """A share that was only estimated, in whole percents and never none or all: `88 %`, `99 %`."""
    if fraction is None or not math.isfinite(fraction):
        return UNKNOWN
    return f"{min(max(round(fraction * 100), 1), 99)}{PERCENT}"


def about_between(fraction: float, low: float | None, high: float | None) -> str:
    """The interval of a share told by `about`, in whole percents and round what that says: `between 80 and 100 %`; empty
    when either end is unknown."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    told = min(max(round(fraction * 100), 1), 99)
    return f"between {min(round(low * 100), told)} and {max(round(high * 100), told)}{PERCENT}"


def sure(probability: float | None) -> str:
    """`99.7 % sure`; a model is never wholly sure, whatever its probability was rounded to."""
    if probability is None or not math.isfinite(probability):
        return ""
    return f"{share(min(max(probability, 0.0), 0.9999))} sure"


def between(low: float | None, high: float | None) -> str:
    """An interval of shares in prose: `between 5.3 and 6.1 %`; empty when either end is unknown."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    places = 2 if 0 < high < 0.00995 else 1
    ends = [_hundredths(x, 0 if x == 0 else 2 if 0 < x < 0.0005 else places) for x in (low, high)]
    return f"between {ends[0]} and {ends[1]}{PERCENT}"


def ratio(value: float | None) -> str:
    """`1.26 ×`, `14.2 ×`, `1,200 ×`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return (f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else count(value)) + TIMES


def signed(value: float | None, decimals: int = 1) -> str:
    """A difference, its sign always shown: `+1.7`, `−0.02`; one that rounds to nothing is `0.0`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:+,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return f"{0:.{decimals}f}"
    return text.replace("-", MINUS)


def interval(low: float | None, high: float | None) -> str:
    """Two ends of a difference, `+1.7 to +2.3`; an end that would round to 0.0 gets two decimals, or three."""
    return f"{_end(low)} to {_end(high)}"


def _end(value: float | None) -> str:
    if value is None or value == 0 or not math.isfinite(value):
        return signed(value)
    return next((signed(value, places) for places in (1, 2, 3) if round(value, places) != 0), signed(value, 3))


def duration(seconds: float) -> str:
    """`under 1 s`, `48 s`, `14 min`, `2 h 5 min`."""
    if seconds < 1:
        return "under 1 s"
    if round(seconds) < 120:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    hours, left = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h" + (f" {left} min" if left else "")


# -- phrases -----------------------------------------------------------------------------------------------------------


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def listing(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 5 more`."""
    shown = list(names) if len(names) <= most else [*names[: most - 1], f"{count(len(names) - most + 1)} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def row_name(row: Hashable) -> str:
    """A row by its id, written as it is searched for: `row 2515`, `row tt0111161`."""
    whole = isinstance(row, int) or (hasattr(row, "is_integer") and float(row).is_integer())  # type: ignore[arg-type]
    return f"row {int(row)}" if whole else f"row {visible(row)}"  # type: ignore[call-overload]


def called(name: str) -> str:
    """A dataset by its name; one named by its path, by the last part of it."""
    return visible(name if "://" in name else name.rstrip("/").rpartition("/")[2] or name)


def sentence(text: str) -> str:
    """First letter large, unless the first word is a name (`pred_probs.npy`) or a number; the rest is left as it is."""
    first = text.split(" ", 1)[0].rstrip(",.:;")
    return text[:1].upper() + text[1:] if first.isalpha() else text


# -- text of the data, made safe to show -------------------------------------------------------------------------------

# Cc: control, escape sequences; Cf: direction overrides and invisible joiners; Cs, Co, Cn: nothing anyone can read;
# Zl, Zp: line ends that some terminals obey.
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def visible(value: object) -> str:
    r"""A value of the data on one line, with control and invisible characters spelt out: `\x1b[31m`, `\n`."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelt(c) if unicodedata.category(c) in UNSEEN else c for c in text)


def _spelt(character: str) -> str:
    if character in "\u200d\ufe0f":  # joiners inside emoji and Indic words are how those are written
        return character
    return character.encode("unicode_escape").decode("ascii")


def readable(value: object) -> str:
    """As `visible`, but with line ends and tabs as the white space they are."""
    return "\n".join(visible(line.replace("\t", " ")) for line in str(value).replace("\r\n", "\n").split("\n"))


def columns(text: str) -> int:
    """How many terminal columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(c) for c in text)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut a text to `width` terminal columns, the last of them an ellipsis."""
    if columns(text) <= width:
        return text
    kept, used = "", columns(ellipsis)
    for character in text:
        used += _width(character)
        if used > width:
            break
        kept += character
    return kept.rstrip() + ellipsis if width >= columns(ellipsis) else ""


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` terminal columns, at spaces where there are any."""
    lines: list[str] = []
    for line in textwrap.wrap(text, width, break_on_hyphens=False) or [""]:
        while columns(line) > width:  # textwrap counts characters; wide ones take two columns
            head = shorten(line, width, "")
            lines.append(head)
            line = line[len(head) :].lstrip()  # noqa: PLW2901  what is left of the line
        lines.append(line)
    return lines


ASCII = {
    NARROW_SPACE: " ", "\u00a0": " ", MINUS: "-", "–": "-", "—": "-", "…": "...", "×": "x", "·": "-", "’": "'",
    "▲": "^", "▼": "v", "→": "->", "✓": "+", "✕": "x",
}  # fmt: skip


def plain_text(text: str, *, unicode: bool = True) -> str:
    r"""For a terminal: a hyphen for minus, a plain space before %; without `unicode`, what is not ASCII as `\u00e9`."""
    text = text.replace(NARROW_SPACE, " ").replace(MINUS, "-")
    if unicode or text.isascii():
        return text
    swapped = "".join(ASCII.get(c, c) for c in text)
    return swapped.encode("ascii", "backslashreplace").decode("ascii")
