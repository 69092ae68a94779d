"""Decisions come back from every kind of file as they went out, and no cell of a CSV is a formula."""

from __future__ import annotations

import csv
import json

import pytest

from audit.cli import run
from audit.errors import InputError, UnknownName
from audit.review.decisions import Decision, disputed, settle
from audit.review.exchange import exported, imported
from audit.review.journal import Reviewed, journal_of
from audit.review.queue import order, plan
from tests.audit.review.served import INJECTIONS, case
from train.judge.truth import read_verified


@pytest.fixture
def made(tmp_path):
    """A hostile report with some decisions by two reviewers, one of whom has a formula for a name."""
    found = case(tmp_path, hostile=True)
    rows = list(found.report["labels"].findings.index)
    rows[0], rows[1] = rows[1], rows[0]  # so that the first is one whose label is wrong
    said = [
        Decision("d0", rows[0], "ann", "relabel", found.truth[rows[0]], "2026-01-01T00:00:00Z", 2.5),
        Decision("d1", rows[1], "ann", "keep", "", "2026-01-01T00:00:01Z", 1.0),
        Decision("d2", rows[1], "=cmd|' /C calc'!A0", "drop", "", "2026-01-01T00:00:02Z"),
        Decision("d3", rows[2], "ann", "unsure"),
    ]
    return found, said


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_what_goes_out_comes_back(made, tmp_path, suffix):
    found, said = made
    path = tmp_path / f"decisions{suffix}"
    path.write_bytes(exported(said, plan(found.report), suffix, found.data))
    back = imported(path, plan(found.report), "nobody")
    assert {d.id: d for d in back} == {d.id: d for d in said}


def test_no_cell_is_a_formula(made, tmp_path):
    found, said = made
    path = tmp_path / "decisions.csv"
    path.write_bytes(exported(said, plan(found.report), ".csv"))
    cells = [cell for line in csv.reader(path.read_text(encoding="utf-8").splitlines()) for cell in line]
    assert INJECTIONS[6] not in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_label_studio_reads_tasks_with_predictions_and_annotations(made):
    found, said = made
    tasks = json.loads(exported(said, plan(found.report), ".json", found.data))
    assert len(tasks) == 60
    first = next(t for t in tasks if t["data"]["row"] == said[0].row)
    assert first["data"]["text"].startswith("note ")
    assert first["predictions"][0]["result"][0]["value"]["choices"]
    assert first["annotations"][0]["result"][0] == {
        "from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [said[0].label]},
    }  # fmt: skip


def test_another_tools_labels_are_decisions(made, tmp_path):
    found, said = made
    design, row = plan(found.report), said[0].row
    right = said[0].label
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["row", "label"], [row, right], [said[1].row, found.data.given[said[1].row]]])
    one, other = imported(tmp_path / "in.csv", design, "cy")
    assert (one.verdict, one.label, one.reviewer) == ("relabel", right, "cy")
    assert (other.verdict, other.label) == ("keep", "")
    task = {"data": {"row": row}, "annotations": [{"completed_by": 7, "result": [], "was_cancelled": True}]}
    (tmp_path / "in.json").write_text(json.dumps([task]))
    assert [(d.verdict, d.reviewer) for d in imported(tmp_path / "in.json", design, "cy")] == [("unsure", "7")]


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("in.csv", "row,verdict\nnowhere,keep\n", InputError, "line 2: no row 'nowhere'"),
        ("in.csv", "row,verdict\nn1,burn\n", InputError, "line 2: no verdict 'burn'"),
        ("in.csv", "row,label\nn1,new\n", UnknownName, "line 2: no class 'new'"),
        ("in.csv", "row,verdict,seconds\nn1,keep,long\n", InputError, "seconds must be"),
        ("in.csv", "row\nn1\n", InputError, "verdict must be a text"),
        ("in.jsonl", "{\n", InputError, "not readable as .jsonl"),
        ("in.jsonl", "[]\n", InputError, "a JSON object"),
        ("in.json", "{}", InputError, "a list of tasks"),
        ("in.json", '[{"annotations": [{}]}]', InputError, "task 1: not as Label Studio"),
        ("in.xlsx", "", InputError, "kept as .csv, .jsonl"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_place(made, tmp_path, name, content, error, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(error, match=said):
        imported(tmp_path / name, plan(made[0].report), "ann")


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".csv", "row,given,verdict\nn1,elm,keep\n"),
        (".jsonl", '{"row": "n1", "given": "elm", "verdict": "drop"}'),
        (".json", '[{"data": {"row": "n1", "given": "elm"}, "annotations": [{"result": []}]}]'),
    ],
)
def test_decisions_about_other_data_are_not_taken_in(made, tmp_path, capsys, suffix, content):
    found, _ = made
    path = tmp_path / f"in{suffix}"
    path.write_text(content)
    assert run(["review", str(found.folder), "--import", str(path)]) == 2
    assert "'elm'" in (err := capsys.readouterr().err)
    assert "a decision about other data" in err
    assert not (found.folder / "review").exists()


