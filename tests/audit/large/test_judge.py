"""Labels of all rows by what is learnt of drawn ones, held against planted errors and against the estimate in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score

from audit.dataset import Dataset, Roles
from audit.evidence.embeddings import fit
from audit.evidence.gather import Evidence, silent
from audit.large.drawn.around import place
from audit.large.drawn.judge import Judge, Known
from audit.large.drawn.sample import drawn
from audit.large.drawn.taught import known, taught, too_few
from audit.large.every.copies import sets_of
from audit.large.publish import publish_blocks
from audit.large.read.table import open_data, open_table
from audit.large.run import Large
from audit.noise.estimate import Estimate, estimate
from audit.noise.pool import logarithms
from audit.noise.refit import soft_vote
from audit.report import Report
from audit.run import audit
from audit.sources import load
from audit.sources.roles import Named
from audit.verdict import gate
from tests.audit.large.test_sampled import NONE, blocks, stored
from tests.audit.noise.planted import CHEAP, Planted, planted, strong_view

N = 1500
LETTERS = tuple("pqrs")


def clusters(n: int = N, seed: int = 0, spread: float = 0.6) -> tuple[pd.DataFrame, np.ndarray]:
    """Four clusters with a tenth of the labels wrong, and which."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n)
    frame = pd.DataFrame(2 * np.eye(4)[truth] + spread * rng.normal(size=(n, 4)), columns=list("abcd"))
    wrong = rng.random(n) < 0.1
    frame["y"] = np.array(LETTERS)[np.where(wrong, (truth + rng.integers(1, 4, n)) % 4, truth)]
    return frame, wrong


def estimated(p: Planted) -> Estimate:
    return estimate(p.views, p.labels, cheap=CHEAP, features=p.features)


def scores(large: Large, folder: Path) -> pd.DataFrame:
    publish_blocks(large, gate(large.report, NONE), folder)
    return Report.read(folder)["labels"].scores


# -- the estimate carried over -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("brought", [False, True])
def test_the_estimate_says_of_its_own_rows_what_it_said(brought):
    p = planted(rate=0.2, rows=600)
    views = {**({"mine": strong_view(p.truth)} if brought else {}), **p.views}
    found = estimated(p._replace(views=views))
    second, again = found.transfer.second, []
    if second is not None:
        again = [second.heads(p.features.vectors, second.heads.folds), soft_vote(p.features, second.votes)]
    assert brought or again
    said = found.transfer.judge(logarithms([*views.values(), *again]), p.labels)

    assert found.wrong.std() > 0.2
    assert said.wrong == pytest.approx(found.wrong, abs=1e-6)
    assert np.array_equal(said.suggested, found.suggested)
    assert said.pairs == pytest.approx(found.pairs, abs=1e-3)


def test_beyond_the_rows_learnt_from_doubt_goes_on_growing():
    p = planted(rate=0.2, rows=600)
    transfer = estimated(p).transfer
    sure = np.log(np.array([[1e-6, 1e-2], [1e-3, 1e-6], [1e-6, 1e-6], [1, 0.99]]).T)
    said = transfer.judge(np.stack([sure] * len(transfer.powers)), np.array([0, 0]))

    assert said.wrong[0] > said.wrong[1] > 0.9
    assert said.suggested.tolist() == [3, 3]


def test_where_nothing_was_wrong_nothing_is():
    p = planted(rate=0.2, rows=600)
    transfer = replace(estimated(p).transfer, wrong=np.zeros(600))

    assert transfer.judge(np.zeros((4, 2, 4)), np.array([0, 1])).wrong.tolist() == [0, 0]


# -- rows that nobody drew ---------------------------------------------------------------------------------------------


def judge_of(frame: pd.DataFrame, rows: np.ndarray, **roles: str) -> tuple[Judge, np.ndarray, Evidence]:
    """What is learnt of some rows, and the vectors of all."""
    table = frame.set_index(pd.RangeIndex(len(frame), name="row"))
    data = Dataset("made", table, Roles(label="y", features=tuple("abcd"), **roles), LETTERS)
    own = data.take(rows)
    vectors, space = fit(own)
    evidence = Evidence(own, vectors=vectors)
    return Judge.of(evidence), space(data), evidence


