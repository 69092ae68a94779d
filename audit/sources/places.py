"""Where a database's table is found, what names its rows, and of what kind its columns are."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.address import Address
from audit.errors import InputError, UnknownName


@dataclass(frozen=True)
class Place:
    """A table, found."""

    address: Address
    schema: str | None
    table: str
    id: str
    """The column that names the rows."""
    how: str
    """Why that one, in words."""
    declared: Mapping[str, str]
    """Every column in its order, with the type that the database says it has."""
    kinds: Mapping[str, str]

    @property
    def name(self) -> str:
        """The address that leads here again."""
        return self.address.shown


def found(address: Address, engine: Any) -> Place:
    """Find the table of an address. UnknownName says which tables there are, InputError what could name the rows."""
    import sqlalchemy as sa

    look = sa.inspect(engine)
    schema, table = _table(address, look)
    with warnings.catch_warnings():
        # a type that SQLAlchemy does not know is read as text
        warnings.filterwarnings("ignore", message="Did not recognize type", category=sa.exc.SAWarning)
        columns = {c["name"]: c["type"] for c in look.get_columns(table, schema=schema)}
    key = tuple(look.get_pk_constraint(table, schema=schema)["constrained_columns"] or ())
    named = replace(address, table=table if schema is None else f"{schema}.{table}")
    by, how = _key(named, columns, key)
    declared = {name: _said(kind, engine) for name, kind in columns.items()}
    kinds = {name: _kind(kind, address.dialect) for name, kind in columns.items()}
    return Place(named, schema, table, by, how, declared, kinds)


def _table(address: Address, look: Any) -> tuple[str | None, str]:
    """The schema, None for the usual one, and the table or view of that name."""
    there = _names(look, None)
    if not address.table:
        listed = f"there is {', '.join(there[:12])}" if there else "there is none"
        raise InputError(f"{address.shown}: which table? name it with --table; {listed}")
    if address.table in there:
        return None, address.table
    schema, dot, table = address.table.partition(".")
    if dot and schema in look.get_schema_names():
        inside = _names(look, schema)
        if table in inside:
            return schema, table
        there = [f"{schema}.{name}" for name in inside]
    raise UnknownName.of("table", address.table, there, where=replace(address, table="").shown)


def _names(look: Any, schema: str | None) -> list[str]:
    found = [*look.get_table_names(schema=schema), *look.get_view_names(schema=schema)]
    if look.dialect.name == "postgresql":
        found += look.get_materialized_view_names(schema=schema)
    return sorted(found)


def _key(address: Address, columns: Mapping[str, Any], primary: tuple[str, ...]) -> tuple[str, str]:
    if address.id:
        if address.id not in columns:
            raise UnknownName.of("column", address.id, columns, where=address.shown)
        return address.id, f"rows stand in the order of column {address.id!r}, which names them"
    if len(primary) == 1:
        return primary[0], f"id is column {primary[0]!r}, the table's primary key; rows stand in its order"
    lacks = f"a primary key of {len(primary)} columns ({', '.join(primary)})" if primary else "no primary key"
    raise InputError(
        f"{address.shown}: the table has {lacks}, and rows of a database have no place that could name them: name the "
        f"column that tells them apart with --id; columns are {', '.join(columns)}"
    )


def _kind(declared: Any, dialect: str) -> str:
    import sqlalchemy as sa

    if isinstance(declared, sa.DateTime) and dialect == "postgresql":
        return "timestamptz" if declared.timezone else "timestamp"
    known = [(sa.Boolean, "bool"), (sa.Integer, "int"), (sa.Float, "float"), (sa.LargeBinary, "bytes")]
    if dialect == "postgresql":
        known += [(sa.Numeric, "numeric"), (sa.Date, "date")]
        return next((kind for of, kind in known if isinstance(declared, of)), "text")
    known += [(sa.String, "text")]
    return next((kind for of, kind in known if isinstance(declared, of)), "stored")


def _said(declared: Any, engine: Any) -> str:
    import sqlalchemy as sa

    try:
        return str(declared.compile(dialect=engine.dialect))
    except sa.exc.CompileError:  # a type that SQLAlchemy does not know
        return "unknown"
