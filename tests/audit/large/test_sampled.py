"""Checks of a sample: exact for the rows drawn, an honest interval for all, the same however the rows are stored."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.checks.outliers import spread_of
from audit.errors import NotApplicable
from audit.evidence.embeddings import fit
from audit.evidence.gather import GRAPH
from audit.large import budget
from audit.large.bounds import Clock
from audit.large.budget import drawn_rows
from audit.large.drawn.around import look_around, place
from audit.large.drawn.near import Asked, nearest_rows
from audit.large.drawn.sample import Share, drawn
from audit.large.drawn.sampled import outliers
from audit.large.every.copies import sets_of
from audit.large.needs import needed
from audit.large.publish import publish_blocks
from audit.large.read.rows import look_at_all
from audit.large.read.table import LargeData, open_data, open_table
from audit.large.run import Large, audit_blocks
from audit.neighbours import nearest
from audit.report import Report
from audit.run import audit
from audit.sources import load
from audit.sources.roles import Named
from audit.suite import parse_suite
from audit.suite.baseline import read_baseline
from audit.verdict import gate

G = 1 << 30
NONE = parse_suite({}, name="none")
WORDS = ("ash", "birch", "cedar", "dogwood", "elm", "fir", "gorse", "hazel", "ivy", "juniper", "larch", "maple")


def numbers(n: int = 900, seed: int = 0) -> pd.DataFrame:
    """A table of which every 20th row is a near copy of an earlier one and every 50th lies far out."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 4)) + 4 * np.eye(3, 4)[codes]
    x[30::50] += rng.choice([-60, 60], (len(x[30::50]), 4)) * rng.uniform(1, 9, (len(x[30::50]), 1))
    for i in range(20, n, 20):
        source = rng.integers(0, i - 1)
        x[i], codes[i] = x[source] + 1e-4 * rng.normal(size=4), codes[source]
    return pd.DataFrame(x, columns=list("abcd")).assign(y=np.array(["u", "v", "w"], dtype=object)[codes])


