"""`assay advise`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from audit.commands import options as opt
from audit.errors import OutputError


@click.command("advise")
@click.argument("folders", metavar="RUNS…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--cost",
    metavar="NAME=PRICE,…",
    default="",
    help="What things cost, in any one currency: label and row (a new one), review (of one label), gpu_hour.",
)
@click.option(
    "--horizon", type=int, metavar="N", help="The most rows there could be [default: 4 times those measured]."
)
@click.option("--model", metavar="NAME", help="The model to advise on [default: the first that was compared].")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="An audit of all the data: how many of its flags are right counts, by its review where there is one.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("advice"), show_default=True)
@opt.format_option("text", "json", "markdown")
def command(
    folders: tuple[Path, ...],
    cost: str,
    horizon: int | None,
    model: str | None,
    report: Path | None,
    output: Path,
    form: str,
) -> int:
    """Say where the next money should go, from finished comparisons in RUNS.

    Reviewing labels, repairing them automatically, collecting rows, augmenting, a larger model, a longer training or
    stopping are ranked by their gain for a unit of cost, with intervals. Where nobody can tell, it says what to run.
    """
    from train.advice.advise import advise
    from train.advice.prices import parse_prices
    from train.render.advice_files import write_advice
    from train.render.advice_markdown import advice_markdown
    from train.render.advice_terminal import advice_terminal

    there = output.resolve()
    for taken in (there, *there.parents):
        if (taken / "comparison.json").exists():
            raise OutputError(f"{taken}: holds a comparison; name another folder for the advice")
    advice = advise(
        folders, parse_prices(cost), horizon=horizon, model=model, report=report, command=opt.command_line(),
        created=opt.today(),
    )  # fmt: skip
    write_advice(advice, output)
    if form == "json":
        click.echo(json.dumps(advice.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(advice_markdown(advice))
    else:
        click.echo(advice_terminal(advice, colour=opt.colour(), unicode=opt.unicode()))
        click.echo(f"report: {output}/advice.html")
    return 0
