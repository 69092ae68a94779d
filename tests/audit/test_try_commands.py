"""`assay selftest` and `assay diff`: exit codes, formats, what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest
from toy import CLASSES, blobs, table_of

from audit.cli import run


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A table, a newer one, and a suite."""
    values, labels = blobs(90)
    data = table_of(values.round(4), np.array(CLASSES)[labels], classes=CLASSES)
    data.table.to_csv(tmp_path / "old.csv", index=False)
    data.drop([3]).relabelled({5: "ash"}).table.to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "s.toml").write_text('[limits]\n"missing.count" = 0\n"conflicts.count" = 0\n')
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("files")
def test_selftest_ends_with_1_where_a_fault_gets_through_and_0_where_none_does(capsys):
    assert run(["selftest", "old.csv", "--suite", "s.toml", "--faults", "nulls"]) == 0
    assert run(["selftest", "old.csv", "--suite", "s.toml", "--faults", "nulls,duplicates", "--format", "json"]) == 1
    out = capsys.readouterr().out

    assert json.loads(out[out.index("{") :])["tested"][0]["slips"] == [0.001, 0.01, 0.1]


@pytest.mark.usefixtures("files")
def test_selftest_of_a_suite_that_fails_already_is_refused(tmp_path, capsys):
    (tmp_path / "s.toml").write_text('[limits]\n"imbalance.ratio" = 0.5\n')

    assert run(["selftest", "old.csv", "--suite", "s.toml"]) == 2
    assert "does not pass suite s as it is (imbalance.ratio)" in capsys.readouterr().err


@pytest.mark.usefixtures("files")
def test_diff_ends_with_1_only_where_it_is_asked_to(capsys):
    assert run(["diff", "old.csv", "new.csv"]) == 0
    assert run(["diff", "old.csv", "new.csv", "--exit-code"]) == 1
    assert run(["diff", "old.csv", "old.csv", "--exit-code"]) == 0
    assert "relabelled         1  5 (cedar to ash)" in capsys.readouterr().out


@pytest.mark.usefixtures("files")
def test_diff_compares_reports_that_lie_there(capsys):
    for name in ("old", "new"):
        run(["audit", f"{name}.csv", "--suite", "s.toml", "-o", name])
    capsys.readouterr()

    assert run(["diff", "old.csv", "new.csv", "--reports", "old", "new", "--format", "json"]) == 0
    assert "labels" in {c["check"] for c in json.loads(capsys.readouterr().out)["issues"]}
    assert run(["diff", "old.csv", "new.csv", "--reports", "new", "old"]) == 3


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("more", "why"),
    [(["--audit", "--reports", "a", "b"], "give one of them"), (["--suite", "s.toml"], "--suite goes with --audit")],
)
def test_diff_refuses_options_that_it_would_ignore(more, why, capsys):
    assert run(["diff", "old.csv", "new.csv", *more]) == 2
    assert why in capsys.readouterr().err
