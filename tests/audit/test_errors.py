"""The words and exit codes of expected failures."""

import pytest

from audit.errors import AssayError, InputError, NotApplicable, OutputError, StaleError, Undecided, UnknownName, some


@pytest.mark.parametrize(
    ("kind", "code"), [(InputError, 2), (UnknownName, 2), (OutputError, 2), (Undecided, 3), (StaleError, 3)]
)
def test_each_error_carries_its_exit_code(kind, code):
    assert kind("x").exit_code == code
    assert issubclass(kind, AssayError)


def test_not_applicable_is_an_answer_and_not_an_error():
    assert not issubclass(NotApplicable, AssayError)


def test_an_unknown_name_offers_the_near_match():
    assert str(UnknownName.of("column", "lable", ["label", "text"], where="t.csv")) == (
        "t.csv: no column 'lable'; there is label, text; did you mean 'label'?"
    )


def test_an_unknown_name_among_many_lists_the_first_twelve_and_their_number():
    said = str(UnknownName.of("class", "zzz", range(30)))
    assert "11, … (30 in all)" in said
    assert "12" not in said.partition("…")[0]
    assert "did you mean" not in said


def test_an_unknown_name_among_none_says_so():
    assert str(UnknownName.of("class", 3, [])) == "no class '3'; there is none"


def test_rows_are_named_up_to_a_few():
    assert some([3, 4]) == "3, 4"
    assert some(range(1000), 2) == "0, 1, … (1,000 in all)"
