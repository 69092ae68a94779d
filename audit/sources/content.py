"""`Content`, what a source read before anyone said what its columns are for, and the words that may be asked of one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Origin, Roles
from audit.errors import InputError, UnknownName


@dataclass(frozen=True, eq=False)
class Content:
    """Columns, and pictures when they came as an array; in file order."""

    name: str
    table: pd.DataFrame
    """Index: the row ids the source gives; 0, 1, … unless it knows better."""
    origin: Origin = field(default_factory=Origin)
    images: np.ndarray | None = None
    roles: Roles | None = None
    """What the columns are for, when the source knows; used when nobody names a role."""
    classes: tuple[Hashable, ...] | None = None
    """The classes in their order, when the source knows."""
    notes: tuple[str, ...] = ()
    """What the source had to decide, in words."""


def parse_query(where: str, known: Mapping[str, Callable[[str], Any]]) -> tuple[str, dict[str, Any]]:
    """Split `name?key=value&…`; each value through its key's parser. An unknown key or bad value is an error."""
    name, _, query = where.partition("?")
    values: dict[str, Any] = {}
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        if key not in known:
            raise UnknownName.of("option", key, known, where=name)
        try:
            values[key] = known[key](value)
        except ValueError:
            raise InputError(f"{name}: option {key}={value!r} is not {_wanted(known[key])}") from None
    return name, values


def _wanted(parser: Callable[[str], Any]) -> str:
    return {int: "a whole number", float: "a number"}.get(parser, "true or false")  # type: ignore[call-overload, no-any-return]


def parse_flag(value: str) -> bool:
    """`true` or `false`."""
    if value.lower() not in ("true", "false"):
        raise ValueError(value)
    return value.lower() == "true"
