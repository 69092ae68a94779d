"""Votes, agreement, the journal's file, and what a patch makes of it all."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from audit.cli import run
from audit.errors import InputError, StaleError, UnknownName
from audit.review.agreement import agreement, answers, cohen, fleiss
from audit.review.decisions import Decision, Undo, disputed, settle
from audit.review.journal import Journal, Reviewed, journal_of
from audit.treatments import prune, treat
from tests.audit.review.served import case

ABOUT = Reviewed("data", "queue")


def vote(row: str, who: str, verdict: str, label: str = "") -> Decision:
    return Decision(f"{row}{who}{verdict}{label}", row, who, verdict, label)


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        (["keep"], "keep"),
        (["keep", "keep", "drop"], "keep"),
        (["keep", "drop"], "disputed"),
        (["relabel a", "relabel b"], "disputed"),
        (["relabel a", "relabel a", "keep"], "relabel"),
        (["unsure", "drop"], "drop"),
        (["unsure"], "unsure"),
    ],
)
def test_more_than_half_of_the_sure_decide(votes, outcome):
    said = [vote("r", f"reviewer {i}", *v.split()) for i, v in enumerate(votes)]
    assert settle(said)["r"].outcome == outcome
    assert bool(disputed(settle(said))) == (len({v for v in votes if v != "unsure"}) > 1)


class TestJournal:
    def test_half_a_line_is_cut_off_and_a_broken_one_is_named(self, tmp_path):
        journal = Journal(tmp_path / "review/decisions.jsonl", ABOUT)
        journal.append([vote("1", "ann", "keep")])
        whole = journal.path.read_bytes()
        journal.path.write_bytes(whole + b'{"id": "half')
        again = journal_of(tmp_path, ABOUT)
        again.append([vote("2", "ann", "drop")])
        assert journal.path.read_bytes().startswith(whole)
        assert [json.loads(line).get("row") for line in journal.path.read_text().splitlines()] == [None, "1", "2"]
        journal.path.write_bytes(whole + b"broken\n")
        with pytest.raises(InputError, match=r"decisions.jsonl, line 3: not JSON"):
            journal_of(tmp_path, ABOUT)

    def test_what_others_write_is_heard(self, tmp_path):
        one, other = (Journal(tmp_path / "j.jsonl", ABOUT) for _ in "ab")
        one.append([vote("1", "ann", "keep")])
        other.append([vote("1", "bob", "drop")])
        one.refresh()
        assert [(d.reviewer, d.verdict) for d in one.standing] == [("ann", "keep"), ("bob", "drop")]

    def test_nobody_takes_back_what_another_said(self, tmp_path):
        journal = Journal(tmp_path / "j.jsonl", ABOUT)
        journal.append([vote("1", "ann", "keep"), Undo("u", "1annkeep", "1", "bob")])
        assert journal.by("ann", "1").verdict == "keep"

    def test_other_data_and_another_audit_are_refused(self, tmp_path):
        Journal(tmp_path / "review/decisions.jsonl", ABOUT).append([vote("1", "ann", "keep")])
        with pytest.raises(StaleError, match="decisions about data data…, this is other…"):
            journal_of(tmp_path, Reviewed("other", "queue"))
        with pytest.raises(StaleError, match=r"another audit.*--import"):
            journal_of(tmp_path, Reviewed("data", "again"))
        assert journal_of(tmp_path, Reviewed("data", "")).standing

    def test_a_file_that_is_no_journal_is_refused(self, tmp_path):
        (tmp_path / "review").mkdir()
        (tmp_path / "review/decisions.jsonl").write_text('{"row": 1}\n')
        with pytest.raises(InputError, match="not a journal"):
            journal_of(tmp_path, ABOUT)


class TestPatch:
    def test_drops_and_labels_are_done_and_the_rest_is_left(self, tmp_path):
        made = case(tmp_path)
        rows = list(made.report["labels"].findings.index)
        rows[0], rows[1] = rows[1], rows[0]  # so that the first is one whose label is wrong
        right = made.truth[rows[0]]
        said = settle(
            [vote(rows[0], "ann", "relabel", right), vote(rows[1], "ann", "drop"), vote(rows[2], "ann", "keep"),
             vote(rows[3], "ann", "unsure"), vote(rows[4], "ann", "keep"), vote(rows[4], "bob", "drop")]
        )  # fmt: skip
        patch = treat(made.data, made.report, ["review"], settled=said)
        assert patch.table[["row", "action", "to"]].to_numpy().tolist() == sorted(
            [[rows[0], "relabel", right], [rows[1], "drop", None]], key=lambda line: made.data.rows.get_loc(line[0])
        )
        assert set(patch.table["reason"]) == {"decided by ann"}
        assert patch.apply(made.data).given[rows[0]] == right

    @pytest.mark.parametrize("names", [["review", "prune"], ["prune", "review"]])
    def test_people_outrank_the_check_whatever_the_order(self, tmp_path, names):
        made = case(tmp_path)
        rows = list(made.report["labels"].findings.index)
        right = made.truth[rows[1]]
        said = settle([vote(rows[0], "ann", "keep"), vote(rows[1], "ann", "relabel", right)])
        patch = treat(made.data, made.report, names, settled=said)
        assert set(patch.rows("drop").index) == set(prune(made.data, made.report).table["row"]) - set(rows[:2])
        assert patch.rows("relabel").index.tolist() == [rows[1]]

    def test_labels_and_rows_that_are_not_there_are_named(self, tmp_path):
        made = case(tmp_path)
        with pytest.raises(UnknownName, match="no row 'gone'"):
            treat(made.data, made.report, ["review"], settled=settle([vote("gone", "ann", "drop")]))
        with pytest.raises(UnknownName, match="no class 'none'"):
            treat(made.data, made.report, ["review"], settled=settle([vote("n1", "ann", "relabel", "none")]))

    def test_cleaning_by_a_review_that_nobody_made_is_an_error_that_says_how(self, tmp_path, capsys):
        made = case(tmp_path)
        asked = ["clean", str(made.csv), "--report", str(made.folder), "--by", "review", "-o", str(tmp_path / "out")]
        assert run(asked) == 2
        assert "nobody has decided anything yet: assay review" in capsys.readouterr().err


class TestAgreement:
    def test_cohens_kappa_is_scikit_learns(self):
        rng = np.random.default_rng(0)
        one = rng.integers(0, 3, 200)
        other = np.where(rng.random(200) < 0.7, one, rng.integers(0, 3, 200))
        pairs = [(str(a), str(b)) for a, b in zip(one, other, strict=True)]
        assert cohen(pairs) == pytest.approx(cohen_kappa_score(one, other))

    def test_fleiss_kappa_of_the_example_he_gave(self):
        # Fleiss 1971, as tabled on Wikipedia: 10 subjects, 14 raters, 5 categories
        table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
                 [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]  # fmt: skip
        said = [[str(k) for k, n in enumerate(row) for _ in range(n)] for row in table]
        assert fleiss(said) == pytest.approx(0.210, abs=5e-4)

    def test_only_rows_that_two_are_sure_about_count(self):
        said = [vote("1", "ann", "keep"), vote("1", "bob", "relabel", "b"), vote("2", "ann", "keep"),
                vote("2", "bob", "keep"), vote("3", "ann", "drop"), vote("4", "ann", "keep"), vote("4", "bob", "unsure")]  # fmt: skip
        found = agreement(answers(said, dict.fromkeys("1234", "a")))
        assert (found.rows, found.same, found.name) == (2, 0.5, "Cohen's kappa")
        assert agreement(answers(said[2:3], {"2": "a"})) is None

    def test_one_answer_throughout_is_no_agreement_beyond_chance(self):
        assert cohen([("a", "a")] * 5) is None
