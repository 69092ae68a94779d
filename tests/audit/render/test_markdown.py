"""Markdown for a pull request."""

from dataclasses import replace

import pytest

from audit.render.markdown import LONGEST, code, escaped, markdown
from audit.report import Issues


@pytest.mark.parametrize("outcome", ["PASS", "WARN", "FAIL", "ERROR"])
def test_it_starts_with_the_verdict_and_has_a_line_a_check(case, outcome):
    made = case(outcome)
    text = markdown(made.report, made.verdict)
    assert text.startswith(f"### {outcome}: ")
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == len(made.report.checks) + 2


def test_flagged_and_estimated_stand_apart_and_the_limit_is_beside_the_estimate(case):
    made = case("FAIL")
    line = next(x for x in markdown(made.report, made.verdict).splitlines() if "Labels |" in x)
    assert "57 labels look wrong (an estimated 86 are wrong: 8.6\u202f%, between 7.7 and 9.5\u202f%; " in line.replace(
        "\\", ""
    )
    assert line.endswith("| 8.6\u202f% estimated | at most 3.0\u202f% |")


def test_markup_mentions_and_links_of_the_data_are_shown_as_text(case):
    text = markdown((made := case("FAIL", hostile=True)).report, made.verdict)
    assert "<script" not in text
    assert "<img" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a|b", r"a\|b"), ("@team #12", "&#64;team &#35;12"), ("[x](y)", r"\[x\]\(y\)"), ("<b>", "&lt;b&gt;"),
        ("snake_case *now*", r"snake\_case \*now\*"), ("https://x.y", "https:&#47;/x.y"), ("a\nb", r"a\\nb"),
    ],
)  # fmt: skip
def test_text_is_escaped(raw, said):
    assert escaped(raw) == said


def test_a_command_with_backticks_is_fenced_by_more():
    assert code("assay audit a") == "`assay audit a`"
    assert code("assay audit 'a`b``c'") == "``` assay audit 'a`b``c' ```"


def test_it_is_never_longer_than_a_comment_may_be(case, rejudged):
    made = case("FAIL")
    many = {f"check_{k}": Issues(f"check_{k}", "error", "x" * 5000) for k in range(400)}
    report = replace(made.report, checks={**made.report.checks, **many})
    assert len(markdown(report, made.verdict)) < LONGEST


def test_all_that_people_found_is_in_the_line_of_the_labels(case, rejudged):
    made = case("FAIL")
    share = {"value": 0.99, "low": 0.98, "high": 0.995}
    labels = made.report["labels"]
    people = {"looked": 40, "flagged": 57, "unsure": 1, "precision": share, "rate": share}
    shown = rejudged(made, made.verdict.limits, labels=replace(labels, detail={**labels.detail, "people": people}))
    line = next(x for x in markdown(shown.report, shown.verdict).splitlines() if "| Labels |" in x)
    assert "people looked at 40 of 57 flagged labels, 1 undecided: of all 57, an estimated 99.0" in line
    assert "corrected by what they found, 99.0\u202f% of all labels are wrong, between 98.0 and 99.5\u202f%" in line
    assert "…" not in line
