"""`assay audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.audited import audited
from audit.commands.configured import configured, is_configured
from audit.errors import InputError, Undecided

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.large.bounds import Clock
    from audit.large.run import Large
    from audit.report import Report
    from audit.suite import Suite
    from audit.verdict import Verdict

ONLY_WHOLE = ("cache", "embeddings", "reference_embeddings", "columns")
"""Options that mean something only where the data is in memory."""


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
@click.option(
    "--budget", metavar="ROWS|TIME", help="Flag so many labels (500), or begin no check after so long (30s, 10m, 1h)."
)
@click.option("--memory", metavar="SIZE", help="Keep within so much memory (4G): what does not fit is read in blocks.")
@click.option(
    "--engine", default="local", show_default=True, help="Where blocks are worked on: local, ray, ray://ADDRESS."
)
@click.option(
    "--partial",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write this owner's share of a joint audit, no report.",
)
@click.option(
    "--thresholds",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --partial: the merged shares; makes round 2.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Keep evidence here [default: OUTPUT/evidence].")
@opt.seed_option
@opt.force_option
@opt.format_option("text", "json", "markdown")
@configured
def command(
    data: str,
    reference: str | None,
    suite: str | None,
    output: Path,
    precision: float | None,
    budget: str | None,
    memory: str | None,
    engine: str,
    partial: Path | None,
    thresholds: Path | None,
    cache: Path | None,
    seed: int,
    force: bool,
    form: str,
    **kwargs: Any,
) -> int:
    """Look for what is wrong with DATA and write a report.

    DATA is a file (.csv .tsv .parquet .jsonl .arrow .npz, also .gz), a folder of Parquet files, a folder with a
    folder of pictures for each class, a name (digits, planted:digits, torchvision:CIFAR10), an address of Parquet
    read block by block (s3://bucket/parts), or with --table the address of a database: postgresql://user@host/db,
    sqlite:///file.db.

    Exit code 0 when every check could be carried out, whatever it found; 3 when one could not. `assay gate` decides.
    """
    from audit.checks import CHECKS
    from audit.commands.folder import refuse_within
    from audit.large.bounds import Clock, parse_budget, within
    from audit.publish import EVIDENCE, publish, ready
    from audit.verdict import gate

    data, reference = opt.placed(data, kwargs), opt.beside(reference, kwargs)
    _refuse_blocks(data, memory, engine, partial)
    if partial is not None:
        return _partial(data, partial, thresholds, kwargs)
    if thresholds is not None:
        raise InputError("--thresholds goes with --partial: it makes an owner's share of round 2")
    bound = None if budget is None else parse_budget(budget)
    if precision is not None and isinstance(bound, int):
        raise InputError(
            f"--precision {precision:g} and --budget {bound} are two lengths for one list; give one of them"
        )
    refuse_within(data, output)
    ready(output, force=force)
    clock = Clock(bound if isinstance(bound, float) else None)
    rows = bound if isinstance(bound, int) else None
    asked = {name: value for name, value in (("precision", precision), ("budget", rows)) if value is not None}
    checks = {"labels": asked} if asked else {}
    whole = {"reference": reference, "cache": cache}
    room = _bound(data, memory, engine, kwargs)
    if room is not None:
        large, chosen = _streamed(data, suite, room, engine, clock, checks, seed, whole, kwargs)
        return _say(large.report, _publish(large, chosen, output), output, form)
    made = audited(
        data,
        reference=reference,
        suite=suite,
        cache=cache or output / EVIDENCE,
        seed=seed,
        checks=checks,
        with_map=True,
        only=None if clock.seconds is None else within(clock, CHECKS),
        options=kwargs,
    )
    verdict = gate(made.report, made.suite)
    publish(made.report, verdict, made.data, made.reference, output)
    return _say(made.report, verdict, output, form)


def _say(report: Report, verdict: Verdict, output: Path, form: str) -> int:
    from audit.render.json import as_json
    from audit.render.markdown import markdown
    from audit.render.steps import next_steps
    from audit.render.terminal import terminal
    from audit.review.people import with_people

    shown = with_people(report, output)
    if form == "json":
        click.echo(json.dumps(as_json(report, verdict), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(markdown(shown, verdict))
    else:
        click.echo(
            terminal(
                shown,
                verdict,
                path=output / "report.html",
                steps=next_steps(shown, verdict, f"{output}/"),
                colour=opt.colour(),
                unicode=opt.unicode(),
            )
        )
    return Undecided.exit_code if report.errors else 0


def _refuse_blocks(data: str, memory: str | None, engine: str, partial: Path | None) -> None:
    from audit.address import is_address

    said = [
        name for name, used in (("--memory", memory), ("--engine", engine != "local"), ("--partial", partial)) if used
    ]
    if said and is_address(data):
        raise InputError(
            f"{data}: {said[0]} reads Parquet in blocks, and a table is read whole; write it as Parquet first"
        )


# -- within a memory ---------------------------------------------------------------------------------------------------


def _bound(data: str, memory: str | None, engine: str, kwargs: dict[str, Any]) -> int | None:
    """The bytes within which blocks are read; None where the data fits, or nobody asked."""
    from audit.large.read.places import is_remote

    if memory is None and engine == "local" and not is_remote(data):
        return None
    from audit.large.bounds import available, parse_size
    from audit.large.plan import fits

    bound = parse_size(memory) if memory is not None else available()
    if engine != "local" or is_remote(data):
        return bound
    return None if fits(data, bound, kwargs["pred_probs"], kwargs["image"], kwargs["label"]) else bound


def _streamed(
    data: str,
    suite: str | None,
    memory: int,
    where: str,
    clock: Clock,
    checks: dict[str, Any],
    seed: int,
    whole: dict[str, Any],
    kwargs: dict[str, Any],
) -> tuple[Large, Suite]:
    """An audit by blocks."""
    from audit.large.engine import engine
    from audit.large.read.probabilities import bring
    from audit.large.run import audit_blocks
    from audit.suite import default_suite, read_suite

    for name in ONLY_WHOLE:
        if (whole.get(name) or kwargs.get(name)) and not (name == "cache" and is_configured(name)):
            raise InputError(
                f"{data}: --{name.replace('_', '-')} needs the data in memory, and it is audited block by block"
            )
    files = kwargs["pred_probs"]
    if len(files) > 1:
        raise InputError(f"{data}: block by block there is room for one --pred-probs, and {len(files)} were given")
    network = opt.backbone(kwargs)
    opened = _opened(data, dict(kwargs))
    said = opt.names(kwargs["classes"]) if kwargs["classes"] else None
    brought = bring(files[0], opened.classes, said) if files else None
    reference = _reference(whole["reference"], memory, dict(kwargs))
    chosen = read_suite(suite) if suite else default_suite(opened.head, reference)
    with engine(where) as run, opt.progress_bars() as progress:
        large = audit_blocks(
            opened, suite=chosen, run=run, memory=memory, brought=brought, reference=reference, clock=clock, options=checks,
            seed=seed, progress=progress, command=opt.command_line(), created=opt.today(), with_map=True,
            backbone=network,
        )  # fmt: skip
    return large, chosen


def _opened(data: str, kwargs: dict[str, Any]) -> Any:
    from audit.large.read.places import place_of
    from audit.large.read.table import open_data, open_table
    from audit.sources.roles import Named

    said = opt.roles(kwargs)
    if said.pop("table", None):
        raise InputError(f"{data}: --table names a table of a database, and this is a file")
    if said.pop("columns", None):
        raise InputError(f"{data}: --columns names the columns of a file without a header, and Parquet has one")
    features = tuple(said.pop("features")) if "features" in said else None
    return open_data(open_table(place_of(data)), Named(**said, features=features))


def _reference(where: str | None, memory: int, kwargs: dict[str, Any]) -> Dataset | None:
    from audit.large.plan import check_reference

    if not where:
        return None
    check_reference(where, memory)
    return opt.load_reference(where, opt.roles(kwargs))


def _publish(large: Large, suite: Suite, output: Path) -> Verdict:
    from audit.large.publish import publish_blocks
    from audit.verdict import gate

    verdict = gate(large.report, suite)
    publish_blocks(large, verdict, output)
    return verdict


# -- one owner of several ----------------------------------------------------------------------------------------------


def _partial(data: str, path: Path, thresholds: Path | None, kwargs: dict[str, Any]) -> int:
    """Write what this owner hands over, and say what it reveals."""
    from audit.large.every.sites import partial
    from audit.large.read.places import SUFFIXES, is_remote
    from audit.sources import load
    from audit.stream.sites import Sums, write_stats

    files = kwargs["pred_probs"]
    if len(files) != 1:
        raise InputError(f"{data}: --partial is made of one --pred-probs, and {len(files)} were given")
    said = opt.names(kwargs["classes"]) if kwargs["classes"] else None
    where = Path(data)
    if is_remote(data) or where.is_dir() or where.suffix.lower() in SUFFIXES:
        opened = _opened(data, kwargs)
        codes, classes = opened.codes, opened.classes
    else:
        loaded = load(data, **opt.roles(kwargs))
        codes, classes = loaded.labels, loaded.classes
    if codes is None:
        raise InputError(f"{data}: --partial counts labels, and there is no label column")
    made = partial(codes, classes, files[0], said=said, pooled=thresholds)
    write_stats(path, made)
    if isinstance(made, Sums):
        click.echo(
            f"round 1 of 2: {path}: rows and mean self-confidence of {len(made.classes)} classes, {len(codes):,} rows"
        )
        click.echo("no row leaves; a class of one row shows that row's probability (docs/large.md)")
        click.echo("next:   assay merge SITE.stats… -o pooled.stats, where all sites' files are")
    else:
        click.echo(
            f"round 2 of 2: {path}: how many of {len(codes):,} rows count as which class, {made.issues:,} as another"
        )
        click.echo("no row leaves; a cell of one is one row (docs/large.md)")
        click.echo(
            f"next:   assay merge SITE.stats… --thresholds {thresholds} -o pooled.json, where all sites' files are"
        )
    return 0
