"""`assay gate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.audited import audited
from audit.errors import InputError

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

    Given a report's folder it judges that report, by the suite it was made for unless --suite names another; given
    data it audits it first. Exit code 0 pass or warn, 1 fail, 2 usage or unreadable input, 3 could not decide.
    """
    from audit.render.gate import gate_markdown, gate_terminal
    from audit.verdict import gate

    is_report = (Path(where) / "audit.json").is_file()
    if is_report:
        _only_with_data(where, {"reference": reference, "cache": cache, **kwargs})
        report, chosen = _judged(where, suite)
    else:
        done = audited(where, reference=reference, suite=suite, cache=cache, seed=seed, options=kwargs)
        report, chosen = done.report, done.suite
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
    from audit.suite import read_suite

    report = Report.read(Path(where))
    return report, read_suite(suite) if suite else _own_suite(report, where)


def _own_suite(report: Report, where: str) -> Suite:
    """The suite that the report was made for: by another, what it was asked to look at might not count."""
    from audit.suite import parse_suite

    own = parse_suite(report.demands, name=report.suite, path=where)
    if own.fingerprint != report.suite_fingerprint:
        raise InputError(f"{where}: suite {report.suite} cannot be rebuilt from the report; name it with --suite")
    return own


def _only_with_data(where: str, said: dict[str, Any]) -> None:
    """A report has been made: what would have made another one is refused, not passed over."""
    for name, value in said.items():
        if value not in (None, False):
            option = "--no-label" if name == "unlabelled" else f"--{name.replace('_', '-')}"
            raise InputError(f"{where}: {option} goes with data, and this is a report; give it to assay audit")