def places(frame: pd.DataFrame) -> np.ndarray:
    return frame["y"].map({c: k for k, c in enumerate(LETTERS)}).to_numpy()


def test_rows_that_were_not_drawn_are_judged_as_well_as_those_that_were():
    frame, wrong = clusters()
    rows, others = np.arange(0, N, 3), np.setdiff1d(np.arange(N), np.arange(0, N, 3))
    judge, vectors, evidence = judge_of(frame, rows)
    said = judge(vectors[others], Known(places(frame)[others], np.full(len(others), -1)))

    here = average_precision_score(wrong[rows], evidence.noise.wrong)
    there = average_precision_score(wrong[others], said.wrong)
    assert there > max(0.9, here - 0.05)
    assert evidence.noise.rate_low < said.wrong.mean() < evidence.noise.rate_high
    assert said.pairs.sum() == pytest.approx(len(others))
    assert said.pairs.sum() - np.trace(said.pairs) == pytest.approx(said.wrong.sum())


def test_a_drawn_copy_of_a_row_does_not_vouch_for_its_label():
    frame, _ = clusters()
    rows = np.arange(0, N, 3)
    odd = rows[7]
    frame.loc[odd, list("abcd")] = [9.0, 9.0, 9.0, 9.0]  # nothing is known of what lies there, but by its copies
    others = [odd + 1, odd + 2]
    frame.loc[others, list("abcd")] = frame.loc[odd, list("abcd")].to_numpy()
    frame.loc[others[1], "a"] += 1e-3
    judge, vectors, evidence = judge_of(frame, rows)
    labels = places(frame)
    views = judge.views(vectors[others], np.full(2, -1))

    assert views.near[:, 0].tolist() == [7, 7]
    assert views.own.tolist() == [evidence.together[7]] * 2
    outside = [np.flatnonzero(evidence.together[n] != evidence.together[7])[:30] for n in views.near]
    drawn = labels[rows]
    voted = [np.bincount(drawn[n[o]], minlength=4) for n, o in zip(views.near, outside, strict=True)]
    prior = np.bincount(drawn, minlength=4) / len(drawn)
    assert views.first[1] == pytest.approx((np.array(voted) + prior) / 31)
    head = evidence.heads.models[int(evidence.folds[7])]  # the one that has not seen the copy
    assert views.first[0] == pytest.approx(
        head.predict_proba(np.clip(vectors[others], *judge.range) / evidence.heads.size)
    )


def test_drawn_rows_that_look_the_same_have_no_vote_though_they_are_no_copies_of_one_another():
    frame, _ = clusters()
    judge, vectors, _ = judge_of(frame, np.arange(0, N, 3))
    one = replace(judge, threshold=np.inf)  # all of its neighbours look the same as it
    said = one.views(vectors[[1]], np.array([-1])).first[1]

    assert said == pytest.approx(judge.votes.mean(axis=0, keepdims=True))
    assert judge.views(vectors[[1]], np.array([-1])).first[1] != pytest.approx(said)


def test_a_drawn_row_of_the_same_group_does_not_vouch_for_a_label():
    frame, _ = clusters()
    frame["g"] = np.arange(N) // 6
    rows, other = np.arange(0, N, 3), 121
    near = frame.loc[other, list("abcd")].to_numpy(float) + np.array([[0.3, 0, 0, 0], [0, 0.3, 0, 0]])
    frame.loc[[120, 123], list("abcd")] = near
    judge, vectors, evidence = judge_of(frame, rows, group="g")
    mine = int(evidence.together[40])
    views = judge.views(vectors[[other]], np.array([mine]))
    free = judge.views(vectors[[other]], np.array([-1]))

    members = np.flatnonzero(evidence.together == mine)
    assert members.tolist() == [40, 41]
    assert set(members) <= set(views.near[0])
    assert views.own.tolist() == [mine]
    assert np.array_equal(views.near, free.near)
    drawn = places(frame)[rows]
    prior = np.bincount(drawn, minlength=4) / len(drawn)
    outside = views.near[0][~np.isin(views.near[0], members)][:30]
    assert views.first[1][0] == pytest.approx((np.bincount(drawn[outside], minlength=4) + prior) / 31)
    assert free.first[1][0] == pytest.approx((np.bincount(drawn[views.near[0][:30]], minlength=4) + prior) / 31)
    head = evidence.heads.models[int(evidence.folds[40])]
    assert views.first[0] == pytest.approx(head.predict_proba(vectors[[other]] / evidence.heads.size))


