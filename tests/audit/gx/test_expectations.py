"""Our expectations in other people's Great Expectations: they hold where the report says so, and fail wherever it cannot."""

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import great_expectations as gx
import numpy as np
import pandas as pd
import pytest
from great_expectations.compatibility.pydantic import ValidationError
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from toy import FEATURES, pictures_of, planted, report_of

from audit.certificate.issue import certify
from audit.dataset import Dataset
from audit.errors import Undecided, UnknownName
from audit.files import read_json, write_json
from audit.gx import (
    ExpectCertificateToBeValid,
    ExpectClassPairConfusionToBeBelow,
    ExpectConflictingDuplicatesToBeZero,
    ExpectLabelNoiseToBeBelow,
    ExpectLabelQualityQuantileToBeAbove,
    ExpectReportMeasureToBeAtMost,
    ExpectReportToPassItsGate,
    ExpectSplitLeakageToBeZero,
    RequireExpectations,
    check_expectations,
    hash_of_report,
    run_expectations,
)
from audit.gx.expectations.pairs import PAIRS, worst_pair
from audit.gx.ours import INSTEAD, OURS
from audit.gx.tables import registered
from audit.projection import Projection
from audit.report import Issues, Report
from audit.run import audit
from audit.sources import load
from audit.suite import Expectation, Suite, parse_suite

CHECKS = ("schema", "labels", "conflicts", "leakage")
DEMANDS = {"limits": {"labels.rate_high": 0.2}, "expectations": [{"type": "expect_column_to_exist", "column": "x0"}]}


@dataclass(frozen=True)
class Audited:
    """A report on disk, and what it is about."""

    folder: Path
    data: Dataset
    report: Report
    suite: Suite

    @property
    def named(self) -> dict[str, str]:
        return {"report": str(self.folder), "report_hash": hash_of_report(self.folder)}

    @property
    def frame(self) -> pd.DataFrame:
        return self.data.table


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> Audited:
    """250 rows with 14 flipped labels and 2 conflicts; the reference holds none of them."""
    where = tmp_path_factory.mktemp("trees")
    truth = planted().data
    truth.table.rename_axis("id").reset_index().to_csv(where / "trees.csv", index=False)
    data = load(where / "trees.csv", label="label", id="id")
    elsewhere = data.table.assign(**{c: data.table[c] + 500 for c in FEATURES}).iloc[:40]
    suite = parse_suite(DEMANDS, name="trees")
    report = audit(data, suite=suite, checks=CHECKS, reference=load(elsewhere, label="label", id="id"))
    report.write(where / "report")
    return Audited(where / "report", data, report, suite)


def changed(audited: Audited, folder: Path, check: str, **changes: object) -> Audited:
    """The same report with another outcome of one check, written anew: whole, and with a hash of its own."""
    checks = {**audited.report.checks, check: replace(audited.report[check], **changes)}
    report = replace(audited.report, checks=checks)
    report.write(folder / "changed")
    return replace(audited, folder=folder / "changed", report=report)


@pytest.fixture(scope="module")
def batches():
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")


@pytest.fixture
def held(batches):
    """Hold one expectation against a frame; an exception would be a failure of the test."""

    def hold(expectation, frame):
        result = batches.get_batch({"dataframe": frame}).validate(expectation)
        assert result.exception_info["raised_exception"] is False
        return result

    return hold


def noise(named: dict[str, str], threshold: float = 0.2) -> ExpectLabelNoiseToBeBelow:
    return ExpectLabelNoiseToBeBelow(threshold=threshold, **named)


# -- what the report says ----------------------------------------------------------------------------------------------


def test_label_noise_is_judged_by_the_upper_end_of_the_interval(audited, held):
    measures = audited.report.measures
    between = (measures["labels.rate"] + measures["labels.rate_high"]) / 2

    fails, holds = (
        held(noise(audited.named, t), audited.frame) for t in (between, measures["labels.rate_high"] + 1e-6)
    )

    assert (fails.success, holds.success) == (False, True)
    assert fails.result["observed_value"] == measures["labels.rate_high"]
    assert fails.result["details"]["state"] == "fail"
    assert fails.result["details"]["compared"].startswith("content")


