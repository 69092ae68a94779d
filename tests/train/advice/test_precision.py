"""How many of the labels that look wrong are: by people, by audits, or assumed; and that the advice says which."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from audit.cli import run
from audit.dataset import Dataset
from audit.errors import InputError
from audit.expected import Expected, expected
from audit.report import Report
from audit.review.decisions import Decision
from audit.review.journal import Reviewed, journal_of
from audit.review.queue import order, plan
from audit.run import audit
from audit.sources import load
from tests.train.advice.test_advise import PRICES, planted
from train.advice.actions import Action
from train.advice.advise import advise
from train.advice.precision import by_report
from train.grid.draws import rows_of
from train.grid.variants import choose

POLLUTED = {f"polluted:{p}": (-0.3 * p, -0.3 * p - 0.2, -0.3 * p + 0.2) for p in (5, 10, 20)}
PERFECT = 0.3 * 0.1 / 0.9
"""What perfect labels would bring where 800 of 8,000 look wrong and flipping x of them costs 30 x points."""


def runs(folder: Path, record: Mapping[str, float | None], **protocol: str) -> Path:
    """A comparison with polluted versions; what the draws' audits say stands in the cells."""
    where = planted(folder, {"pruned": (0.2, -0.5, 0.9), **POLLUTED})
    values = json.loads((where / "comparison.json").read_text())
    values["cells"] = [{**cell, **record} for cell in values["cells"]]
    values["protocol"] |= protocol
    (where / "comparison.json").write_text(json.dumps(values))
    return where


def review_of(folder: Path, **more: object) -> Action:
    return next(a for a in advise([folder], PRICES, **more).actions if a.kind == "review")


@pytest.fixture(scope="module")
def noisy() -> Dataset:
    data = load("planted:digits?flips=0.15&seed=0")
    return data.take(data.rows[data.features.notna().all(axis=1)][:500])


@pytest.fixture(scope="module")
def folder(noisy, tmp_path_factory) -> Path:
    where = tmp_path_factory.mktemp("report")
    audit(noisy, checks=["labels"], options={"labels": {"seeds": 1}}).write(where)
    return where


def settled(where: Path, noisy: Dataset, rows: int) -> None:
    """People who know what was planted settle the first rows of the queue."""
    report = Report.read(where)
    design = plan(report)
    flipped = {str(row) for row in noisy.rows[noisy.table["planted"] == "flip"]}
    said = [Decision(f"d{p}", design.ids[p], "ann", "drop" if design.ids[p] in flipped else "keep") for p in order(design)[:rows].tolist()]  # fmt: skip
    journal_of(where, Reviewed(report.dataset.fingerprint, design.key)).append(said)


# -- in the comparison itself --------------------------------------------------------------------------------------------


def test_where_nothing_is_known_half_to_all_are_taken_and_it_says_assumed(tmp_path):
    review = review_of(runs(tmp_path, {}))
    assert review.gain == pytest.approx(0.75 * PERFECT, rel=0.25)
    assert any(line.startswith("Assumed: ") for line in review.evidence)


def test_what_the_draws_audits_expect_takes_the_place_of_the_assumption(tmp_path):
    said = {"flagged": 800, "precision": 0.9, "precision_low": 0.8, "precision_high": 0.95}
    review = review_of(runs(tmp_path, said))
    taken = review_of(runs(tmp_path / "other", {}))
    assert review.gain == pytest.approx(taken.gain * 0.9 / 0.75)
    assert review.low > taken.low
    assert review.high < taken.high
    told = "The draws' audits expect 90\u202f% of the labels that look wrong to be wrong (between 80 and 95\u202f%)."
    assert told in review.evidence
    assert not any("Assumed" in line for line in review.evidence)


def test_doubtful_labels_are_those_that_the_audits_flag_and_not_all_rows_that_were_reweighted(tmp_path):
    where = runs(tmp_path, {"flagged": 640, "precision": 0.9, "precision_low": 0.8, "precision_high": 0.95})
    assert review_of(where).name == "review 640 doubtful labels"