def test_copies_do_not_vouch_where_half_of_the_drawn_rows_have_copies():
    frame, _ = clusters(600)
    frame.loc[300:, list("abcd")] = frame.loc[:299, list("abcd")].to_numpy()
    judge, vectors, evidence = judge_of(frame, np.concatenate([np.arange(0, 300, 2), np.arange(300, 600, 2)]))
    views = judge.views(vectors[1::2], np.full(300, -1))
    same = judge.views(vectors[::2], np.full(300, -1))

    assert evidence.near_threshold == 0
    assert (views.own == -1).all()
    assert same.own.tolist() == evidence.together.tolist()


def test_beyond_what_was_learnt_from_a_head_says_what_it_says_at_its_end():
    frame, _ = clusters(900)
    judge, vectors, _ = judge_of(frame, np.arange(0, 900, 3))
    far = vectors[[1]].copy()
    far[0, 0] = 1e12
    least, most = judge.range

    head = judge.views(far, np.array([-1])).first[0]
    assert head.min() > 1e-9
    ends = np.clip(far, least, most)
    fold = judge.folds[[judge.views(far, np.array([-1])).near[0, 0]]]
    assert head == pytest.approx(judge.heads(ends, fold))


def test_rows_that_are_not_to_be_judged_are_left_alone():
    frame, _ = clusters()
    judge, vectors, _ = judge_of(frame, np.arange(0, N, 3))
    vectors[1] = np.nan
    said = judge(vectors[:3], Known(np.array([-1, 0, 0]), np.full(3, -1)))

    assert np.isnan(said.wrong).tolist() == [True, True, False]
    assert said.pairs.sum() == pytest.approx(1)


# -- the check ---------------------------------------------------------------------------------------------------------


def test_every_label_is_judged_where_nobody_brought_probabilities(tmp_path, monkeypatch):
    frame, wrong = clusters()
    frame.loc[[5, 6], "y"] = "rare"
    large = blocks(stored(tmp_path / "d.parquet", frame), monkeypatch, 500)
    labels, said = large.report["labels"], scores(large, tmp_path / "report")

    assert labels.status == "ran"
    assert labels.detail["path"] == "every row, by models of a sample"
    assert labels.detail["sampled"]["of"] == N
    assert labels.detail["sampled"]["rows"] in range(495, 501)
    low, high = labels.detail["intervals"]["rate"]
    assert low <= wrong.mean() <= high
    assert sorted({*range(N)} - {*said.index}) == [5, 6]
    assert average_precision_score(wrong[said.index], 1 - said["score"]) > 0.93
    flagged = said["flagged"].to_numpy(bool)
    assert labels.measures["flagged"] == flagged.sum()
    assert labels.detail["expected_precision"] == pytest.approx(wrong[said.index][flagged].mean(), abs=0.05)
    assert said["score"][flagged].max() < said["score"][~flagged].min()
    assert (1 - said["score"]).sum() / N == pytest.approx(labels.measures["rate"], abs=1e-6)
    assert high == pytest.approx(labels.measures["rate_high"])
    assert any("2 rows are of classes of which fewer than 10" in note for note in labels.detail["notes"])
    assert {line["class"] for line in labels.detail["per_class"]} == set(LETTERS)
    assert sum(line["rows"] for line in labels.detail["per_class"]) == N - 2


@pytest.mark.parametrize("asked", [{"budget": 25}, {"precision": 0.97}])
def test_the_list_is_as_long_as_asked(tmp_path, monkeypatch, asked):
    frame, _ = clusters(spread=0.8)
    data = stored(tmp_path / "d.parquet", frame)
    large = blocks(data, monkeypatch, 500, options={"labels": asked})
    labels = large.report["labels"]
    assert large.report.options == {"labels": asked}
    score = np.asarray(large.found["labels"].columns["score"](slice(0, N)))
    flagged = np.asarray(large.found["labels"].columns["flagged"](slice(0, N)))

    assert labels.measures["flagged"] == flagged.sum() == asked.get("budget", flagged.sum()) > 5
    assert score[flagged].max() <= score[~flagged].min()
    assert "as asked" in labels.detail["cutoff_used"]
    if "precision" in asked:
        more = np.sort(1 - score)[::-1][: flagged.sum() + 1]
        assert more[:-1].mean() >= 0.97 > more.mean()


