"""Great Expectations' Data Docs of a report: three pages in a folder, which ask nothing of the network.

Great Expectations renders them from what the report says; nothing is validated again. Its templates load styles, icons
and scripts from other people's servers, and put column names and values of the data into the page as markup. Here the
scripts are taken out, a style sheet of our own stands in for theirs, and what the data says is shown as text.
"""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from great_expectations import ExpectationSuite, __version__
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.render.renderer import ExpectationSuitePageRenderer, ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from audit.errors import OutputError, Undecided
from audit.files import read_json, refuse_existing, write_bytes
from audit.gx.pinned import hash_of_report
from audit.gx.results import results_of
from audit.report import Report

STYLE = Path(__file__).with_name("data_docs.css").read_text(encoding="utf-8")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
HEAD = f"""<head>
<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}"><link rel="icon" href="data:,">"""
MARKUP = "<>&\"'$"
VEIL = {c: chr(0xE000 + i) for i, c in enumerate(MARKUP)}
"""Characters that mean something in a page or a template, and what stands for them until the page is rendered."""
TAKEN_OUT = tuple(
    re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pattern in (
        r"<script\b.*?</script>",
        r"<link\b[^>]*>",
        r"<img\b[^>]*>",
        r"<footer\b.*?</footer>",
        r"<title>\s*</title>",
        r"\son[a-z]+=\"[^\"]*\"",
        r"background:\s*url\([^)]*\)[^;}]*",
    )
)
"""What reaches out of the page, or does nothing without scripts."""


def write_data_docs(folder: Path, site: Path, *, force: bool = False) -> Path:
    """Write index.html, validation.html and expectations.html of the report in `folder` into `site`.

    OutputError if `site` holds something already and nobody said `force`; Undecided if the report's suite demands
    nothing, which Great Expectations would show as a success.
    """
    refuse_existing(site, force=force)
    digest, report = hash_of_report(folder), Report.read(folder)
    when = _moment(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of ways to write a condition, which were the suite's
        pages = _pages(results_of(report, str(folder), digest, veiled), report, when)
    try:
        site.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise OutputError(f"{site}: cannot write here: {refused.strerror}") from None
    for name, page in pages.items():
        write_bytes(site / name, page.encode())
    return site / "index.html"


def veiled(value: Any) -> Any:
    """The value, in whatever lists and tables, with no character that a page or a template takes for its own."""
    if isinstance(value, str):
        plain = "".join("\ufffd" if c in VEIL.values() else c for c in value)
        return "".join(VEIL.get(c, c) for c in plain)
    if isinstance(value, Mapping):
        return {veiled(k): veiled(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [veiled(v) for v in value]
    return value


def _pages(results: Sequence[Any], report: Report, when: datetime) -> dict[str, str]:
    name, good = veiled(report.suite), sum(bool(r.success) for r in results)
    suite = ExpectationSuite(name=name, expectations=[r.expectation_config for r in results])
    if len(suite.expectations) != len(results):
        raise Undecided(f"{report.suite}: Great Expectations takes {len(suite.expectations)} of {len(results)} results")
    validation = ExpectationSuiteValidationResult(
        success=good == len(results),
        results=list(results),
        suite_name=name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results),
        },
        meta={
            "great_expectations_version": __version__,
            "run_id": {"run_name": "assay report", "run_time": when.isoformat()},
            "batch_kwargs": {"data_asset_name": veiled(report.dataset.name)},
        },
    )
    show = DefaultJinjaPageView().render
    return {
        "validation.html": _cleaned(show(ValidationResultsPageRenderer().render(validation))),
        "expectations.html": _cleaned(show(ExpectationSuitePageRenderer().render(suite))),
        "index.html": _index(report, good, len(results), when),
    }


def _cleaned(page: str) -> str:
    for pattern in TAKEN_OUT:
        page = pattern.sub("", page)
    page = re.sub(r'href="[./]*index\.html"', 'href="index.html"', page)
    page = re.sub(r'href="[./]*expectations/[^"]*"', 'href="expectations.html"', page)
    page = (
        page.replace("<html>", '<html lang="en">', 1)
        .replace("<head>", HEAD, 1)
        .replace("</head>", f"<style>{STYLE}</style></head>", 1)
    )
    for character, stand_in in VEIL.items():
        page = page.replace(stand_in, html.escape(character) if character != "$" else "&#36;")
    return page


def _index(report: Report, good: int, of: int, when: datetime) -> str:
    state, icon = ("Succeeded", "fa-check-circle") if good == of else ("Failed", "fa-times")
    name, data = html.escape(report.suite), html.escape(report.dataset.name)
    return f"""<!DOCTYPE html>
<html lang="en">{HEAD}<title>Data Docs</title><style>{STYLE}</style></head>
<body><div class="container-fluid"><h4>Data Docs</h4>
<table class="table"><thead><tr><th>Status</th><th>Run time</th><th>Data asset</th><th>Results</th><th>Suite</th></tr></thead>
<tbody><tr><td><i class="fas {icon}"></i> {state}</td><td>{when:%Y-%m-%d %H:%M} UTC</td><td>{data}</td>
<td><a href="validation.html">{good} of {of} hold</a></td><td><a href="expectations.html">{name}</a></td></tr></tbody></table>
</div></body></html>
"""


def _moment(folder: Path) -> datetime:
    """When the report was made; where it does not say, when it was written."""
    said = read_json(folder / "audit.json").get("created") or ""
    try:
        made = datetime.fromisoformat(said)
    except ValueError:  # none was kept, or something else than a date
        return datetime.fromtimestamp((folder / "audit.json").stat().st_mtime, tz=UTC)
    return made if made.tzinfo else made.replace(tzinfo=UTC)
