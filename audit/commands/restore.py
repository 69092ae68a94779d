"""`assay restore`."""

from __future__ import annotations

from pathlib import Path

import click

from audit.commands import options as opt


@click.command("restore")
@click.argument("clean", metavar="CLEAN", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@opt.force_option
def command(clean: Path, output: Path, force: bool) -> int:
    """Undo a repair: write the dataset that CLEAN was made from, the same rows in the same order.

    The same bytes where the format allows (CSV, TSV, JSON Lines, image folders), equal values otherwise.
    """
    from audit.emit import restore

    written = restore(clean, output, force=force)
    click.echo(f"restored: {written}")
    return 0