def test_the_worst_rows_are_explained_by_drawn_ones(tmp_path, monkeypatch):
    frame, _ = clusters()
    large = blocks(stored(tmp_path / "d.parquet", frame), monkeypatch, 500)
    labels = large.report["labels"]
    rows = drawn_of(large)
    why = {line["row"]: line for line in labels.detail["why"]}

    assert list(why) == labels.findings.index[:100].tolist()
    others = [line for row, line in why.items() if row not in rows]
    assert len(others) > 40
    for line in others:
        given, looks = frame["y"][line["row"]], labels.findings["suggested"][line["row"]]
        assert line["disagreeing"]["row"] in rows
        assert frame["y"][line["disagreeing"]["row"]] == looks
        assert line["agreeing"] is None or frame["y"][line["agreeing"]["row"]] == given
        apart = frame.loc[[line["row"], line["disagreeing"]["row"]], list("abcd")].to_numpy()
        scaled = np.ptp(apart / frame.loc[sorted(rows), list("abcd")].std(ddof=0).to_numpy(), axis=0)
        assert line["disagreeing"]["distance"] == pytest.approx(np.linalg.norm(scaled), abs=1e-4)


def drawn_of(large: Large) -> set[int]:
    """Which rows were drawn: those with a score of their outlyingness."""
    return set(np.flatnonzero(~np.isnan(np.asarray(large.found["outliers"].columns["score"](slice(0, N))))).tolist())


def test_where_every_row_is_drawn_labels_are_what_they_are_in_memory(tmp_path):
    frame, _ = clusters(600)
    large = blocks(stored(tmp_path / "d.parquet", frame))
    whole = audit(load(tmp_path / "d.parquet", label="y"), suite=NONE, checks=["labels"])["labels"]
    said = scores(large, tmp_path / "report")

    assert large.report["labels"].measures == pytest.approx(whole.measures, rel=1e-6)
    assert said["score"].to_numpy() == pytest.approx(whole.scores["score"].to_numpy(), abs=1e-6)
    assert said["flagged"].tolist() == whole.scores["flagged"].tolist()
    assert said["suggested"].tolist() == whole.scores["suggested"].tolist()


def test_classes_that_lack_drawn_rows_are_brought_up_to_ten_by_the_rows_that_would_be_drawn_next():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, (5000, 2)).astype(np.uint64)
    codes = np.repeat([0, 1, 2, 3], [4900, 60, 33, 7])
    alike = sets_of(hashes)
    rows = drawn(hashes, alike, 500, seed=1)
    more = too_few(hashes, alike, codes, rows, seed=1)
    both = np.bincount(codes[np.concatenate([rows, more])], minlength=4)

    assert np.bincount(codes[rows], minlength=4)[1:3].max() < 10
    assert both[1:3].tolist() == [10, 10]
    assert both[3] == np.count_nonzero(codes[rows] == 3)  # that few can never be learnt
    assert not set(more) & set(rows)
    later = drawn(hashes, alike, 4000, seed=1)
    assert set(more) <= set(later)
    order = rng.permutation(5000)
    turned = too_few(hashes[order], alike, codes[order], np.flatnonzero(np.isin(order, rows)), seed=1)
    assert sorted(order[turned]) == more.tolist()


def test_no_more_than_half_as_many_rows_are_drawn_besides():
    hashes = np.random.default_rng(0).integers(0, 2**63, (5000, 2)).astype(np.uint64)
    codes = np.arange(5000) % 100
    rows = drawn(hashes, sets_of(hashes), 300, seed=1)
    more = too_few(hashes, sets_of(hashes), codes, rows, seed=1)
    reached = np.bincount(codes[np.concatenate([rows, more])]) == 10

    assert 140 <= len(more) <= 150
    assert set(codes[more]) <= set(np.flatnonzero(reached))


