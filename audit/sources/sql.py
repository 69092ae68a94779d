"""A table or view of PostgreSQL or SQLite: its rows as a typed table, read in one snapshot and named by a key.

Rows have no order of their own in a database, so they stand in the order of the column that names them: the one that
is given, else the primary key.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from audit import fingerprint as fp
from audit.dataset import Dataset, Origin
from audit.errors import InputError, StaleError, some
from audit.sources.content import Content
from audit.sources.moment import Moment, moment, told
from audit.sources.places import Place
from audit.sources.tables import content_of

BLOCK = 10_000
"""Rows that are fetched at a time."""
ARROW = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "bytes": pa.binary(),
}
"""Every kind of column but two: `numeric`, whose values decide, and `stored`, as SQLite holds each value."""


def read_database(where: str) -> Content:
    """Read the table that an address names, whole."""
    with moment(where) as now:
        return read_moment(now)


def read_moment(now: Moment) -> Content:
    """The rows of this moment, in the order of the column that names them."""
    place = now.place
    table, notes = _arrow(now)
    names = table.column(place.id)
    if names.null_count:
        raise InputError(f"{place.name}: column {place.id!r} has no id in {names.null_count:,} of {len(table):,} rows")
    table = table.take(pc.sort_indices(names))
    options = {"address": place.name, "id": place.id, "declared": dict(place.declared)}
    content = content_of(table, Origin(options=options), place.name)
    told = Origin(options={**options, "read": digest(content.table)})
    return Content(place.name, content.table, told, notes=(place.how, *notes))


def digest(table: pd.DataFrame) -> str:
    """A hash of the names and values of a table's columns, in their order."""
    columns = [fp.hash_column(fp.canonical(table[c])) for c in table.columns]
    return fp.digest([*(str(c).encode() for c in table.columns), *columns])


def came_from(data: Dataset) -> str | None:
    """The address of the table that `data` was read from, whatever was done to it since."""
    address: str | None = data.origin.options.get("address")
    return address


def lies_in(data: Dataset) -> str | None:
    """The address of the table that `data` was read from; None where it came from elsewhere or was edited since."""
    address = came_from(data)
    return address if address is not None and digest(data.table) == data.origin.options["read"] else None


def prove(data: Dataset) -> None:
    """StaleError unless `data`, if it came from a table, is as it was read, and the table still holds it."""
    if came_from(data) is None:
        return
    address = lies_in(data)
    if address is None:
        raise StaleError(f"{data.name}: was changed after it was read of the table; certify it as data in memory")
    with moment(address) as now:
        hold(data, now)


def hold(data: Dataset, now: Moment) -> None:
    """StaleError unless the table holds, at this moment, just what was read of it, under the same types."""
    said, place = data.origin.options, now.place
    if dict(said["declared"]) != dict(place.declared):
        changed = [c for c, kind in place.declared.items() if said["declared"].get(c) != kind]
        what = f"column {some(changed)} is new, or of another type" if changed else "columns are gone"
        raise StaleError(f"{data.name}: the table was changed after it was read: {what}; gate it again")
    again = read_moment(now)
    if again.origin.options["read"] != said["read"]:
        count = f"{len(data):,} rows then, {len(again.table):,} now"
        differ = "some hold other values" if len(data) == len(again.table) else count
        raise StaleError(
            f"{data.name}: the table was changed after its rows were read: {differ}; gate it again, or gate a copy that "
            f"nobody writes to"
        )


def _arrow(now: Moment) -> tuple[pa.Table, tuple[str, ...]]:
    """The rows as they come, and what had to be decided about columns."""
    place, kinds = now.place, now.place.kinds
    parts: dict[str, list[Any]] = {name: [] for name in kinds}
    seen = 0
    with closing(_blocks(now)) as blocks:
        for block in blocks:
            for i, (name, kind) in enumerate(kinds.items()):
                values = [row[i] for row in block]
                parts[name] += [_typed(place, name, values, seen)] if kind in ARROW else values
            seen += len(block)
    notes: list[str] = []
    columns: dict[str, Any] = {}
    for name, kind in kinds.items():
        if kind in ARROW:
            columns[name] = pa.chunked_array(parts[name], type=ARROW[kind])
        elif kind == "numeric":
            columns[name], said = _numeric(place, name, parts[name])
            notes += said
        else:
            columns[name] = _stored(place, name, parts[name])
    return pa.table(columns), tuple(notes)


def _blocks(now: Moment) -> Generator[Sequence[Any], None, None]:
    import sqlalchemy as sa

    place = now.place
    postgresql = place.address.dialect == "postgresql"
    # columns without types: the driver's own values, not what SQLAlchemy would make of them
    columns: list[Any] = [sa.column(c) for c in place.kinds]
    as_text = {c for c in place.kinds if postgresql and place.kinds[c] == "text"}
    asked = [sa.cast(c, sa.Text).label(c.name) if c.name in as_text else c for c in columns]
    query = sa.select(*asked).select_from(sa.table(place.table, schema=place.schema))
    with told(place.address), now.engine.connect() as connection:
        # asked of the query alone: as the connection's option it would hold for the words that begin a transaction too
        result = connection.execute(query.execution_options(stream_results=postgresql))
        yield from result.partitions(BLOCK)


def _typed(place: Place, name: str, values: list[Any], seen: int) -> pa.Array:
    kind = place.kinds[name]
    if kind == "bool" and place.address.dialect == "sqlite":
        values = [bool(v) if v in (0, 1) else v for v in values]
    wrong = (i for i, v in enumerate(values) if not _fits(v, kind))
    if kind == "text" and place.address.dialect == "sqlite" and (odd := next(wrong, None)) is not None:
        raise _odd(place, name, values[odd], seen + odd)  # Arrow takes bytes for text where they could be some
    try:
        return pa.array(values, type=ARROW[kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError):
        odd = next(wrong, 0)
        raise _odd(place, name, values[odd], seen + odd) from None


def _odd(place: Place, name: str, value: Any, row: int) -> InputError:
    return InputError(
        f"{place.name}: column {name!r} is declared {place.declared[name]} and holds {type(value).__name__} "
        f"{str(value)[:40]!r}, in row {row:,} of the table as it came"
    )


def _fits(value: Any, kind: str) -> bool:
    if kind == "text":
        return value is None or isinstance(value, str)
    try:
        pa.scalar(value, type=ARROW[kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError):
        return False
    return True


def _numeric(place: Place, name: str, values: list[Any]) -> tuple[pa.Array, list[str]]:
    """Exact decimals as numbers where those hold them, else as text."""
    filled = [v for v in values if v is not None]
    whole = place.declared[name].replace(" ", "").endswith(",0)")
    if whole and all(v.is_finite() and -(2**63) <= v < 2**63 for v in filled):
        return pa.array([None if v is None else int(v) for v in values], type=pa.int64()), []
    if all(not v.is_finite() or Decimal(repr(float(v))) == v for v in filled):
        return pa.array([None if v is None else float(v) for v in values], type=pa.float64()), []
    kept = pa.array([None if v is None else str(v) for v in values], type=pa.string())
    return kept, [f"column {name!r} is read as words: it holds more digits than a number of 64 bits does"]


def _stored(place: Place, name: str, values: list[Any]) -> pa.Array:
    """What SQLite holds, of whatever kind that is, so long as it is one kind."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        kinds = " and ".join(sorted({type(v).__name__ for v in values if v is not None}))
        raise InputError(f"{place.name}: column {name!r} mixes {kinds}") from None
