"""Known faults, put into copies of data in memory, and which of them a suite's gate stops."""

from audit.faults.inject import FAULTS, Fault
from audit.faults.trial import SelfTest, Tested, Trial, selftest

__all__ = ["FAULTS", "Fault", "SelfTest", "Tested", "Trial", "selftest"]
