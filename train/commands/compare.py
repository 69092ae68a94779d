"""`assay compare`."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.configured import configured
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.dataset import Dataset

WIDTH = 80
VARIANTS = "raw,pruned,relabelled,reweighted,augmented,pruned+augmented,random-pruned"


@click.command("compare")
@click.argument("data", metavar="DATA")
@click.option("--test", required=True, metavar="DATA", help="What every model is judged on; it is never touched.")
@click.option("--test-label", metavar="COL", help="Its column of labels, if it has another name there.")
@click.option(
    "--variants",
    metavar="NAME,…",
    default=VARIANTS,
    help=f"[default: {VARIANTS}]; also deduplicated, oracle (with --truth), polluted:5, augmented:crop+flip, pruned@pool.",
)
@click.option("--sizes", metavar="N,…", help="Rows drawn [default: a quarter, a half, all].")
@click.option(
    "--seeds", type=int, default=5, show_default=True, help="Draws at each size; fewer than 3 give no verdict."
)
@click.option(
    "--models",
    metavar="NAME,…",
    default="linear",
    show_default=True,
    help="linear, mlp, boosting; on pictures cnn, resnet9 or any torchvision classifier; knobs as in mlp:width=256.",
)
@click.option("--epochs", type=int, help="Passes over the rows [default: the model's recipe].")
@click.option(
    "--budget",
    type=click.Choice(["epochs", "steps", "both"]),
    default="epochs",
    show_default=True,
    help="What is held equal between versions; both trains every model twice.",
)
@click.option("--verified", type=click.Path(path_type=Path), help="Test rows with their true labels, drawn at random.")
@click.option(
    "--embeddings", type=click.Path(path_type=Path), help="Your own embeddings: .npy, a row a row of the data."
)
@click.option("--test-embeddings", type=click.Path(path_type=Path), help="The same for the test set.")
@click.option("--truth", metavar="COL", help="Column of true labels, for the variant oracle.")
@click.option("--device", metavar="NAME", help="cpu or cuda [default: a GPU where there is one].")
@click.option(
    "--executor",
    metavar="NAME",
    default="inline",
    show_default=True,
    help="Where models are trained: inline, processes, ray or ray://ADDRESS.",
)
@click.option("--workers", type=int, help="How many at once, of processes and of Ray's [default: one a core].")
@click.option("--track", type=click.Choice(["tensorboard", "mlflow"]), help="Log finished models live, in OUTPUT.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@opt.dataset_options
@opt.format_option("text", "json", "markdown")
@configured
def command(
    data: str,
    test: str,
    test_label: str | None,
    variants: str,
    sizes: str | None,
    seeds: int,
    models: str,
    epochs: int | None,
    budget: str,
    verified: Path | None,
    embeddings: Path | None,
    test_embeddings: Path | None,
    truth: str | None,
    device: str | None,
    executor: str,
    workers: int | None,
    track: str | None,
    output: Path,
    form: str,
    **kwargs: Any,
) -> int:
    """Train the same models on raw and repaired draws of DATA and say what each repair is worth.

    Each draw is audited by itself. Finished models are kept in OUTPUT and never trained again: run the same command
    again to go on where it stopped, or with more seeds to settle what cannot be told yet.
    """
    from audit.probabilities import load_array
    from audit.render.terminal import command_lines
    from audit.render.words import wrap
    from audit.sources import load
    from train.experiment import compare
    from train.publish import publish
    from train.render.markdown import markdown
    from train.render.steps import next_steps
    from train.render.terminal import terminal

    named = opt.roles(kwargs)
    train_set = load(data, **named)
    test_set = load(test, **{**named, **({"label": test_label} if test_label else {})})
    said = opt.command_line()
    notes: tuple[str, ...] = ()
    if truth in train_set.roles.features and not named.get("features"):
        train_set, test_set = _without(train_set, truth), _without(test_set, truth)
        # the audits that the page proposes must not learn from it either
        said += f" --features {shlex.quote(','.join(train_set.roles.features))}"
        notes = (f"column {truth!r} holds the true labels: it is not learnt from",)
    with opt.progress_bars() as progress:
        comparison = compare(
            train_set,
            test_set,
            variants=opt.names(variants),
            sizes=None if sizes is None else _numbers(sizes),
            seeds=seeds,
            models=opt.names(models),
            runs=output,
            embeddings=load_array(embeddings) if embeddings else None,
            test_embeddings=load_array(test_embeddings) if test_embeddings else None,
            truth=truth,
            epochs=epochs,
            budget=budget,
            verified=verified,
            device=device,
            executor=executor,
            workers=workers,
            track=track,
            progress=progress,
            command=said,
        )
    comparison = replace(comparison, created=opt.today(), notes=(*notes, *comparison.notes))
    publish(comparison, output)
    if form == "json":
        click.echo(json.dumps(comparison.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(markdown(comparison))
    else:
        click.echo(terminal(comparison, colour=opt.colour(), unicode=opt.unicode()))
        for said in comparison.extra["planner"]:
            click.echo("\n".join(wrap(f"trained {said}", WIDTH)))
        click.echo(f"report: {output}/comparison.html")
        if after := next((s.command for s in next_steps(comparison) if s.command), ""):
            click.echo("\n".join(command_lines("next:", after, WIDTH)))
    return 0


def _without(data: Dataset, column: str) -> Dataset:
    """The data with a column kept and not learnt from."""
    features = tuple(name for name in data.roles.features if name != column)
    return replace(data, roles=replace(data.roles, features=features, grid=None))


def _numbers(said: str) -> list[int]:
    try:
        return [int(n.replace("_", "")) for n in opt.names(said)]
    except ValueError:
        raise InputError(f"--sizes takes whole numbers with commas between them, got {said!r}") from None
