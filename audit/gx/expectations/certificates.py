"""An expectation about a certificate: the gate let this data through, and still does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict

from audit.certificate.issue import report_hash
from audit.certificate.record import Certificate, Uncertified
from audit.certificate.signing import read_key
from audit.certificate.verify import UNDECIDED, objections
from audit.errors import StaleError, Undecided
from audit.gx.expectations.base import AboutReport, Said, written
from audit.report import Report


class ExpectCertificateToBeValid(AboutReport):
    """Expect a certificate that lets this data be trained on: passed, whole, in time, signed where a key is named.

    Args:
        report: the report's folder.
        report_hash: its hash, as `assay report` prints it.
        certificate: the file that `assay gate --certificate` wrote.
        key: a key file; with it the certificate must be signed by that key, without it it must not be signed at all.
    """

    certificate: str | SuiteParameterDict
    key: str | SuiteParameterDict | None = None

    success_keys: ClassVar[tuple[str, ...]] = (*AboutReport.success_keys, "certificate", "key")

    @pydantic.validator("certificate", "key", pre=True)  # type: ignore[untyped-decorator]
    def _is_named(cls, value: Any) -> Any:  # noqa: N805  pydantic's validators are class methods
        # a parameter that came out empty must not turn a signature that was asked for into none
        if value is None or value == "":
            raise ValueError("a file is needed; to ask for no signature leave key out")
        return value

    def judge(self, report: Report) -> Said:
        try:
            held = Certificate.read(self.certificate)
        except Uncertified as edited:
            return _refused(str(edited))
        if held.gated.fingerprint != report.dataset.fingerprint:
            raise StaleError(f"{self.certificate}: is of other data than the report")
        if held.report != report_hash(report):
            raise StaleError(f"{self.certificate}: is of another audit than the report")
        reasons = objections(held, key=None if self.key is None else read_key(self.key), suite=None, now=None)
        why = "; ".join(r.why for r in reasons)
        if any(r.code == UNDECIDED for r in reasons):
            raise Undecided(f"{self.certificate}: {why}")
        if reasons:
            return _refused(f"{self.certificate}: {why}")
        end = f", until {held.expires}" if held.expires else ""
        signed = f", signed by key {held.signature.key}" if held.signature else ", not signed"
        return Said(True, held.outcome, f"{held.outcome} by suite {held.suite}{end}{signed}", {"created": held.created})

    @classmethod
    def sentence(cls, kwargs: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        named = {"certificate": written(kwargs.get("certificate"))}
        if kwargs.get("key") is None:
            return "the certificate $certificate must let this data be trained on", named
        return "the certificate $certificate, signed by $key, must let this data be trained on", {
            **named,
            "key": written(kwargs["key"]),
        }


def _refused(why: str) -> Said:
    return Said(False, "REFUSED", why)
