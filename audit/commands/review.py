"""`assay review`."""

from __future__ import annotations

import getpass
import json
import shlex
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.commands import options as opt
from audit.errors import AssayError, InputError

if TYPE_CHECKING:
    import numpy as np

    from audit.dataset import Dataset
    from audit.report import Report
    from audit.review.journal import Journal
    from audit.review.queue import Plan
    from audit.review.session import Session

WIDTH = 80
GUTTER = 12
"""Columns of a summary's first words."""


@click.command("review")
@click.argument("where", metavar="REPORT", type=click.Path(path_type=Path))
@click.argument("data", metavar="[DATA]", required=False)
@click.option(
    "--budget", type=click.IntRange(min=1), metavar="ROWS", help="Look at so many flagged rows [default: all]."
)
@click.option(
    "--sample", type=click.IntRange(min=0), default=0, metavar="ROWS",
    help="Mix in so many rows that were not flagged, drawn at random: what was missed is measured by them.",
)  # fmt: skip
@click.option(
    "--disagreements", is_flag=True, help="Look again at the rows on which reviewers disagree, and only those."
)
@click.option("--reviewer", metavar="NAME", help="Who decides [default: who is logged in].")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 [default: a free one].")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@click.option("--summary", is_flag=True, help="Serve nothing: say what the decisions so far tell.")
@click.option(
    "--verified",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the rows drawn at random and their true labels, for assay compare --verified.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the decisions: .csv, .jsonl, or .json for Label Studio.",
)
@click.option(
    "--import", "taken", type=click.Path(path_type=Path), metavar="FILE", help="Take decisions in from such a file."
)
@opt.format_option("text", "json")
def command(
    where: Path,
    data: str | None,
    budget: int | None,
    sample: int,
    disagreements: bool,
    reviewer: str | None,
    port: int,
    no_browser: bool,
    summary: bool,
    verified: Path | None,
    export: Path | None,
    taken: Path | None,
    form: str,
) -> int:
    """Settle doubtful labels in a browser, one key a row.

    Serves a page on this machine only, to whoever has its address. Every answer is on disk before the next row is
    shown, under REPORT/review/. `assay clean DATA --report REPORT --by review` then does what was decided.
    """
    from audit.report import Report
    from audit.review.queue import order, plan

    report = Report.read(where)
    design = plan(report)
    journal = _journal(where, report, design)
    if taken is not None:
        _take_in(journal, design, taken, reviewer or _user())
        _remake(where, data)
    if export is not None:
        _export(journal, design, export, _loaded(report, data) if export.suffix == ".json" else None)
    if verified is not None:
        _write_verified(journal, design, verified)
    queue = order(design, budget=budget, sample=sample)
    if summary:
        _summarise(journal, design, queue, form)
    if summary or export or verified or taken:
        return 0
    session = _session(report, design, journal, where, data, reviewer or _user())
    if disagreements:
        session = _about_disagreements(session)
    else:
        session.queue.extend(queue.tolist())
    try:
        _serve(session, port, no_browser=no_browser)
    finally:  # Ctrl-C is how it ends
        if journal.standing:
            _remake(where, data, session.desk.data)
    return 0


def _remake(where: Path, named: str | None, data: Dataset | None = None) -> None:
    """Show what was decided on the report's pages. Where that cannot be, the decisions are kept all the same."""
    from audit.commands.pages import republish

    try:
        republish(where, named, data)
    except AssayError as refused:
        click.echo(f"{where}: the pages still show what they showed before: {refused}", err=True)
        return
    click.echo(f"{where / 'report.html'}: made anew, with what people decided", err=True)


def _journal(where: Path, report: Report, design: Plan) -> Journal:
    from audit.review.journal import Reviewed, journal_of

    return journal_of(where, Reviewed(report.dataset.fingerprint, design.key))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in many containers
        return "reviewer"


def _loaded(report: Report, named: str | None) -> Dataset:
    from audit.commands.pages import audited_data

    return audited_data(report, named)


