"""The answer, and what to do next."""

import shlex
from dataclasses import replace

import pytest

from audit.render.findings import findings
from audit.render.headline import headline, short_tally
from audit.render.steps import next_steps
from audit.report import Issues
from audit.suite import Limit


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("PASS", "Ready to train: 7 checks pass."),
        ("WARN", "You can train; look at duplicates first."),
        ("FAIL", "Do not train on this yet: 57 labels look wrong."),
        ("ERROR", "Could not decide: the label check could not finish."),
    ],
)
def test_the_headline_says_what_to_do(case, outcome, text):
    made = case(outcome)
    assert headline(made.report, made.verdict).text == text


def test_a_failure_is_followed_by_its_share_its_limit_and_the_next_failure(case):
    made = case("FAIL")
    lead = headline(made.report, made.verdict).lead
    assert lead.startswith(
        "An estimated 86 are wrong: 8.6\u202f%, between 7.7 and 9.5\u202f%; the limit on that share is 3.0\u202f%."
    )
    assert "2 texts of test appear here too, so test scores would flatter the model." in lead


def test_an_error_still_names_the_failures(case):
    made = case("ERROR")
    lead = headline(made.report, made.verdict).lead
    assert "nobody knows whether this data is fit" in lead
    assert "2 texts of test appear here too" in lead


def test_a_pass_names_the_closest_margin(case, rejudged):
    limits = (Limit("labels.rate", 0.09), Limit("outliers.rate", 0.5))
    made = rejudged(case("FAIL"), limits)
    assert made.verdict.outcome == "PASS"
    assert headline(made.report, made.verdict).lead.startswith(
        "Closest to its limit: labels, estimated 8.6 of 9.0\u202f%."
    )


def test_a_pass_owns_up_to_what_no_limit_holds(case, rejudged):
    made = rejudged(case("FAIL"), (Limit("labels.rate", 0.09),))
    assert "no limit is set for that" in headline(made.report, made.verdict).lead


def test_a_limit_on_what_was_not_measured_is_said_as_such(case, rejudged):
    made = rejudged(case("PASS"), (Limit("leakage.exact.count", 0),))
    said = headline(made.report, made.verdict)
    assert said.text == "Do not train on this yet: leakage could not be judged."
    assert "nothing to compare with" in said.lead


def test_the_tally_counts_every_state(case):
    made = case("ERROR")
    rows = findings(made.report, made.verdict)
    assert headline(made.report, made.verdict).tally == "1 check could not finish, 2 fail, 1 warns, 4 pass."
    assert short_tally(rows) == "1 crashed, 2 failed, 1 warned, 4 passed"
    passed = case("PASS")
    assert headline(passed.report, passed.verdict).tally == "7 checks pass, 1 was not checked."


@pytest.mark.parametrize("outcome", ["PASS", "WARN", "FAIL", "ERROR"])
def test_there_are_at_most_three_steps_and_each_is_a_command_of_assay(case, outcome):
    made = case(outcome)
    steps = next_steps(made.report, made.verdict, "report/")
    assert 1 <= len(steps) <= 3
    for step in steps:
        assert shlex.split(step.command)[0] == "assay"
        assert shlex.split(step.command)[1] in ("audit", "clean", "compare", "gate", "review")


def test_a_failure_is_repaired_by_what_mends_it(case):
    made = case("FAIL")
    step = next_steps(made.report, made.verdict, "my report/")[1]
    assert step.instead
    parts = shlex.split(step.command)
    assert parts[:3] == ["assay", "clean", "data.csv"]
    assert parts[parts.index("--report") + 1] == "my report/"
    assert set(parts[parts.index("--by") + 1].split(",")) == {"prune", "deduplicate"}


def test_names_with_spaces_and_quotes_survive_a_shell(case):
    made = case("FAIL")
    said = [
        "assay",
        "audit",
        "--force",
        "--label",
        "a; rm -rf b",
        "my 'own' data.csv",
        "--reference",
        "$(test)",
        "-o",
        "my report",
    ]
    report = replace(made.report, command=shlex.join(said))
    settle, *others = next_steps(report, made.verdict)
    clean, compare = (shlex.split(step.command) for step in others)
    review, apply = shlex.split(settle.command), shlex.split(settle.then)
    assert (review, apply[2], apply[4]) == (["assay", "review", "my report"], "my 'own' data.csv", "my report")
    assert clean[2] == compare[2] == "my 'own' data.csv"
    assert clean[clean.index("--report") + 1] == "my report"
    assert compare[compare.index("--label") + 1] == "a; rm -rf b"
    assert compare[compare.index("--test") + 1] == "$(test)"


def test_without_a_command_the_dataset_is_called_by_its_name(case):
    made = case("FAIL")
    report = replace(made.report, command="")
    settle, clean = next_steps(report, made.verdict, "report/")[:2]
    assert settle.then.startswith("assay clean made ")
    assert clean.command.startswith("assay clean made ")


def test_doubtful_labels_are_settled_by_a_person_and_then_applied(case):
    made = case("FAIL")
    first = next_steps(made.report, made.verdict, "report/")[0]
    assert first.text == "Settle the 57 doubtful labels yourself, one key each; then apply what you decided."
    assert first.command == "assay review report/"
    assert first.then == "assay clean data.csv --report report/ --by review -o clean/"


def test_without_doubtful_labels_nobody_is_sent_to_review(case):
    for outcome in ("PASS", "WARN", "ERROR"):
        made = case(outcome)
        steps = next_steps(made.report, made.verdict, "report/")
        assert not any("review" in step.command + step.then for step in steps)


def test_doubtful_labels_within_their_limit_can_be_settled_last(case, rejudged):
    made = rejudged(case("FAIL"), (Limit("labels.rate", 0.5),))
    assert made.verdict.passed
    steps = next_steps(made.report, made.verdict, "report/")
    assert [step.command.split()[1] for step in steps] == ["compare", "gate", "review"]


def test_an_undecided_audit_is_only_asked_for_again(case):
    made = case("ERROR")
    (step,) = next_steps(made.report, made.verdict, "report/")
    assert step.command == made.report.command


def test_a_pass_is_held_against_the_same_suite_and_reference(case):
    made = case("PASS")
    said = "assay audit --no-label data.csv --reference test.csv --suite own.toml"
    step = next_steps(replace(made.report, command=said), made.verdict, "report/")[-1]
    assert step.command == "assay gate data.csv --no-label --reference test.csv --suite own.toml"
    plain = next_steps(replace(made.report, command="assay audit data.csv"), made.verdict, "report/")[-1]
    assert plain.command == "assay gate data.csv"


def test_nobody_is_told_to_drop_most_of_the_data(case):
    made = case("FAIL")
    flagged = made.report["labels"].scores.assign(flagged=True)
    labels = replace(made.report["labels"], scores=flagged)
    report = replace(made.report, checks={**made.report.checks, "labels": labels})
    commands = [step.command for step in next_steps(report, made.verdict, "report/")]
    assert not any("prune" in c for c in commands if c.startswith("assay clean"))
    assert "assay review report/" not in commands
    assert any(step.text.startswith("Mend labels") for step in next_steps(report, made.verdict, "report/"))


def test_wrong_labels_that_nothing_points_at_are_left_to_the_source(case, rejudged):
    none = Issues("labels", measures={"count": 12, "rate": 0.012, "flagged": 0})
    made = rejudged(case("PASS"), (Limit("labels.rate", 0.005),), labels=none)
    steps = next_steps(made.report, made.verdict, "report/")
    assert [step.text for step in steps][:1] == ["Mend labels at the source, then audit again."]
    assert "prune" not in steps[0].command