@pytest.mark.parametrize("verdict", ["keep", "relabel"])
def test_a_label_that_contradicts_its_verdict_is_not_taken_in(made, tmp_path, capsys, verdict):
    found, said = made
    label = found.data.given[said[0].row] if verdict == "relabel" else said[0].label
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"row": said[0].row, "verdict": verdict, "label": label}))
    assert run(["review", str(found.folder), "--import", str(path)]) == 2
    assert f"line 1: {verdict} and label {label!r} contradict each other" in capsys.readouterr().err
    assert not (found.folder / "review").exists()


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ('"seconds": 1' + "0" * 400, "line 1: seconds must be a number"),
        ('"seconds": 1' + "0" * 5000, "not readable as .jsonl"),
        (r'"id": "\ud800"', "line 1: id must be a text"),
        ('"x": ' + "[" * 100_000, "not readable as .jsonl"),
    ],
)
def test_what_no_journal_can_keep_is_not_taken_in(made, tmp_path, capsys, member, why):
    found, said = made
    path = tmp_path / "in.jsonl"
    path.write_text(f'{{"row": "{said[1].row}", "verdict": "keep", {member}}}')
    assert run(["review", str(found.folder), "--import", str(path)]) == 2
    err = capsys.readouterr().err
    assert why in err
    assert "Traceback" not in err
    assert not (found.folder / "review").exists()


def test_taken_in_twice_it_is_there_once_and_disagreements_are_told(made, tmp_path, capsys):
    found, said = made
    path = tmp_path / "in.jsonl"
    path.write_bytes(exported(said, plan(found.report), ".jsonl"))
    for _ in range(2):
        assert run(["review", str(found.folder), "--import", str(path)]) == 0
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "4 decisions taken in", "0 decisions taken in",
    ]  # fmt: skip
    standing = journal_of(found.folder, Reviewed(found.data.fingerprint, "")).standing
    assert disputed(settle(standing)) == [said[1].row]
    assert run(["review", str(found.folder), "--summary"]) == 0
    out = capsys.readouterr().out
    assert "disagree    on 1 row: assay review REPORT --disagreements" in out
    assert "Cohen's kappa" in out
    assert "\x1b" not in out


def test_no_line_of_a_summary_is_wider_than_a_terminal(tmp_path, capsys):
    found = case(tmp_path, rows=400, flagged=60)
    design = plan(found.report)
    rows = [design.ids[p] for p in [*order(design)[:40].tolist(), *design.drawn(design.strata)[:30].tolist()]]
    said = [Decision(f"d{k}", row, "ann", "drop" if k % 3 else "keep", seconds=2.0) for k, row in enumerate(rows)]
    journal_of(found.folder, Reviewed(found.data.fingerprint, design.key)).append(said)
    assert run(["review", str(found.folder), "--summary"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    at = next(k for k, line in enumerate(lines) if line.startswith("precision   "))
    assert lines[at + 1].startswith(" " * 12)  # under what it goes on from


def test_disagreements_are_shown_again_with_what_was_said(made, serve):
    found, said = made
    journal_of(found.folder, Reviewed(found.data.fingerprint, plan(found.report).key)).append(said)
    server = serve(found.folder, found.csv, "--reviewer", "ann", "--disagreements")
    state = server.ask("state")[1]
    assert (state["total"], state["done"], state["row"]["row"]) == (1, 0, said[1].row)
    assert {"what": "ann", "said": "keep"} in state["row"]["facts"]
    assert server.decide(said[1].row, "drop")["row"] is None


def test_verified_rows_are_what_compare_reads(tmp_path, capsys):
    found = case(tmp_path, rows=400, flagged=60)
    design = plan(found.report)
    said = [
        Decision(f"d{i}", row, "ann", "keep" if found.truth[row] == design.given[i] else "relabel",
                 "" if found.truth[row] == design.given[i] else found.truth[row])
        for i, row in enumerate(design.ids)
        if design.flagged[i] or design.luck[i] < 0.4
    ]  # fmt: skip
    journal_of(found.folder, Reviewed(found.data.fingerprint, design.key)).append(said)
    path = tmp_path / "verified.csv"
    assert run(["review", str(found.folder), "--verified", str(path)]) == 0
    assert "rows drawn at random from all" in capsys.readouterr().out
    truth = read_verified(path, found.data)
    assert len(truth) >= 150
    assert all(
        found.data.classes[k] == found.truth[found.data.rows[p]]
        for p, k in zip(truth.positions, truth.labels, strict=True)
    )


def test_a_summary_as_json_has_every_number(made, capsys):
    found, said = made
    journal_of(found.folder, Reviewed(found.data.fingerprint, plan(found.report).key)).append(said)
    assert run(["review", str(found.folder), "--summary", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcomes"] == {"relabel": 1, "disputed": 1, "unsure": 1}
    assert told["precision"] is None
    assert told["agreement"]["rows"] == 1
