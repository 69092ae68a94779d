"""The pages of a report that is there already, made anew with what people have decided since."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.report import Card, Report


def republish(folder: Path, named: str | None = None, data: Dataset | None = None) -> None:
    """Write report.html and report.md of the report in `folder` again, from its audit.json, which stays as it is, and
    the decisions in its review/.

    Args:
        folder: a report's folder.
        named: where the audited data is now, if not where the audit found it.
        data: the audited data, where it is loaded already.

    Raises:
        InputError: if the data or the reference is not there any more, or the report is not whole.
        StaleError: if the data, the reference or the report has changed since the audit.
    """
    from audit.publish import write_pages
    from audit.report import Report
    from audit.suite import parse_suite
    from audit.verdict import gate

    report = Report.read(folder)
    verdict = gate(report, parse_suite(report.demands, name=report.suite))
    here = data if data is not None else audited_data(report, named)
    write_pages(report, verdict, here, compared_data(report), folder)


def audited_data(report: Report, named: str | None = None) -> Dataset:
    """The data that was audited, in the roles it had; from `named`, or from where the audit's own command had it."""
    return _loaded(named or data_of(report), report.dataset)


def compared_data(report: Report) -> Dataset | None:
    """What the data was compared with, from where the audit's own command had it; None where it was with nothing."""
    other = report.reference
    return None if other is None else _loaded(_said(report, "reference") or other.name, other)


def data_of(report: Report) -> str:
    """What the audit was given as DATA, out of its own command; else what the report calls the data."""
    return _said(report, "data") or report.dataset.name


def _said(report: Report, name: str) -> str:
    from audit.commands.audit import command as audit

    words = shlex.split(report.command)
    if words[:2] != ["assay", "audit"]:
        return ""
    return audit.make_context("audit", words[2:], resilient_parsing=True).params[name] or ""


def _loaded(where: str, card: Card) -> Dataset:
    from audit.errors import StaleError
    from audit.sources import load

    loaded = load(where, **card.roles.to_load())
    if loaded.fingerprint != card.fingerprint:
        raise StaleError(f"{where}: not the data that was audited, or in other roles; audit it again")
    return loaded
