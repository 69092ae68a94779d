"""Expectations on a database's table, where it lies."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from audit.gx.keyed import Elsewhere, run_elsewhere
from audit.gx.outcomes import Outcome
from audit.sources.moment import Moment, told
from audit.suite import Expectation


def run_expectations_on_sql(
    now: Moment, expectations: Sequence[Expectation], *, rows: Sequence[Hashable] | None = None
) -> list[Outcome]:
    """Validate a table at one moment by every expectation, in the order given, without pulling it.

    Args:
        now: a snapshot of the database: `audit.sources.moment.moment`.
        expectations: what is expected of it.
        rows: the ids of all its rows in their order, where they have been read: then all that break one are named.

    Raises:
        UnknownName: if a type is none of Great Expectations'.
    """
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

    place = now.place
    engine = SqlAlchemyExecutionEngine(engine=now.engine)
    now.guests.append(engine)
    # by the table's own name, which SQLAlchemy quotes where it must; never a copy in a temporary table
    data = SqlAlchemyBatchData(
        execution_engine=engine, table_name=place.table, schema_name=place.schema, create_temp_table=False
    )
    table = Elsewhere(
        engine, data, place.id, list(place.declared), rows_in(now),
        lambda column: _count(now, column), lambda column: _count(now, column, distinct=True),
    )  # fmt: skip
    return run_elsewhere(table, expectations, rows=rows)


def rows_in(now: Moment) -> int:
    """How many rows the table has."""
    return _count(now, None)


def _count(now: Moment, column: str | None, *, distinct: bool = False) -> int:
    import sqlalchemy as sa

    what: Any = sa.text("*") if column is None else sa.column(column)
    what = sa.distinct(what) if distinct else what
    query = sa.select(sa.func.count(what)).select_from(sa.table(now.place.table, schema=now.place.schema))
    with told(now.place.address), now.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
