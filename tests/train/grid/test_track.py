"""What was sent to a tracker is there, as its own reader reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from audit.errors import InputError, OutputError, UnknownName
from tests.train.grids import own, small
from tests.train.grids import wrong as never
from train.comparison import Contrast
from train.grid.grid import fill
from train.grid.ledger import Ledger
from train.grid.track import tracked

CONTRAST = Contrast("pruned", "raw", 120, "linear", "accuracy", 0.03, 0.01, 0.05, 0.01, 0.02, "helps", 3, 0, 0.02, None)
NAMES = ["tensorboard", "mlflow"]

pytestmark = [
    # protobuf's generated code, imported by TensorBoard and MLflow
    pytest.mark.filterwarnings("ignore::DeprecationWarning:google"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard"),
]


@pytest.fixture
def grid():
    return small(seeds=1)


def logged(name, grid, folder):
    """Fill a grid with this tracker listening, and hand on a contrast."""
    with tracked(name, folder, "blobs") as log:
        filled = fill(grid, Ledger(folder), seen=log.cell)
        log.contrasts([CONTRAST])
    return filled


def scalars(folder):
    """{tag: {step: value}} of a TensorBoard run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    return {tag: {e.step: e.value for e in read.Scalars(tag)} for tag in read.Tags()["scalars"]}


def runs(folder):
    """The runs of an MLflow store, without the comparison's own; and that one."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=(folder / "mlflow").absolute().as_uri())
    found = client.search_runs([client.get_experiment_by_name("assay").experiment_id])
    (parent,) = [r for r in found if "mlflow.parentRunId" not in r.data.tags]
    return client, parent, [r for r in found if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]


def test_tensorboard_draws_each_metric_over_the_rows_drawn(grid, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed (extra trackers)")
    filled = logged("tensorboard", grid, tmp_path)

    for variant in ("raw", "pruned"):
        read = scalars(tmp_path / "tensorboard" / variant / "linear" / "seed-0")
        mine = {c.size: r.record for c, r in filled.results.items() if c.variant == variant}
        assert read["accuracy"] == pytest.approx({size: r["metrics"]["accuracy"] for size, r in mine.items()})
        assert read["seconds"] == pytest.approx({size: r["seconds"] for size, r in mine.items()})
    against = scalars(tmp_path / "tensorboard" / "pruned" / "linear" / "against raw")
    assert against["accuracy diff"] == pytest.approx({120: 0.03})
    assert against["accuracy low"] == pytest.approx({120: 0.01})


def test_a_finished_comparison_is_drawn_once_however_often_it_is_opened(grid, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed (extra trackers)")
    logged("tensorboard", grid, tmp_path)
    logged("tensorboard", grid, tmp_path)

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(tmp_path / "tensorboard" / "raw" / "linear" / "seed-0")).Reload()
    assert [e.step for e in read.Scalars("accuracy")] == [60, 120]


def test_mlflow_has_a_run_a_cell_under_that_of_the_comparison(grid, tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="MLflow is not installed (extra trackers)")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    filled = logged("mlflow", grid, tmp_path)
    client, parent, cells = runs(tmp_path)

    said = {(r.data.params["variant"], int(r.data.params["size"])): r.data.metrics["accuracy"] for r in cells}
    assert said == {(c.variant, c.size): r.record["metrics"]["accuracy"] for c, r in filled.results.items()}
    assert {r.info.status for r in [parent, *cells]} == {"FINISHED"}
    written = client.download_artifacts(parent.info.run_id, "contrasts.json", str(tmp_path))
    assert json.loads(Path(written).read_text())["contrasts"][0]["verdict"] == "helps"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_mlflow_goes_where_the_user_said(grid, tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="MLflow is not installed (extra trackers)")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "elsewhere" / "mlflow").as_uri())
    logged("mlflow", grid, tmp_path / "runs")

    assert len(runs(tmp_path / "elsewhere")[2]) == len(grid)
    assert not (tmp_path / "runs" / "mlflow").exists()


def test_a_store_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="MLflow is not installed (extra trackers)")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://nowhere")

    with pytest.raises(OutputError, match="tracker mlflow: "), tracked("mlflow", tmp_path):
        pass


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_that_failed_is_told_of_as_one(name, tmp_path, monkeypatch):
    pytest.importorskip(name, reason="extra trackers")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    record = {
        "variant": "raw",
        "size": 60,
        "seed": 0,
        "model": "linear",
        "rows": 60,
        "failed": "the loss was no number",
    }
    with tracked(name, tmp_path) as log:
        log.cell(record)

    if name == "mlflow":
        (cell,) = runs(tmp_path)[2]
        assert (cell.info.status, cell.data.tags["failed"]) == ("FAILED", "the loss was no number")
    else:
        assert "accuracy" not in scalars(tmp_path / "tensorboard" / "raw" / "linear" / "seed-0")


def test_cells_are_told_of_one_by_one_while_others_train(tmp_path):
    seen = []
    ledger = Ledger(tmp_path)
    fill(small(seeds=2), ledger, seen=lambda record: seen.append(len(list((tmp_path / "cells").glob("*.npz")))))

    assert seen[0] < 8
    assert seen[-1] == 8


def test_without_a_tracker_nothing_is_written(grid, tmp_path):
    logged(None, grid, tmp_path)

    assert [p.name for p in tmp_path.iterdir()] == ["cells"]


def test_an_unknown_tracker_is_said_before_anything_is_trained(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'mlflow'"), tracked("mlfow", tmp_path):
        fill(small((own("never", never),)), Ledger(tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_a_tracker_needs_a_folder(name, monkeypatch):
    pytest.importorskip(name, reason="extra trackers")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="keeps none"), tracked(name, None):
        pass
