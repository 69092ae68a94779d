"""A report's folder: the pages first, then the tables, then audit.json, whose presence means that all of it is there."""

from __future__ import annotations

from pathlib import Path

from audit.dataset import Dataset
from audit.errors import OutputError
from audit.files import refuse_existing, write_bytes
from audit.render.markdown import markdown
from audit.render.page.html import html
from audit.report import Report
from audit.review.people import with_people
from audit.verdict import Verdict

EVIDENCE = "evidence"
"""The cache inside a report's folder. An audit that was interrupted leaves this and nothing else."""


def ready(folder: Path, *, force: bool) -> None:
    """OutputError if the folder holds anything but an interrupted audit's evidence and nobody said --force."""
    only_evidence = folder.is_dir() and all(p.name == EVIDENCE for p in folder.iterdir())
    refuse_existing(folder, force=force or only_evidence)


def publish(report: Report, verdict: Verdict, data: Dataset, reference: Dataset | None, folder: Path) -> None:
    """Write report.html, report.md, scores.parquet, issues.parquet, map.parquet if there is a map, and audit.json into
    `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "audit.json").unlink(missing_ok=True)
    except OSError as refused:
        raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
    write_pages(report, verdict, data, reference, folder)
    report.write(folder)


def write_pages(report: Report, verdict: Verdict, data: Dataset, reference: Dataset | None, folder: Path) -> None:
    """Write report.html and report.md into `folder`, with what people decided in its review/."""
    shown = with_people(report, folder)
    write_bytes(folder / "report.html", html(shown, verdict, data, reference, path=f"{folder}/").encode())
    write_bytes(folder / "report.md", markdown(shown, verdict, path=f"{folder}/").encode())
