"""The order of the looks: doubtful rows first, and at any time a fair sample."""

from __future__ import annotations

import numpy as np
import pytest

from audit.errors import InputError, Undecided, UnknownName
from audit.report import Issues
from audit.review.queue import EVERY, Plan, order, plan
from tests.audit.review.served import case


def made(rows: int, flagged: int, seed: int = 0, strata: int = 10) -> Plan:
    """A design without a report; P(wrong) falls from 0.95 to 0.4 among the flagged."""
    wrong = np.full(rows, 0.01)
    wrong[:flagged] = np.linspace(0.95, 0.4, flagged)
    stratum = np.full(rows, strata)
    stratum[:flagged] = np.arange(flagged) * strata // max(flagged, 1)
    ids = [f"r{i}" for i in range(rows)]
    luck = np.random.default_rng(seed).permutation(rows) / rows
    names = ["a"] * rows
    return Plan(ids, names, ["b"] * rows, wrong, wrong, np.arange(rows) < flagged, luck, stratum, strata)


def test_every_flagged_row_is_in_the_queue_once_and_every_fourth_is_one_that_was_not_flagged():
    design = made(2_000, 300)
    rows = order(design, sample=40)
    assert len(rows) == len(set(rows.tolist())) == 340
    assert set(range(300)) <= set(rows.tolist())
    assert (~design.flagged[rows[: 40 * EVERY]]).reshape(40, EVERY).sum(axis=1).tolist() == [1] * 40


def test_doubtful_rows_come_first_and_a_budget_keeps_the_first_of_them():
    design = made(2_000, 300)
    rows = order(design)
    assert design.wrong[rows[:100]].mean() > design.wrong[rows[100:200]].mean() > design.wrong[rows[200:]].mean()
    assert order(design, budget=50).tolist() == rows[:50].tolist()


def test_what_was_looked_at_is_a_random_sample_of_each_stratum():
    # over many numbers at random every row of a stratum is as often among the first looks as any other
    looks = np.zeros(300)
    for seed in range(300):
        looks[order(made(400, 300, seed, strata=3), budget=90)] += 1
    for stratum in (looks[:100], looks[100:200], looks[200:]):
        expected = stratum.mean()
        assert np.abs(stratum - expected).max() < 5 * np.sqrt(expected)


def test_the_same_report_gives_the_same_queue_and_another_audit_another_key(tmp_path):
    one, other = case(tmp_path / "one"), case(tmp_path / "other", flagged=50)
    assert order(plan(one.report)).tolist() == order(plan(one.report)).tolist()
    assert plan(one.report).key == plan(one.report).key != plan(other.report).key


def test_there_is_nothing_to_review_without_a_labels_check_that_ran(tmp_path):
    found = case(tmp_path).report

    def with_(**checks: Issues) -> object:
        return plan(type(found)(**{**vars(found), "checks": checks}))

    with pytest.raises(UnknownName, match="no check 'labels'"):
        with_()
    with pytest.raises(Undecided, match=r"could not finish.*boom"):
        with_(labels=Issues("labels", "error", "boom"))
    with pytest.raises(InputError, match="no label column"):
        with_(labels=Issues("labels", "not_applicable", "no label column"))


def test_a_report_without_flags_has_an_empty_queue_and_a_sample():
    design = made(100, 0, strata=0)
    assert len(order(design)) == 0
    assert len(order(design, sample=10)) == 10
