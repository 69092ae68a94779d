"""Whether two datasets keep a column alike. Where they do not, rows that are equal to the eye have other content, and a
search for equal rows would find none and call that clean."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError

NUMBERS, WORDS, MOMENTS, TRUTHS = "numbers", "words", "dates", "true and false"
OBJECTS = {"string": WORDS, "date": WORDS, "decimal": WORDS, "boolean": TRUTHS, "datetime": MOMENTS,
           "integer": NUMBERS, "floating": NUMBERS, "mixed-integer-float": NUMBERS}  # fmt: skip
"""What a column of Python's own values holds, by pandas' name for it; days and decimals have the content of their text."""
MEND = "store the column alike in both"


def check_column(name: str, here: tuple[str, pd.Series], there: tuple[str, pd.Series]) -> None:
    """InputError where hardly a cell of one side's column can equal one of the other's.

    Args:
        name: what the column is called.
        here: what this side is called, and its column.
        there: the same of the other side, whose fault it is said to be.
    """
    if why := unlike(here[1], there[1]):
        theirs, ours, so = why
        raise InputError(f"{there[0]}: column {name!r} holds {theirs}, in {here[0]} {ours}: {so}; {MEND}")


def stored_otherwise(before: Dataset, after: Dataset) -> tuple[str, ...]:
    """A line for each column of both whose cells differ for how they are stored, whatever they say."""
    shared = [c for c in before.table.columns if c in after.table.columns]
    found = {c: unlike(before.table[c], after.table[c]) for c in shared}
    return tuple(f"column {c!r} holds {w[1]} before and {w[0]} after: {w[2]}; {MEND}" for c, w in found.items() if w)


def unlike(here: pd.Series, there: pd.Series) -> tuple[str, str, str] | None:
    """What the other column holds, what this one holds, and what follows; None where their cells can be equal.

    Whole numbers are one number whatever their type. A fraction is another one in 32 bits than in 64 unless it was made
    in 32; a moment is its text, so that dates can equal words that are written as they are.
    """
    ours, theirs = _held(here), _held(there)
    if ours is None or theirs is None:
        return None
    if ours != theirs and not _spelt_alike(here, there, {ours, theirs}):
        return theirs, ours, "no rows would ever be equal"
    if ours == theirs == NUMBERS and _rounded(here, there):
        bits = [f"fractions of {8 * c.dtype.itemsize} bits" for c in (there, here)]  # type: ignore[union-attr]
        return bits[0], bits[1], "hardly a row would be equal"
    return None


def _held(column: pd.Series) -> str | None:
    """What the column holds; None where it holds nothing, or nothing that there is a word for."""
    values = column.dropna()
    if not len(values):
        return None
    kind = values.cat.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    if kind.kind in "iufbM":
        zone = getattr(kind, "tz", None)
        moments = MOMENTS if zone is None else f"{MOMENTS} of {zone}"
        return {"M": moments, "b": TRUTHS}.get(kind.kind, NUMBERS)
    if isinstance(kind, pd.StringDtype):
        return WORDS
    return OBJECTS.get(pd.api.types.infer_dtype(values))


def _spelt_alike(here: pd.Series, there: pd.Series, held: set[str]) -> bool:
    """Whether one side's words have a form that the other's dates have, digit for digit."""
    if WORDS not in held or not any(what.startswith(MOMENTS) for what in held):
        return False
    forms = [set(c.dropna().map(str).str.replace(r"\d", "0", regex=True)) for c in (here, there)]
    return bool(forms[0] & forms[1])


def _rounded(here: pd.Series, there: pd.Series) -> bool:
    """Whether one of two columns of floats holds fractions that the other's width would round."""
    if not here.dtype.kind == there.dtype.kind == "f" or here.dtype.itemsize == there.dtype.itemsize:  # type: ignore[union-attr]
        return False
    narrow, wide = sorted((here, there), key=lambda c: c.dtype.itemsize)  # type: ignore[union-attr]
    values = wide.dropna().to_numpy("float64")
    fractions = values[values % 1 != 0]
    with np.errstate(over="ignore"):
        return bool((fractions.astype(f"f{narrow.dtype.itemsize}") != fractions).any())  # type: ignore[union-attr]
