"""A report comes back from its folder as it was."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy import assert_same_issues, report_of, table_of

from audit.checks.findings import found, scored
from audit.errors import InputError, OutputError, StaleError, UnknownName
from audit.report import FINDING_COLUMNS, Card, Issues, Report, no_rows


def made(index, labels, keep=slice(None)) -> Report:
    """A report whose first check has all finding columns filled, over the rows that `keep` says."""
    data = table_of(np.arange(8.0).reshape(4, 2), labels, index)
    rows = data.rows[keep]
    flagged = np.arange(len(rows)) % 2 == 0
    given = data.given.loc[rows]
    labels_ = Issues(
        check="labels",
        seconds=1.25,
        measures={"count": int(flagged.sum()), "rate": float(flagged.mean())},
        scores=scored(rows, np.linspace(0, 1, len(rows)), flagged, given=given, suggested=given),
        findings=found(
            rows[flagged], np.linspace(0.5, 0.25, flagged.sum()), ["why"] * int(flagged.sum()), given=given[flagged],
            suggested=given[flagged], group=rows[flagged], kind="near", twin=rows[flagged],
        ),
        detail={"sets": [{"rows": list(rows[:2]), "labels": ["a"]}], "none": None},
        key="abc",
    )  # fmt: skip
    quiet = Issues(check="conflicts", scores=scored(data.rows, np.ones(4), np.zeros(4)), measures={"count": 0})
    absent = Issues("leakage", "not_applicable", "nothing to compare with")
    return replace(report_of(data, labels_, quiet, absent), notes=("a note",), seconds=3.0, command="assay audit")


KINDS = pytest.mark.parametrize(
    ("index", "labels"),
    [
        ([3, 1, 2, 0], ["a", "b", "a", "b"]),
        (["3", "1", "02", "x"], [1, 0, 1, 0]),
        ([10.5, 1.5, 2.5, 3.5], [True, False, True, False]),
        (pd.Index(["3", "1", "2", "4"], dtype=object), [0.5, 1.5, 0.5, 1.5]),
    ],
)


@KINDS
@pytest.mark.parametrize("keep", [slice(None), slice(1, 4)], ids=["every row scored", "some rows scored"])
def test_a_report_comes_back_as_it_was(tmp_path, index, labels, keep):
    report = made(index, labels, keep)
    report.write(tmp_path)
    back = Report.read(tmp_path)
    for issues in report:
        assert_same_issues(issues, back[issues.check])
        assert dict(back[issues.check].detail) == json.loads(
            json.dumps(dict(issues.detail), default=lambda v: v.item())
        )
        assert back[issues.check].flagged.tolist() == issues.flagged.tolist()
    assert back.rows.tolist() == report.rows.tolist()
    assert back.dataset == report.dataset
    assert (back.notes, back.seconds, back.command) == (report.notes, report.seconds, report.command)
    assert back.measures == report.measures


@KINDS
def test_writing_what_was_read_changes_nothing(tmp_path, index, labels):
    made(index, labels).write(tmp_path / "one")
    Report.read(tmp_path / "one").write(tmp_path / "two")
    assert (tmp_path / "one" / "audit.json").read_bytes() == (tmp_path / "two" / "audit.json").read_bytes()
    for name in ("scores.parquet", "issues.parquet"):
        one, two = (pd.read_parquet(tmp_path / folder / name) for folder in ("one", "two"))
        pd.testing.assert_frame_equal(one, two)


def test_scores_are_a_line_a_row_in_the_data_s_order():
    scores = made([3, 1, 2, 0], list("abab"), slice(1, 4)).scores()
    assert scores.index.tolist() == [3, 1, 2, 0]
    assert scores["labels.score"].isna().tolist() == [True, False, False, False]
    assert scores["conflicts.flagged"].tolist() == [False] * 4
    assert {"labels.given", "labels.suggested"} <= set(scores.columns)


def test_issues_are_a_line_a_flagged_row_worst_first():
    issues = made([3, 1, 2, 0], list("abab")).issues()
    assert issues.columns.tolist() == ["row", "check", *FINDING_COLUMNS]
    assert issues["row"].tolist() == [2, 3]
    assert issues["score"].tolist() == [0.25, 0.5]


def test_no_issues_are_a_table_without_lines():
    report = replace(made([3, 1, 2, 0], list("abab")), checks={})
    assert report.issues().columns.tolist() == ["row", *FINDING_COLUMNS, "check"]
    assert len(report.issues()) == 0


def test_measures_carry_the_check_s_name():
    assert made([3, 1, 2, 0], list("abab")).measures == {"labels.count": 2, "labels.rate": 0.5, "conflicts.count": 0}


def test_a_check_that_is_not_there_is_named():
    with pytest.raises(UnknownName, match=r"report: no check 'label'; .*did you mean 'labels'"):
        made([3, 1, 2, 0], list("abab"))["label"]


def test_a_check_without_scores_flags_nobody():
    assert Issues("x").flagged.tolist() == []


def test_a_report_of_another_version_is_refused(tmp_path):
    made([3, 1, 2, 0], list("abab")).write(tmp_path)
    values = json.loads((tmp_path / "audit.json").read_text())
    (tmp_path / "audit.json").write_text(json.dumps({**values, "schema_version": 99}))
    with pytest.raises(InputError, match="schema_version 99, this assay reads 2"):
        Report.read(tmp_path)


@pytest.mark.parametrize("name", ["audit.json", "scores.parquet", "issues.parquet"])
def test_a_report_that_lacks_a_file_is_refused_by_the_file_s_name(tmp_path, name):
    made([3, 1, 2, 0], list("abab")).write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"{name}: no such file"):
        Report.read(tmp_path)


@pytest.mark.parametrize("key", ["checks", "dataset", "suite", "seed"])
def test_a_report_that_lacks_a_part_is_refused(tmp_path, key):
    made([3, 1, 2, 0], list("abab")).write(tmp_path)
    values = json.loads((tmp_path / "audit.json").read_text())
    del values[key]
    (tmp_path / "audit.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=f"not a whole report: KeyError '{key}'"):
        Report.read(tmp_path)


def test_a_write_that_is_cut_off_leaves_no_report_rather_than_a_mixed_one(tmp_path):
    good = made([3, 1, 2, 0], list("abab"))
    good.write(tmp_path)
    unwritable = replace(good, checks={**good.checks, "own": Issues("own", measures={"x": float("nan")})})
    with pytest.raises(ValueError, match="JSON"):
        unwritable.write(tmp_path)
    with pytest.raises(InputError, match=r"audit.json: no such file"):
        Report.read(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write here"):
        made([3, 1, 2, 0], list("abab")).write(tmp_path / "file" / "report")


def test_a_card_describes_the_data():
    card = Card.of(table_of(np.ones((3, 2)), ["b", "a", "b"], classes=("a", "b", "c")))
    assert (card.name, card.rows, card.kind) == ("trees", 3, "table")
    assert card.class_counts == (1, 2, 0)
    assert Card.from_dict(json.loads(json.dumps(card.to_dict()))) == card


def test_no_findings_have_the_columns_of_findings():
    assert no_rows().columns.tolist() == list(FINDING_COLUMNS)


@pytest.mark.parametrize("name", ["audit.json", "scores.parquet", "issues.parquet"])
def test_a_report_that_was_edited_is_refused(tmp_path, name):
    made([3, 1, 2, 0], ["a", "b", "a", "b"]).write(tmp_path)
    path = tmp_path / name
    if name == "audit.json":
        path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    else:
        table = pd.read_parquet(path)
        table[::-1].to_parquet(path)

    with pytest.raises(StaleError, match="does not match its own hash"):
        Report.read(tmp_path)
