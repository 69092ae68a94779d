"""Trackers: finished cells sent on, as they finish, to a tool that draws them (extra `trackers`). The ledger and
comparison.json say the same; nothing is read back from a tracker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.errors import InputError, OutputError, UnknownName
from train.comparison import Contrast

FOLDERS = ("tensorboard", "mlflow")
"""What trackers make beside the ledger."""
EXTRA = "which is not installed: pip install 'assay[trackers]'"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}
"""No telemetry; and plain files as the store, since a database would need more packages."""
TOLD = ("variant", "size", "seed", "model", "rows")


@dataclass(frozen=True)
class Log:
    """Where finished work is told of."""

    cell: Callable[[Mapping[str, Any]], None]
    """Takes a finished cell's record."""
    contrasts: Callable[[Sequence[Contrast]], None]
    """Takes what they say in the end."""


@contextmanager
def tracked(name: str | None, runs: Path | None, title: str = "comparison") -> Iterator[Log]:
    """The tracker of a name while the block runs; without a name, one that nobody listens to.

    Args:
        name: `tensorboard` or `mlflow`.
        runs: the ledger's folder; the tracker's own lies in it. mlflow goes where MLFLOW_TRACKING_URI says, if it does.
        title: what this run is called.
    """
    if name is None:
        yield Log(lambda _: None, lambda _: None)
    elif name not in TRACKERS:
        raise UnknownName.of("tracker", name, TRACKERS)
    else:
        with TRACKERS[name](runs, title) as log:
            yield log


def _beside(runs: Path | None, name: str) -> Path:
    if runs is None:
        raise InputError(f"tracker {name} needs a folder to write to, and this comparison keeps none")
    return runs / name


@contextmanager
def tensorboard(runs: Path | None, title: str) -> Iterator[Log]:
    """Learning curves for TensorBoard in runs/tensorboard, written anew: a line a variant, model and seed, its steps the
    rows drawn."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError(f"tracker tensorboard needs TensorBoard, {EXTRA}") from None
    home = _beside(runs, "tensorboard")
    shutil.rmtree(home, ignore_errors=True)

    def cell(record: Mapping[str, Any]) -> None:
        # a file a cell: complete when the cell is, and none is held open
        with SummaryWriter(home / record["variant"] / record["model"] / f"seed-{record['seed']}") as writer:
            for metric, value in _numbers(record).items():
                writer.add_scalar(metric, value, record["size"])
            if why := record.get("failed"):
                writer.add_text("failed", str(why), record["size"])

    def contrasts(found: Sequence[Contrast]) -> None:
        for c in found:
            with SummaryWriter(home / c.variant / c.model / f"against {c.baseline}") as writer:
                for end in ("diff", "low", "high"):
                    if (value := getattr(c, end)) is not None:
                        writer.add_scalar(f"{c.metric} {end}", value, c.size)
                writer.add_text(f"{c.metric} verdict", f"{title}: {c.verdict}", c.size)

    yield Log(cell, contrasts)


@contextmanager
def mlflow(runs: Path | None, title: str) -> Iterator[Log]:
    """MLflow: one run for the comparison with contrasts.json, and under it a run a cell."""
    os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})  # read when imported
    try:
        from mlflow import MlflowClient  # type: ignore[import-not-found, unused-ignore]
        from mlflow.exceptions import MlflowException  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise InputError(f"tracker mlflow needs MLflow, {EXTRA}") from None
    told = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        client = MlflowClient(tracking_uri=told or _beside(runs, "mlflow").absolute().as_uri())
        experiment = client.get_experiment_by_name("assay")
        where = experiment.experiment_id if experiment else client.create_experiment("assay")
        parent = client.create_run(where, run_name=title).info.run_id

        def cell(record: Mapping[str, Any]) -> None:
            name = "{variant}, {size} rows, seed {seed}, {model}".format_map(record)
            run = client.create_run(where, run_name=name, tags={"mlflow.parentRunId": parent}).info.run_id
            for key in TOLD:
                client.log_param(run, key, record[key])
            for metric, value in _numbers(record).items():
                client.log_metric(run, metric, value, step=record["size"])
            if why := record.get("failed"):
                client.set_tag(run, "failed", why)
            client.set_terminated(run, "FAILED" if record.get("failed") else "FINISHED")

        def contrasts(found: Sequence[Contrast]) -> None:
            client.log_dict(parent, {"contrasts": [asdict(c) for c in found]}, "contrasts.json")

        status = "FAILED"
        try:
            yield Log(cell, contrasts)
            status = "FINISHED"
        finally:
            client.set_terminated(parent, status)
    except MlflowException as refused:
        raise OutputError(f"tracker mlflow: {str(refused).splitlines()[0]}") from None


def _numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """A cell's measures and what it took."""
    taken = {k: float(record[k]) for k in ("seconds", "steps", "examples_seen", "rows") if k in record}
    return {**{k: float(v) for k, v in record.get("metrics", {}).items()}, **taken}


TRACKERS = {"tensorboard": tensorboard, "mlflow": mlflow}
