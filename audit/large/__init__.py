"""Audits of data that do not fit the memory: every check reads blocks of rows, here or on many machines.

What can be streamed is exact; what needs vectors is estimated from a sample, with an interval whose upper end limits are held
against; what neither serves is skipped, with the reason, and no gate takes that for a pass.
"""

from audit.large.bounds import ordinary_bytes, parse_budget, parse_size
from audit.large.engine import engine
from audit.large.run import Large, audit_blocks

__all__ = ["Large", "audit_blocks", "engine", "ordinary_bytes", "parse_budget", "parse_size"]