@pytest.mark.parametrize(
    ("kind", "kwargs", "success", "words"),
    [
        (
            ExpectConflictingDuplicatesToBeZero,
            {},
            False,
            "2 sets of equal rows have more than one label, 4 rows in all",
        ),
        (ExpectSplitLeakageToBeZero, {"kinds": ["exact", "near"]}, True, "exact 0, near 0"),
        (ExpectReportMeasureToBeAtMost, {"measure": "conflicts.rows", "max_value": 4}, True, "conflicts.rows is 4"),
        (ExpectReportMeasureToBeAtMost, {"measure": "conflicts.rows", "max_value": 3.9}, False, "conflicts.rows is 4"),
        (ExpectReportToPassItsGate, {}, True, "PASS by suite trees"),
        (ExpectLabelQualityQuantileToBeAbove, {"quantile": 0.5, "threshold": 0.9}, True, "50 % of the labels score"),
        (ExpectLabelQualityQuantileToBeAbove, {"quantile": 0.01, "threshold": 0.5}, False, "1 % of the labels score"),
        (ExpectClassPairConfusionToBeBelow, {"threshold": 0.5}, True, "rows labelled"),
        (ExpectClassPairConfusionToBeBelow, {"threshold": 0.001}, False, "rows labelled"),
    ],
)
def test_what_holds_passes_what_does_not_fails_and_both_say_what_was_found(audited, held, kind, kwargs, success, words):
    result = held(kind(**audited.named, **kwargs), audited.frame)

    assert result.success is success
    assert words in result.result["details"]["words"]


def test_leaked_rows_are_counted_by_kind(audited, held, tmp_path):
    leaked = changed(audited, tmp_path, "leakage", measures={"exact.count": 3, "near.count": 0})

    by_kind = [held(ExpectSplitLeakageToBeZero(kinds=[k], **leaked.named), audited.frame) for k in ("exact", "near")]

    assert [r.success for r in by_kind] == [False, True]
    assert by_kind[0].result["observed_value"] == 3


def test_a_kind_of_leak_that_was_not_looked_for_is_no_pass(audited, held):
    result = held(ExpectSplitLeakageToBeZero(kinds=["exact", "normalised"], **audited.named), audited.frame)

    assert result.success is False
    assert "leakage.normalised.count was not measured" in result.result["observed_value"]


def test_a_table_read_by_pandas_is_the_same_data(audited, held):
    assert held(noise(audited.named), pd.read_csv(audited.folder.parent / "trees.csv")).success


# -- pairs of classes --------------------------------------------------------------------------------------------------


def pairs(*lines: tuple[str, str, float, float], rate: float = 0.1, rows: int = 100) -> Report:
    """A report that lists these pairs (given, suggested, count, high) of three classes of 100 rows each."""
    classes = [{"class": c, "rows": rows, "rate_high": 0.5} for c in "abc"]
    listed = [{"given": g, "suggested": s, "count": n, "high": h} for g, s, n, h in lines]
    measures = {"rate": rate, "rate_high": 2 * rate or 0.02}
    table = pd.DataFrame({"x0": np.zeros(3 * rows), "label": [c for c in "abc" for _ in range(rows)]})
    detail = {"per_class": classes, "pairs": listed}
    return report_of(load(table, label="label"), Issues("labels", measures=measures, detail=detail))


def test_a_pair_has_a_direction():
    report = pairs(("a", "b", 10.0, 20.0), ("b", "a", 1.0, 2.0))

    assert worst_pair(report, ("a", "b")).share == pytest.approx(0.2005)
    assert worst_pair(report, ("b", "a")).share == pytest.approx(0.0205)
    assert worst_pair(report) == worst_pair(report, ("a", "b"))


def test_a_pair_that_is_not_listed_is_held_to_what_it_could_be():
    short = worst_pair(pairs(("a", "b", 10.0, 20.0)), ("a", "c"))
    full = worst_pair(pairs(*[("a", "b", 4.0, 8.0)] * PAIRS), ("a", "c"))

    assert (short.share, short.listed) == (pytest.approx(0.5 * 2 / 100), False)
    assert full.share == pytest.approx(4.05 * 2 / 100)


def test_where_no_label_is_expected_to_be_wrong_all_that_may_be_could_be_of_one_pair():
    assert worst_pair(pairs(rate=0), ("a", "b")).share == pytest.approx(0.02 * 300 / 100)


def test_a_class_that_is_not_there_is_no_pass(audited, held):
    expectation = ExpectClassPairConfusionToBeBelow(given="ash", suggested="oak", threshold=0.5, **audited.named)

    assert "no class 'oak'; there is ash, birch, cedar" in held(expectation, audited.frame).result["observed_value"]


