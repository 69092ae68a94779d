"""What is asked of a table whose rows are not read: whether reading them would be refused."""

from __future__ import annotations

from typing import Any

from audit.errors import InputError
from audit.sources.moment import Moment, told

HELD = {"int": {"integer"}, "float": {"real", "integer"}, "bool": {"integer"}, "text": {"text"}, "bytes": {"blob"}}
"""A column's kind to what SQLite may hold in it; it lets every column hold anything."""
NUMBERS = {"real", "integer"}


def sound(now: Moment) -> None:
    """InputError unless every row has an id of its own and, in SQLite, every column holds what it is declared as."""
    import sqlalchemy as sa

    place = now.place
    table: Any = sa.table(place.table, schema=place.schema)
    with told(place.address), now.engine.connect() as connection:
        key: Any = sa.column(place.id)
        asked = sa.select(sa.func.count(), sa.func.count(key), sa.func.count(sa.distinct(key))).select_from(table)
        rows, named, different = connection.execute(asked).one()
        if named < rows:
            raise InputError(f"{place.name}: column {place.id!r} has no id in {rows - named:,} of {rows:,} rows")
        if different < rows:
            raise InputError(f"{place.name}: column {place.id!r} names {rows - different:,} of {rows:,} rows twice")
        for name, kind in place.kinds.items() if place.address.dialect == "sqlite" else ():
            held = _held(sa.column(name), kind)
            counts = connection.execute(sa.select(held, sa.func.count()).select_from(table).group_by(held))
            _one_kind(now, name, {str(what): int(count) for what, count in counts})


def _held(column: Any, kind: str) -> Any:
    """The kind of each value as SQLite has it; of truth values those that are neither 0 nor 1 by a name of their own."""
    import sqlalchemy as sa

    what = sa.func.typeof(column)
    return sa.case((column.not_in((0, 1)), "other than 0 and 1"), else_=what) if kind == "bool" else what


def _one_kind(now: Moment, name: str, counts: dict[str, int]) -> None:
    place, held = now.place, counts.keys() - {"null"}
    allowed = HELD.get(place.kinds[name])
    if allowed is None:  # whatever it holds, so long as it is one kind; whole and other numbers are
        if len(held) > 1 and not held <= NUMBERS:
            raise InputError(f"{place.name}: column {name!r} mixes {' and '.join(sorted(held))}")
    elif odd := held - allowed:
        raise InputError(
            f"{place.name}: column {name!r} is declared {place.declared[name]} and holds {' and '.join(sorted(odd))} "
            f"in {sum(counts[what] for what in odd):,} of {sum(counts.values()):,} rows"
        )
