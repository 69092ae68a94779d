"""What people found, put into a report for the pages that show it. The journal stays the source: audit.json has none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.errors import AssayError, StaleError
from audit.report import Report
from audit.review.decisions import UNSURE, Settled, settle
from audit.review.journal import FOLDER, NAME, Reviewed, journal_of
from audit.review.measure import Share, measure
from audit.review.queue import Plan, order, plan

PEOPLE = "people"
"""Where the detail of the label check holds it."""


def with_people(report: Report, folder: Path) -> Report:
    """The report with what people decided in its folder, to be shown and never to be written; as it is where nobody has
    decided anything. Decisions about another audit of the data are not used, and a note says so."""
    if not (folder / FOLDER / NAME).exists():
        return report
    try:
        design = plan(report)
        journal = journal_of(folder, Reviewed(report.dataset.fingerprint, design.key))
    except StaleError:
        told = f"{folder / FOLDER / NAME} holds decisions about another audit or other data: they are not counted here"
        return replace(report, notes=(*report.notes, told))
    except AssayError as unusable:  # no label was scored this time, or a line of the journal is broken
        return replace(report, notes=(*report.notes, f"what people decided is not counted here: {unusable}"))
    settled = settle(journal.standing)
    if not settled:
        return report
    labels = report["labels"]
    found = replace(labels, detail={**labels.detail, PEOPLE: people(design, settled)})
    return replace(report, checks={**report.checks, "labels": found})


def people(design: Plan, settled: Mapping[str, Settled]) -> dict[str, Any]:
    """How many rows people looked at and what these measure, as JSON values."""
    found = measure(design, settled, order(design, sample=len(design)))
    flags = [s.outcome for row, s in settled.items() if row in design.place and design.flagged[design.place[row]]]
    looked = len(flags)
    return {
        "looked": looked,
        "unsure": sum(outcome in (UNSURE, "disputed") for outcome in flags),
        "flagged": found.flagged,
        "others": found.decided - looked,
        "reviewers": len({vote.reviewer for s in settled.values() for vote in s.votes}),
        **{name: _share(getattr(found, name)) for name in ("precision", "missed", "rate", "recall")},
    }


def _share(share: Share | None) -> dict[str, float] | None:
    return None if share is None else dict(vars(share))
