"""What the answers measure is right as often as it says, and what does not measure is left out."""

from __future__ import annotations

import numpy as np
import pytest

from audit.review.decisions import Decision, Settled, settle
from audit.review.measure import Stratum, joined, measure, stratified, verified
from audit.review.queue import Plan, order
from audit.review.summary import summary
from tests.audit.review.test_queue import made


def said(design: Plan, positions: np.ndarray, wrong: np.ndarray, verdict: str = "relabel") -> dict[str, Settled]:
    """Answers to these rows: relabelled where they are wrong, kept where they are not."""
    return settle(
        Decision(f"d{p}", design.ids[p], "ann", verdict if wrong[p] else "keep", "b" if wrong[p] else "", seconds=2.0)
        for p in positions.tolist()
    )


def test_intervals_cover_the_truth_as_often_as_they_say():
    covered = {"precision": 0, "rate": 0, "recall": 0, "missed": 0}
    tries = 120
    for seed in range(tries):
        design = made(3_000, 400, seed)
        rng = np.random.default_rng(1000 + seed)
        # the audit is too sure of itself, by more the surer it is
        wrong = rng.random(3_000) < np.where(design.flagged, 0.8 * design.wrong, 0.02)
        looked = order(design, sample=200)[:350]
        found = measure(design, said(design, looked, wrong), looked)
        truth = {
            "precision": wrong[:400].mean(),
            "rate": wrong.mean(),
            "recall": wrong[:400].sum() / wrong.sum(),
            "missed": wrong[400:].mean(),
        }
        for name, value in truth.items():
            share = getattr(found, name)
            covered[name] += share.low <= value <= share.high
    assert all(c / tries >= 0.9 for c in covered.values()), covered


def test_when_all_rows_are_looked_at_nothing_is_left_to_chance():
    design = made(300, 60, strata=3)
    wrong = np.arange(300) % 2 == 0
    found = measure(design, said(design, np.arange(300), wrong), np.arange(300))
    assert (found.precision.low, found.precision.value, found.precision.high) == (0.5, 0.5, 0.5)
    assert (found.rate.low, found.rate.high) == (0.5, 0.5)
    assert found.next_rows == 0


def test_rows_that_were_picked_do_not_measure():
    design = made(1_000, 200, strata=2)
    first = order(design)[:80]
    wrong = np.zeros(1_000, dtype=bool)
    before = measure(design, said(design, first, wrong), first).precision
    last = np.concatenate([design.drawn(h)[-20:] for h in (0, 1)])  # out of turn, all of them wrong
    both = {**said(design, first, wrong), **said(design, last, ~wrong)}
    assert measure(design, both, first).precision == before


def test_an_answer_nobody_is_sure_of_counts_on_neither_side():
    design = made(100, 40, strata=1)
    drawn = design.drawn(0)[:20]
    answers = said(design, drawn, np.ones(100, dtype=bool))
    doubts = settle(Decision(f"u{p}", design.ids[p], "ann", "unsure") for p in drawn[:8].tolist())
    found = measure(design, {**answers, **doubts}, drawn)
    assert (found.precision.value, found.precision.answers, found.unsure) == (1.0, 12, 8)


def test_strata_with_few_answers_are_joined_to_their_neighbours():
    assert joined([Stratum(10, 2, 1), Stratum(10, 6, 3), Stratum(10, 0, 0)]) == [Stratum(30, 8, 4)]
    assert joined([Stratum(10, 6, 1), Stratum(10, 6, 3)]) == [Stratum(10, 6, 1), Stratum(10, 6, 3)]
    assert joined([Stratum(10, 2, 1), Stratum(10, 1, 0)]) == []
    assert joined([]) == []


def test_strata_count_by_their_rows_and_not_by_their_answers():
    assert stratified([Stratum(900, 10, 0), Stratum(100, 90, 90)]).value == pytest.approx(0.1)


def test_the_next_hundred_are_expected_by_what_was_measured_and_not_by_what_the_audit_hoped():
    design = made(2_000, 1_000)
    queue = order(design)
    looked = queue[:300]
    found = measure(design, said(design, looked, np.zeros(2_000, dtype=bool)), queue)
    assert found.next_rows == 100
    assert found.next_wrong < 5 < 40 < design.wrong[queue[300:400]].sum()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
def test_what_is_expected_of_the_next_rows_does_not_lean_to_one_half(share):
    told, true = 0.0, 0.0
    for seed in range(20):
        design = made(400, 200, seed)  # ten strata, of which forty answers are four each
        wrong = np.random.default_rng(seed).random(400) < share
        queue = order(design)
        told += measure(design, said(design, queue[:40], wrong), queue).next_wrong / 100
        true += wrong[queue[40:140]].mean()
    assert told / 20 == pytest.approx(true / 20, abs=0.025)


def test_where_all_was_looked_at_the_rows_nobody_is_sure_of_are_what_is_left_open():
    design = made(300, 203, strata=10)
    flags = np.arange(203)
    wrong = np.ones(300, dtype=bool)
    wrong[7] = False
    answers = said(design, flags, wrong)
    doubt = settle([Decision("u", design.ids[9], "ann", "unsure")])
    found = measure(design, {**answers, **doubt}, flags).precision
    assert (found.low, found.high) == (201 / 203, 202 / 203)
    assert found.low < found.value <= found.high


def test_verified_rows_are_the_first_of_all_rows_by_the_numbers_at_random():
    design = made(500, 100, strata=5)
    looked = order(design, sample=80)
    wrong = design.flagged
    rows, unknown = verified(design, said(design, looked, wrong))
    by_luck = [design.ids[p] for p in np.argsort(design.luck)[: len(rows)]]
    assert unknown == 0
    assert [row for row, _ in rows] == by_luck
    assert {design.place[row] < 100: label for row, label in rows} == {True: "b", False: "a"}
    assert 80 <= len(rows) <= 120  # 80 that were not flagged, and about 20 flagged ones among them


def test_the_summary_says_what_more_review_costs_and_what_is_not_known():
    design = made(2_000, 300)
    queue = order(design)
    decisions = [d for s in said(design, queue[:100], design.flagged).values() for d in s.votes]
    lines = dict(summary(design, decisions, queue)["lines"])
    assert lines["decided"] == "100 rows: 100 given another label, 2.0 s each"
    assert "of the 300 flags are right" in lines["precision"]
    assert "it pays while a wrong label found is worth 2 s of looking" in lines["more review"]
    assert lines["wrong rows"] == "not known: review --sample 300 draws rows that were not flagged"
    assert "settled in the order" in dict(summary(design, [], queue)["lines"])["precision"]
