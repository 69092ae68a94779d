"""Great Expectations' one home: run expectations on a table and say for each what it found, row by row.

It also offers expectations about an audit's report to projects of Great Expectations: `import audit.gx.expectations`
registers them all, and so does the first of their names that is taken from here (docs/great-expectations.md).
"""

from typing import TYPE_CHECKING, Any

from audit.gx.ours import LATE
from audit.gx.outcomes import Outcome
from audit.gx.pinned import hash_of_report
from audit.gx.spark import run_expectations_on_spark
from audit.gx.sql import run_expectations_on_sql
from audit.gx.tables import check_expectations, run_expectations
from audit.gx.words import in_words

if TYPE_CHECKING:
    from audit.gx.expectations import *  # noqa: F403  what checkers of types see of __getattr__ below

__all__ = [  # noqa: PLE0604  strings all the same
    *LATE,
    "Outcome",
    "check_expectations",
    "hash_of_report",
    "in_words",
    "run_expectations",
    "run_expectations_on_spark",
    "run_expectations_on_sql",
]


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module 'audit.gx' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("audit.gx.expectations"), name)
