"""The tables of the labels check: each class and pair has its share, and an interval that is the data's own, moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noise.planted import CHEAP, planted

from audit.noise.estimate import estimate
from audit.noise.judge import Cutoff, Judged, by_noise
from audit.noise.tables import tables


@pytest.fixture(scope="module")
def judged():
    p = planted("pairs", 0.2, rows=600)
    return p, by_noise(estimate(p.views, p.labels, cheap=CHEAP, features=p.features), Cutoff())


def test_classes_and_pairs_add_up_to_the_count(judged):
    p, said = judged
    made = tables(said, p.labels, "abcd")
    assert sum(c["rate"] * c["rows"] for c in made["per_class"]) == pytest.approx(said.wrong.sum())
    assert sum(c["flagged"] for c in made["per_class"]) == said.flagged.sum() == np.sum(made["confusion"])


def test_each_class_s_interval_holds_its_truth(judged):
    p, said = judged
    for k, line in enumerate(tables(said, p.labels, "abcd")["per_class"]):
        assert line["rate_low"] <= p.wrong[p.labels == k].mean() <= line["rate_high"]


def test_the_commonest_mix_ups_are_the_planted_ones(judged):
    p, said = judged
    first = tables(said, p.labels, "abcd")["pairs"][:4]
    assert {(pair["given"], pair["suggested"]) for pair in first} == {("b", "a"), ("c", "b"), ("d", "c"), ("a", "d")}


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.lists(st.floats(0, 1), min_size=40, max_size=40))
def test_intervals_hold_their_rates_and_stay_shares(low, rate, high, wrong):
    low, rate, high = sorted((low, rate, high))
    labels, n = np.arange(40) % 3, 40
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (labels, (labels + 1) % 3), wrong)
    said = Judged(
        score=1 - np.array(wrong), flagged=np.array(wrong) > 0.5, suggested=(labels + 1) % 3, probability=np.array(wrong),
        count=round(rate * n), rate=rate, rate_low=low, rate_high=high, pairs=pairs, score_used="", cutoff_used="", rule="",
        wrong=np.array(wrong),
    )  # fmt: skip
    for line in tables(said, labels, "abc")["per_class"]:
        assert 0 <= line["rate_low"] <= line["rate"] <= line["rate_high"] <= 1
    without = tables(replace(said, wrong=None), labels, "abc")["per_class"]
    assert all(line["expected_precision"] is None for line in without)
