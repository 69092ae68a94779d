"""`infer`: a first suite for a dataset and its audit, each demand with what it came from."""

from __future__ import annotations

import pandas as pd

from audit.dataset import Dataset
from audit.inference.columns import Found, filled, infer_column
from audit.inference.limits import infer_limits
from audit.inference.resampling import Inference, Inferred, halves
from audit.report import Report
from audit.suite import Expectation


def infer(data: Dataset, report: Report, *, seed: int = 0) -> Inference:
    """Demands that this data meets, that fresh samples of its population meet too, and that faults break.

    What is learnt from the rows has slack by resampling (audit/inference/resampling.py). The limits are on what the
    default suite limits.

    Args:
        data: what the suite is for.
        report: its audit.
        seed: of the halves.
    """
    found = [*_table(data), *_columns(data, seed), *infer_limits(data, report, seed)]
    return Inference(
        tuple(f for f in found if isinstance(f, Inferred)), tuple(f for f in found if isinstance(f, str))
    )  # fmt: skip


def _table(data: Dataset) -> Found:
    names = [str(c) for c in data.table.columns]
    yield Inferred(
        Expectation("expect_table_columns_to_match_set", {"column_set": names, "exact_match": True}),
        "the columns there are, in any order",
    )
    yield Inferred(
        Expectation("expect_table_row_count_to_be_between", {"min_value": max(1, len(data) // 2)}),
        f"half of the {len(data):,} rows there are",
    )


def _columns(data: Dataset, seed: int) -> Found:
    roles, cuts = data.roles, halves(len(data), seed)
    for key in data.table.columns:
        name, column = str(key), data.table[key]
        if name == roles.id:
            yield Inferred(Expectation("expect_column_values_to_be_unique", {"column": name}), "it names the rows")
        elif name in (roles.label, roles.split):
            yield from filled(name, column, cuts)
            yield _classes(name, column)
        elif name == roles.group:
            yield from filled(name, column, cuts)
        elif name == roles.weight:
            yield from filled(name, column, cuts)
            kwargs = {"column": name, "min_value": 0.0}
            yield Inferred(Expectation("expect_column_values_to_be_between", kwargs), "it weighs the rows")
        elif name == roles.image:
            yield from filled(name, column, cuts)
        else:
            yield from infer_column(name, column, cuts)


def _classes(name: str, column: pd.Series) -> Inferred:
    """Classes are a contract: however rare one is, no other may turn up."""
    kwargs = {"column": name, "value_set": sorted(column.dropna().unique().tolist())}
    because = f"the {len(kwargs['value_set'])} values there are"
    return Inferred(Expectation("expect_column_values_to_be_in_set", kwargs), because)
