"""`assay diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from audit.commands import options as opt
from audit.commands.configured import configured
from audit.errors import InputError


@click.command("diff")
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@click.option(
    "--reports", nargs=2, type=click.Path(path_type=Path), metavar="BEFORE AFTER", help="The folders of their reports."
)
@click.option("--audit", "audited", is_flag=True, help="Audit both, for the issues that are new and those fixed.")
@click.option("--exit-code", "as_code", is_flag=True, help="End with 1 where they differ.")
@opt.suite_option
@opt.dataset_options
@opt.seed_option
@opt.format_option("text", "json", "markdown")
@configured
def command(
    before: str,
    after: str,
    reports: tuple[Path, Path] | None,
    audited: bool,
    as_code: bool,
    suite: str | None,
    seed: int,
    form: str,
    **kwargs: Any,
) -> int:
    """Say what changed from BEFORE to AFTER: rows added, removed, relabelled and changed, issues, drift.

    Rows are matched by --id where it is given, else by their content. Issues need an audit of each: --reports, or
    --audit. Exit code 0; with --exit-code 1 where the two are not equal.
    """
    from audit.difference import diff
    from audit.evidence.cache import Cache
    from audit.render.diff import diff_markdown, diff_terminal
    from audit.report import Report
    from audit.run import audit
    from audit.sources import load
    from audit.suite import read_suite

    if audited and reports:
        raise InputError(f"{before}: --audit makes the reports that --reports names; give one of them")
    if suite and not audited:
        raise InputError(f"{before}: --suite goes with --audit")
    named = opt.roles(kwargs)
    one, other = (load(where, **named) for where in (before, after))
    made: tuple[Report, Report] | None = None
    if reports:
        made = (Report.read(reports[0]), Report.read(reports[1]))
    elif audited:
        chosen, store = read_suite(suite) if suite else None, Cache()
        with opt.progress_bars() as progress:
            pair = [audit(d, suite=chosen, seed=seed, cache=store, progress=progress) for d in (one, other)]
        made = (pair[0], pair[1])
    found = diff(one, other, made)
    if form == "json":
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(diff_markdown(found), nl=False)
    else:
        click.echo(diff_terminal(found, unicode=opt.unicode()))
    return int(as_code and not found.equal)