# -- nobody can tell ---------------------------------------------------------------------------------------------------


def edit(folder: Path, name: str) -> None:
    if name == "audit.json":
        values = read_json(folder / name)
        write_json(folder / name, {**values, "measures": {**values["measures"], "labels.rate_high": 0.0}})
    else:
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")


@pytest.mark.parametrize("name", ["audit.json", "scores.parquet", "issues.parquet"])
def test_a_report_that_was_edited_is_no_pass(audited, held, tmp_path, name):
    shutil.copytree(audited.folder, tmp_path / "copy")
    named = {**audited.named, "report": str(tmp_path / "copy")}
    assert held(noise(named), audited.frame).success
    edit(tmp_path / "copy", name)

    result = held(noise(named), audited.frame)

    assert result.success is False
    assert "edited" in result.result["observed_value"]


@pytest.mark.parametrize("name", ["audit.json", "scores.parquet", "issues.parquet"])
def test_a_report_that_is_not_there_is_no_pass(audited, held, tmp_path, name):
    shutil.copytree(audited.folder, tmp_path / "copy")
    named = {**audited.named, "report": str(tmp_path / "copy")}
    (tmp_path / "copy" / name).unlink()

    result = held(noise(named), audited.frame)

    assert result.success is False
    assert f"{name}: no such file" in result.result["observed_value"]


def test_another_report_at_the_same_place_is_no_pass(audited, held, tmp_path):
    other = changed(audited, tmp_path, "labels", measures={**audited.report["labels"].measures, "rate_high": 0.0001})

    result = held(noise({**audited.named, "report": str(other.folder)}), audited.frame)

    assert result.success is False
    assert "another audit, or an edited one" in result.result["observed_value"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "error", "why": "out of memory"}, "check 'labels' crashed: out of memory"),
        ({"status": "not_applicable", "why": "no label column"}, "check 'labels' was skipped: no label column"),
        ({"measures": {}}, "labels.rate_high was not measured"),
    ],
)
def test_a_check_that_did_not_end_well_is_no_pass(audited, held, tmp_path, changes, said):
    broken = changed(audited, tmp_path, "labels", **changes)

    result = held(noise(broken.named), audited.frame)

    assert result.success is False
    assert result.result["details"]["state"] == "error"
    assert said in result.result["observed_value"]


def test_a_check_that_was_never_asked_is_no_pass(audited, held):
    result = held(ExpectReportMeasureToBeAtMost(measure="outliers.rate", max_value=1, **audited.named), audited.frame)

    assert result.success is False
    assert "the report has no check 'outliers'" in result.result["observed_value"]


def test_the_gate_of_a_report_in_which_a_check_crashed_is_no_pass(audited, held, tmp_path):
    broken = changed(audited, tmp_path, "conflicts", status="error", why="out of memory")

    result = held(ExpectReportToPassItsGate(**broken.named), audited.frame)

    assert result.success is False
    assert "conflicts: could not finish: out of memory" in result.result["observed_value"]


def test_what_is_estimated_from_some_rows_is_held_by_its_upper_end(audited, held, tmp_path):
    detail = {"sampled": {"rows": 50, "of": 250}, "intervals": {"exact.count": [0, 7]}}
    some = changed(audited, tmp_path, "leakage", detail=detail)
    asked = {"measure": "leakage.exact.count", **some.named}

    none, most, enough = (
        held(e, audited.frame)
        for e in (
            ExpectSplitLeakageToBeZero(kinds=["exact"], **some.named),
            ExpectReportMeasureToBeAtMost(max_value=6, **asked),
            ExpectReportMeasureToBeAtMost(max_value=7, **asked),
        )
    )

    assert (none.success, most.success, enough.success) == (False, False, True)
    assert "is 7, the upper end of an estimate of 0" in most.result["details"]["words"]


def test_class_pairs_of_some_rows_say_nothing_of_the_others(audited, held, tmp_path):
    detail = {**audited.report["labels"].detail, "sampled": {"rows": 50, "of": 250}}
    some = changed(audited, tmp_path, "labels", detail=detail)

    result = held(ExpectClassPairConfusionToBeBelow(threshold=0.9, **some.named), audited.frame)

    assert "known of 50 drawn rows only" in result.result["observed_value"]


