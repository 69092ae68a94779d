"""`assay selftest`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.configured import configured

if TYPE_CHECKING:
    from audit.suite import Severity


@click.command("selftest")
@click.argument("where", metavar="DATA")
@opt.suite_option
@click.option("--reference", metavar="DATA", help="The test set; its rows are leaked into the data.")
@click.option("--faults", metavar="NAME,…", help="Try these alone [default: all that the data can have].")
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "warning"]),
    default="critical",
    show_default=True,
    help="The least severity of a breach that fails the gate.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Keep evidence here for the next time.")
@opt.dataset_options
@opt.seed_option
@opt.format_option("text", "json")
@configured
def command(
    where: str,
    suite: str | None,
    reference: str | None,
    faults: str | None,
    fail_on: Severity,
    cache: Path | None,
    seed: int,
    form: str,
    **kwargs: Any,
) -> int:
    """Try a gate: put known faults into copies of DATA, and see which of them the suite stops.

    For each fault: the smallest dose from which on the gate does not pass, the doses that slip through, and what would
    have to be demanded to stop those. DATA itself must pass. Nothing is written but the cache.

    Exit code 0 when every fault is stopped at its largest dose, 1 when one is not, 3 when none could be tried.
    """
    from audit.evidence.cache import Cache
    from audit.faults import selftest
    from audit.render.selftest import selftest_terminal
    from audit.sources import load
    from audit.suite import default_suite, read_suite

    reference, named = opt.beside(reference, kwargs), opt.roles(kwargs)
    data = load(where, **named)
    compared = opt.load_reference(reference, named) if reference else None
    chosen = read_suite(suite) if suite else default_suite(data, compared)
    with opt.progress_bars() as progress:
        found = selftest(
            data, chosen, reference=compared, faults=None if faults is None else opt.names(faults), fail_on=fail_on,
            seed=seed, cache=Cache(cache), progress=progress,
        )  # fmt: skip
    if form == "json":
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
    else:
        click.echo(selftest_terminal(found, unicode=opt.unicode()))
    return found.exit_code