def test_every_draw_is_recorded_with_what_its_audit_expects(noisy):
    vectors = noisy.features.to_numpy("float32")
    made = rows_of(noisy, vectors, 300, 0, choose(["raw", "pruned"], noisy, None))
    flags = made["raw"].flags
    assert flags == made["pruned"].flags
    assert flags.flagged == made["pruned"].edits > 0
    assert 0 < flags.low <= flags.precision <= flags.high <= 1


# -- by a report ---------------------------------------------------------------------------------------------------------


def test_the_interval_of_the_expectation_follows_that_of_the_share_of_wrong_labels(folder):
    report = Report.read(folder)
    said = expected(report)
    assert said.precision == report["labels"].detail["expected_precision"]
    assert said.low < said.precision < said.high


def test_scores_that_are_no_probabilities_promise_nothing(noisy):
    report = audit(noisy, checks=["labels"], options={"labels": {"seeds": 1, "method": "cleanlab"}})
    assert expected(report) == Expected(round(report.measures["labels.flagged"]))


def test_a_report_counts_the_flags_of_all_the_data_and_says_what_it_expects(tmp_path, folder, noisy):
    where = runs(tmp_path, {}, data_fingerprint=noisy.fingerprint)
    review = review_of(where, report=folder)
    assert review.name == f"review {round(Report.read(folder).measures['labels.flagged'])} doubtful labels"
    assert any(line.startswith("The audit expects ") for line in review.evidence)


def test_people_who_looked_count_for_more_than_what_the_audit_expects(tmp_path, noisy):
    where = tmp_path / "report"
    audit(noisy, checks=["labels"], options={"labels": {"seeds": 1}}).write(where)
    settled(where, noisy, 40)
    found = by_report(where, noisy.fingerprint)
    assert found.told.startswith("Measured: people looked at 40 of ")
    flagged = Report.read(where)["labels"].flagged
    true = float((noisy.table.loc[flagged, "planted"] == "flip").mean())
    assert found.low <= true <= found.high
    assert "; an estimated " in found.told  # of all of them, not of the 40
    review = review_of(runs(tmp_path / "runs", {}, data_fingerprint=noisy.fingerprint), report=where)
    assert found.told in review.evidence


def test_what_people_have_looked_at_is_not_billed_again(tmp_path, noisy):
    where = tmp_path / "report"
    audit(noisy, checks=["labels"], options={"labels": {"seeds": 1}}).write(where)
    compared = runs(tmp_path / "runs", {}, data_fingerprint=noisy.fingerprint)
    flagged = round(Report.read(where).measures["labels.flagged"])
    before = review_of(compared, report=where)
    settled(where, noisy, flagged // 2)
    after = review_of(compared, report=where)
    left = flagged - flagged // 2
    assert after.name == f"review {left} other doubtful labels"
    assert after.amount == left
    assert after.cost == pytest.approx(before.cost * left / flagged)
    settled(where, noisy, flagged)
    assert not any(a.kind == "review" for a in advise([compared], PRICES, report=where).actions)


def test_a_ceiling_below_what_a_repair_has_brought_is_not_told_as_one(tmp_path):
    def told(gain: float) -> list[str]:
        where = planted(tmp_path / str(gain), {"pruned": (gain, gain - 0.1, gain + 0.1)}, flagged=80)
        return [line for line in review_of(where).evidence if line.startswith("At most")]

    assert told(0.1)
    assert not told(5.0)


def test_a_report_on_other_data_is_refused(tmp_path, folder):
    with pytest.raises(InputError, match="a report on other data than the comparison's"):
        advise([runs(tmp_path, {})], report=folder)


def test_the_command_takes_a_report(tmp_path, folder, noisy, capsys):
    where = runs(tmp_path / "runs", {}, data_fingerprint=noisy.fingerprint)
    assert run(["advise", str(where), "--report", str(folder), "-o", str(tmp_path / "advice")]) == 0
    assert "The audit expects" in (tmp_path / "advice" / "advice.html").read_text()