def test_labels_of_which_some_have_no_score_have_no_quantile(audited, held, tmp_path):
    fewer = changed(audited, tmp_path, "labels", scores=audited.report["labels"].scores.iloc[:-1])

    result = held(ExpectLabelQualityQuantileToBeAbove(quantile=0.5, threshold=0.1, **fewer.named), audited.frame)

    assert result.success is False
    assert "only 249 of 250 rows have a label score" in result.result["observed_value"]


# -- other data --------------------------------------------------------------------------------------------------------


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """Two rows' labels exchanged: every count stays as it was."""
    first, second, *rest = frame["label"]
    assert first != second
    return frame.assign(label=[second, first, *rest])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda f: f.iloc[:-1], "the batch has 249 rows, the report is about 250"),
        (lambda f: f.rename(columns={"x0": "z0"}), "the batch has no column 'x0'"),
        (lambda f: f.assign(x0=f["x0"] + 1e-9), "a value, a name, a row id or their order differs"),
        (swapped, "a value, a name, a row id or their order differs"),
        (lambda f: f.iloc[::-1], "a value, a name, a row id or their order differs"),
        (lambda f: f[f.columns[::-1]], "a value, a name, a row id or their order differs"),
        (lambda f: f.assign(extra=1), "a value, a name, a row id or their order differs"),
        (lambda f: f.assign(label=f["label"].replace("ash", "oak")), "no class 'oak'"),
        (lambda f: f.assign(label=None), "has no label in 250 of 250 rows"),
        (lambda f: f.assign(id="same"), "names rows twice"),
    ],
    ids=["fewer", "renamed", "value", "swapped", "order", "columns", "wider", "class", "unlabelled", "ids"],
)
def test_a_batch_that_is_not_the_data_is_no_pass(audited, held, other, said):
    result = held(noise(audited.named), other(audited.frame))

    assert result.success is False
    assert said in result.result["observed_value"]


@pytest.mark.parametrize(
    ("change", "success"),
    [
        ("select * from trees", True),
        ("select * from trees where id <> 'r0000'", False),
        ("select id, x0, x1, x2, x3, 'ash' as label from trees", False),
        ("select id, x0, x1, x2, label from trees", False),
    ],
    ids=["same", "fewer", "labels", "columns"],
)
def test_a_table_in_sqlite_is_compared_by_rows_columns_and_classes(audited, tmp_path, change, success):
    with sqlite3.connect(tmp_path / "data.db") as connection:
        pd.read_csv(audited.folder.parent / "trees.csv").to_sql("trees", connection, index=False)
        connection.execute(f"create table asked as {change}")
    connection.close()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sqlite("q", connection_string=f"sqlite:///{tmp_path / 'data.db'}")
    batch = source.add_table_asset("t", table_name="asked").add_batch_definition_whole_table("w").get_batch()

    result = batch.validate(noise(audited.named))

    assert result.exception_info["raised_exception"] is False
    assert result.success is success
    if success:
        assert "not every value" in result.result["details"]["compared"]
    else:
        assert result.result["observed_value"].startswith("not known: the batch")
    batch.data.execution_engine.engine.dispose()


def test_a_report_of_a_table_where_it_lies_cannot_vouch_for_a_frame(audited, held, tmp_path):
    card = replace(audited.report.dataset, fingerprint="")
    replace(audited.report, dataset=card).write(tmp_path / "report")
    named = {"report": str(tmp_path / "report"), "report_hash": hash_of_report(tmp_path / "report")}

    assert "they cannot be compared" in held(noise(named), audited.frame).result["observed_value"]


ON_SPARK = """
import sys, great_expectations as gx, pandas as pd
from pyspark.sql import SparkSession
from audit.gx import ExpectLabelNoiseToBeBelow
settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
batches = context.data_sources.add_spark("s").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
expectation = ExpectLabelNoiseToBeBelow(report=sys.argv[1], report_hash=sys.argv[2], threshold=0.2)
frame = pd.read_csv(sys.argv[3])
for table in (frame, frame.iloc[1:], frame.assign(label="ash")):
    result = batches.get_batch({"dataframe": spark.createDataFrame(table)}).validate(expectation)
    print(result.success, str(result.result["observed_value"])[:30])
spark.stop()
"""


