"""What became of one expectation. Great Expectations passes silently where it should not (an expectation that crashed
is a plain failure, one that had nothing to look at is a success): here those are states of their own, never a pass."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audit.suite import Expectation

NO_VALUES_NEEDED = (
    "expect_column_to_exist",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_null",
    "expect_column_proportion_of_non_null_values_to_be_between",
)
"""What can be said of a column even where every value is missing."""


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation."""

    expectation: Expectation
    state: Literal["pass", "fail", "error"]
    why: str
    rows: tuple[Hashable, ...]
    """The ids of the rows that break it; none for an expectation about the table as a whole."""
    values: tuple[Any, ...]
    """Their values, as text or numbers."""
    checked: int
    """How many rows it looked at."""


def error(expectation: Expectation, why: str) -> Outcome:
    """An expectation of which nobody can say whether it holds."""
    return Outcome(expectation, "error", why[:300], (), (), 0)


def counting(expectation: Expectation, result: Mapping[str, Any]) -> Any:
    """What tells how many rows meet a row condition and have a value, for `counted`; None where `result` says it.

    Of a sum, a share or a set of distinct values Great Expectations says what it is, and not of how many rows.
    """
    from great_expectations.expectations import ExpectColumnValuesToNotBeNull

    named = ("column", "row_condition", "condition_parser")
    asked = {name: expectation.kwargs[name] for name in named if expectation.kwargs.get(name) is not None}
    if "element_count" in result or not {"column", "row_condition"} <= asked.keys():
        return None
    return ExpectColumnValuesToNotBeNull(**asked)


def counted(result: Mapping[str, Any]) -> dict[str, int]:
    """The rows that meet the condition, and those of them without a value, by what `counting` found."""
    return {"element_count": result["element_count"], "missing_count": result["unexpected_count"] or 0}


def crashes(info: Mapping[str, Any] | None) -> list[str]:
    """The messages of the exceptions behind a result; the two shapes that Great Expectations gives them."""
    if not info:
        return []
    if "raised_exception" in info:
        return [str(info["exception_message"])] if info["raised_exception"] else []
    inner = [v for v in info.values() if isinstance(v, Mapping)]
    return [str(v["exception_message"]) for v in inner if v.get("raised_exception")]


def judge(expectation: Expectation, success: bool, found: Mapping[str, Any]) -> Outcome:  # noqa: FBT001
    """What Great Expectations `found`, its `success` believed only where there was something to look at."""
    count, missing = int(found["element_count"]), int(found["missing_count"])
    checked = count if expectation.type in NO_VALUES_NEEDED else count - missing
    if checked == 0:
        why = "every value is missing" if count else "no row meets its condition"
        return error(expectation, f"had nothing to look at: {why}")
    if success:
        return Outcome(expectation, "pass", "", (), (), checked)
    broken = tuple(found.get("unexpected_index_list") or ())
    values = tuple(found.get("unexpected_list") or ())
    if broken:
        return Outcome(expectation, "fail", f"{len(broken):,} of {checked:,} rows break it", broken, values, checked)
    observed = found.get("observed_value")
    return Outcome(
        expectation, "fail", f"found {observed}" if observed is not None else "does not hold", (), (), checked
    )
