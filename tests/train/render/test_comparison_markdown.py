from tests.train.render.conftest import MARKUP
from train.render.markdown import markdown


def test_answer_first_then_a_line_a_version(case):
    text = markdown(case("helps"))

    assert text.startswith("### ▲ Relabel before you train: about 2.0 points better.\n")
    assert "| relabelled | **▲ helps** | ▼ −0.7 | ▲ +0.6 | ▲ +1.2 | ▲ +1.8 | ▲ +2.0 | +1.7 to +2.3 |" in text
    assert "| random-pruned (control) | **▼ hurts** |" in text


def test_failed_models_are_counted(case):
    assert "- pruned: 3 of 8 models failed at 1,000 rows" in markdown(case("failed cells"))


def test_every_table_line_has_as_many_cells_as_its_head(any_case):
    lines = [line for line in markdown(any_case).splitlines() if line.startswith("|")]

    assert len({line.replace("\\|", "").count("|") for line in lines}) <= 1


def test_markup_of_the_data_is_shown_not_obeyed(case):
    text = markdown(case("markup"))

    outside_code = "".join(text.split("`")[::2])
    assert MARKUP not in outside_code
    assert "<b>" not in outside_code
    assert "\x1b" not in text