@pytest.mark.spark
@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed")
@pytest.mark.skipif(shutil.which("java") is None, reason="no java, which Spark runs on")
def test_a_table_in_spark_is_compared_by_rows_columns_and_classes(audited):
    args = [audited.named["report"], audited.named["report_hash"], str(audited.folder.parent / "trees.csv")]

    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ON_SPARK, *args], capture_output=True, text=True, timeout=300, check=True
    )

    holds, fewer, others = ran.stdout.strip().splitlines()
    assert holds.startswith("True 0.")
    assert fewer.startswith("False not known: the batch has 249")
    assert others.startswith("False not known: the batch's labels")


def test_pictures_that_lie_beside_the_table_are_compared_by_their_labels(held, tmp_path):
    tiles = pictures_of()
    report_of(tiles, Issues("conflicts", measures={"count": 0, "rows": 0})).write(tmp_path / "report")
    named = {"report": str(tmp_path / "report"), "report_hash": hash_of_report(tmp_path / "report")}
    expectation = ExpectConflictingDuplicatesToBeZero(**named)

    same, other = held(expectation, tiles.table), held(expectation, tiles.table.assign(label="top"))

    assert (same.success, other.success) == (True, False)
    assert "not every value" in same.result["details"]["compared"]


# -- arguments ---------------------------------------------------------------------------------------------------------

NAMED = {"report": "report", "report_hash": "0" * 32}


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        (ExpectLabelNoiseToBeBelow, NAMED),
        (ExpectLabelNoiseToBeBelow, {"threshold": 0.1}),
        (ExpectLabelNoiseToBeBelow, {**NAMED, "threshold": 0.1, "report_hash": "abc"}),
        *((ExpectLabelNoiseToBeBelow, {**NAMED, "threshold": t}) for t in (0, 1, 2, -0.1, True, "0.1", None, float("nan"))),
        (ExpectClassPairConfusionToBeBelow, NAMED),
        (ExpectClassPairConfusionToBeBelow, {**NAMED, "threshold": 0.1, "given": "a"}),
        (ExpectClassPairConfusionToBeBelow, {**NAMED, "threshold": 0.1, "given": "a", "suggested": "a"}),
        (ExpectLabelQualityQuantileToBeAbove, {**NAMED, "threshold": 0.1}),
        (ExpectLabelQualityQuantileToBeAbove, {**NAMED, "quantile": 0.1}),
        (ExpectSplitLeakageToBeZero, NAMED),
        (ExpectSplitLeakageToBeZero, {**NAMED, "kinds": []}),
        (ExpectSplitLeakageToBeZero, {**NAMED, "kinds": ["fuzzy"]}),
        (ExpectReportMeasureToBeAtMost, {**NAMED, "measure": "labels.rate"}),
        (ExpectReportMeasureToBeAtMost, {**NAMED, "measure": "rate", "max_value": 1}),
        (ExpectReportMeasureToBeAtMost, {**NAMED, "measure": "labels.rate", "max_value": float("inf")}),
        (ExpectCertificateToBeValid, NAMED),
        (ExpectReportToPassItsGate, {"report": "report"}),
    ],
)  # fmt: skip
def test_what_demands_nothing_or_lacks_a_threshold_is_a_validation_error(kind, kwargs):
    with pytest.raises(ValidationError):
        kind(**kwargs)


def test_every_argument_is_kept_in_the_suite(audited):
    expectation = noise(audited.named, 0.05)

    assert expectation.configuration.to_json_dict()["kwargs"] == {**audited.named, "threshold": 0.05}


# -- certificates ------------------------------------------------------------------------------------------------------

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def certificate(audited, tmp_path):
    """Write a certificate, and the expectation that it is valid."""

    def write(key: str | None = None, suite: Suite = audited.suite, checked_by: str | None = None, **options):
        report = audited.report if suite is audited.suite else audit(audited.data, suite=suite, checks=["conflicts"])
        certify(audited.data, report, suite, in_memory=True, key=key, **options).write(tmp_path / "cert.json")
        said = {} if checked_by is None else {"key": checked_by}
        return ExpectCertificateToBeValid(certificate=str(tmp_path / "cert.json"), **audited.named, **said)

    return write


def test_a_certificate_of_this_data_and_this_report_holds(audited, held, certificate):
    assert "PASS by suite trees, not signed" in held(certificate(), audited.frame).result["details"]["words"]


