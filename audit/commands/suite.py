"""`assay suite`: write a first suite, check one, exchange it with Great Expectations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.configured import configured

if TYPE_CHECKING:
    from audit.inference import Inference
    from audit.suite import Suite


@click.group("suite")
def command() -> None:
    """Write, check and exchange suites: what is expected of a dataset and accepted of it."""


output_option = click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write [default: stdout].")  # fmt: skip
overwrite_option = click.option("--force", is_flag=True, help="Write over a file that is there.")


@command.command("infer")
@click.argument("where", metavar="DATA")
@click.option("--reference", metavar="DATA", help="The test set, for limits on leakage.")
@opt.dataset_options
@opt.evidence_options
@click.option("--cache", type=click.Path(path_type=Path), help="Keep evidence here for the next time.")
@opt.seed_option
@output_option
@overwrite_option
@configured
def infer_command(
    where: str, reference: str | None, cache: Path | None, seed: int, output: Path | None, force: bool, **kwargs: Any
) -> int:
    """Audit DATA and write a suite that it meets, each demand with where it comes from and how much room it leaves.

    Read it before you trust it: what is wrong with the data now is taken for what it should be.
    """
    from audit.commands.audited import audited
    from audit.inference import infer
    from audit.suite.text import suite_text

    _free(output, force)
    done = audited(where, reference=reference, suite=None, cache=cache, seed=seed, options=kwargs)
    found = infer(done.data, done.report, seed=seed)
    suite, because = _suite_of(found, Path(output or where).stem)
    head = [
        f"Inferred from {Path(where).name}: {len(done.data):,} rows, {opt.today()}. What is wrong with it is taken for "
        "how it should be: read it before you trust it.",
        *(["Nothing is demanded of: " + "; ".join(found.left_out) + "."] if found.left_out else []),
    ]
    _write(suite_text(suite, head=head, because=because), output)
    for said in found.left_out:
        click.echo(f"not demanded: {said}", err=True)
    return 0


def _suite_of(found: Inference, name: str) -> tuple[Suite, dict[str, str]]:
    from audit.suite import Expectation, Limit, Suite

    expectations = tuple(f.demand for f in found.demands if isinstance(f.demand, Expectation))
    limits = tuple(f.demand for f in found.demands if isinstance(f.demand, Limit))
    because = {
        f.demand.key if isinstance(f.demand, Expectation) else f.demand.measure: f.because for f in found.demands
    }
    return Suite(name, expectations, limits), because


def _free(output: Path | None, force: bool) -> None:
    """Said before anything is computed."""
    from audit.errors import OutputError

    if output is None:
        return
    if output.exists() and not force:
        raise OutputError(f"{output}: exists; name another file or say --force")
    if not output.absolute().parent.is_dir():
        raise OutputError(f"{output}: there is no folder {output.absolute().parent}")


def _write(text: str, output: Path | None) -> None:
    from audit.files import write_bytes

    if output is None:
        click.echo(text, nl=False)
    else:
        write_bytes(output, text.encode())
        click.echo(f"written: {output}", err=True)


@command.command("check")
@click.argument("suite", metavar="SUITE")
@click.argument("where", metavar="[DATA]", required=False)
@opt.dataset_options
@configured
def check_command(suite: str, where: str | None, **kwargs: Any) -> int:
    """Say in words what SUITE demands, and whether every word in it is known; with DATA, which expectations hold.

    Exit code 0 if it can be judged by, 2 if it is invalid or an expectation cannot be run on DATA, 3 if it demands
    nothing. Whether the data is fit is for assay gate to say.
    """
    from audit.explain import explain
    from audit.sources import load
    from audit.suite import read_suite

    read = read_suite(suite)
    data = load(where, **opt.roles(kwargs)) if where else None
    said = explain(read, data)
    for line in said.lines:
        click.echo(line)
    if read.demands_nothing:
        click.echo(f"INVALID: {read.name} demands nothing; no gate passes by it")
        return 3
    for line in said.wrong:
        click.echo(f"error: {line}", err=True)
    many = len(read.expectations) + len(read.limits)
    if said.wrong:
        click.echo(f"INVALID: {read.name} has {len(said.wrong)} errors")
        return 2
    click.echo(f"VALID: {read.name}, {many} demands")
    return 0


@command.command("import")
@click.argument("path", metavar="JSON", type=click.Path(path_type=Path))
@output_option
@overwrite_option
def import_command(path: Path, output: Path | None, force: bool) -> int:
    """Turn a suite of Great Expectations (1.x, JSON) into one of assay's. Nothing is dropped.

    An expectation of a type that is not known here is kept, and said; a gate refuses it by name.
    """
    from audit.files import read_json
    from audit.gx import check_expectations
    from audit.suite.exchange import from_gx
    from audit.suite.text import suite_text

    _free(output, force)
    suite = from_gx(read_json(path), name=Path(output or path).stem)
    text = suite_text(suite, head=[f"From {path.name}, a suite of Great Expectations."])
    for expectation, wrong in zip(suite.expectations, check_expectations(suite.expectations), strict=True):
        if wrong:
            click.echo(f"kept as it is: {expectation.key}: {wrong}", err=True)
    _write(text, output)
    return 0


@command.command("export")
@click.argument("suite", metavar="SUITE")
@output_option
@overwrite_option
def export_command(suite: str, output: Path | None, force: bool) -> int:
    """Turn SUITE into JSON that Great Expectations (1.x) reads. Limits and options travel in its meta; comments do not."""
    import json

    from audit.errors import InputError
    from audit.suite import read_suite
    from audit.suite.exchange import to_gx

    _free(output, force)
    try:
        text = json.dumps(to_gx(read_suite(suite)), ensure_ascii=False, indent=1, allow_nan=False)
    except (TypeError, ValueError) as refused:
        raise InputError(f"{suite}: JSON cannot hold it: {refused}") from None
    _write(text + "\n", output)
    return 0


@command.command("baseline")
@click.argument("path", metavar="REPORT", type=click.Path(path_type=Path))
@output_option
@overwrite_option
def baseline_command(path: Path, output: Path | None, force: bool) -> int:
    """Keep of a report's audit.json what assay gate --baseline needs: measures, and no example of the data."""
    import json

    from audit.suite.baseline import baseline_of

    _free(output, force)
    _write(json.dumps(baseline_of(path), ensure_ascii=False, indent=1) + "\n", output)
    return 0
