"""Two texts side by side: the words in which they differ are marked, long stretches that they share are left out.

The comparison is a longest common subsequence of words, whose cost is bounded whatever the texts are: what two texts
begin and end with alike is found in one pass, and of what lies between at most `MOST` words of each are compared. What
follows the last word found alike there may go on beyond: it counts as not compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np
from markupsafe import Markup

from audit.render import words

MOST = 600
"""Words of each text that are compared, beyond those that both begin and end with."""
CONTEXT = 10
"""Words of a common stretch that are shown beside a difference."""
WORTH_LEAVING_OUT = 6
"""A stretch is left out only where that saves so many words."""
LONGEST = 140
"""Words of each text that are shown."""
ALONE = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Letters of scripts that are written without spaces: each is a word by itself."""
JOINERS = "\u200c\u200d"
MARKED = range(0x300, 0x1F000)
"""Where Unicode has its combining marks, such as the vowel signs of Indic scripts."""
Kind = Literal["same", "differs", "lacks", "gap"]
TEMPLATES = {
    "same": Markup("{}{}"),
    "differs": Markup("<mark>{}</mark>{}"),
    "lacks": Markup('<mark class="lacks">{}</mark>{}'),
    "gap": Markup('<span class="gap">{}</span>{}'),
}
"""A run's text and the white space after it, as HTML."""
Words = list[tuple[str, str]]
"""Each with the white space after it."""


@dataclass(frozen=True)
class Run:
    """A stretch of a text: common to both, only in this one, where only the other has something, or left out."""

    kind: Kind
    text: str = ""


Runs = tuple[Run, ...]


@cache
def word() -> re.Pattern[str]:
    """A word with its combining marks, or another sign; and the white space after it."""
    marks = "".join(sign for sign in map(chr, MARKED) if unicodedata.category(sign).startswith("M")) + JOINERS
    return re.compile(rf"([^\W{ALONE}](?:[^\W{ALONE}]|[{marks}])*|\S[{marks}]*)(\s*)")


def differences(a: str, b: str) -> tuple[Runs, Runs]:
    """Both texts in runs. White space between words does not count; capitals do only where nothing else differs."""
    left, right = word().findall(a), word().findall(b)
    pieces, ends = _pieces(*([w.casefold() for w, _ in text] for text in (left, right)))
    if all(p.same for p in pieces):
        pieces, ends = _pieces(*([w for w, _ in text] for text in (left, right)))
    return (
        _runs(left, [(p.same, p.a) for p in pieces], ends[0]),
        _runs(right, [(p.same, p.b) for p in pieces], ends[1]),
    )


def markup(runs: Runs) -> Markup:
    """Runs as HTML, escaped: `<mark>` around what differs, an empty one where only the other text has something."""
    return Markup("").join(
        TEMPLATES[run.kind].format(run.text.rstrip(), run.text[len(run.text.rstrip()) :]) for run in runs
    )


# -- which words belong together ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A stretch of both texts, from where to where; of equal length where they are the same there."""

    same: bool
    a: tuple[int, int]
    b: tuple[int, int]


def _pieces(a: Sequence[str], b: Sequence[str]) -> tuple[list[_Piece], tuple[int, int]]:
    """Common and differing stretches in turn, and up to which word of each text they reach."""
    shortest = min(len(a), len(b))
    head = next((k for k in range(shortest) if a[k] != b[k]), shortest)
    left = shortest - head
    tail = next((k for k in range(left) if a[-1 - k] != b[-1 - k]), left)
    inner = [list(x[head : min(len(x) - tail, head + MOST)]) for x in (a, b)]
    matched = [(head + i, head + j) for i, j in _common(*inner)]
    if max(len(a), len(b)) - head - tail > MOST:
        tail = 0  # what lies beyond the words that are compared is not shown, so neither is a common end
        inner = [x[: matched[-1][k] + 1 - head] if matched else x for k, x in enumerate(inner)]
    ends = (head + len(inner[0]) + tail, head + len(inner[1]) + tail)
    same = [(k, k) for k in range(head)] + matched + [(ends[0] - k, ends[1] - k) for k in range(tail, 0, -1)]
    out: list[_Piece] = []
    for (i, j), (k, m) in pairwise([(-1, -1), *same, ends]):
        if (k, m) != (i + 1, j + 1):
            out.append(_Piece(False, (i + 1, k), (j + 1, m)))
        if (k, m) != ends:
            began = out.pop() if out and out[-1].same else _Piece(True, (k, k), (m, m))
            out.append(_Piece(True, (began.a[0], k + 1), (began.b[0], m + 1)))
    return out, ends


def _common(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of a longest common subsequence; len(a) steps of len(b) numbers."""
    codes = {word: k for k, word in enumerate(dict.fromkeys([*a, *b]))}
    other = np.array([codes[word] for word in b], dtype=np.int32)
    length = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int16)
    for i, word in enumerate(a, 1):
        longer = length[i - 1, :-1] + (other == codes[word])
        length[i, 1:] = np.maximum.accumulate(np.maximum(length[i - 1, 1:], longer))
    pairs, i, j = [], len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif length[i - 1, j] >= length[i, j - 1]:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


# -- what is shown -----------------------------------------------------------------------------------------------------


def _runs(text: Words, pieces: Sequence[tuple[bool, tuple[int, int]]], end: int) -> Runs:
    """The pieces of one text, up to the first that begins beyond `LONGEST` words; `end` is how far it was compared."""
    out: list[Run] = []
    seen = shown = 0
    for same, (start, stop) in pieces:
        if shown >= LONGEST:
            break
        cut = stop if same else min(stop, start + LONGEST - shown)
        parts = _common_part(text[start:stop]) if same else [_differing(text[start:cut])]
        out += parts
        shown += min(cut - start, 2 * CONTEXT if same else LONGEST)
        seen = cut
    if seen < len(text):
        out.append(Run("gap", _left_out(text[seen:], "more ", ", not compared" if seen >= end else "")))
    return tuple(out)


def _common_part(part: Words) -> list[Run]:
    hidden = part[CONTEXT:-CONTEXT]
    if len(hidden) < WORTH_LEAVING_OUT:
        return [Run("same", _joined(part))]
    gap = Run("gap", f"{_left_out(hidden, '', ' the same …')} ")
    return [Run("same", _joined(part[:CONTEXT])), gap, Run("same", _joined(part[-CONTEXT:]))]


def _differing(part: Words) -> Run:
    return Run("differs", _joined(part)) if part else Run("lacks")


def _joined(part: Words) -> str:
    return "".join(word + space for word, space in part)


def _left_out(part: Words, which: str, told: str) -> str:
    """How many words are not shown; signs are not counted, and nothing is said where there are only signs."""
    n = sum(any(map(str.isalnum, text)) for text, _ in part)
    return f"… {words.plural(n, f'{which}word')}{told}" if n else "…"