def test_a_map_in_the_report_does_not_make_it_another_audit_than_the_gate_s(audited, held, certificate, tmp_path):
    places = pd.DataFrame({"x": 1, "y": 2}, index=audited.data.rows)
    replace(audited.report, projection=Projection(places, 250, 0.9, "numbers")).write(tmp_path / "report")
    named = {"report": str(tmp_path / "report"), "report_hash": hash_of_report(tmp_path / "report")}

    assert held(certificate().copy(update=named), audited.frame).success


def test_a_signed_one_is_believed_only_with_its_key(audited, held, certificate, tmp_path):
    for name in ("key", "other"):
        (tmp_path / name).write_text(name * 20)
    key, other = str(tmp_path / "key"), str(tmp_path / "other")

    answers = [held(certificate(key, checked_by=k), audited.frame) for k in (key, other, None)]

    assert [a.success for a in answers] == [True, False, False]
    assert held(certificate(checked_by=key), audited.frame).success is False


@pytest.mark.parametrize("name", ["key", "certificate"])
@pytest.mark.parametrize("value", ["", None])
def test_a_file_that_came_out_empty_is_refused_and_asks_for_no_less(audited, certificate, name, value):
    asked = {**certificate().configuration.kwargs, name: value}

    with pytest.raises(ValidationError, match=r"a file is needed|none is not an allowed value"):
        ExpectCertificateToBeValid(**asked)


@pytest.mark.parametrize("value", ["", None])
def test_an_unsigned_certificate_is_no_pass_where_the_key_is_an_empty_parameter(audited, certificate, tmp_path, value):
    (tmp_path / "key").write_text("key" * 20)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
    asked = certificate(str(tmp_path / "key"), checked_by={"$PARAMETER": "key"})
    suite = context.suites.add(gx.ExpectationSuite("s", expectations=[asked]))

    def passes(key: str | None) -> bool:
        validation = context.validation_definitions.add_or_update(
            gx.ValidationDefinition(name="v", data=batch, suite=suite)
        )
        frame = {"dataframe": audited.frame}
        return validation.run(batch_parameters=frame, expectation_parameters={"key": key}).success

    assert passes(str(tmp_path / "key"))
    certificate()
    with pytest.raises(ValidationError, match="a file is needed"):
        passes(value)


def test_a_certificate_that_expired_failed_or_is_of_another_audit_is_no_pass(audited, held, certificate):
    expired = held(certificate(days=1, now=LONG_AGO), audited.frame)
    another = held(certificate(suite=parse_suite({"limits": {"conflicts.count": 0}}, name="none")), audited.frame)

    assert "it expired" in expired.result["details"]["words"]
    assert "is of another audit" in another.result["observed_value"]
    assert not expired.success
    assert not another.success


def test_a_certificate_that_was_edited_or_is_gone_is_no_pass(audited, held, certificate, tmp_path):
    expectation = certificate()
    values = json.loads((tmp_path / "cert.json").read_text())
    (tmp_path / "cert.json").write_text(json.dumps({**values, "created": "2026-01-01T00:00:00Z"}))
    edited = held(expectation, audited.frame)
    (tmp_path / "cert.json").unlink()
    gone = held(expectation, audited.frame)

    assert "edited" in edited.result["details"]["words"]
    assert "no such file" in gone.result["observed_value"]
    assert (edited.success, gone.success) == (False, False)


# -- in a project ------------------------------------------------------------------------------------------------------


def project(audited: Audited, root: Path):
    """A file context with a suite of ours, its thresholds and hash given by the run, and a Checkpoint that demands two results."""
    context = gx.get_context(mode="file", project_root_dir=root)
    context.variables.progress_bars = {"globally": False}
    suite = context.suites.add(
        gx.ExpectationSuite(
            "labels",
            expectations=[
                ExpectLabelNoiseToBeBelow(
                    report=str(audited.folder), report_hash={"$PARAMETER": "hash"}, threshold={"$PARAMETER": "most"}
                ),
                ExpectSplitLeakageToBeZero(kinds=["exact", "near"], **audited.named),
            ],
        )
    )
    batches = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batches, suite=suite))
    context.checkpoints.add(
        gx.Checkpoint(
            name="c",
            validation_definitions=[definition],
            actions=[RequireExpectations(name="all", expectations=2), gx.checkpoint.UpdateDataDocsAction(name="docs")],
        )
    )
    return gx.get_context(mode="file", project_root_dir=root)


