"""A check's result is found again under the key of all it depends on, whole or not at all."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy import report_of, table_of

from audit import earlier
from audit.earlier import earlier_issues, keep_issues
from audit.report import Issues, Report


def result(check: str = "outliers", key: str = "k1", score: float = 0.5, **more: object) -> Issues:
    scores = pd.DataFrame({"score": [score, 1.0], "flagged": [True, False]})
    return Issues(check, measures={"count": 1.0}, scores=scores, key=key, **more)


def report(*issues: Issues) -> Report:
    return report_of(table_of(np.array([[1.0], [2.0]]), ["a", "b"]), *issues)


def test_results_are_found_under_their_own_check_and_key(tmp_path):
    keep_issues(tmp_path, report(result(), result("labels", "k1", 0.25)))
    keep_issues(tmp_path, report(result(key="k2", score=0.75)))
    found = [earlier_issues(tmp_path, *of) for of in (("outliers", "k1"), ("labels", "k1"), ("outliers", "k2"))]
    assert [i.scores["score"].iloc[0] for i in found] == [0.5, 0.25, 0.75]
    assert found[0].measures == {"count": 1.0}
    assert earlier_issues(tmp_path, "labels", "k2") is None


def test_what_has_no_key_or_broke_is_never_kept(tmp_path):
    keep_issues(tmp_path, report(result(key=""), result("labels", status="error", why="broke")))
    assert earlier_issues(tmp_path, "outliers", "") is None
    assert earlier_issues(tmp_path, "labels", "k1") is None


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert earlier_issues(tmp_path / "none", "outliers", "k1") is None


@pytest.mark.parametrize("name", ["audit.json", "scores.parquet", "issues.parquet"])
def test_a_damaged_result_is_as_if_it_were_not_there_and_is_kept_anew(tmp_path, name):
    keep_issues(tmp_path, report(result()))
    path = tmp_path / "outliers-k1" / name
    path.write_bytes(path.read_bytes()[:60])
    assert earlier_issues(tmp_path, "outliers", "k1") is None
    keep_issues(tmp_path, report(result()))
    assert earlier_issues(tmp_path, "outliers", "k1") is not None


def test_a_result_that_another_audit_has_put_there_meanwhile_stays(tmp_path, monkeypatch):
    write = Report.write

    def slow(self, folder):
        write(self, folder)
        if folder.name.startswith("."):
            write(replace(self, seconds=7.0), tmp_path / "outliers-k1")

    monkeypatch.setattr(Report, "write", slow)
    keep_issues(tmp_path, report(result()))
    assert [p.name for p in tmp_path.iterdir()] == ["outliers-k1"]
    assert earlier_issues(tmp_path, "outliers", "k1").scores["score"].iloc[0] == 0.5


def test_the_oldest_results_go_when_there_are_many(tmp_path, monkeypatch):

    monkeypatch.setattr(earlier, "MOST", 2)
    for age, key in ((30, "k1"), (20, "k2"), (10, "k3")):
        keep_issues(tmp_path, report(result(key=key)))
        stamp = tmp_path.stat().st_mtime - age
        os.utime(tmp_path / f"outliers-{key}", (stamp, stamp))
    keep_issues(tmp_path, report(result(key="k4")))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["outliers-k3", "outliers-k4"]
