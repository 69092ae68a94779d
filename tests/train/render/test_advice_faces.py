"""Advice in a terminal, as Markdown and as a page, with every outcome."""

import html as markup
import re
from dataclasses import replace

import pytest

from audit.render import words
from audit.render.markdown import LONGEST
from tests.browser import needs_browser, opened
from tests.train.advice.test_advise import CLEAN, KNOWN, NOISY, PRICES, SIZES, flat, planted
from train.advice.advise import Advice, advise
from train.advice.prices import Prices
from train.render.advice import told_of
from train.render.advice_html import advice_html
from train.render.advice_markdown import advice_markdown
from train.render.advice_steps import steps_of
from train.render.advice_terminal import advice_terminal

MARKUP = "<script>alert('x')</script>"
TOO_FEW = {v: (gain, None, None) for v, (gain, _, _) in NOISY.items()}
CASES = {
    "do it": ({"effects": NOISY, "noise": KNOWN}, PRICES),
    "free first": ({"effects": {**NOISY, "reweighted": (4.5, 3.5, 5.5)}, "noise": KNOWN}, PRICES),
    "stop": ({"effects": CLEAN, "error": flat, "flagged": 40}, PRICES),
    "two seeds": ({"effects": TOO_FEW, "seeds": 2, "noise": KNOWN}, PRICES),
    "three sizes": ({"effects": NOISY, "sizes": SIZES[2:], "noise": KNOWN}, PRICES),
    "no prices": ({"effects": NOISY, "noise": KNOWN}, None),
    "some prices": ({"effects": NOISY, "noise": KNOWN}, Prices(review=0.02)),
    "markup": ({"effects": NOISY, "models": {f"m{MARKUP}\x1b[31m": (0.0, 5, 5), "n\u202e": (1.0, 50, 5)}, "dataset": MARKUP}, PRICES),
}  # fmt: skip


@pytest.fixture(scope="session")
def cases(tmp_path_factory) -> dict[str, Advice]:
    folder = tmp_path_factory.mktemp("advice")
    return {
        name: advise(
            [planted(folder / name.replace(" ", "-"), **said)], prices, command=f"assay advise '{MARKUP}' -o x"
        )
        for name, (said, prices) in CASES.items()
    }


@pytest.fixture(params=CASES)
def any_case(request, cases) -> Advice:
    return cases[request.param]


# -- the answer --------------------------------------------------------------------------------------------------------


def test_the_headline_names_the_one_action_its_gain_and_its_cost(cases):
    assert told_of(cases["do it"]).text == "Review 800 doubtful labels: about 4.0 points better for 16.00."


def test_what_costs_next_to_nothing_is_said_so_and_that_a_review_may_add_nothing(cases):
    told = told_of(cases["free first"])

    assert told.text == "Reweight automatically: about 4.5 points better at next to no cost."
    assert "What a review by people would add to that is not known" in told.lead


def test_the_lead_gives_the_gain_for_a_unit_of_cost_with_its_interval(cases):
    assert "One unit of your prices buys 0.252 points (0.221 to 0.284)" in told_of(cases["do it"]).lead


def test_every_step_that_we_can_do_has_its_command(cases):
    review, compare_again = steps_of(replace(cases["do it"], command="assay advise runs/ --report 'my report/'"))
    assert review.command == "assay review 'my report/'"
    assert compare_again.command == ""
    audit, settle, _ = steps_of(replace(cases["do it"], command=""))
    assert audit.command == "assay audit reviews.csv --label mood -o report/"
    assert settle.command == "assay review report/"
    audit, clean, _ = steps_of(cases["free first"])
    assert audit.text == "Reweight automatically: audit the whole data."
    assert clean.command == "assay clean reviews.csv --report report/ --by reweight -o clean/"
    clean = steps_of(replace(cases["free first"], command="assay advise runs/ --report there/"))[0]
    assert (clean.text, clean.command) == (
        "Reweight automatically.",
        "assay clean reviews.csv --report there/ --by reweight -o clean/",
    )


def test_data_without_a_name_has_steps_without_commands(cases):
    assert [s.command for s in steps_of(replace(cases["do it"], compared="python my_script.py"))] == ["", ""]


def test_to_stop_names_what_is_too_little(cases):
    assert told_of(cases["stop"]).text == "Stop here: nothing that was measured is worth more than 0.3 points."


@pytest.mark.parametrize("name", ["two seeds", "three sizes"])
def test_too_small_a_run_says_that_nobody_can_tell_why_and_what_to_run(cases, name):
    text = advice_terminal(cases[name])

    assert text.splitlines()[-1] == "Cannot tell yet where the next money should go."
    assert "run:    assay compare reviews.csv" in text
    assert "too few seeds" in text if name == "two seeds" else "a curve needs 5 sizes" in text


# -- terminal ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_never_wider_than_asked_nor_than_80(any_case, width, unicode):
    text = advice_terminal(any_case, width=width, unicode=unicode)

    assert max(map(words.columns, text.splitlines())) <= min(width, 80)
    assert unicode or text.isascii()


def test_a_line_an_action_with_gain_interval_cost_and_verdict(cases):
    lines = advice_terminal(cases["do it"]).splitlines()

    assert "  review 800 doubtful labels  +4.0  +3.5 to +4.5   16.00     0.252  do it" in lines


def test_colour_is_on_verdicts_only(cases):
    painted = advice_terminal(cases["do it"], colour=True)

    assert "\x1b[32mdo it\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d*m", "", painted) == advice_terminal(cases["do it"])
    assert "\x1b" not in advice_terminal(cases["markup"])


# -- markdown and page -------------------------------------------------------------------------------------------------


def test_markdown_has_the_answer_and_a_line_an_action_and_stays_small(any_case):
    text = advice_markdown(any_case)

    assert text.startswith("### ")
    assert text.count("\n| ") == len(any_case.actions) + 2
    assert len(text) < LONGEST
    assert "<script" not in re.sub("`[^`]*`", "", text)  # in a command, as code, it is only text


def test_markdown_cuts_what_no_comment_can_hold(cases):
    huge = replace(cases["do it"], notes=tuple("x" * 900 for _ in range(200)))

    assert len(advice_markdown(huge)) < LONGEST


def test_the_page_says_the_answer_in_its_title_and_escapes_what_the_data_brought(any_case):
    page = advice_html(any_case)
    title = re.search("<title>(.*)</title>", page)

    assert title is not None
    assert markup.escape(told_of(any_case).badge) in title[1]
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_shows_every_action_its_evidence_and_every_command(any_case):
    text = markup.unescape(re.sub("<[^>]*>", "", advice_html(any_case)))

    for action in any_case.actions:
        assert words.sentence(words.visible(action.name)) in text
        assert all(words.visible(line) in text for line in action.evidence)
        assert all(part in text for part in words.visible(action.command).split(" "))


@needs_browser
def test_pages_ask_for_nothing_say_nothing_and_fit_at_320_and_at_1280(cases, tmp_path):
    chosen = ("do it", "three sizes", "markup")
    seen, console = opened([advice_html(cases[name]) for name in chosen], tmp_path)

    assert [page["scroll"] for page in seen] == [320, 1280] * len(chosen)
    assert [page["requests"] for page in seen] == [[]] * 2 * len(chosen)
    assert console == []