def test_a_class_of_which_few_rows_are_drawn_is_learnt_all_the_same(tmp_path, monkeypatch):
    frame, _ = clusters()
    rare = np.arange(0, N, 75)
    frame.loc[rare, list("abcd")] = np.random.default_rng(1).normal(size=(len(rare), 4)) - 4
    frame.loc[rare, "y"] = "rare"
    large = blocks(stored(tmp_path / "d.parquet", frame), monkeypatch, 250)
    said = scores(large, tmp_path / "report")

    assert len(drawn_of(large) & {*rare.tolist()}) < 10
    assert len(said) == N
    assert said["score"][rare].median() > 0.9


def test_a_class_of_copies_of_one_row_is_not_judged_and_stops_nothing(tmp_path, monkeypatch):
    frame, wrong = clusters()
    same = np.arange(0, N, 20)
    frame.loc[same, list("abcd")] = 5.0
    frame.loc[same, "y"] = "timeout"
    large = blocks(stored(tmp_path / "d.parquet", frame), monkeypatch, 400)
    labels, said = large.report["labels"], scores(large, tmp_path / "report")

    assert labels.status == "ran"
    assert sorted({*range(N)} - {*said.index}) == same.tolist()
    assert average_precision_score(wrong[said.index], 1 - said["score"]) > 0.9
    assert any(
        "75 rows are of classes of which fewer than 10 rows were drawn, or only copies" in n
        for n in labels.detail["notes"]
    )


def test_rows_of_a_class_of_which_little_is_known_are_scored_but_not_flagged(tmp_path, monkeypatch):
    frame, _ = clusters(6000)
    rare = np.arange(0, 6000, 240)
    frame.loc[rare, "y"] = "rare"  # right or wrong, nobody can tell
    large = blocks(stored(tmp_path / "d.parquet", frame, 2000), monkeypatch, 500)
    labels, said = large.report["labels"], scores(large, tmp_path / "report")

    assert len(said) == 6000
    assert said["score"][rare].median() < 0.5
    assert not said["flagged"][rare].any()
    assert said["flagged"].sum() > 300
    assert any("rows of 1 rare classes" in note for note in labels.detail["notes"])


def test_groups_are_read_for_all_rows(tmp_path):
    frame, _ = clusters()
    frame["g"] = [None if i % 50 == 0 else f"g{i // 4}" for i in range(N)]
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "d.parquet", row_group_size=97)
    data = open_data(open_table(tmp_path / "d.parquet"), Named(label="y", group="g"))
    rows = np.arange(0, N, 3)
    what = taught(data, place(rows, data.at(rows), 0), rows[:0], 0, silent)
    found = known(data, what)

    of = dict(zip(frame["g"][rows], what.evidence.together.tolist(), strict=True))
    assert found.block.tolist() == [of.get(g, -1) if isinstance(g, str) else -1 for g in frame["g"]]
    assert found.labels[rows].tolist() == [-1] * len(rows)
    assert np.delete(found.labels, rows).tolist() == np.delete(places(frame), rows).tolist()


def test_labels_that_nothing_can_be_learnt_of_do_not_stop_the_other_checks(tmp_path, monkeypatch):
    frame, _ = clusters()
    frame["y"] = np.random.default_rng(3).permutation(frame["y"].to_numpy())
    large = blocks(stored(tmp_path / "d.parquet", frame), monkeypatch, 500)

    assert large.report["labels"].status == "error"
    assert "no view knows more of the labels than chance" in large.report["labels"].why
    assert large.report["outliers"].status == "ran"


def test_intervals_hold_the_planted_rate_over_seeds():
    held = []
    for seed in range(4):
        frame, wrong = clusters(900, seed, spread=0.8)
        judge, vectors, evidence = judge_of(frame, np.arange(0, 900, 3))
        others = np.delete(np.arange(900), np.arange(0, 900, 3))
        said = judge(vectors[others], Known(places(frame)[others], np.full(len(others), -1)))
        rate = (said.wrong.sum() + evidence.noise.wrong.sum()) / 900
        held.append(min(evidence.noise.rate_low, rate) <= wrong.mean() <= max(evidence.noise.rate_high, rate))

    assert sum(held) >= 3
