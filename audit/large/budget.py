"""How many rows are drawn for the checks of a sample: by the memory and the time that are left, never by a clock's hand."""

from __future__ import annotations

from audit.errors import NotApplicable
from audit.evidence.embeddings import DIMENSIONS
from audit.evidence.gather import GRAPH
from audit.large.bounds import PICTURED, Clock, ordinary_bytes, size
from audit.large.drawn.near import at_once
from audit.large.read.table import LargeData
from audit.large.read.tiles import TILE

MOST, FEWEST = 10_000, 200
"""Rows drawn at most, and at least."""
WORK, ENOUGH = 5e12, 1_000
"""Drawn rows times rows times dimensions up to which more than `ENOUGH` are drawn."""
A_SECOND = 1e10
"""Such products that are counted on in a second, half of the time that is bounded."""
FITTED = 24
"""Bytes of each of a picture's columns while a head is fitted to them."""
TERMS = 60
"""Bytes of words and signs for each byte of a text, and"""
SINGULAR = 350 << 20
"""bytes in which the singular vectors of all words and signs are found."""


def drawn_rows(data: LargeData, room: int, clock: Clock, wide: int = DIMENSIONS) -> int:
    """How many rows to draw: the same for the same data and bounds, whatever the machine does.

    Args:
        data: all rows.
        room: bytes that may be taken.
        clock: whose whole bound counts, not what is left of it.
        wide: columns of a vector.

    Raises:
        NotApplicable: if they are so few that nothing could be said.
    """
    n = data.table.rows
    by_work, by_time, by_memory = _bounds(data, room, clock, wide)
    count = min(n, MOST, by_work, by_time, by_memory)
    if count < min(n, FEWEST):
        bound = "the time" if by_time <= by_memory else f"{size(max(room, 0))} of memory that are left"
        raise NotApplicable(f"{bound} suffice for {max(count, 0):,} drawn rows, and fewer than {FEWEST} say little")
    return count


def asked_rows(data: LargeData, room: int, clock: Clock, wide: int = DIMENSIONS) -> int:
    """How many rows of other data may be held against all rows: as many as would be drawn here, were there so many."""
    return max(0, min(MOST, *_bounds(data, room, clock, wide)))


def _bounds(data: LargeData, room: int, clock: Clock, wide: int) -> tuple[int, int, int]:
    """How many rows the work, the time and the memory suffice for."""
    n = data.table.rows
    by_work = max(ENOUGH, int(WORK / (n * wide)))
    by_time = MOST if clock.seconds is None else int(clock.seconds / 2 * A_SECOND / (n * wide))
    fixed, each = sample_bytes(data, wide)
    return by_work, by_time, (room - fixed) // each


def sample_bytes(data: LargeData, wide: int = DIMENSIONS) -> tuple[int, int]:
    """About what the checks of a sample hold: whatever its size, and for each drawn row."""
    n, kind = data.table.rows, data.head.kind
    text = data.head.roles.text if kind == "text" else None
    a_row = -(-data.table.bytes // n)
    words = 0
    if text is not None:  # as the file counts them, which says a repeated text once, or as the first rows have them
        words = max(-(-data.table.columns.get(text, 0) // n), sum(map(len, data.head.texts)) // len(data.head))
    made = max(PICTURED, FITTED * wide) if kind == "image" else TERMS * words
    tile = 4 * min(TILE, n) * (wide + 1) * 4 + min(at_once(data.head), n) * (a_row + made)
    fit = SINGULAR if text is not None else 0
    features = len(data.head.roles.features)
    each = ordinary_bytes(1, a_row, max(features, wide), len(data.classes)) - ordinary_bytes(0, 0, 0, 0)
    return tile + fit, each + made + 6 * 8 * (2 * GRAPH + 8)
