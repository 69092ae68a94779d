"""Audit a labelled dataset, gate it before training, repair it reversibly."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.dataset import Dataset, Roles
    from audit.emit import restore, write_clean
    from audit.errors import AssayError, InputError, NotApplicable, OutputError, StaleError, Undecided, UnknownName
    from audit.evidence import Evidence, Given
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
    "Dataset": "dataset",
    "Evidence": "evidence",
    "Given": "evidence",
    "InputError": "errors",
    "Issues": "report",
    "NotApplicable": "errors",
    "OutputError": "errors",
    "Patch": "patch",
    "Report": "report",
    "Roles": "dataset",
    "StaleError": "errors",
    "Suite": "suite",
    "Undecided": "errors",
    "UnknownName": "errors",
    "Verdict": "verdict",
    "audit": "run",
    "deduplicate": "treatments",
    "gate": "verdict",
    "load": "sources",
    "prune": "treatments",
    "prune_at_random": "treatments",
    "read_suite": "suite",
    "relabel": "treatments",
    "restore": "emit",
    "reweight": "treatments",
    "treat": "treatments",
    "write_clean": "emit",
}

__all__ = [
    "AssayError",
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
    "Undecided",
    "UnknownName",
    "Verdict",
    "audit",
    "deduplicate",
    "gate",
    "load",
    "prune",
    "prune_at_random",
    "read_suite",
    "relabel",
    "restore",
    "reweight",
    "treat",
    "write_clean",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'audit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"audit.{HOMES[name]}"), name)
