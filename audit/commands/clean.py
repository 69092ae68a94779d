"""`assay clean`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from audit.commands import options as opt
from audit.errors import InputError


@click.command("clean")
@click.argument("data", metavar="DATA")
@click.option("--report", "where", type=click.Path(path_type=Path), default=Path("report"), show_default=True)
@click.option(
    "--by", required=True, metavar="TREATMENT,…", help="review, prune, relabel, reweight, deduplicate, prune-at-random."
)
@click.option(
    "--for", "checks", metavar="CHECK,…", help="prune for these alone [default: labels,conflicts,schema,missing]."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("clean"), show_default=True)
@opt.dataset_options
@opt.seed_option
@opt.force_option
@opt.format_option("text", "json")
def command(
    data: str, where: Path, by: str, checks: str | None, output: Path, seed: int, force: bool, form: str, **kwargs: Any
) -> int:
    """Repair DATA by what its report found, reversibly.

    Writes the data in the format it came in, patch.parquet (every edit and its reason), the rows that were dropped,
    and manifest.json. `assay restore` undoes it. Columns have the roles they had in the report.
    """
    from audit.emit import write_clean
    from audit.files import refuse_existing
    from audit.render.steps import gate_command
    from audit.render.terminal import command_lines
    from audit.report import Report
    from audit.review.journal import settled_in
    from audit.sources import load
    from audit.treatments import REVIEW, TREATMENTS, treat

    named, only = opt.names(by), None if checks is None else opt.names(checks)
    if not named:
        raise InputError(f"--by {by!r} names no treatment; there is {', '.join([REVIEW, *TREATMENTS])}")
    if only is not None and "prune" not in named:
        raise InputError(f"--for {checks} says what prune is to drop rows for, and --by {by} does not prune")
    refuse_existing(output, force=force)
    report = Report.read(where)
    dataset = load(data, **{**report.dataset.roles.to_load(), **opt.roles(kwargs)})
    settled = settled_in(where, report.dataset.fingerprint) if REVIEW in named else None
    patch = treat(dataset, report, named, seed=seed, checks=only, settled=settled)
    write_clean(dataset, patch, output, report=report, command=opt.command_line(), report_path=str(where), force=force)
    counts = {action: len(patch.rows(action)) for action in ("drop", "relabel", "weight")}
    left = len(dataset) - counts["drop"]
    if form == "json":
        click.echo(json.dumps({**counts, "rows_before": len(dataset), "rows_after": left, "output": str(output)}))
        return 0
    said = {"drop": "dropped", "relabel": "relabelled", "weight": "reweighted"}
    for action, count in counts.items():
        if count:
            reasons = patch.rows(action)["check"].value_counts()
            why = ", ".join(f"{n:,} for {check}" for check, n in reasons.items())
            click.echo(f"{said[action]:<12}{count:>8,} {'row ' if count == 1 else 'rows'}   {why}")
    click.echo(f"\n{left:,} of {len(dataset):,} rows are in {output}/")
    click.echo(f"undo:   assay restore {output}/ -o back/")
    click.echo("\n".join(command_lines("next:", gate_command(report, f"{output}/"), 80)))
    return 0
