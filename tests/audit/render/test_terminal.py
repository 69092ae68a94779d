"""The terminal."""

import re
import shlex

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit import audit, gate, load, read_suite
from audit.render import words
from audit.render.steps import Step, next_steps
from audit.render.terminal import command_lines, terminal

COLOUR = re.compile(r"\x1b\[[\d;]*m")
NEXT = "assay clean data.csv --report report/ --by prune,deduplicate -o clean/"
STEPS = (Step("Read it.", ""), Step("Repair it.", NEXT), Step("Hold it to the same limits.", "assay gate clean/"))


def shown(made, **more):
    return terminal(
        made.report, made.verdict, **{"path": "report/report.html", "steps": STEPS, "colour": False, **more}
    )


@pytest.mark.parametrize("outcome", ["PASS", "WARN", "FAIL", "ERROR"])
@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_asked(case, outcome, width, unicode):
    made = case(outcome, hostile=True)
    for line in shown(made, width=width, unicode=unicode).splitlines():
        assert words.columns(line) <= width


def test_the_last_lines_are_verdict_report_and_next_command(case):
    last = shown(case("FAIL")).splitlines()[-3:]
    assert last == [
        "FAIL: 3 failed, 1 warned, 4 passed, in 48 s",
        "report: report/report.html",
        f"next:   {NEXT}",
    ]


def test_settling_by_hand_comes_first_with_what_applies_it_and_the_other_way(case):
    made = case("FAIL")
    last = shown(made, steps=next_steps(made.report, made.verdict, "report/"), width=120).splitlines()[-3:]
    assert last == [
        "next:   assay review report/",
        "then:   assay clean data.csv --report report/ --by review -o clean/",
        "or:     assay clean data.csv --report report/ --by deduplicate,prune -o clean/",
    ]


def test_the_first_line_says_what_was_audited(case):
    first = shown(case("FAIL", "image")).splitlines()[0]
    assert first.startswith("assay audit made ")
    assert first.endswith(" 1,000 pictures, 10 classes")
    assert len(first) == 80


def test_a_failure_has_its_limit_beside_it_and_three_rows_below(case):
    lines = shown(case("FAIL")).splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("FAIL  labels"))
    assert "57 labels look wrong" in lines[at]
    assert lines[at].endswith("8.6 % estimated  limit at most 3.0 %")
    assert lines[at + 1].strip() == "an estimated 86 are wrong: 8.6 %, between 7.7 and 9.5 %"
    assert lines[at + 2].strip() == "expected: 88 % of the flagged wrong, between 76 and 98 %"
    assert lines[at + 3].strip() == "and 60 % of the wrong flagged"
    rows = [line for line in lines[at + 4 : at + 9] if line.startswith("        row ")]
    assert len(rows) == 3
    assert rows[0].endswith("99.7 % sure")


def test_a_pass_is_one_quiet_line(case):
    lines = shown(case("PASS")).splitlines()
    assert "pass  conflicts   no text carries two labels" in lines
    assert not [line for line in lines if line.startswith("        row ")]


def test_an_error_is_loud_and_undecided(case):
    text = shown(case("ERROR"))
    assert "ERROR labels      could not finish: pred_probs.npy" in text
    assert "ERROR: could not decide. 1 crashed" in text


def test_colour_is_on_first_words_only_and_changes_nothing_else(case):
    made = case("ERROR")
    coloured = shown(made, colour=True)
    assert COLOUR.sub("", coloured) == shown(made)
    for line in coloured.splitlines():
        assert len(COLOUR.findall(line)) in (0, 2)
        assert "\x1b" not in line or line.startswith("\x1b")


def test_escape_codes_in_the_data_are_shown_as_text(case):
    text = shown(case("FAIL", hostile=True))
    assert "\x1b" not in text
    assert r"\x1b[31mred" in text


def test_without_unicode_everything_is_ascii(case):
    assert shown(case("FAIL", hostile=True), unicode=False).isascii()


def test_the_minus_and_the_space_before_percent_are_plain(case):
    text = shown(case("FAIL"))
    assert "\u202f" not in text
    assert "\u2212" not in text


def test_the_verdict_is_one_line(case):
    assert "WARN: 1 warned, 7 passed, in 48 s" in shown(case("WARN")).splitlines()


def shell_reads(lines):
    text = "\n".join(lines)[8:]
    return shlex.split(text.replace("\\\n", ""))


@given(st.lists(st.text("abcdefgh/.-", min_size=1, max_size=120), min_size=1, max_size=8), st.integers(40, 120))
@example(["a" * 31, "a"], 40)
@example(["a" * 32, "a"], 40)
@example(["a" * 30, "a"], 40)
def test_a_long_command_can_still_be_pasted(parts, width):
    lines = command_lines("next:", " ".join(parts), width)
    assert all(len(line) <= width for line in lines)
    assert shell_reads(lines) == parts


def test_what_was_inferred_or_done_otherwise_is_printed(tmp_path):
    data = load(pd.DataFrame({"a": range(40), "b": [0.5, 1.5] * 20, "label": ["x", "y"] * 20}))
    report = audit(data, checks=("missing", "imbalance"))
    printed = terminal(
        report, gate(report, read_suite("tabular")), path=tmp_path / "report.html", steps=(), colour=False
    )

    assert "note  label is column 'label', by its name" in printed
