"""Confident learning beyond memory: blocks of rows in, cleanlab's numbers out.

`confident` and `quality` drive the pure functions `scan`, `merge` and `judge` over an array or a file; `sites` takes
them across owners who share no rows.
"""

from audit.stream.estimate import FILTERS, Confident, confident, quality
from audit.stream.kernel import Block, Partial, Rows, grouped, judge, merge, scan, thresholds
from audit.stream.scores import SCORES

__all__ = [
    "FILTERS", "SCORES", "Block", "Confident", "Partial", "Rows",
    "confident", "grouped", "judge", "merge", "quality", "scan", "thresholds",
]  # fmt: skip
