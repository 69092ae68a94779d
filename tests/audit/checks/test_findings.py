"""The shapes that checks share."""

import numpy as np
import pandas as pd

from audit.checks.findings import found, scored
from audit.report import FINDING_COLUMNS, no_rows

ROWS = pd.Index(["p", "q", "r"])


def test_findings_come_worst_first_and_ties_in_the_data_s_order():
    table = found(ROWS, np.array([0.5, 0.1, 0.1]), ["x", "y", "z"])
    assert table.index.tolist() == ["q", "r", "p"]
    assert table["reason"].tolist() == ["y", "z", "x"]


def test_what_is_said_of_a_row_is_text_or_nothing():
    table = found(ROWS, np.zeros(3), ["x"] * 3, given=[1, None, True], kind="near", twin=pd.Index([7, 8, 9]))
    assert table["given"].tolist() == ["1", None, "True"]
    assert table["kind"].tolist() == ["near"] * 3
    assert table["twin"].tolist() == ["7", "8", "9"]
    assert table["suggested"].tolist() == [None] * 3
    assert tuple(table.columns) == FINDING_COLUMNS


def test_no_findings_have_the_same_kinds_as_findings():
    empty = found(ROWS[:0], np.array([]), [])
    assert empty.dtypes.tolist() == no_rows().dtypes.tolist() == found(ROWS, np.zeros(3), ["x"] * 3).dtypes.tolist()


def test_every_row_is_scored():
    table = scored(ROWS, np.array([0, 1, 1]), np.array([1, 0, 0]), given=pd.Series([3, 4, 5], index=ROWS))
    assert table.dtypes.astype(str).to_dict() == {"score": "float64", "flagged": "bool", "given": "int64"}
    assert table.loc["p"].tolist() == [0.0, True, 3]
