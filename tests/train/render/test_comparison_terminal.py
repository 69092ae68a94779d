from dataclasses import replace

import pytest

from audit.render import words
from tests.train.render.conftest import at_two_sizes, comparison
from train.render.terminal import terminal


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_never_wider_than_asked_nor_than_80(any_case, width, unicode):
    text = terminal(any_case, width=width, unicode=unicode)

    assert max(map(words.columns, text.splitlines())) <= min(width, 80)


def test_ascii_where_the_screen_has_no_more(any_case):
    assert terminal(any_case, unicode=False).isascii()


def test_a_line_a_version_with_marks_interval_and_verdict(case):
    lines = terminal(case("helps")).splitlines()

    assert "  relabelled          ▼ -0.7  ▲ +1.2  ▲ +2.0  +1.7 and +2.3  helps" in lines
    assert lines[-1] == "Relabel before you train: about 2.0 points better."


def test_the_control_is_last_and_named(case):
    rows = [x for x in terminal(case("helps")).splitlines() if x.startswith("  ")]
    names = [x.split()[0] for x in rows]

    assert names[-3:] == ["random-pruned", "random-pruned", "not"]
    assert "is the control" in rows[-2]


def test_the_control_is_last_wherever_it_was_asked_for(case):
    made = case("helps")
    moved = replace(made, variants=("raw", "random-pruned", *made.variants[1:-1]))

    assert terminal(moved) == terminal(made)


def test_of_many_sizes_first_middle_and_last_are_shown_and_the_others_named(case):
    text = terminal(case("seven sizes"))

    assert "1,000   8,000  64,000" in text
    assert "not shown here: 2,000, 4,000, 16,000 and 32,000 rows" in text


def test_one_table_a_model(case):
    text = terminal(case("three models"))

    assert [text.count(f"points of accuracy, {m}") for m in ("linear", "mlp", "cnn")] == [1, 1, 1]


def test_failed_models_are_counted_under_their_version(case):
    lines = terminal(case("failed cells")).splitlines()
    k = next(k for k, line in enumerate(lines) if line.startswith("  pruned "))

    assert lines[k + 1] == "    3 of 8 models failed at 1,000 rows"


def test_too_few_seeds_have_no_interval(case):
    text = terminal(case("not enough seeds"))

    assert "between" not in text
    assert text.count("not enough seeds") == 2


def test_colour_only_when_asked_and_only_on_verdicts(case):
    plain, painted = terminal(case("helps")), terminal(case("helps"), colour=True)

    assert "\x1b" not in plain
    assert "\x1b[32mhelps\x1b[0m" in painted
    assert (
        painted.replace("\x1b[32m", "").replace("\x1b[1;31m", "").replace("\x1b[2m", "").replace("\x1b[0m", "") == plain
    )


def test_escape_sequences_in_names_are_spelt_out(case):
    assert "\x1b" not in terminal(case("markup"))


def test_differences_of_two_digits_stay_apart_from_their_marks():
    made = comparison(at_two_sizes(pruned=(-16.7, -40.0, 6.6), augmented=(1.0, 0.5, 1.5)), (500, 1000))

    assert "? -16.7" in terminal(made, unicode=False)


def test_of_several_models_it_says_which_the_answer_is_about_and_what_helps_with_another():
    made = comparison(at_two_sizes(pruned=(0.4, -0.1, 0.9), augmented=(0.2, -0.5, 0.9)), (500, 1000), ("linear", "mlp"))
    contrasts = tuple(
        replace(c, low=0.001, verdict="helps")
        if (c.model, c.size, c.metric, c.variant) == ("linear", 1000, "accuracy", "augmented")
        else c
        for c in made.contrasts
    )
    text = " ".join(terminal(replace(made, contrasts=contrasts)).split())

    assert "Judged by model mlp, which does best on the raw data." in text
    assert "With model linear these are better than raw: augmented. Cannot tell yet" in text
    assert "Judged by" not in terminal(comparison(at_two_sizes(pruned=(0.4, -0.1, 0.9)), (500, 1000)))
