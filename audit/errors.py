"""What assay says when it cannot go on, and the exit code that goes with it.

AssayError                   2   one line: subject, what is wrong, what there is
├── InputError               2   the data, a file, a column or a row is not what it must be
├── UnknownName              2   a name that is not there; says what there is and what is near
├── OutputError              2   the place to write to exists already, or refuses
├── Uncertified              1   the certificate does not let this data be trained on (audit/certificate/record.py)
└── Undecided                3   nobody can tell whether the data is fit
    └── StaleError           3   a report, patch or certificate of other data

NotApplicable                    how a check says that it has nothing to look at, and why
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AssayError(Exception):
    """An expected failure: printed as one line, never as a traceback."""

    exit_code = 2


class InputError(AssayError):
    """The data, a file, a column or a row is not what it must be."""


class UnknownName(AssayError):
    """A name that is not in its list."""

    @classmethod
    def of(cls, what: str, name: object, known: Iterable[object], *, where: str = "") -> UnknownName:
        """Say that `name` is not among `known`, and which of them it may have meant."""
        names = [str(k) for k in known]
        near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
        listed = ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
        prefix = f"{where}: " if where else ""
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return cls(f"{prefix}no {what} {str(name)!r}; there is {listed or 'none'}{hint}")


class OutputError(AssayError):
    """The place to write to exists already, or refuses."""


class Undecided(AssayError):
    """Nobody can tell whether the data is fit; outranks a failure."""

    exit_code = 3


class StaleError(Undecided):
    """A report, patch or certificate made for other data."""


class NotApplicable(Exception):
    """How a check says that it has nothing to look at, and why."""


def some(rows: Iterable[object], most: int = 5) -> str:
    """Name a few rows of many: `3, 17, 20, … (12 in all)`."""
    named = list(rows)
    tail = f", … ({len(named):,} in all)" if len(named) > most else ""
    return ", ".join(str(r) for r in named[:most]) + tail
