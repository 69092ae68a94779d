"""An audit by blocks says what an audit of the same data in memory says, wherever it says anything."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.confident import RULES
from audit.errors import InputError, UnknownName
from audit.large.bounds import Clock
from audit.large.engine import engine
from audit.large.every.labels import Look
from audit.large.every.schema import schema
from audit.large.publish import publish_blocks
from audit.large.read.probabilities import bring
from audit.large.read.table import LargeData, open_data, open_table
from audit.large.run import Large, audit_blocks
from audit.report import Report
from audit.run import audit
from audit.sources import load
from audit.sources.roles import Named
from audit.stream import confident
from audit.suite import Suite, parse_suite
from audit.treatments import prune
from audit.verdict import gate
from tests.audit.large.data import NAMES, table, write

G = 1 << 30
RULE = {"type": "expect_column_values_to_be_between", "column": "legs", "max_value": 900_000}
SUITE = parse_suite(
    {
        "expectations": [
            RULE,
            {**RULE, "mostly": 0.5},
            {"type": "expect_column_values_to_not_be_null", "column": "height", "severity": "warning"},
            {"type": "expect_column_values_to_be_unique", "column": "word"},
            {"type": "expect_column_mean_to_be_between", "column": "height", "min_value": -1, "max_value": 1},
            {"type": "expect_table_row_count_to_be_between", "min_value": 600},
            {"type": "expect_table_columns_to_match_set", "column_set": ["height", "legs", "word", "y"]},
            {"type": "expect_column_to_exist", "column": "wings"},
        ],
        "limits": {"labels.rate": 0.5, "duplicates.near.rate": 1},
    },
    name="test",
)
PLAIN = replace(SUITE, expectations=())


def opened(path: Path, **named: str) -> LargeData:
    return open_data(open_table(path), Named(**{"label": "y", **named}))


def blocks(path: Path, model: Path | None = None, suite: Suite = PLAIN, where: str = "local", **more) -> Large:
    data = opened(path)
    brought = None if model is None else bring(model, data.classes, None)
    with engine(where) as run:
        return audit_blocks(data, suite=suite, run=run, memory=G, brought=brought, **more)


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[Large, Report, Path]:
    """The same data audited by blocks and whole (whole without labels: its views would be others), and its folder."""
    folder = tmp_path_factory.mktemp("large")
    frame, probabilities = table()
    data, model = write(folder, frame, probabilities)
    whole = audit(
        load(data, label="y"), suite=SUITE, checks=["schema", "conflicts", "duplicates", "imbalance", "missing"]
    )
    large = blocks(data, model, SUITE)
    publish_blocks(large, gate(large.report, SUITE), folder / "report")
    return large, whole, folder


@pytest.mark.parametrize("check", ["schema", "conflicts", "imbalance", "missing"])
def test_measures_flags_scores_and_findings_are_those_of_the_data_in_memory(both, check):
    _, whole, folder = both
    read, wanted = Report.read(folder / "report")[check], whole[check]

    assert read.measures == wanted.measures
    pd.testing.assert_frame_equal(read.scores, wanted.scores, check_names=False)
    pd.testing.assert_frame_equal(
        read.findings, wanted.findings, check_dtype=False, check_names=False, check_index_type=False
    )


def test_duplicates_are_those_of_the_data_in_memory(both):
    large, whole, _ = both
    here, there = large.report["duplicates"], whole["duplicates"]

    assert here.measures == there.measures
    assert here.findings["twin"].tolist() == there.findings["twin"].tolist() == ["3", "4", "3"]


def test_every_expectation_is_judged_as_on_the_whole_table(both):
    large, whole, _ = both
    told = ("key", "state", "why", "broken", "checked", "examples")

    lines = [[{k: line[k] for k in told} for line in r["schema"].detail["expectations"]] for r in (large.report, whole)]
    assert lines[0] == lines[1]
    assert {line["state"] for line in lines[0]} == {"pass", "fail"}


def test_labels_are_the_kernels_and_with_it_cleanlabs_to_the_last_bit(both):
    large, _, folder = both
    frame, probabilities = table()
    codes = np.array([NAMES.index(v) for v in frame["y"]])
    wanted = confident(codes, probabilities, filter_by=RULES, scores=("self_confidence",))
    scores = pd.read_parquet(folder / "report" / "scores.parquet")

    for rule in RULES:
        assert scores[f"labels.cleanlab.{rule}"].tolist() == wanted.masks[rule].tolist(), rule
    assert scores["labels.score"].tolist() == wanted.scores["self_confidence"].tolist()
    assert large.report.measures["labels.count"] == wanted.count
    others = probabilities.copy()
    others[np.arange(len(codes)), codes] = -1
    assert scores["labels.suggested"].tolist() == [NAMES[k] for k in others.argmax(axis=1)]
    assert scores["labels.suggested_probability"].tolist() == others.max(axis=1).tolist()


def test_each_check_says_how_it_was_done_and_what_was_skipped_is_no_pass(both):
    large, _, _ = both
    paths = {i.check: (i.status, i.detail["path"]) for i in large.report}

    assert paths == {
        **dict.fromkeys(("schema", "labels", "conflicts", "imbalance", "missing"), ("ran", "exact, streamed")),
        "duplicates": ("ran", "exact, streamed; near sampled"),
        **dict.fromkeys(("outliers", "non_iid"), ("ran", "sampled")),
        **dict.fromkeys(("leakage", "valuation"), ("not_applicable", "skipped")),
    }
    asked = parse_suite({"limits": {"leakage.exact.rate": 1, "valuation.rate": 1}}, name="skipped")
    assert [b.severity for b in gate(large.report, asked).breaches] == ["critical", "critical"]


def test_the_report_repairs_the_very_data_it_is_of(both):
    _, whole, folder = both
    data = load(folder / "data.parquet", label="y")
    report = Report.read(folder / "report")

    assert report.dataset.fingerprint == data.fingerprint
    patch = prune(data, report, checks=("conflicts", "missing"))
    assert patch.table.equals(prune(data, whole, checks=("conflicts", "missing")).table)


def test_a_folder_of_files_is_one_table_whatever_its_row_groups(tmp_path):
    frame, probabilities = table()
    data, model = write(tmp_path, frame, probabilities)
    (tmp_path / "parts").mkdir()
    for i, at in enumerate((slice(0, 200), slice(200, 201), slice(201, 600))):
        part = pa.Table.from_pandas(frame.iloc[at], preserve_index=False)
        pq.write_table(part, tmp_path / "parts" / f"{i}.parquet", row_group_size=64)
    one, several = blocks(data, model), blocks(tmp_path / "parts", model)

    assert one.report.measures == several.report.measures
    assert one.report.dataset.fingerprint == several.report.dataset.fingerprint == load(data, label="y").fingerprint


@pytest.mark.parametrize(
    "column",
    [
        pd.array([2**60, 1, None] * 20, dtype="Int64"),
        [True, False, None] * 20,
        ["x", None, "é"] * 20,
        [None] * 60,
        pd.date_range("2020", periods=60, freq="h"),
        np.where(np.arange(60) < 40, np.nan, 1.5),
        [b"a", b"", None] * 20,
    ],
    ids=["large integers", "truths", "texts", "nothing", "moments", "late numbers", "bytes"],
)
def test_the_fingerprint_is_that_of_the_data_in_memory_whatever_a_column_holds(tmp_path, column):
    frame = pd.DataFrame({"a": np.arange(60) * 0.5, "kept": column, "y": ["u", "v"] * 30})
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "d.parquet", row_group_size=7)
    large = audit_blocks(opened(tmp_path / "d.parquet"), suite=parse_suite({}, name="none"), run=map, memory=G)

    same = large.report.dataset.fingerprint == load(tmp_path / "d.parquet", label="y").fingerprint
    odd = [n for n in large.report.notes if n.startswith("hashed otherwise than in memory")]
    assert same is not bool(odd)
    if not isinstance(column, pd.api.extensions.ExtensionArray):
        assert same


def test_texts_are_normalised_as_in_memory(tmp_path):
    texts = [f"text {i}" for i in range(50)] + ["Text  3", "text 4", "TEXT 5"]
    frame = pd.DataFrame({"text": texts, "y": ["a", "b"] * 25 + ["a", "a", "b"]})
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "d.parquet", row_group_size=11)
    checks = ["conflicts", "duplicates"]
    whole = audit(load(tmp_path / "d.parquet", label="y"), suite=parse_suite({}, name="none"), checks=checks)
    large = blocks(tmp_path / "d.parquet", suite=parse_suite({}, name="none"))

    for check in checks:
        found = large.report[check]
        assert found.measures == whole[check].measures
        pd.testing.assert_frame_equal(found.findings, whole[check].findings, check_dtype=False, check_names=False)


def test_ids_name_the_rows(tmp_path):
    frame, probabilities = table()
    frame["id"] = [f"r{i}" for i in range(len(frame))]
    data, model = write(tmp_path, frame, probabilities)
    large = blocks(data, model)
    publish_blocks(large, gate(large.report, SUITE), tmp_path / "report")

    assert large.report["duplicates"].findings["twin"].tolist() == ["r3", "r4", "r3"]
    assert Report.read(tmp_path / "report").dataset.fingerprint == load(data, label="y").fingerprint
    frame.loc[5, "id"] = "r6"
    with pytest.raises(InputError, match=r"column 'id' names rows twice: r6"):
        opened(write(tmp_path, frame, probabilities)[0])


def test_columns_of_probabilities_in_another_order_are_put_right_by_their_names(tmp_path):
    frame, probabilities = table()
    data, model = write(tmp_path, frame, probabilities)
    pd.read_parquet(model)[["dog", "ant", "cat", "bee"]].to_parquet(tmp_path / "other.parquet", index=False)

    one, other = blocks(data, model), blocks(data, tmp_path / "other.parquet")
    assert one.report.measures == other.report.measures
    assert one.report["labels"].findings.equals(other.report["labels"].findings)


def test_what_is_wrong_with_the_evidence_is_an_error_that_names_the_row(tmp_path):
    frame, probabilities = table()
    short = probabilities.copy()
    short[401] /= 2
    data, model = write(tmp_path, frame, short)
    found = blocks(data, model).report["labels"]
    assert found.status == "error"
    assert "row 401 does not sum to 1" in found.why

    turned = blocks(data, write(tmp_path, frame, probabilities[:, [1, 0, 2, 3]])[1]).report["labels"]
    assert turned.status == "error"
    assert "columns seem to be in another order" in turned.why


def test_probabilities_of_other_rows_or_classes_are_refused_before_anything_is_read(tmp_path):
    frame, probabilities = table()
    data, model = write(tmp_path, frame, probabilities[:599])
    with pytest.raises(InputError, match="599 rows of probabilities for 600 rows of data"):
        blocks(data, model)
    pd.DataFrame(probabilities, columns=["ant", "bee", "cat", "eel"]).to_parquet(model, index=False)
    with pytest.raises(UnknownName, match="no column for class 'dog'"):
        blocks(data, model)


def test_checks_not_begun_when_the_time_is_up_are_skipped_with_the_reason(tmp_path):
    data, model = write(tmp_path, *table())
    large = blocks(data, model, clock=Clock(1e-9))

    assert {i.status for i in large.report} == {"not_applicable"}
    assert "the time budget of 1e-09 s was used up" in large.report["labels"].why
    assert gate(large.report, SUITE).outcome == "ERROR"


def test_a_column_that_is_too_large_to_judge_whole_is_an_error_and_no_pass(tmp_path):
    data, _ = write(tmp_path, *table())
    lines = schema(opened(data), SUITE.expectations, room=1000).issues.detail["expectations"]
    states = {line["type"]: (line["state"], line["why"]) for line in lines}
    assert states["expect_column_values_to_be_unique"][0] == "error"
    assert "needs all of column 'word' at once" in states["expect_column_values_to_be_unique"][1]
    assert states["expect_column_values_to_not_be_null"][0] == "fail"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.assign(y=f["y"].where(f.index != 5)), r"no label in 1 of 600 rows: row 5"),
        (
            lambda f: f.assign(height=f["height"].where(f.index != 500, np.inf)),
            r"column 'height' is infinite in row 500",
        ),
        (
            lambda f: f.assign(height=f["height"].where(f.index != 500, -1e40)),
            r"column 'height' holds -1e\+40, and nothing beyond 3\.4e\+38 can be compared, in row 500",
        ),
        (lambda f: f.assign(y=np.linspace(0, 1, len(f))), r"different fractions or more, not classes"),
        (lambda f: f.assign(y="one"), r"has one class"),
        (lambda f: f.rename(columns={"y": "z"}), r"no column 'y'; there is height, legs, word, z"),
    ],
)
def test_what_cannot_be_audited_is_said_as_it_is_for_data_in_memory(tmp_path, change, said):
    frame, probabilities = table()
    data, _ = write(tmp_path, change(frame), probabilities)
    with pytest.raises((InputError, UnknownName), match=said):
        opened(data)


def test_what_the_first_rows_do_not_show_is_an_error_of_the_checks(tmp_path, monkeypatch):
    monkeypatch.setattr("audit.large.read.table.HEAD", 97)
    frame, probabilities = table()
    frame.loc[500, "height"] = np.inf
    report = blocks(*write(tmp_path, frame, probabilities)).report

    assert report["missing"].status == "error"
    assert "column 'height' is infinite in row 500" in report["missing"].why


def test_a_memory_too_small_for_blocks_is_refused(tmp_path):
    data, _ = write(tmp_path, *table())
    with pytest.raises(InputError, match=r"block by block the audit needs about \d+ MB, more than --memory 100 MB"):
        audit_blocks(opened(data), suite=SUITE, run=map, memory=100 << 20)


def deadly(work: Callable[[Any], Any], marker: Path) -> Callable[[Any], Any]:
    """`work` that kills its worker at some block, the first time."""

    def once(item: Any) -> Any:
        if isinstance(item, Look) and item.limits is not None and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return work(item)

    return once


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed (extra ray)")
def test_on_rays_workers_one_killed_in_the_middle_every_bit_is_the_same(tmp_path):
    frame, probabilities = table()
    data, model = write(tmp_path, frame, probabilities)
    broken = write(tmp_path / "broken", frame, np.where(np.arange(600)[:, None] == 401, 0.1, probabilities))[1]
    opened_ = opened(data)
    found = []
    with engine("ray", workers=2) as run:
        for where in (map, lambda work, items: run(deadly(work, tmp_path / "killed"), items)):
            brought = bring(model, opened_.classes, None)
            found.append(audit_blocks(opened_, suite=PLAIN, run=where, memory=G, brought=brought))
        wrong = audit_blocks(opened_, suite=PLAIN, run=run, memory=G, brought=bring(broken, opened_.classes, None))
    for name, large in zip("ab", found, strict=True):
        publish_blocks(large, gate(large.report, PLAIN), tmp_path / name)

    assert (tmp_path / "killed").exists()
    assert found[0].report.measures == found[1].report.measures
    for name in ("scores.parquet", "issues.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert wrong.report["labels"].why == "probabilities: row 401 does not sum to 1 (sum 0.4)"


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'assay\[ray\]'"), engine("ray"):
        pass


def test_data_without_labels_is_looked_at_for_what_needs_none(tmp_path):
    data, _ = write(tmp_path, *table())
    large = audit_blocks(open_data(open_table(data), Named(unlabelled=True)), suite=PLAIN, run=map, memory=G)
    publish_blocks(large, gate(large.report, PLAIN), tmp_path / "report")

    ran = {i.check for i in Report.read(tmp_path / "report") if i.status == "ran"}
    assert ran == {"duplicates", "missing", "outliers", "non_iid"}
    assert large.report["labels"].why == "no label column"
