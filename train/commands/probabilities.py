"""`assay probabilities`."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Any

import click

from audit.commands import options as opt
from audit.commands.configured import configured

WIDTH = 80


@click.command("probabilities")
@click.argument("data", metavar="DATA")
@click.option(
    "--model",
    metavar="NAME",
    default="mlp",
    show_default=True,
    help="linear, mlp, boosting; on pictures cnn, resnet9 or any torchvision classifier; knobs as in mlp:width=256.",
)
@click.option("--folds", type=int, default=5, show_default=True, help="In how many parts the rows are held out.")
@click.option(
    "--embeddings", type=click.Path(path_type=Path), help="Your own embeddings: .npy, a row a row of the data."
)
@click.option("--device", metavar="NAME", help="cpu or cuda [default: a GPU where there is one].")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("probabilities.npz"), show_default=True)
@opt.dataset_options
@opt.seed_option
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@opt.format_option("text", "json")
@configured
def command(
    data: str,
    model: str,
    folds: int,
    embeddings: Path | None,
    device: str | None,
    output: Path,
    seed: int,
    force: bool,
    form: str,
    **kwargs: Any,
) -> int:
    """Predict every row of DATA by a model that was trained without it, for `assay audit --pred-probs`.

    The rows are held out in parts; copies of a row and its group are held out with it. What a model says of a row that
    it has never seen does not repeat the row's wrong label, as a model that was trained on it would.
    """
    from audit.probabilities import load_array
    from audit.render.terminal import command_lines
    from audit.render.words import wrap
    from audit.sources import load
    from train.probabilities import check_output, predict_out_of_fold, write_probabilities

    check_output(output, force=force)
    after = _audit_command(data, output, embeddings, kwargs)
    dataset = load(data, **opt.roles(kwargs))
    start = time.perf_counter()
    with opt.progress_bars() as progress:
        made = predict_out_of_fold(
            dataset,
            model=model,
            folds=folds,
            seed=seed,
            embeddings=load_array(embeddings) if embeddings else None,
            device=device,
            progress=progress,
        )
    seconds = time.perf_counter() - start
    write_probabilities(output, made.probabilities, force=force)
    if form == "json":
        values = {"model": model, "folds": folds, "rows": len(dataset), "classes": len(dataset.classes)}
        values |= {"accuracy": made.accuracy, "steps": made.steps, "parameters": made.parameters, "device": made.device}
        values |= {"seconds": round(seconds, 3), "notes": made.notes, "output": str(output)}
        click.echo(json.dumps(values, ensure_ascii=False))
        return 0
    size = f"{made.parameters:,} parameters, " if made.parameters else ""
    click.echo(f"{model}: {folds} models, {size}{made.steps:,} steps each at most, on {made.device}")
    for line in (*(f"trained {choice}" for choice in made.choices), *(f"note: {note}" for note in made.notes)):
        click.echo("\n".join(wrap(line, WIDTH)))
    click.echo(f"accuracy against the given labels, out of fold: {made.accuracy:.1%}")
    click.echo(f"{len(dataset):,} rows x {len(dataset.classes)} classes in {seconds:.1f} s: {output}")
    click.echo("\n".join(command_lines("next:", after, WIDTH)))
    return 0


def _audit_command(data: str, output: Path, embeddings: Path | None, kwargs: dict[str, Any]) -> str:
    """The audit that looks at these probabilities, with the columns in the same roles."""
    typed = ["assay", "audit", data]
    for name in opt.ROLES:
        if name == "unlabelled" or not kwargs[name]:
            continue  # without labels there is nothing to predict, and the command ends before this is said
        typed += [f"--{name}", kwargs[name]]
    typed += ["--embeddings", str(embeddings)] if embeddings else []
    return shlex.join([*typed, "--pred-probs", str(output)])
