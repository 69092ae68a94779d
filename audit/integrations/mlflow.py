"""`log`: what was audited and what the gate said of it, in the MLflow run that trains on it (extra `trackers`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.dataset import Dataset
from audit.errors import InputError, OutputError, StaleError
from audit.files import plain
from audit.render.markdown import markdown
from audit.render.words import called
from audit.report import Report
from audit.verdict import Verdict, gate, own_suite

FOLDER = "assay"
"""Where artefacts lie in the run, and what the measures' names begin with."""


def log(
    report: str | Path | Report,
    verdict: Verdict | None = None,
    data: Dataset | None = None,
    *,
    context: str = "training",
) -> Verdict:
    """Log into the active MLflow run, and return the verdict.

    As input a dataset without its rows: its name, its fingerprint as digest, how many rows and what kind. As metrics
    every measure (`assay/labels.rate`, ...). As tags `assay.verdict`, `assay.hash` and the suite. As artefacts
    audit.json, verdict.json, report.md and, of a report's folder, all its files, not the evidence below them.

    Args:
        report: an audit, or its folder.
        verdict: what the gate said; by default judged now, by the suite the report was made for.
        data: the data that is trained on, if it is to be held against the report.
        context: what the data is used for, as MLflow calls it: training, testing, ...

    Raises:
        InputError: MLflow is not installed, or no run is active.
        StaleError: report, verdict and data are not of the same data; nothing is logged then.
        OutputError: MLflow refuses.
    """
    read = report if isinstance(report, Report) else Report.read(Path(report))
    said = verdict or gate(read, own_suite(read))
    now = None if data is None else replace(data).fingerprint  # what it has kept may be of before it was edited
    for what, of in (("verdict", said.fingerprint), ("data", now)):
        if of not in (None, read.dataset.fingerprint):
            raise StaleError(f"{read.dataset.name}: the report is of other data than the {what}")
    mlflow = _imported()
    if mlflow.active_run() is None:
        raise InputError("no MLflow run is active: log inside `with mlflow.start_run():`")
    try:
        mlflow.log_input(_input(read), context=context, tags={"rows": str(read.dataset.rows), "kind": read.dataset.kind})  # fmt: skip
        mlflow.log_metrics({f"{FOLDER}/{name}": float(value) for name, value in read.measures.items()})
        mlflow.set_tags(_tags(read, said))
        mlflow.log_text(markdown(read, said), f"{FOLDER}/report.md")
        mlflow.log_dict(plain(read.to_dict()), f"{FOLDER}/audit.json")
        mlflow.log_dict(said.to_dict(), f"{FOLDER}/verdict.json")
        for file in sorted(Path(report).iterdir()) if not isinstance(report, Report) else ():
            if file.is_file():
                mlflow.log_artifact(str(file), FOLDER)
    except mlflow.exceptions.MlflowException as refused:
        raise OutputError(f"MLflow: {str(refused).splitlines()[0]}") from None
    return said


def _imported() -> Any:
    try:
        import mlflow
        import mlflow.data.code_dataset_source
        import mlflow.data.meta_dataset
        import mlflow.data.sources
    except ImportError:
        raise InputError("logging to MLflow needs it, and it is not installed: pip install 'assay[trackers]'") from None
    return mlflow


def _input(report: Report) -> Any:
    """The data as MLflow knows it: where it is from and its digest, without a row of it."""
    mlflow, name = _imported(), report.dataset.name
    source = (
        mlflow.data.sources.LocalArtifactDatasetSource(str(Path(name).absolute()))
        if Path(name).exists()
        else mlflow.data.code_dataset_source.CodeDatasetSource({"name": name})
    )
    return mlflow.data.meta_dataset.MetaDataset(source, name=called(name)[:500], digest=report.dataset.fingerprint)


def _tags(report: Report, verdict: Verdict) -> dict[str, str]:
    found = {
        "verdict": verdict.outcome,
        "hash": report.dataset.fingerprint,
        "suite": verdict.suite,
        "suite.hash": verdict.suite_fingerprint,
        "not_met": ", ".join(b.measure for b in verdict.breaches)[:5000],
        "version": report.versions.get("assay", ""),
    }
    return {f"{FOLDER}.{name}": value for name, value in found.items()}
