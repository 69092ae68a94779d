"""The expectations that we offer to Great Expectations projects, by name, without importing them."""

from __future__ import annotations

OURS = {
    "ExpectCertificateToBeValid": "expect_certificate_to_be_valid",
    "ExpectClassPairConfusionToBeBelow": "expect_class_pair_confusion_to_be_below",
    "ExpectConflictingDuplicatesToBeZero": "expect_conflicting_duplicates_to_be_zero",
    "ExpectLabelNoiseToBeBelow": "expect_label_noise_to_be_below",
    "ExpectLabelQualityQuantileToBeAbove": "expect_label_quality_quantile_to_be_above",
    "ExpectReportMeasureToBeAtMost": "expect_report_measure_to_be_at_most",
    "ExpectReportToPassItsGate": "expect_report_to_pass_its_gate",
    "ExpectSplitLeakageToBeZero": "expect_split_leakage_to_be_zero",
}
"""Class to the type under which Great Expectations registers it."""
LATE = (*OURS, "RequireExpectations")
"""What `audit.gx` imports when it is asked for."""
INSTEAD = {
    "expect_certificate_to_be_valid": "assay gate --verify",
    "expect_conflicting_duplicates_to_be_zero": 'the limit "conflicts.count" = 0',
    "expect_label_noise_to_be_below": 'the limit "labels.rate_high"',
    "expect_split_leakage_to_be_zero": 'the limits "leakage.exact.count" = 0 and so on',
    "expect_report_to_pass_its_gate": "assay gate",
    "expect_report_measure_to_be_at_most": "a limit on the measure",
}
"""What does the same where there is no report yet."""


def misplaced(kind: str) -> str:
    """Why a suite of assay's cannot hold this expectation; '' where it is none of ours."""
    if kind not in OURS.values():
        return ""
    instead = INSTEAD.get(kind, "a limit on one of the report's measures")
    return f"{kind} looks at a report, and belongs in a suite of Great Expectations; in a suite of assay's there is {instead}"
