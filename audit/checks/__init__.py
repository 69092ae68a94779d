"""The checks, in the report's order. Adding one: a function in a file of its own, named once here.

A check takes the Evidence and its options (keyword-only, from `[checks.NAME]` of the suite) and returns Issues; it
raises NotApplicable(why) when it has nothing to look at.
"""

from collections.abc import Callable

from audit.checks.conflicts import conflicts
from audit.checks.duplicates import duplicates
from audit.checks.imbalance import imbalance
from audit.checks.labels import labels
from audit.checks.leakage import leakage
from audit.checks.missing import missing
from audit.checks.non_iid import non_iid
from audit.checks.outliers import outliers
from audit.checks.schema import schema
from audit.checks.valuation import valuation
from audit.report import Issues

Check = Callable[..., Issues]

CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        schema,
        labels,
        conflicts,
        duplicates,
        outliers,
        leakage,
        imbalance,
        missing,
        non_iid,
        valuation,
    )
}

__all__ = ["CHECKS", "Check"]
