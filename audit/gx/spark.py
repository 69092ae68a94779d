"""Expectations on a Spark data frame, where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.errors import InputError, UnknownName
from audit.gx.keyed import Elsewhere, run_elsewhere
from audit.gx.outcomes import Outcome
from audit.suite import Expectation


def run_expectations_on_spark(frame: Any, expectations: Sequence[Expectation], *, key: str) -> list[Outcome]:
    """Validate a pyspark DataFrame by every expectation, in the order given, without collecting it.

    Args:
        frame: the DataFrame; it is persisted while it is looked at, so that every expectation sees the same rows.
        expectations: what is expected of it.
        key: the column that names the rows.

    Raises:
        UnknownName: if there is no such column, or a type is none of Great Expectations'.
        InputError: if the key is missing in a row, or names two.
    """
    from great_expectations.execution_engine import SparkDFExecutionEngine
    from great_expectations.execution_engine.sparkdf_batch_data import SparkDFBatchData
    from pyspark.sql import functions as f

    if key not in frame.columns:
        raise UnknownName.of("column", key, frame.columns, where="Spark data frame")
    kept = frame.persist()
    try:
        rows = kept.count()
        names = f.col(_quoted(key))
        counted = kept.agg(f.count(names).alias("filled"), f.countDistinct(names).alias("different")).first()
        if counted["filled"] < rows:
            raise InputError(
                f"Spark data frame: column {key!r} has no id in {rows - counted['filled']:,} of {rows:,} rows"
            )
        if counted["different"] < rows:
            raise InputError(f"Spark data frame: column {key!r} names {rows - counted['different']:,} rows twice")
        engine = SparkDFExecutionEngine(persist=False)
        table = Elsewhere(
            engine, SparkDFBatchData(engine, kept), key, list(frame.columns), rows,
            lambda c: int(kept.agg(f.count(f.col(_quoted(c)))).first()[0]),
            lambda c: int(kept.agg(f.countDistinct(f.col(_quoted(c)))).first()[0]),
        )  # fmt: skip
        return run_elsewhere(table, expectations)
    finally:
        kept.unpersist()


def _quoted(column: str) -> str:
    """A column by its whole name, whatever dots are in it."""
    return "`" + column.replace("`", "``") + "`"
