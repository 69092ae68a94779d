"""Expectations about labels: how many are wrong, which class is taken for which, how good the worst ones are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict

from audit.errors import Undecided
from audit.gx.expectations.base import AboutReport, Said, percent, share, written
from audit.gx.expectations.pairs import worst_pair
from audit.gx.pinned import issues_of, measure_of
from audit.report import Report


class ExpectLabelNoiseToBeBelow(AboutReport):
    """Expect the share of wrong labels, at the upper end of its 95 % interval, to be below `threshold`.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
        threshold: a share between 0 and 1; there is no default.
    """

    threshold: float | SuiteParameterDict

    success_keys: ClassVar[tuple[str, ...]] = (*AboutReport.success_keys, "threshold")
    _is_share = pydantic.validator("threshold", pre=True, allow_reuse=True)(share)

    def judge(self, report: Report) -> Said:
        high = measure_of(report, "labels.rate_high")
        rate, low = (report.measures[f"labels.{m}"] for m in ("rate", "rate_low"))
        words = f"{percent(rate)} of the labels are estimated to be wrong, {percent(low)} to {percent(high)}"
        return Said(high < self.threshold, high, words, {"rate": rate, "rate_low": low, "rate_high": high})

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        template = "less than $share of the labels must be wrong, at the upper end of the 95 % interval"
        return template, {"share": percent(kwargs.get("threshold"))}


class ExpectClassPairConfusionToBeBelow(AboutReport):
    """Expect few rows of one class to belong to another, at the upper end of the interval.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
        threshold: a share between 0 and 1 of the rows labelled `given`; there is no default.
        given: the class that the rows are labelled; together with `suggested`.
        suggested: the class that they would belong to. Without the two, the worst of all pairs is held to `threshold`.
    """

    threshold: float | SuiteParameterDict
    given: str | int | float | bool | None = None
    suggested: str | int | float | bool | None = None

    success_keys: ClassVar[tuple[str, ...]] = (*AboutReport.success_keys, "threshold", "given", "suggested")
    _is_share = pydantic.validator("threshold", pre=True, allow_reuse=True)(share)

    @pydantic.root_validator(skip_on_failure=True)  # type: ignore[untyped-decorator]
    def _is_pair(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805  pydantic's validators are class methods
        given, suggested = values.get("given"), values.get("suggested")
        if (given is None) != (suggested is None):
            raise ValueError("given and suggested go together: both classes, or neither for all pairs")
        if given is not None and given == suggested:
            raise ValueError(f"given and suggested are both {given!r}; a pair has two classes")
        return values

    def judge(self, report: Report) -> Said:
        issues_of(report, "labels")
        pair = worst_pair(report, None if self.given is None else (self.given, self.suggested))
        words = (
            f"up to {percent(pair.share)} of the {pair.rows:,} rows labelled {pair.given} belong to {pair.suggested}"
        )
        details = {"given": pair.given, "suggested": pair.suggested, "rows": pair.rows, "listed": pair.listed}
        return Said(pair.share < self.threshold, pair.share, words, details)

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        end = "at the upper end of the interval"
        if kwargs.get("given") is None:
            template = f"less than $share of the rows of any class must belong to any one other class, {end}"
            return template, {"share": percent(kwargs.get("threshold"))}
        template = f"less than $share of the rows labelled $given must belong to $suggested, {end}"
        named = {name: written(kwargs[name]) for name in ("given", "suggested")}
        return template, {"share": percent(kwargs.get("threshold")), **named}


class ExpectLabelQualityQuantileToBeAbove(AboutReport):
    """Expect a quantile of the label scores (0 surely wrong, 1 surely right) to be above `threshold`.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
        quantile: which, between 0 and 1: the score that this share of the rows does not exceed; there is no default.
        threshold: a score between 0 and 1; there is no default.
    """

    quantile: float | SuiteParameterDict
    threshold: float | SuiteParameterDict

    success_keys: ClassVar[tuple[str, ...]] = (*AboutReport.success_keys, "quantile", "threshold")
    _are_shares = pydantic.validator("quantile", "threshold", pre=True, allow_reuse=True)(share)

    def judge(self, report: Report) -> Said:
        scores = issues_of(report, "labels").scores["score"].to_numpy("float64")
        if len(scores) < report.dataset.rows or np.isnan(scores).any():
            raise Undecided(f"only {len(scores):,} of {report.dataset.rows:,} rows have a label score")
        found = float(np.quantile(scores, self.quantile, method="inverted_cdf"))
        words = f"{percent(self.quantile)} of the labels score {found:.3g} or less"
        return Said(found > self.threshold, found, words, {"rows": len(scores)})

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        template = "the score that $share of the labels do not exceed must be above $threshold (0 wrong, 1 fine)"
        return template, {"share": percent(kwargs.get("quantile")), "threshold": written(kwargs.get("threshold"))}
