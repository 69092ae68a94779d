"""`assay merge`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.stream.sites import Pooled

WORST = 10


@click.command("merge")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--thresholds", type=click.Path(path_type=Path), metavar="FILE", help="The merged shares of round 1: ends round 2."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Write what they come to here.")
@opt.force_option
@opt.format_option("text", "json")
def command(files: tuple[Path, ...], thresholds: Path | None, output: Path, force: bool, form: str) -> int:
    """Put together what several owners wrote by `assay audit … --partial`, none of whom shows rows to another.

    Files of round 1 become the merged sums, which every owner takes for --thresholds. Files of round 2, with the
    merged sums, become the joint of given and true labels, the noise rates and the count, as one audit of all rows
    would have it.
    """
    from audit.files import write_json
    from audit.large.every.sites import merged
    from audit.stream.sites import Pooled, Sums, write_stats

    if output.exists() and not force:
        raise InputError(f"{output}: exists; name another file or say --force")
    found = merged(files, thresholds)
    if isinstance(found, Pooled):
        values = _values(found)
        write_json(output, values)
        click.echo(json.dumps(values, ensure_ascii=False, indent=1) if form == "json" else _said(found, output))
        return 0
    write_stats(output, found)
    rows = sum(found.counts) if isinstance(found, Sums) else None
    said = {
        "round": 1 if isinstance(found, Sums) else 2,
        "sites": len(found.sites),
        "rows": rows,
        "output": str(output),
    }
    if form == "json":
        click.echo(json.dumps(said))
    elif isinstance(found, Sums):
        click.echo(f"round 1 of 2: {len(found.sites)} sites, {rows:,} rows, {len(found.classes)} classes: {output}")
        click.echo(f"next:   assay audit DATA --pred-probs P --partial SITE.stats --thresholds {output}, at every site")
    else:
        click.echo(f"round 2 of 2: counts of {len(found.sites)} sites: {output}; with --thresholds they give the joint")
    return 0


def _values(found: Pooled) -> dict[str, Any]:
    names = ("thresholds", "confident_joint", "calibrated_joint", "joint", "noise_matrix", "noise_rates")
    tables = {name: getattr(found, name).tolist() for name in names}
    return {"classes": list(found.classes), "sites": found.sites, "rows": found.rows, "count": found.count, **tables}


def _said(found: Pooled, output: Path) -> str:
    share = found.count / found.rows
    head = f"{found.sites} sites, {found.rows:,} rows: an estimated {found.count:,} labels are wrong, {share:.1%}"
    worst = sorted(zip(found.noise_rates.tolist(), found.classes, strict=True), key=lambda x: -x[0])[:WORST]
    rates = [f"  {name:<24} {rate:6.1%} of its labels are wrong" for rate, name in worst if rate > 0]
    return "\n".join([head, *rates, f"joint, noise rates and thresholds: {output}"])
