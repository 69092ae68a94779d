"""What was logged is in MLflow's own store, as its client reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from certificate.gated import csv, table

import audit
from audit.errors import InputError, OutputError, StaleError
from audit.integrations.mlflow import log
from audit.suite import Limit, Suite
from audit.verdict import gate

# protobuf's generated code, imported by MLflow
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:google")
SUITE = Suite("own", limits=(Limit("duplicates.exact.count", 0.0), Limit("missing.count", 0.0)))


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """MLflow with a store of files."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    library = pytest.importorskip("mlflow", reason="MLflow is not installed (extra trackers)")
    library.set_tracking_uri((tmp_path / "store").as_uri())
    library.set_experiment("gated")
    yield library
    library.end_run()
    library.set_tracking_uri(None)


@pytest.fixture
def data(tmp_path) -> audit.Dataset:
    return audit.load(csv(tmp_path, table().iloc[[*range(12), 3, 4]]), label="label")


@pytest.fixture
def report(data) -> audit.Report:
    return audit.audit(data, suite=SUITE, checks=["missing", "duplicates"])


def logged(mlflow, *args, **kwargs):
    """Log in a run; what the store says of it then, and a function that reads an artefact."""
    with mlflow.start_run() as run:
        log(*args, **kwargs)
    client = mlflow.MlflowClient()

    def artefact(name: str) -> Path:
        return Path(client.download_artifacts(run.info.run_id, f"assay/{name}"))

    return client.get_run(run.info.run_id), artefact


def test_the_dataset_is_an_input_with_the_fingerprint_as_its_digest(mlflow, data, report):
    run, _ = logged(mlflow, report, data=data)
    (found,) = run.inputs.dataset_inputs

    assert (found.dataset.name, found.dataset.digest) == ("data.csv", data.fingerprint)
    assert json.loads(found.dataset.source)["uri"] == data.name
    assert {t.key: t.value for t in found.tags} == {"mlflow.data.context": "training", "rows": "14", "kind": "table"}


def test_data_that_was_edited_in_place_since_its_audit_is_not_logged(mlflow, data, report):
    data.table.iloc[0] = data.table.iloc[2]

    with pytest.raises(StaleError, match="other data than the data"):
        logged(mlflow, report, data=data)


def test_every_measure_is_a_metric(mlflow, report):
    run, _ = logged(mlflow, report)

    assert run.data.metrics == {f"assay/{name}": float(value) for name, value in report.measures.items()}
    assert run.data.metrics["assay/duplicates.exact.count"] == 2


def test_the_verdict_is_a_tag(mlflow, data, report):
    run, artefact = logged(mlflow, report)
    tags = {k: v for k, v in run.data.tags.items() if k.startswith("assay.")}

    assert tags["assay.verdict"] == "FAIL"
    assert tags["assay.not_met"] == "duplicates.exact.count"
    assert (tags["assay.hash"], tags["assay.suite.hash"]) == (data.fingerprint, SUITE.fingerprint)
    assert json.loads(artefact("verdict.json").read_text())["exit_code"] == 1


def test_another_suites_verdict_may_be_given(mlflow, report):
    lax = Suite("lax", limits=(Limit("duplicates.exact.count", 5.0),))
    run, _ = logged(mlflow, report, gate(report, lax), context="validation")

    assert (run.data.tags["assay.verdict"], run.data.tags["assay.suite"]) == ("PASS", "lax")
    assert "validation" in {t.value for t in run.inputs.dataset_inputs[0].tags}


def test_a_folders_files_are_artefacts_and_its_evidence_is_not(mlflow, report, tmp_path):
    report.write(tmp_path / "report")
    (tmp_path / "report/evidence").mkdir()
    (tmp_path / "report/evidence/large.npz").write_bytes(b"-")
    run, artefact = logged(mlflow, tmp_path / "report")
    there = {f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id, "assay")}

    assert there == {f"assay/{n}" for n in ("audit.json", "report.md", "verdict.json", "issues.parquet", "scores.parquet")}  # fmt: skip
    assert artefact("audit.json").read_bytes() == (tmp_path / "report/audit.json").read_bytes()
    assert "FAIL" in artefact("report.md").read_text()


def test_data_that_came_from_no_file_has_a_source_too(mlflow):
    data = audit.load(table(), label="label")
    run, _ = logged(mlflow, audit.audit(data, suite=SUITE, checks=["missing", "duplicates"]))
    (found,) = run.inputs.dataset_inputs

    assert found.dataset.digest == data.fingerprint
    assert json.loads(found.dataset.source)["tags"] == {"name": data.name}


def test_what_is_of_other_data_is_refused_and_nothing_is_logged(mlflow, report):
    other = audit.load(table(30), label="label")
    elsewhere = gate(audit.audit(other, suite=SUITE, checks=["missing"]), SUITE)
    with mlflow.start_run() as run:
        with pytest.raises(StaleError, match="than the data"):
            log(report, data=other)
        with pytest.raises(StaleError, match="than the verdict"):
            log(report, elsewhere)

    found = mlflow.MlflowClient().get_run(run.info.run_id)
    assert not found.data.metrics
    assert not found.inputs.dataset_inputs


def test_without_a_run_none_is_begun(mlflow, report):
    with pytest.raises(InputError, match="no MLflow run is active"):
        log(report)
    assert mlflow.active_run() is None


def test_what_mlflow_refuses_is_one_line(mlflow, report):
    with mlflow.start_run() as run:
        mlflow.MlflowClient().delete_run(run.info.run_id)
        with pytest.raises(OutputError, match=r"MLflow: .*active") as raised:
            log(report)
        mlflow.MlflowClient().restore_run(run.info.run_id)
    assert "\n" not in str(raised.value)