def test_a_checkpoint_reads_the_suite_back_runs_it_with_parameters_and_writes_data_docs(audited, tmp_path):
    context = project(audited, tmp_path)
    run = {"batch_parameters": {"dataframe": audited.frame}}
    digest = audited.named["report_hash"]

    results = [
        context.checkpoints.get("c").run(expectation_parameters={"most": most, "hash": digest}, **run).success
        for most in (0.2, 0.001)
    ]
    stale = context.checkpoints.get("c").run(expectation_parameters={"most": 0.2, "hash": "0" * 32}, **run)
    pages = [p.read_text() for p in sorted(tmp_path.rglob("data_docs/*/validations/**/*.html"))]

    assert results == [True, False]
    assert stale.success is False
    assert len(pages) == 3
    assert all("of the labels must be wrong, at the upper end of the 95 % interval" in p for p in pages)
    assert "of the labels are estimated to be wrong" in pages[0]
    assert "another audit, or an edited one" in pages[2]


def test_a_parameter_that_is_not_given_or_is_no_threshold_stops_the_run(audited, tmp_path):
    context = project(audited, tmp_path)
    run = {"batch_parameters": {"dataframe": audited.frame}}

    with pytest.raises(gx.exceptions.SuiteParameterError):
        context.checkpoints.get("c").run(expectation_parameters={"most": 0.2}, **run)
    with pytest.raises(ValidationError):
        context.checkpoints.get("c").run(
            expectation_parameters={"most": 2, "hash": audited.named["report_hash"]}, **run
        )


def test_a_checkpoint_of_which_an_expectation_was_taken_out_does_not_end_well(audited, tmp_path):
    context = project(audited, tmp_path)
    suite = context.suites.get("labels")
    suite.delete_expectation(suite.expectations[0])

    with pytest.raises(Undecided, match="checkpoint c: 1 of 2 expectations were evaluated"):
        context.checkpoints.get("c").run(batch_parameters={"dataframe": audited.frame})


WITHOUT_IMPORT = """
import logging, sys
import great_expectations as gx, pandas as pd
logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
context.variables.progress_bars = {"globally": False}
result = context.validation_definitions.get("v").run(batch_parameters={"dataframe": pd.DataFrame({"x": [1]})})
print(result.success, len(result.results))
try:
    context.checkpoints.get("c")
except gx.exceptions.exceptions.ValidationActionRegistryRetrievalError as refused:
    print(refused)
"""


def test_who_did_not_import_us_cannot_load_the_checkpoint_though_the_bare_suite_would_pass(audited, tmp_path):
    project(audited, tmp_path)

    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_IMPORT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    said = ran.stdout.strip().splitlines()

    assert said[0] == "True 0"  # Great Expectations' own answer: docs/great-expectations.md warns of it
    assert "no action of type assay_require_expectations found" in said[1]


def test_what_a_report_or_a_suite_says_is_shown_as_text(audited, batches):
    nasty = "<img src=x onerror=alert(1)>"
    expectation = ExpectReportMeasureToBeAtMost(
        report=nasty, report_hash="0" * 32, measure=f"labels.{nasty}", max_value=1
    )
    result = batches.get_batch({"dataframe": audited.frame}).validate(
        gx.ExpectationSuite("s", expectations=[expectation])
    )

    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))

    assert "no such file" in page
    assert nasty not in page


# -- beside assay's own suites -----------------------------------------------------------------------------------------


def test_ours_are_registered_under_the_names_that_are_listed_and_kept_out_of_assay_s_suites(audited):
    import audit.gx

    types = registered()

    assert {name: getattr(audit.gx, name).expectation_type for name in OURS} == OURS
    assert set(types).isdisjoint(OURS.values())
    assert len(types) > 50
    assert set(INSTEAD) <= set(OURS.values())
    with pytest.raises(AttributeError, match="no attribute 'ExpectTheBest'"):
        audit.gx.ExpectTheBest  # noqa: B018  asking is the test


@pytest.mark.parametrize("kind", OURS.values())
def test_a_suite_of_assay_s_refuses_ours_and_says_what_there_is_instead(audited, kind):
    asked = [Expectation(kind, {})]

    with pytest.raises(UnknownName, match=rf"^suite: {kind} looks at a report.*; in a suite of assay's there is "):
        run_expectations(audited.frame, asked)
    assert check_expectations(asked)[0].startswith(f"{kind} looks at a report")


def test_the_package_does_not_import_great_expectations_until_one_of_ours_is_asked_for():
    code = "import sys, audit.gx; print('great_expectations' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"
