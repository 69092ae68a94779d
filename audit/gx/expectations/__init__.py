"""Expectations for other people's Great Expectations projects, about what an assay report found in their data.

Importing this package registers them, which Great Expectations needs before it loads a suite that holds one: it drops
an expectation whose class it does not know, and a suite that is left empty passes (`RequireExpectations`).
"""

from audit.gx.expectations.certificates import ExpectCertificateToBeValid
from audit.gx.expectations.labels import (
    ExpectClassPairConfusionToBeBelow,
    ExpectLabelNoiseToBeBelow,
    ExpectLabelQualityQuantileToBeAbove,
)
from audit.gx.expectations.measures import (
    ExpectConflictingDuplicatesToBeZero,
    ExpectReportMeasureToBeAtMost,
    ExpectReportToPassItsGate,
    ExpectSplitLeakageToBeZero,
)
from audit.gx.expectations.whole import RequireExpectations

__all__ = [
    "ExpectCertificateToBeValid",
    "ExpectClassPairConfusionToBeBelow",
    "ExpectConflictingDuplicatesToBeZero",
    "ExpectLabelNoiseToBeBelow",
    "ExpectLabelQualityQuantileToBeAbove",
    "ExpectReportMeasureToBeAtMost",
    "ExpectReportToPassItsGate",
    "ExpectSplitLeakageToBeZero",
    "RequireExpectations",
]
