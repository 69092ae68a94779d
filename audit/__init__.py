"""Audit a labelled dataset, gate it before training, repair it reversibly."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.certificate.demand import require, verify
    from audit.certificate.issue import certify
    from audit.certificate.record import Certificate, Uncertified
    from audit.dataset import Dataset, Roles
    from audit.difference import diff
    from audit.emit import restore, write_clean
    from audit.errors import AssayError, InputError, NotApplicable, OutputError, StaleError, Undecided, UnknownName
    from audit.evidence.gather import Evidence
    from audit.evidence.given import Given
    from audit.faults.trial import selftest
    from audit.integrations.fit import assert_fit
    from audit.patch import Patch
    from audit.report import Issues, Report
    from audit.run import audit
    from audit.sources import load
    from audit.suite import Suite, read_suite
    from audit.treatments import deduplicate, prune, prune_at_random, relabel, reweight, treat
    from audit.verdict import Verdict, gate

# The public names and where they live. They are imported on first use: `assay --help` must not pay for pandas.
HOMES = {
    "AssayError": "errors",
    "Certificate": "certificate.record",
    "Dataset": "dataset",
    "Evidence": "evidence.gather",
    "Given": "evidence.given",
    "InputError": "errors",
    "Issues": "report",
    "NotApplicable": "errors",
    "OutputError": "errors",
    "Patch": "patch",
    "Report": "report",
    "Roles": "dataset",
    "StaleError": "errors",
    "Suite": "suite",
    "Uncertified": "certificate.record",
    "Undecided": "errors",
    "UnknownName": "errors",
    "Verdict": "verdict",
    "assert_fit": "integrations.fit",
    "audit": "run",
    "certify": "certificate.issue",
    "deduplicate": "treatments",
    "diff": "difference",
    "gate": "verdict",
    "load": "sources",
    "prune": "treatments",
    "prune_at_random": "treatments",
    "read_suite": "suite",
    "relabel": "treatments",
    "require": "certificate.demand",
    "restore": "emit",
    "reweight": "treatments",
    "selftest": "faults.trial",
    "treat": "treatments",
    "verify": "certificate.demand",
    "write_clean": "emit",
}

__all__ = [
    "AssayError",
    "Certificate",
    "Dataset",
    "Evidence",
    "Given",
    "InputError",
    "Issues",
    "NotApplicable",
    "OutputError",
    "Patch",
    "Report",
    "Roles",
    "StaleError",
    "Suite",
    "Uncertified",
    "Undecided",
    "UnknownName",
    "Verdict",
    "assert_fit",
    "audit",
    "certify",
    "deduplicate",
    "diff",
    "gate",
    "load",
    "prune",
    "prune_at_random",
    "read_suite",
    "relabel",
    "require",
    "restore",
    "reweight",
    "selftest",
    "treat",
    "verify",
    "write_clean",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'audit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"audit.{HOMES[name]}"), name)
