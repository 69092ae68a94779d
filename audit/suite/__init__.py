"""What is demanded of a dataset: a suite, its text, the words for it, and its exchange with other tools."""

from audit.suite.value import (
    NULL,
    SEVERITIES,
    SHIPPED,
    Expectation,
    Limit,
    Severity,
    Suite,
    as_written,
    default_suite,
    parse_suite,
    read_suite,
)

__all__ = [
    "NULL",
    "SEVERITIES",
    "SHIPPED",
    "Expectation",
    "Limit",
    "Severity",
    "Suite",
    "as_written",
    "default_suite",
    "parse_suite",
    "read_suite",
]
