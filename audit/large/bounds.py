"""Bounds of memory and of time: how they are written, what an audit needs, and what happens when time is up."""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from audit.checks import Check
from audit.errors import InputError, NotApplicable
from audit.evidence.gather import Evidence
from audit.report import Issues

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
PROGRAM = 400 << 20
"""Resident memory of the program itself with every library that an audit imports, Great Expectations the heaviest."""
PAIRED = 60
"""Bytes of each neighbour of a row while an exact search tells who they are."""
VIEWS, NEIGHBOURS = 8, 50
"""An ordinary audit holds about so many (n, K) arrays of float64 at its peak, and so many neighbours of each row."""
PICTURED = 24 << 10
"""Bytes of a picture's gradients and pixels, and of their copies while principal components are fitted to them."""


def parse_size(said: str) -> int:
    """Bytes of `4G`, `512M`, `1.5GB`, `800MiB`; units are powers of 1,024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", said.strip().upper())
    if match is None or not float(match[1]):
        raise InputError(f"memory {said!r}: a size is expected, such as 512M or 4G")
    return int(float(match[1]) * UNITS[match[2]])


def available() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def size(count: float) -> str:
    """Bytes in words: `1.4 GB`, `512 MB`; units are powers of 1,024."""
    unit = "G" if count >= UNITS["G"] else "M"
    return f"{count / UNITS[unit]:.{1 if unit == 'G' else 0}f} {unit}B"


def parse_budget(said: str) -> int | float:
    """A budget of rows, an int, written as a bare integer; or of seconds, a float, written `30s`, `10m`, `1.5h`."""
    if re.fullmatch(r"\d+", said):
        return int(said)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", said.strip().lower())
    if match is None or not float(match[1]):
        raise InputError(f"budget {said!r}: a number of labels (500) or a time (30s, 10m, 1h) is expected")
    return float(match[1]) * SECONDS[match[2]]


@dataclass(frozen=True)
class Clock:
    """A time bound that began when this was made."""

    seconds: float | None = None
    """None: no bound."""
    began: float = field(default_factory=time.monotonic)

    def spent(self) -> str:
        """Why there is no time left, or '' while there is."""
        gone = time.monotonic() - self.began
        if self.seconds is None or gone < self.seconds:
            return ""
        return f"not begun: the time budget of {self.seconds:g} s was used up after {gone:.1f} s"


def within(clock: Clock, checks: Mapping[str, Check]) -> list[Check]:
    """The checks, each of which is not applicable once the time is up. One that has begun is finished."""
    return [_timed(check, clock) for check in checks.values()]


def _timed(check: Check, clock: Clock) -> Callable[..., Issues]:
    @functools.wraps(check)
    def run(evidence: Evidence, **options: object) -> Issues:
        if why := clock.spent():
            raise NotApplicable(why)
        return check(evidence, **options)

    return run


def ordinary_bytes(rows: int, table: int, features: int, classes: int) -> int:
    """About what an ordinary audit holds at its peak.

    Args:
        rows: of the data.
        table: bytes of all its columns, decoded.
        features: how many columns are learnt from.
        classes: how many there are, or columns of probabilities.
    """
    a_row = 8 * classes * VIEWS + (12 + PAIRED) * NEIGHBOURS + 3 * 4 * max(features, 64)
    return PROGRAM + 3 * table + rows * a_row


def streamed_bytes(rows: int, a_row: int, group: int) -> int:
    """About what a streamed audit holds at its peak: `a_row` bytes a row, and some copies of the largest row group."""
    return PROGRAM + rows * a_row + 4 * group
