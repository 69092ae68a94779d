"""`assay gate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt

if TYPE_CHECKING:
    from audit.report import Report
    from audit.suite import Suite


@click.command("gate")
@click.argument("where", metavar="DATA_OR_REPORT")
@opt.suite_option
@click.option("--reference", metavar="DATA", help="The test set, for leakage; only with data.")
@opt.dataset_options
@opt.evidence_options
@click.option("--cache", type=click.Path(path_type=Path), help="Keep evidence here for the next time; only with data.")
@opt.seed_option
@opt.format_option("text", "json", "markdown")
def command(
    where: str, suite: str | None, reference: str | None, cache: Path | None, seed: int, form: str, **kwargs: Any
) -> int:
    """Decide whether data is fit to train on: PASS, WARN, FAIL or ERROR, with every breach.

    Given a report's folder it judges that report; given data it audits it first. Exit code 0 pass or warn, 1 fail,
    2 usage or unreadable input, 3 could not decide.
    """
    from audit.render.gate import gate_markdown, gate_terminal
    from audit.verdict import gate

    is_report = (Path(where) / "audit.json").is_file()
    report, chosen = _judged(where, suite) if is_report else _audited(where, suite, reference, cache, seed, kwargs)
    verdict = gate(report, chosen)
    if form == "json":
        click.echo(json.dumps(verdict.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(gate_markdown(verdict))
    else:
        click.echo(gate_terminal(verdict, colour=opt.colour()))
    return verdict.exit_code


def _judged(where: str, suite: str | None) -> tuple[Report, Suite]:
    from audit.report import Report
    from audit.suite import default_suite, read_suite

    report = Report.read(Path(where))
    card = report.dataset
    return report, read_suite(suite) if suite else default_suite(
        card.kind, compared=report.reference is not None or card.roles.split is not None
    )


def _audited(
    where: str, suite: str | None, reference: str | None, cache: Path | None, seed: int, kwargs: dict[str, Any]
) -> tuple[Report, Suite]:
    from audit.run import audit
    from audit.sources import load
    from audit.suite import default_suite, read_suite

    named = opt.roles(kwargs)
    data = load(where, **named)
    compared = load(reference, **named) if reference else None
    chosen = (
        read_suite(suite)
        if suite
        else default_suite(data.kind, compared=compared is not None or data.roles.split is not None)
    )
    given = opt.given(data, kwargs)
    with opt.progress_bars() as progress:
        report = audit(
            data, reference=compared, suite=chosen, given=given, seed=seed, cache=cache, progress=progress,
            command=opt.command_line(),
        )  # fmt: skip
    return report, chosen
