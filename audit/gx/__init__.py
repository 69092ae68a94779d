"""Great Expectations' one home: run expectations on a table and say for each what it found, row by row."""

from audit.gx.outcomes import Outcome
from audit.gx.tables import check_expectations, run_expectations
from audit.gx.words import in_words

__all__ = ["Outcome", "check_expectations", "in_words", "run_expectations"]
