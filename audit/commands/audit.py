"""`assay audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from audit.commands import options as opt
from audit.commands.audited import audited
from audit.errors import Undecided


@click.command("audit")
@click.argument("data", metavar="DATA")
@click.option("--reference", metavar="DATA", help="The test set, or any other data that must not share rows with this.")
@opt.suite_option
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("report"), show_default=True)
@opt.dataset_options
@opt.evidence_options
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    help="Flag the longest list of labels that is expected to be so precise.",
)
@click.option("--budget", type=click.IntRange(min=0), metavar="ROWS", help="Flag so many labels.")
@click.option("--cache", type=click.Path(path_type=Path), help="Keep evidence here [default: OUTPUT/evidence].")
@opt.seed_option
@opt.force_option
@opt.format_option("text", "json", "markdown")
def command(
    data: str,
    reference: str | None,
    suite: str | None,
    output: Path,
    precision: float | None,
    budget: int | None,
    cache: Path | None,
    seed: int,
    force: bool,
    form: str,
    **kwargs: Any,
) -> int:
    """Look for what is wrong with DATA and write a report.

    DATA is a file (.csv .tsv .parquet .jsonl .arrow .npz, also .gz), a folder of Parquet files, a folder with a
    folder of pictures for each class, or a name: digits, planted:digits, torchvision:CIFAR10.

    Exit code 0 when every check could be carried out, whatever it found; 3 when one could not. `assay gate` decides.
    """
    from audit.publish import EVIDENCE, publish, ready
    from audit.render.headline import next_steps
    from audit.render.json import as_json
    from audit.render.markdown import markdown
    from audit.render.terminal import terminal
    from audit.verdict import gate

    ready(output, force=force)
    asked = {name: value for name, value in (("precision", precision), ("budget", budget)) if value is not None}
    done = audited(
        data, reference=reference, suite=suite, cache=cache or output / EVIDENCE, seed=seed,
        checks={"labels": asked} if asked else {}, options=kwargs,
    )  # fmt: skip
    report = done.report
    verdict = gate(report, done.suite)
    publish(report, verdict, done.data, done.reference, output)
    if form == "json":
        click.echo(json.dumps(as_json(report, verdict), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(markdown(report, verdict))
    else:
        steps = next_steps(report, verdict, f"{output}/")
        click.echo(
            terminal(
                report,
                verdict,
                path=output / "report.html",
                next_command=next((s.command for s in steps if s.command), ""),
                colour=opt.colour(),
                unicode=opt.unicode(),
            )
        )
    return Undecided.exit_code if report.errors else 0
