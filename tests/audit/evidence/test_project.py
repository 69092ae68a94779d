"""Which rows are on the map, and what the report keeps of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audit.cli import run
from audit.errors import StaleError
from audit.evidence.cache import Cache
from audit.evidence.project import FEWEST, sampled
from audit.projection import SCALE
from audit.report import Issues, Report
from audit.run import audit
from tests.audit.toy import FEATURES, blobs, planted, table_of


def of_blobs(n=90, **more):
    values, labels = blobs(n)
    return table_of(values, np.array(["ash", "birch", "cedar"])[labels], **more)


def flagged(rows, check="outliers"):
    columns = {c: [None] * len(rows) for c in ("reason", "given", "suggested", "group", "kind", "twin")}
    return Issues(check, findings=pd.DataFrame({"score": np.linspace(0, 0.1, len(rows)), **columns}, index=rows))


@pytest.fixture(scope="module")
def report():
    return audit(planted().data, checks=["duplicates", "outliers", "missing"], with_map=True)


def test_few_rows_are_all_on_the_map(report):
    places = report.projection.places

    assert list(places.index) == list(report.rows)
    assert (places.min() >= 0).all()
    assert places.max().max() == SCALE
    assert 0.8 < report.projection.trustworthiness <= 1
    assert report.projection.rows == len(places)


def test_a_report_without_being_asked_has_no_map():
    assert audit(of_blobs(), checks=["outliers"]).projection is None


def test_nothing_is_embedded_for_the_map_alone():
    assert audit(of_blobs(), checks=["missing", "schema"], with_map=True).projection is None


@pytest.mark.parametrize("data", [of_blobs(FEWEST - 1), table_of(np.ones((80, 4)), ["a", "b"] * 40)])
def test_there_is_no_map_of_few_rows_or_of_rows_all_alike(data):
    assert audit(data, checks=["outliers", "duplicates"], with_map=True).projection is None


def test_the_map_changes_nothing_that_is_found():
    data = planted().data
    one, other = (audit(data, checks=["outliers", "duplicates"], with_map=w).to_dict() for w in (True, False))
    for found in (one, other):
        found.pop("map"), found.pop("seconds")
        for check in found["checks"].values():
            check.pop("seconds")

    assert one == other


def test_a_map_comes_back_from_its_folder(report, tmp_path):
    report.write(tmp_path)
    again = Report.read(tmp_path).projection

    pd.testing.assert_frame_equal(again.places, report.projection.places, check_names=False, check_index_type=False)
    assert again.to_dict() == report.projection.to_dict()


def test_an_edited_map_is_noticed_and_an_old_one_does_not_stay(report, tmp_path):
    report.write(tmp_path)
    table = pd.read_parquet(tmp_path / "map.parquet")
    table.assign(x=0).to_parquet(tmp_path / "map.parquet", index=False)
    with pytest.raises(StaleError, match="edited"):
        Report.read(tmp_path)

    replace(report, projection=None).write(tmp_path)
    assert not (tmp_path / "map.parquet").exists()
    assert Report.read(tmp_path).projection is None


def test_a_second_audit_takes_the_map_from_the_cache(tmp_path):
    data = planted().data
    first = audit(data, checks=["outliers"], with_map=True, cache=tmp_path)
    cache = Cache(tmp_path)
    second = audit(data, checks=["outliers"], with_map=True, cache=cache)

    assert "map" in cache.hits
    assert "embeddings" not in cache.hits  # nothing was needed but the map
    pd.testing.assert_frame_equal(first.projection.places, second.projection.places)
    assert list(tmp_path.glob("checks/*/map.parquet")) == []


def test_of_many_rows_the_worst_of_each_check_are_shown_and_each_class_by_its_share():
    n = 1200
    values = np.random.default_rng(0).normal(size=(n, len(FEATURES)))
    labels = ["many"] * 900 + ["some"] * 270 + ["few"] * 30
    data = table_of(values, labels, [f"r{i}" for i in range(n)])
    found = {"outliers": flagged(data.rows[100:140]), "labels": flagged(data.rows[800:1100], "labels")}
    chosen = sampled(data, found, seed=0, most=200)
    rows = set(data.rows[chosen])

    assert len(chosen) == len(rows) == 200
    assert list(chosen) == sorted(chosen)
    assert set(data.rows[100:140]) <= rows
    assert set(data.rows[800:860]) <= rows
    others = np.setdiff1d(chosen, np.r_[100:140, 800:860])
    share = pd.Series(data.given.iloc[others]).value_counts(normalize=True)
    left = pd.Series(data.given).drop(data.rows[np.r_[100:140, 800:860]]).value_counts(normalize=True)
    assert (share - left).abs().max() < 0.02
    assert np.array_equal(chosen, sampled(data, found, seed=0, most=200))


def test_flagged_rows_whose_ids_came_back_as_text_are_found():
    data = table_of(blobs(300)[0], ["a", "b"] * 150, [*range(299), "last"])
    found = {"outliers": flagged(pd.Index(["7", "last", "299x"]))}

    assert {7, 299} <= set(sampled(data, found, seed=0, most=60))


def test_the_command_writes_the_map_and_its_page(tmp_path):
    data = planted().data
    data.table.rename_axis("row").to_csv(tmp_path / "trees.csv")

    run(["audit", str(tmp_path / "trees.csv"), "--label", "label", "--id", "row", "-o", str(tmp_path / "report")])

    places = Report.read(tmp_path / "report").projection.places
    assert len(places) == len(data)
    assert '<section id="map">' in (tmp_path / "report/report.html").read_text(encoding="utf-8")