def texts(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Texts of a few words, every 15th an earlier one with a sign more."""
    rng = np.random.default_rng(seed)
    said = [" ".join(rng.choice(WORDS, 9)) + f" {rng.integers(0, 10**6)}" for _ in range(n)]
    for i in range(15, n, 15):
        said[i] = said[rng.integers(0, i)] + "."
    return pd.DataFrame({"text": said, "y": ["u", "v", "w"] * (n // 3)})


def mislabelled(n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """With a tenth of the labels wrong, and which; two rows are of a class of their own."""
    frame = numbers(n)
    wrong = np.random.default_rng(1).random(n) < 0.1
    frame.loc[wrong, "y"] = frame.loc[wrong, "y"].map({"u": "v", "v": "w", "w": "u"})
    frame.loc[[5, 6], "y"] = "rare"
    return frame, wrong


def stored(path: Path, frame: pd.DataFrame, group: int = 97, **named: str) -> LargeData:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)
    return open_data(open_table(path), Named(label="y", **named))


def blocks(data: LargeData, monkeypatch: pytest.MonkeyPatch | None = None, most: int = 10_000, **more) -> Large:
    if monkeypatch is not None:
        monkeypatch.setattr(budget, "MOST", most)
    return audit_blocks(data, **{"suite": NONE, "run": map, "memory": 2 * G, **more})


@pytest.mark.parametrize("make", [numbers, texts])
def test_a_sample_of_every_row_measures_what_the_data_in_memory_measures(tmp_path, make):
    data = stored(tmp_path / "d.parquet", make())
    whole = audit(load(tmp_path / "d.parquet", label="y"), suite=NONE, checks=["duplicates", "outliers", "non_iid"])
    large = blocks(data)

    assert whole["duplicates"].measures["near.count"] > 5
    for check in ("duplicates", "outliers"):
        assert large.report[check].measures == whole[check].measures
        (low, high) = large.report[check].detail["intervals"]["near.rate" if check == "duplicates" else "rate"]
        assert low == high
        assert sorted(large.report[check].findings.index) == sorted(whole[check].findings.index)
    assert large.report["non_iid"].measures["statistic"] == pytest.approx(whole["non_iid"].measures["statistic"])
    assert large.report["non_iid"].detail["matters"] == whole["non_iid"].detail["matters"]
    publish_blocks(large, gate(large.report, NONE), tmp_path / "report")
    scores = Report.read(tmp_path / "report")
    for check in ("outliers", "non_iid"):
        np.testing.assert_allclose(scores[check].scores["score"], whole[check].scores["score"], rtol=1e-6)
    flagged = scores["duplicates"].scores["flagged"].to_numpy(bool)
    here, there = (r["duplicates"].scores["score"].to_numpy() for r in (scores, whole))
    np.testing.assert_allclose(here[flagged], there[flagged], rtol=1e-6, atol=1e-9)
    assert (here[~flagged] == 1).all()


@pytest.mark.parametrize("make", [numbers, texts])
def test_every_byte_is_the_same_however_the_rows_are_stored(tmp_path, monkeypatch, make):
    for group in (1000, 97, 20):
        large = blocks(stored(tmp_path / "d.parquet", make(), group), monkeypatch, 240)
        assert large.report["outliers"].detail["sampled"] == {"rows": 240, "of": len(make())}
        publish_blocks(large, gate(large.report, NONE), tmp_path / str(group))

    for name in ("scores.parquet", "issues.parquet"):
        one, *others = ((tmp_path / g / name).read_bytes() for g in ("1000", "97", "20"))
        assert [o == one for o in others] == [True, True], name


def test_the_nearest_of_all_rows_are_found_tile_by_tile_as_at_once(tmp_path):
    data = stored(tmp_path / "d.parquet", numbers(), 70)
    every = data.at(np.arange(900))
    _, space = fit(every)
    own = np.arange(0, 900, 7)
    bound = nearest(space(every)[own], GRAPH).distances[:, -1]
    asked = Asked(space, None, data.head, space(every)[own], own, bound, GRAPH, tile=16)
    found = nearest_rows(asked, data.table, map, lambda *_: None)
    wanted = nearest(space(every), GRAPH)

    assert np.array_equal(found.indices, wanted.indices[own])
    assert np.array_equal(found.distances, wanted.distances[own])


def test_drawing_depends_on_content_alone_and_a_smaller_sample_is_part_of_a_larger(tmp_path):
    frame = pd.concat([numbers(300), numbers(300)], ignore_index=True)  # every row twice
    looked = look_at_all(stored(tmp_path / "d.parquet", frame, 64), map).content
    turned = look_at_all(stored(tmp_path / "d.parquet", frame[::-1].reset_index(drop=True), 31), map).content
    rows, few = (drawn(looked, sets_of(looked), m, seed=1) for m in (200, 50))

    assert len(rows) == 200
    assert set(few) < set(rows)
    assert not np.array_equal(rows, drawn(looked, sets_of(looked), 200, seed=2))
    back = drawn(turned, sets_of(turned), 200, seed=1)
    assert sorted(map(tuple, looked[rows])) == sorted(map(tuple, turned[back]))
    alone = np.unique(rows % 300, return_counts=True)[1]
    assert 5 < np.count_nonzero(alone == 2) < 70, "copies are drawn one without the other"


@pytest.mark.parametrize(("n", "m", "hits"), [(20_000, 1000, 0.01), (20_000, 1000, 0.2), (2000, 1500, 0.05)])
def test_the_interval_covers_the_share_of_all_rows(n, m, hits):
    rng = np.random.default_rng(0)
    marked = np.zeros(n, bool)
    marked[: int(hits * n)] = True
    shares = [Share(int(marked[rng.choice(n, m, replace=False)].sum()), m, n) for _ in range(400)]

    covered = np.mean([s.ends[0] <= hits <= s.ends[1] for s in shares])
    assert covered >= 0.93
    assert np.mean([s.ends[1] - s.ends[0] for s in shares]) < 5 * (hits * (1 - hits) / m) ** 0.5


def test_the_interval_covers_the_share_though_what_is_usual_is_read_from_the_sample_too():
    rng = np.random.default_rng(0)
    distances = np.exp(0.3 * rng.standard_t(2, 100_000))  # far rows without a gap before them

    def far(values: np.ndarray) -> np.ndarray:
        logs, middle, sigma = spread_of(values)
        return logs > middle + 6 * sigma

    truth, held = far(distances).mean(), []
    for _ in range(200):
        found = far(distances[rng.choice(100_000, 2000, replace=False)])
        low, high = Share(int(found.sum()), 2000, 100_000).ends
        held.append(low <= truth <= high)
    assert np.mean(held) >= 0.93


def test_intervals_of_real_draws_hold_the_planted_truth(tmp_path):
    n, m = 3000, 700
    data = stored(tmp_path / "d.parquet", numbers(n), 500)
    looked = look_at_all(data, map).content
    whole = audit(load(tmp_path / "d.parquet", label="y"), suite=NONE, checks=["duplicates", "outliers"]).measures
    held = []
    for seed in range(6):
        rows = drawn(looked, sets_of(looked), m, seed)
        sample = look_around(data, place(rows, data.at(rows), seed), map, lambda *_: None)[0]
        low, high = outliers(sample).issues.detail["intervals"]["rate"]
        held.append(low <= whole["outliers.rate"] <= high)
    assert whole["outliers.rate"] > 0.008
    assert sum(held) >= 5


def test_near_duplicates_are_estimated_without_the_bias_of_pairs_within_a_sample(tmp_path, monkeypatch):
    data = stored(tmp_path / "d.parquet", numbers(3000), 500)
    truth = audit(load(tmp_path / "d.parquet", label="y"), suite=NONE, checks=["duplicates"]).measures
    found = [blocks(data, monkeypatch, 600, seed=s).report["duplicates"] for s in range(3)]

    assert truth["duplicates.near.rate"] == pytest.approx(0.05, abs=0.01)
    # a sample held against itself would see a fifth of the pairs
    assert np.mean([f.measures["near.rate"] for f in found]) == pytest.approx(truth["duplicates.near.rate"], abs=0.012)
    for f in found:
        low, high = f.detail["intervals"]["near.rate"]
        assert low - 0.01 < truth["duplicates.near.rate"] < high + 0.01


def test_a_chain_of_look_alikes_is_followed_to_its_first_row(tmp_path):
    frame = numbers()
    stored(tmp_path / "d.parquet", frame)
    before = audit(load(tmp_path / "d.parquet", label="y"), suite=NONE, checks=["duplicates"])["duplicates"]
    step = 0.7 * before.detail["near_threshold"] * frame["a"].std()  # columns are scaled to unit variance
    for row, steps in ((600, 0), (100, 1), (200, -1)):  # 200 looks like 600 alone, and 600 like 100
        frame.loc[row, list("abcd")] = [9 + steps * step, 9, 9, 9]
    data = stored(tmp_path / "d.parquet", frame)
    whole = audit(load(tmp_path / "d.parquet", label="y"), suite=NONE, checks=["duplicates"])["duplicates"]
    found = blocks(data).report["duplicates"]

    assert found.measures == whole.measures
    assert found.findings["twin"].to_dict() == whole.findings["twin"].to_dict()
    assert found.findings.loc[[200, 600], "twin"].tolist() == ["100", "100"]


def test_another_method_judges_the_drawn_rows_only(tmp_path, monkeypatch):
    frame, wrong = mislabelled(2400)
    by = {"labels": {"method": "normalised_margin"}}
    labels = blocks(stored(tmp_path / "d.parquet", frame), monkeypatch, 1200, options=by).report["labels"]

    assert labels.detail["path"] == "sampled"
    low, high = labels.detail["intervals"]["rate"]
    assert low <= wrong.mean() <= high
    assert labels.measures["count"] == round(labels.measures["rate"] * 2400)
    assert any("2 rows are of classes of which fewer than 10" in note for note in labels.detail["notes"])


def test_a_limit_is_held_against_the_upper_end_and_so_is_a_baseline(tmp_path, monkeypatch):
    large = blocks(stored(tmp_path / "d.parquet", numbers()), monkeypatch, 240)
    rate, (low, high) = (
        large.report["outliers"].measures["rate"],
        large.report["outliers"].detail["intervals"]["rate"],
    )
    assert 0 < low < rate < high
    between = parse_suite({"limits": {"outliers.rate": (rate + high) / 2}}, name="between")
    above = parse_suite({"limits": {"outliers.rate": high}}, name="above")

    (breach,) = gate(large.report, between).breaches
    assert (breach.value, breach.severity) == (high, "critical")
    assert breach.why == f"{high:g}, the upper end of an estimate of {rate:g}, is above {(rate + high) / 2:g}"
    assert gate(large.report, above).outcome == "PASS"
    publish_blocks(large, gate(large.report, between), tmp_path / "report")
    assert gate(Report.read(tmp_path / "report"), between).breaches[0].value == high
    assert gate(large.report, between, baseline=read_baseline(tmp_path / "report")).outcome == "PASS"


def test_where_too_few_rows_fit_the_memory_the_check_is_skipped_and_its_limit_a_breach(tmp_path):
    suite = parse_suite({"limits": {"outliers.rate": 0.5, "duplicates.near.rate": 0.5}}, name="limits")
    data = stored(tmp_path / "d.parquet", numbers(), 900)
    large = blocks(data, suite=suite, memory=needed(data, None, suite) + (2 << 20))
    why = r"2 MB of memory that are left suffice for \d\d drawn rows, and fewer than 200 say little"

    assert large.report["outliers"].status == "not_applicable"
    assert re.search(why, large.report["outliers"].why)
    assert re.search(f"near duplicates are not looked for: {why}", large.report["duplicates"].detail["notes"][0])
    assert {b.measure for b in gate(large.report, suite).breaches} == {"outliers.rate", "duplicates.near.rate"}


def test_a_bound_on_time_draws_as_many_rows_as_it_says_whatever_the_hour(tmp_path):
    data = stored(tmp_path / "d.parquet", numbers(), 900)
    counts = [drawn_rows(data, G, Clock(seconds)) for seconds in (0.006, 0.006, 0.012, 60)]

    assert counts == [260, 260, 520, 900]
    with pytest.raises(NotApplicable, match="the time suffice for 43 drawn rows"):
        drawn_rows(data, G, Clock(0.001))


def test_what_cannot_be_told_from_a_sample_is_skipped_with_the_reason(tmp_path):
    large = blocks(stored(tmp_path / "d.parquet", numbers()))

    assert "those a sample holds too few" in large.report["valuation"].why
    assert "evidence" not in large.report["non_iid"].measures
    assert large.report["leakage"].status == "not_applicable"
