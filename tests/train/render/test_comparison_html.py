import re
from html.parser import HTMLParser

import pytest

from tests.train.render.conftest import MARKUP, at_two_sizes, comparison
from train.render.html import html

VOID = {"meta", "link", "br", "input", "img", "hr"}


class Page(HTMLParser):
    """Tags, attributes and text; fails on tags that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words += data


def test_asks_for_nothing(any_case):
    text = html(any_case)

    assert not re.search(r"https?://|url\(|@import|src=", text.replace("http-equiv", ""))
    assert [v for k, v in Page(text).attributes if k == "href" and not (v or "").startswith(("#", "data:"))] == []


def test_no_script_and_nothing_hidden(any_case):
    page = Page(html(any_case))

    assert "script" not in page.tags
    assert not {k for k, _ in page.attributes} & {"hidden", "onclick", "onload"}


def test_tags_nest_and_there_is_one_heading(any_case):
    page = Page(html(any_case))

    assert page.open == []
    assert page.tags.count("h1") == 1


def test_under_300_kilobytes(any_case):
    assert len(html(any_case).encode()) < 300_000


def test_the_same_comparison_gives_the_same_bytes(any_case):
    assert html(any_case) == html(any_case)


def test_answer_in_title_badge_and_heading(case):
    text = html(case("helps"))

    assert "<title>RELABELLING HELPS · train.csv · assay compare</title>" in text
    assert "<h1>Relabel before you train: about 2.0 points better.</h1>" in text


def test_minus_is_a_minus(case):
    text = Page(html(case("helps"))).words

    assert "−0.7" in text
    assert not re.search(r"[ (▲▼?]-\d", text)


def test_no_number_is_nan_or_none(any_case):
    assert not re.search(r"\b(nan|None|inf)\b", Page(html(any_case)).words)


def test_curves_need_two_sizes(case):
    assert 'class="curve"' not in html(case("one size"))
    assert html(case("helps")).count('class="curve"') == 6


def test_all_panels_share_one_scale(case):
    section = html(case("helps")).split('id="curves"')[1].split("</section>")[0]

    assert section.count('<use href="#raw-0"/>') == section.count('class="curve"') == 6
    assert section.count('<g id="raw-0">') == 1


def test_a_table_and_a_forest_a_model(case):
    text = html(case("three models"))

    assert text.count('<table class="verdicts">') == 3
    assert text.count('<div class="forest">') == 3
    assert "The same with cnn" in text


def test_marks_lie_where_their_numbers_say(case):
    first = re.search(r'class="forest">.*?</svg></svg>', html(case("one size")), re.DOTALL)
    axis = re.findall(r'<i style="left:([\d.]+)%">([^<]+)<', html(case("one size")))
    at = {float(v.replace("−", "-")): float(x) for x, v in axis}
    left, right = min(at), max(at)

    assert first
    assert f'x="{(1.0 - left) / (right - left) * 100:.2f}%"' in first[0]  # pruned: +1.0 points


def test_the_control_is_last_and_named(case):
    names = re.findall(r'<th scope="row">(.*?)</th>', html(case("helps")))

    assert "random-pruned" in names[5]
    assert "(control)" in names[5]


def test_true_labels_are_no_choice(case):
    assert "(true labels)" in html(case("true labels"))


def test_failed_models_are_counted_and_their_reason_given(case):
    words = Page(html(case("failed cells"))).words

    assert "3 of 8 models failed at 1,000 rows. The numbers are of the others." in words
    assert "11 failed: the loss was no number" in words


def test_too_few_seeds_show_no_interval(case):
    words = Page(html(case("not enough seeds"))).words

    assert "not enough seeds" in words
    assert "So few seeds give no bands." in words
    assert not re.search(r"[+−]\d\.\d+ to", words)


def test_markup_of_the_data_is_shown_not_obeyed(case):
    page = Page(html(case("markup")))

    assert "b" not in {t for t, _ in page.attributes}
    assert "script" not in page.tags
    assert MARKUP in page.words
    assert "\x1b" not in page.words


@pytest.mark.parametrize(
    "key", ["each draw is audited by itself", "linear (epochs 20, lr 0.01)", "torch 2.15.0", "blake3:1f1f"]
)
def test_how_it_was_made(case, key):
    assert key in Page(html(case("helps"))).words


def test_rows_left_to_train_on_and_other_metrics(case):
    words = Page(html(case("helps"))).words

    assert "14,880" in words
    assert "Log-loss" in words


def test_a_metric_better_when_smaller_has_its_sign_and_its_verdict():
    made = comparison(at_two_sizes(pruned=(1.0, 0.5, 1.5)), (500, 1000))

    assert "▲ −0.010" in Page(html(made)).words


def test_what_an_interval_covers_is_not_overstated(case):
    words = Page(html(case("helps"))).words

    assert "Intervals of accuracy cover seeds and test rows, the others seeds alone" in words
    assert "Draws of 16,000 rows from 20,000 share most of their rows" in words
    assert "at 16,000 rows widened because several versions are judged" in words


def test_one_version_has_nothing_to_be_widened_for():
    made = comparison(at_two_sizes(augmented=(0, -0.1, 0.1)), (500, 1000))

    assert "widened" not in Page(html(made)).words
    assert "share most" not in Page(html(made)).words
