"""Options that several commands share, and what they turn into."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.commands.configured import is_configured
from audit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.evidence.backbone import Backbone
    from audit.evidence.gather import Progress
    from audit.evidence.given import Given

F = TypeVar("F", bound=Callable[..., Any])
ROLES = ("label", "text", "image", "features", "id", "group", "split", "weight", "columns", "unlabelled", "table")


def dataset_options(function: F) -> F:
    """Add the options that say what a table's columns are for; `roles(kwargs)` takes them out again."""
    for option in reversed(
        [
            click.option("--label", metavar="COL", help="Column of the labels."),
            click.option("--text", metavar="COL", help="Column of the texts, if examples are texts."),
            click.option("--image", metavar="COL", help="Column of image paths or encoded bytes."),
            click.option("--features", metavar="COL,…", help="Columns to learn from [default: all without a role]."),
            click.option(
                "--id",
                metavar="COL",
                help="Column that names the rows [default: their position; a table's primary key].",
            ),
            click.option("--group", metavar="COL", help="Rows of one group are never split between folds."),
            click.option(
                "--split", metavar="COL", help="Column that says train, test, …; leakage is looked for between."
            ),
            click.option("--weight", metavar="COL", help="Column of the rows' weights."),
            click.option(
                "--no-label", "unlabelled", is_flag=True, help="There is no label; only what needs none is checked."
            ),
            click.option("--columns", metavar="COL,…", help="Names of the columns of a file that has no header line."),
            click.option("--table", metavar="NAME", help="Table or view of a database (postgresql://…, sqlite:///…)."),
        ]
    ):
        function = option(function)
    return function


def names(said: str) -> list[str]:
    """What was listed with commas between."""
    return [name.strip() for name in said.split(",") if name.strip()]


def roles(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Take the dataset options out of a command's arguments; what was not said is left out.

    Of `--label` and `--no-label` the one that was typed holds against the one that the file sets.
    """
    said = {name: kwargs.pop(name) for name in ROLES}
    if said["label"] and said["unlabelled"] and is_configured("label") != is_configured("unlabelled"):
        said["label" if is_configured("label") else "unlabelled"] = None
    for several in ("features", "columns"):
        if said[several]:
            said[several] = names(said[several])
    return {name: value for name, value in said.items() if value not in (None, False)}


def load_reference(where: str, named: dict[str, Any]) -> Dataset:
    """What data is compared with, in the roles that its columns have; nobody learns from its rows, so that it may do without
    a group, a split or a weight."""
    from audit.sources import load

    said = {name: value for name, value in named.items() if name != "table"}
    try:
        return load(where, **said)
    except UnknownName:  # of whatever else is not there the second reading says the same
        return load(where, **{name: value for name, value in said.items() if name not in ("group", "split", "weight")})


def placed(where: str, kwargs: dict[str, Any]) -> str:
    """A database's address with --table and --id in it and without its password; what is no address, as it is.

    To be called before anything else, so that nothing that is said or written can hold the password.
    """
    from audit.address import is_address, named

    return named(where, kwargs["table"], kwargs["id"]) if is_address(where) else where


def beside(where: str | None, kwargs: dict[str, Any]) -> str | None:
    """The same for what data is compared with: --table is the data's, and holds where its address names no other."""
    from audit.address import is_address, named, parse_address

    if where is None or not is_address(where):
        return where
    return named(where, None if parse_address(where).table else kwargs["table"], None)


def evidence_options(function: F) -> F:
    """Add the options that bring evidence along."""
    file = click.Path(path_type=Path)
    for option in reversed(
        [
            click.option("--embeddings", type=file, help="Your own embeddings: .npy, a row a row of the data."),
            click.option("--reference-embeddings", type=file, help="The same for the reference."),
            click.option(
                "--pred-probs",
                type=file,
                multiple=True,
                help="Your own out-of-sample probabilities: .npz, .parquet or .npy; once for each model.",
            ),
            click.option("--classes", metavar="A,B,…", help="What the columns of a bare .npy are."),
            click.option("--backbone", metavar="NAME", help="A torchvision classifier to embed pictures with."),
            click.option("--weights", type=file, help="The file of its weights (nothing is ever downloaded)."),
        ]
    ):
        function = option(function)
    return function


def given(data: Dataset, kwargs: dict[str, Any]) -> Given:
    """Take the evidence options out of a command's arguments and read their files."""
    from audit.evidence.given import Given
    from audit.probabilities import load_array, read_probabilities

    network = backbone(kwargs)
    said = {name: kwargs.pop(name) for name in ("embeddings", "reference_embeddings", "pred_probs", "classes")}
    order = names(said["classes"]) if said["classes"] else None
    return Given(
        embeddings=said["embeddings"] and load_array(said["embeddings"]),
        reference_embeddings=said["reference_embeddings"] and load_array(said["reference_embeddings"]),
        pred_probs=[read_probabilities(p, data_classes=data.classes, classes=order) for p in said["pred_probs"]]
        or None,
        backbone=network,
    )


def backbone(kwargs: dict[str, Any]) -> Backbone | None:
    """Take the backbone out of a command's arguments; that it or its file is missing is said before anything is computed."""
    from audit.evidence.backbone import Backbone, backbones

    name, weights = kwargs.pop("backbone"), kwargs.pop("weights")
    if bool(name) != bool(weights):
        raise InputError("--backbone NAME and --weights FILE go together")
    if not name:
        return None
    if name not in backbones():
        raise UnknownName.of("backbone", name, backbones())
    if not weights.is_file():
        raise InputError(f"{weights}: no such file")
    return Backbone(name, weights)


def format_option(*formats: str) -> Callable[[F], F]:
    """Add `--format`; the first is the default."""
    return click.option("--format", "form", type=click.Choice(formats), default=formats[0], show_default=True)


force_option = click.option("--force", is_flag=True, help="Write into a folder that is not empty.")
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="One seed, one result.")
suite_option = click.option(
    "--suite", metavar="FILE", help="What is expected and accepted [default: the one shipped for this kind of data]."
)


def colour() -> bool:
    """Whether findings may be coloured: a terminal, and nobody asked for none."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def unicode() -> bool:
    """Whether stdout can say more than ASCII."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def today() -> str:
    """The date, for the record."""
    return datetime.now(tz=UTC).date().isoformat()


def command_line() -> str:
    """What the user typed, for the record."""
    import shlex

    from audit.address import without_passwords

    return shlex.join(["assay", *map(without_passwords, sys.argv[1:])])


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars on stderr while the block runs: on a terminal only, gone when it ends."""
    from audit.evidence.gather import silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}
        began: dict[str, tuple[int, float]] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, pace="")
                began[what] = done, time.monotonic()
            first, start = began[what]
            said = pace(done - first, time.monotonic() - start, total - done)
            bars.update(tasks[what], completed=done, total=total, pace=said)

        yield show


def pace(done: int, seconds: float, left: int) -> str:
    """How fast it goes and how long it will take: `3.2 a second, 0:41 left`; below one a second, `12.0 s each`.

    Args:
        done: how many were done in `seconds`; those that had been done before tell nothing of the pace.
        seconds: since the first report.
        left: how many there are still to do.
    """
    if done < 1 or seconds <= 0:
        return ""
    each = seconds / done
    speed = f"{1 / each:,.1f} a second" if each < 1 else f"{each:,.1f} s each"
    minutes, rest = divmod(round(each * left), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{speed}, " + (f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}") + " left"
