"""The map of an audit by blocks: of its drawn rows, as the map in memory is of all, and nothing is drawn for it alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.evidence.gather import silent
from audit.evidence.project import ROWS
from audit.large import budget, found
from audit.large.bounds import Clock
from audit.large.drawn.around import look_around, place
from audit.large.drawn.project import project
from audit.large.drawn.sampled import outliers
from audit.large.publish import publish_blocks, shown
from audit.large.read.table import LargeData, open_data, open_table
from audit.large.run import Large, audit_blocks
from audit.projection import SCALE
from audit.render.page.html import html
from audit.report import Report
from audit.run import audit
from audit.sources import load
from audit.sources.roles import Named
from audit.suite import parse_suite
from audit.verdict import gate
from tests.audit.render.page.test_html import Page

NONE = parse_suite({}, name="none")
N, DRAWN = 2600, 240


def table(n: int = N) -> pd.DataFrame:
    """Three groups of rows, every 20th a near copy, every 50th far out, every fifth without a value."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 4)) + 6 * np.eye(3, 4)[codes]
    x[30::50] += rng.choice([-60, 60], (len(x[30::50]), 4)) * rng.uniform(1, 9, (len(x[30::50]), 1))
    for i in range(20, n, 20):
        source = rng.integers(0, i - 1)
        x[i], codes[i] = x[source] + 1e-4 * rng.normal(size=4), codes[source]
    x[::5, 3] = np.nan
    frame = pd.DataFrame(x, columns=list("abcd")).assign(y=np.array(["ash", "birch", "cedar"], dtype=object)[codes])
    return frame.assign(name=[f"r{i}" for i in range(n)])


def stored(path: Path, frame: pd.DataFrame, group: int = 700, label: str | None = "y") -> LargeData:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)
    features = tuple(c for c in "abcd" if c in frame)
    return open_data(open_table(path), Named(label=label, id="name", features=features, unlabelled=label is None))


def blocks(data: LargeData, **more) -> Large:
    return audit_blocks(data, **{"suite": NONE, "run": map, "memory": 2 << 30, "with_map": True, **more})


@pytest.fixture(scope="module")
def of_few(tmp_path_factory) -> tuple[Large, Path]:
    """An audit that draws few rows, and whose pages know of few flagged ones; and its folder."""
    folder = tmp_path_factory.mktemp("few")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(budget, "MOST", DRAWN)
        patched.setattr(found, "SHOWN", 200)
        large = blocks(stored(folder / "d.parquet", table()))
    publish_blocks(large, gate(large.report, NONE), folder)
    return large, folder


def section(page: str) -> str:
    return page[page.index('<section id="map"') :].partition("</section>")[0]


def test_the_map_is_of_the_drawn_rows(of_few):
    large, folder = of_few
    placed = large.report.projection
    scores = Report.read(folder)["outliers"].scores

    assert (len(placed.places), placed.rows, placed.drawn) == (DRAWN, N, DRAWN)
    assert list(placed.places.index) == list(scores.index)
    assert placed.places.min().min() == 0
    assert placed.places.max().max() == SCALE
    assert placed.trustworthiness > 0.8


def test_the_page_says_of_which_rows_the_map_is_and_has_their_labels(of_few):
    page = Page((of_few[1] / "report.html").read_text(encoding="utf-8"))
    part = section((of_few[1] / "report.html").read_text(encoding="utf-8"))

    assert "240 of 2,600 rows: those that were drawn to be held against all." in page.text
    assert {name for name in ("ash", "birch", "cedar") if f'aria-hidden="true">{name}<' in part} == {
        "ash",
        "birch",
        "cedar",
    }
    assert "no label" not in part


def test_every_flagged_row_on_the_map_is_marked_though_the_pages_know_of_the_worst_only(of_few):
    large, folder = of_few
    whole = Report.read(folder)
    places = set(large.report.projection.places.index)
    lacking = [row for row in whole["missing"].findings.index if row in places]
    part = section((folder / "report.html").read_text(encoding="utf-8"))

    assert len(lacking) > 30  # of 520, of which the pages know of the worst 200
    assert f"{len(lacking)} on the map" in part
    assert len(large.report["missing"].findings) < len(whole["missing"].findings)
    again = section(html(whole, gate(whole, NONE), shown(large), None))
    assert re.findall("[0-9,]+ on the map", again) == re.findall("[0-9,]+ on the map", part)


def test_every_card_has_its_row_with_a_map_and_without(of_few):
    large = of_few[0]
    for one in (large, replace(large, report=replace(large.report, projection=None))):
        assert "not in this data" not in html(one.report, gate(one.report, NONE), shown(one), None)


def test_every_mark_that_is_a_link_leads_to_a_card(of_few):
    seen = Page((of_few[1] / "report.html").read_text(encoding="utf-8"))
    to = {value[1:] for tag, name, value in seen.attributes if (tag, name) == ("a", "href") and "/row-" in value}

    assert len(to) > 5
    assert to <= set(seen.ids)


def test_the_map_is_the_same_to_the_byte_however_the_rows_are_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "MOST", DRAWN)
    maps, sections = [], []
    for group in (N, 261):
        large = blocks(stored(tmp_path / "d.parquet", table(), group, label=None))
        publish_blocks(large, gate(large.report, NONE), tmp_path)
        maps.append((tmp_path / "map.parquet").read_bytes())
        sections.append(section((tmp_path / "report.html").read_text()))

    assert maps[0] == maps[1]
    assert sections[0] == sections[1]


def test_where_every_row_is_drawn_the_map_shows_the_rows_that_it_shows_in_memory(tmp_path):
    data = stored(tmp_path / "d.parquet", table())
    every = np.arange(N)
    sample = look_around(data, place(every, data.at(every), 0), map, silent)[0]
    placed, _ = project(sample, {"outliers": outliers(sample)}, 0, silent)
    whole = audit(load(tmp_path / "d.parquet", label="y", id="name"), suite=NONE, checks=["outliers"], with_map=True)

    assert len(placed.places) == ROWS
    assert list(placed.places.index) == list(whole.projection.places.index)
    assert set(whole["outliers"].findings.index) <= set(placed.places.index)


def test_there_is_no_map_without_being_asked(tmp_path):
    assert blocks(stored(tmp_path / "d.parquet", table(300), label=None), with_map=False).report.projection is None


@pytest.mark.parametrize(
    ("columns", "more"), [("abcd", {"clock": Clock(1e-9)}), ("", {})], ids=["no time", "no content"]
)
def test_without_a_sample_there_is_no_map_and_no_word_of_it(tmp_path, columns, more):
    data = stored(tmp_path / "d.parquet", table(300)[[*columns, "y", "name"]])
    large, unasked = blocks(data, **more), blocks(data, **more, with_map=False)
    publish_blocks(large, gate(large.report, NONE), tmp_path)

    assert Report.read(tmp_path).projection is None
    assert not (tmp_path / "map.parquet").exists()
    assert large.report.notes == unasked.report.notes
