"""What docs/review.md says that a review's summary prints is what it prints. `python -m tests.test_review_docs` writes it."""

from __future__ import annotations

from pathlib import Path

from audit.report import Report
from audit.review.decisions import KEEP, RELABEL, Decision
from audit.review.journal import Reviewed, journal_of
from audit.review.queue import order, plan
from audit.run import audit
from audit.sources import load
from tests.readme import commands, rewrite, run

DOCUMENT = Path(__file__).parent.parent / "docs/review.md"
DATA, SAMPLE, ANSWERED, PACE = "planted:digits?flips=0.15", 300, 220, 1.5


def reviewed(folder: Path) -> None:
    """A report whose first rows, in the order of the queue, somebody has settled who knows the true labels."""
    data = load(DATA)
    audit(data, checks=["labels"]).write(folder / "report")
    report = Report.read(folder / "report")
    design, true = plan(report), data.table["true_label"].astype(str).tolist()
    answers = []
    for p in order(design, sample=SAMPLE)[:ANSWERED].tolist():
        said = (KEEP, "") if true[p] == design.given[p] else (RELABEL, true[p])
        answers.append(Decision(f"answer {p}", design.ids[p], "you", *said, seconds=PACE))
    journal_of(folder / "report", Reviewed(report.dataset.fingerprint, design.key)).append(answers)


def test_the_quoted_summary_is_what_the_command_prints(tmp_path):
    text = DOCUMENT.read_text(encoding="utf-8")
    reviewed(tmp_path)

    assert f"assay audit {DATA}\n" in text
    assert f"first {ANSWERED} rows" in text
    assert [c.line for c in commands(text)] == [f"assay review report/ --sample {SAMPLE} --summary"]
    for command in commands(text):
        assert run(command.line, tmp_path) == command.output


if __name__ == "__main__":
    rewrite(DOCUMENT, reviewed)
