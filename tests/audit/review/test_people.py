"""What people decided, on the report's pages: told from the journal, without touching what the audit wrote."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from toy import report_of

from audit.cli import run
from audit.commands.pages import republish
from audit.render.findings import findings
from audit.render.markdown import markdown
from audit.render.page.html import html
from audit.render.steps import next_steps
from audit.report import Report
from audit.review.decisions import Decision
from audit.review.journal import Reviewed, journal_of
from audit.review.people import with_people
from audit.review.queue import order, plan
from audit.suite import Limit, Suite
from audit.verdict import gate
from tests.audit.review.served import Case, case, labels_found

NONE_WRONG = Suite("none wrong", limits=(Limit("labels.count", 0),))


@pytest.fixture
def made(tmp_path: Path) -> Case:
    return case(tmp_path, rows=400, flagged=100)


def look(made: Case, flagged: int, others: int = 0) -> None:
    """Somebody who knows the truth settles the first rows of the queue."""
    design = plan(made.report)
    journal = journal_of(made.folder, Reviewed(made.report.dataset.fingerprint, design.key))
    queue = [*order(design)[:flagged].tolist(), *design.drawn(design.strata)[:others].tolist()]
    rows = [design.ids[p] for p in queue]
    given = dict(zip(design.ids, design.given, strict=True))
    journal.append(
        Decision(
            f"d{k}", row, "ann", *(("keep", "") if made.truth[row] == given[row] else ("relabel", made.truth[row]))
        )
        for k, row in enumerate(rows)
    )


def told(report: Report, folder: Path) -> str:
    shown = with_people(report, folder)
    return next(f for f in findings(shown, gate(shown, NONE_WRONG)) if f.check == "labels").note


def test_where_nobody_has_looked_the_page_names_the_command(made):
    assert with_people(made.report, made.folder) is made.report
    page = html(made.report, gate(made.report, NONE_WRONG), made.data, path="there/")
    assert "Nobody has checked these yet, and some will turn out to be right: assay review there/" in page


def test_the_share_of_wrong_flags_stands_with_its_interval(made):
    look(made, 60)
    shown = with_people(made.report, made.folder)
    found = shown["labels"].detail["people"]
    assert (found["looked"], found["flagged"], found["others"], found["reviewers"]) == (60, 100, 0, 1)
    assert found["precision"]["low"] < 66 / 100 < found["precision"]["high"]  # every third flag is a false alarm
    said = told(made.report, made.folder)
    assert "people looked at 60 of 100 flagged labels: of all 100, an estimated 6" in said
    assert "wrong, between " in said
    assert "of all labels" not in said  # nobody looked at what was not flagged
    assert "People looked at 60 of 100 flagged labels: of all 100, an estimated 6" in html(
        shown, gate(shown, NONE_WRONG), made.data
    )
    assert "people looked at 60 of 100" in markdown(shown, gate(shown, NONE_WRONG))


def test_a_sample_of_the_others_corrects_the_share_of_all_labels(made):
    look(made, 100, 60)
    said = told(made.report, made.folder)
    assert (
        "people looked at 100 of 100 flagged labels: 66.0\u202f% wrong;" in said
    )  # all of them: nothing left to chance
    assert "corrected by what they found, 16." in said


def test_rows_nobody_is_sure_of_are_counted_apart_and_left_open(made):
    look(made, 100)
    design = plan(made.report)
    row = next(x for x, f in zip(design.ids, design.flagged, strict=True) if f)
    journal_of(made.folder, Reviewed(made.report.dataset.fingerprint, design.key)).append(
        [Decision("doubt", row, "ann", "unsure")]
    )
    said = told(made.report, made.folder)
    assert "people looked at 100 of 100 flagged labels, 1 undecided: " in said
    assert "of all 100, an estimated" not in said  # nothing is estimated: these are all there are
    people = with_people(made.report, made.folder)["labels"].detail["people"]
    assert round(people["precision"]["high"] - people["precision"]["low"], 9) == 0.01


def test_what_people_have_settled_is_not_asked_of_them_again(made):
    def steps() -> list[tuple[str, str]]:
        shown = with_people(made.report, made.folder)
        found = next_steps(shown, gate(shown, NONE_WRONG), "there/")
        return [(s.text, s.command) for s in found if "doubtful" in s.text]

    assert steps()[0][0].startswith("Settle the 100 doubtful labels yourself")
    look(made, 60)
    assert steps()[0][0].startswith("Settle the 40 other doubtful labels yourself")
    look(made, 100)
    (only,) = steps()
    assert only[0] == "Apply what people decided about the doubtful labels."
    assert only[1].endswith("--report there/ --by review -o clean/")


def test_a_few_answers_are_too_few(made):
    look(made, 2)
    assert "people looked at 2 of 100 flagged labels: too few to say how many are wrong" in told(
        made.report, made.folder
    )


def test_decisions_about_another_audit_are_not_counted_and_a_note_says_so(made):
    look(made, 20)
    labels = made.report["labels"]
    wrong = 1 - labels.scores["score"].to_numpy() * 0.9
    flagged = labels.scores["flagged"].to_numpy()
    other = report_of(made.data, labels_found(made.data, wrong, flagged, list(labels.scores["suggested"])))
    shown = with_people(other, made.folder)
    assert "people" not in shown["labels"].detail
    assert "decisions about another audit" in shown.notes[-1]


def test_pages_made_anew_show_what_was_decided_and_leave_the_audit_as_it_was(made):
    before = {name: (made.folder / name).read_bytes() for name in ("audit.json", "scores.parquet", "issues.parquet")}
    look(made, 60)
    republish(made.folder, str(made.csv))
    assert "People looked at 60 of 100 flagged labels" in (made.folder / "report.html").read_text()
    assert {name: (made.folder / name).read_bytes() for name in before} == before
    assert "people" not in Report.read(made.folder)["labels"].detail


def test_a_review_that_ends_makes_the_pages_anew(made, serve):
    server = serve(made.folder, made.csv, "--reviewer", "ann")
    row = server.ask("state")[1]["row"]["row"]
    server.decide(row, "keep")
    server.process.send_signal(signal.SIGINT)
    server.process.wait(60)
    assert "People looked at 1 of 100 flagged labels" in (made.folder / "report.html").read_text()


def test_where_the_data_is_gone_decisions_are_taken_in_and_the_pages_stay(made, tmp_path, capsys):
    row = plan(made.report).ids[0]
    taken = tmp_path / "in.jsonl"
    taken.write_text(json.dumps({"row": row, "verdict": "keep", "id": "x"}) + "\n")
    made.csv.unlink()
    assert run(["review", str(made.folder), str(made.csv), "--import", str(taken)]) == 0
    printed = capsys.readouterr()
    assert "1 decisions taken in" in printed.out
    assert "the pages still show what they showed before" in printed.err
    assert not (made.folder / "report.html").exists()


def test_data_that_changed_since_the_audit_is_not_shown_as_what_was_audited(made):
    made.csv.write_text(made.csv.read_text().replace("note 3 ", "note 3! "))
    with pytest.raises(Exception, match="not the data that was audited"):
        republish(made.folder, str(made.csv))


def test_a_reference_is_shown_again_where_the_audit_named_one(tmp_path):
    data, test = case(tmp_path / "a", rows=60, flagged=20), case(tmp_path / "b", rows=30, flagged=5)
    out = tmp_path / "report"
    said = ["--label", "label", "--text", "text", "--id", "id"]
    run(["audit", str(data.csv), *said, "--reference", str(test.csv), "-o", str(out)])
    page = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    republish(out)
    assert (out / "report.html").read_bytes() == page


def test_the_pages_of_a_report_are_made_anew_on_request(tmp_path, capsys):
    data, out = case(tmp_path, rows=60, flagged=20), tmp_path / "again"
    run(["audit", str(data.csv), "--label", "label", "--text", "text", "--id", "id", "-o", str(out)])
    pages = {name: (out / name).read_bytes() for name in ("report.html", "report.md", "audit.json")}
    (out / "report.html").unlink()
    (out / "report.md").write_text("old")
    capsys.readouterr()
    assert run(["report", str(out), "--pages"]) == 0
    assert capsys.readouterr().out == f"{out / 'report.html'}: made anew, and report.md beside it\n"
    assert {name: (out / name).read_bytes() for name in pages} == pages
    assert run(["report", str(out), "--pages", "--hash"]) == 2
    data.csv.write_text(data.csv.read_text().replace("note 3 ", "note 3! "))
    assert run(["report", str(out), "--pages"]) != 0


def test_a_report_with_people_in_it_is_never_what_a_folder_keeps(made):
    look(made, 60)
    shown = with_people(made.report, made.folder)
    assert replace(shown, checks=made.report.checks).to_dict() == made.report.to_dict()


def test_the_pages_of_data_without_a_label_are_made_anew_too(made, tmp_path):
    out = tmp_path / "unlabelled"
    assert run(["audit", str(made.csv), "--no-label", "-o", str(out)]) == 0
    (out / "report.html").unlink()

    assert run(["report", str(out), "--pages"]) == 0
    assert (out / "report.html").is_file()
