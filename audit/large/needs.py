"""About how much memory an audit by blocks takes, told before it begins."""

from __future__ import annotations

from audit.dataset import Dataset
from audit.large.bounds import streamed_bytes
from audit.large.every.twins import held_bytes
from audit.large.pictures import picture_bytes
from audit.large.read.probabilities import Brought
from audit.large.read.rows import wanted_columns
from audit.large.read.table import LargeData
from audit.suite import Suite

LABEL_BYTES, ROW_BYTES = 40, 64
"""A row's share of what the label check and what the others hold at their peaks, beside what is named below."""
JUDGED_BYTES, TAUGHT = 140, 64 << 20
"""The same of the label check where no probabilities were brought along, and what the models of drawn rows take beside their
rows while they are learnt (`python -m tests.bench scale`)."""


def needed(data: LargeData, brought: Brought | None, suite: Suite, reference: Dataset | None = None) -> int:
    """About how many bytes an audit by blocks holds at its peak."""
    _, filled = wanted_columns(data.head.roles)
    a_row = ROW_BYTES + len(filled) // 8 + len(suite.expectations) // 8 + (48 if data.head.roles.text else 0)
    a_row += (0 if data.head.roles.id is None else 64) + (0 if data.head.roles.split is None else 3)
    if brought is not None:
        a_row += LABEL_BYTES + 6 * brought.source.dtype.itemsize
    elif data.codes is not None:
        a_row += JUDGED_BYTES
    at_once = 0 if reference is None else held_bytes(reference)
    at_once += TAUGHT if brought is None and data.codes is not None else 0
    if brought is not None:
        source = brought.source
        at_once += 4 * source.dtype.itemsize * min(source.block_rows, source.rows) * source.classes + 2 * brought.group
    return streamed_bytes(data.table.rows, a_row, data.table.group) + at_once + picture_bytes(data)
