"""`assay report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.commands import options as opt
from audit.errors import InputError, Undecided

if TYPE_CHECKING:
    from audit.report import Report
    from audit.verdict import Verdict


@click.command("report")
@click.argument("folder", metavar="REPORT", type=click.Path(path_type=Path))
@click.option("--hash", "only_hash", is_flag=True, help="Print the report's hash and nothing else.")
@click.option(
    "--data-docs", type=click.Path(path_type=Path), metavar="DIR", help="Write Great Expectations' Data Docs there."
)
@click.option("--pages", is_flag=True, help="Make report.html and report.md anew; the data must still be there.")
@opt.format_option("text", "json", "markdown")
@opt.force_option
def command(folder: Path, only_hash: bool, data_docs: Path | None, pages: bool, form: str, force: bool) -> int:
    """Show again what an audit found: REPORT is the folder that assay audit wrote.

    The last line is the report's hash, by which suites of Great Expectations name it. With --data-docs, a static site
    of the suite's rules and limits and what became of each is written instead, from the report alone. With --pages, the
    pages are made anew with what people have decided since; audit.json stays as it is. Exit code 0, or 3 where a check
    could not finish.
    """
    from audit.gx.pinned import hash_of_report
    from audit.report import Report
    from audit.review.people import with_people
    from audit.verdict import gate, own_suite

    if form != "text" and (only_hash or data_docs or pages):
        raise InputError(f"{folder}: --format goes with the summary; --hash, --data-docs and --pages print none")
    if only_hash and (data_docs or pages):
        raise InputError(f"{folder}: --hash prints the hash and writes nothing; leave out the other")
    if data_docs and pages:
        raise InputError(f"{folder}: --data-docs and --pages write different things; name one")
    if force and not data_docs:
        raise InputError(f"{folder}: --force goes with --data-docs; nothing else is written")
    digest = hash_of_report(folder)
    report = Report.read(folder)
    if only_hash:
        click.echo(digest)
    elif data_docs is not None:
        from audit.gx.data_docs import write_data_docs

        click.echo(f"data docs: {write_data_docs(folder, data_docs, force=force)}")
    elif pages:
        from audit.commands.pages import republish

        republish(folder)
        click.echo(f"{folder / 'report.html'}: made anew, and report.md beside it")
    else:
        verdict = gate(report, own_suite(report, folder))
        click.echo(_shown(with_people(report, folder), verdict, folder, digest, form), nl=False)
    return Undecided.exit_code if report.errors and not only_hash else 0


def _shown(report: Report, verdict: Verdict, folder: Path, digest: str, form: str) -> str:
    from audit.render.json import as_json
    from audit.render.markdown import markdown
    from audit.render.steps import next_steps
    from audit.render.terminal import terminal

    if form == "json":
        return json.dumps({**as_json(report, verdict), "blake3": digest}, ensure_ascii=False, indent=1) + "\n"
    if form == "markdown":
        return markdown(report, verdict) + "\n"
    text = terminal(
        report,
        verdict,
        path=folder / "report.html",
        steps=next_steps(report, verdict, f"{folder}/"),
        colour=opt.colour(),
        unicode=opt.unicode(),
    )
    return f"{text}hash:   {digest}\n"