def _session(report: Report, design: Plan, journal: Journal, where: Path, named: str | None, reviewer: str) -> Session:
    from audit.evidence.cache import Cache
    from audit.evidence.gather import Evidence
    from audit.publish import EVIDENCE
    from audit.render.steps import apply_command
    from audit.review.rows import Desk
    from audit.review.session import Session

    dataset, kept = _loaded(report, named), where / EVIDENCE
    evidence = Evidence(dataset, seed=report.seed, cache=Cache(kept if kept.is_dir() else None))
    steps = (
        ("Do what was decided; assay restore undoes it:", apply_command(report, f"{where}/", named)),
        ("See what the answers say of the flags:", shlex.join(["assay", "review", f"{where}/", "--summary"])),
    )
    return Session(Desk(dataset, report, design, evidence), journal, [], reviewer, steps=steps)


def _about_disagreements(session: Session) -> Session:
    from dataclasses import replace

    from audit.review.decisions import disputed, settle

    rows = disputed(settle(session.journal.standing))
    if not rows:
        raise InputError(f"{session.journal.path}: there is no row on which reviewers disagree")
    return replace(session, queue=[session.desk.design.place[row] for row in rows], again=frozenset(rows))


def _serve(session: Session, port: int, *, no_browser: bool) -> None:
    from audit.render.terminal import command_lines
    from audit.review.server import opened, serve

    if not session.queue:
        raise InputError("nothing was flagged, so there is nothing to settle; --sample 300 draws rows that were not")
    session.state()  # what the first row needs is read now, so that the page need not wait for it
    listener, door = opened(port)

    def ready(address: str) -> None:
        click.echo(f"{address}\nanswers go to {session.journal.path}; end with Ctrl-C")
        click.echo("\n".join(command_lines("then:", session.steps[0][1], WIDTH)))
        if not no_browser:
            webbrowser.open(address)

    serve(session, listener, door, ready=ready)


# -- without a browser -------------------------------------------------------------------------------------------------


def _summarise(journal: Journal, design: Plan, queue: np.ndarray, form: str) -> None:
    from audit.render.words import plain_text, wrap
    from audit.review.summary import summary

    said = summary(design, journal.standing, queue)
    if form == "json":
        click.echo(json.dumps({k: v for k, v in said.items() if k != "lines"}, ensure_ascii=False, indent=1))
        return
    for what, told in said["lines"]:
        lines = wrap(plain_text(told, unicode=opt.unicode()), WIDTH - GUTTER)
        click.echo("\n".join(f"{what if k == 0 else '':<{GUTTER}}{line}" for k, line in enumerate(lines)))


def _write_verified(journal: Journal, design: Plan, path: Path) -> None:
    from audit.files import write_bytes
    from audit.review.decisions import settle
    from audit.review.exchange import csv_bytes
    from audit.review.measure import verified

    rows, unknown = verified(design, settle(journal.standing))
    if not rows:
        raise InputError(f"{journal.path}: no rows drawn at random are settled yet; review with --sample 300 first")
    write_bytes(path, csv_bytes([{"row": row, "label": label} for row, label in rows], guarded=False))
    left_out = f"; {unknown:,} more have no one label and were left out" if unknown else ""
    click.echo(f"{path}: {len(rows):,} rows drawn at random from all, with the labels people gave them{left_out}")


def _export(journal: Journal, design: Plan, path: Path, data: Dataset | None) -> None:
    from audit.files import write_bytes
    from audit.review.exchange import exported

    write_bytes(path, exported(journal.standing, design, path.suffix, data))
    click.echo(f"{path}: {len(journal.standing):,} decisions")


def _take_in(journal: Journal, design: Plan, path: Path, reviewer: str) -> None:
    from audit.review.exchange import imported

    new = journal.append(imported(path, design, reviewer))
    click.echo(f"{path}: {new:,} decisions taken in")
