"""The map on the page: what it draws, says and leads to, with and without a mouse, colours and script."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audit.projection import SCALE, Projection
from audit.render.page.html import html
from audit.report import Report
from tests.audit.render.conftest import MARKUP
from tests.audit.render.page.test_html import Page
from tests.browser import driven, faults, needs_axe, needs_browser, page_at, unfolded


def mapped(made, *, most=None, trust=0.934, made_of="vectors"):
    """The case with a map: classes lie around a circle."""
    rows = made.data.rows[:most]
    rng = np.random.default_rng(0)
    angle = made.data.labels[: len(rows)] * 2 * np.pi / max(len(made.data.classes), 1)
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.1, (len(rows), 2))
    places = (places - places.min(axis=0)) / np.ptp(places, axis=0).max() * SCALE
    kept = pd.DataFrame(places.round().astype("int16"), index=rows, columns=["x", "y"])
    return replace(made, report=replace(made.report, projection=Projection(kept, len(made.data), trust, made_of)))


def written(made):
    return html(made.report, made.verdict, made.data, made.reference)


def drawn(text):
    return text[text.index('<section id="map"') :].partition("</section>")[0]


def test_a_report_without_a_map_has_no_such_section(case):
    assert 'id="map"' not in written(case("FAIL"))


def test_the_map_says_what_it_is_and_what_it_is_not(case):
    text = Page(written(mapped(case("FAIL"), most=400))).text

    assert "400 of 1,000 texts: the worst of each check, the others by lot, each class by its share." in text
    assert "Laid out by t-SNE, so that texts that are alike lie together. Alike by: vectors." in text
    assert "Trustworthiness 0.93 of 1" in text
    assert "That is low" not in text
    assert "No check looks at this map." in text
    assert "is no evidence" in text


def test_all_rows_are_said_to_be_all_and_little_trust_is_said(case):
    text = Page(written(mapped(case("FAIL"), trust=0.61))).text

    assert "All 1,000 texts." in text
    assert "Trustworthiness 0.61 of 1: how far neighbours here are neighbours among the embeddings. That is low" in text


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_every_row_is_a_dot_and_every_flagged_one_a_mark(case, kind):
    made = mapped(case("FAIL", kind))
    part = drawn(written(made))
    others = re.search(r'class="others" d="([^"]*)"', part)[1]
    places = made.report.projection.places
    flagged = set(made.report["labels"].findings.index)
    labels = re.search(r'<g class="fail [^"]*">(.*?)</g>', part, re.DOTALL)[1]

    assert others.count("h0") == len(((places * 0.6).round().astype(int)).drop_duplicates())
    assert labels.count("<a ") + labels.count("M", 0, labels.index("<a ")) == len(flagged)


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_every_mark_with_a_card_leads_to_it(case, kind):
    seen = Page(written(mapped(case("FAIL", kind))))
    to = [value[1:] for tag, name, value in seen.attributes if (tag, name) == ("a", "href")]

    assert len([x for x in to if x.startswith("labels/row-")]) > 24
    assert {x for x in to if "/row-" in x} <= set(seen.ids)


def test_shapes_differ_wherever_colours_do(case):
    part = drawn(written(mapped(case("FAIL", "image"))))
    marks = re.findall(r'<label class="(\w+)">.*?<path d="M0 0([^"]+)"', part)

    assert len(marks) >= 5
    assert len({shape for _, shape in marks}) == len(marks)


def test_checks_that_pass_are_not_drawn_until_asked_for_unless_all_pass(case, rejudged):
    failing = drawn(written(mapped(case("FAIL"))))
    passing = drawn(written(mapped(rejudged(case("FAIL"), ()))))

    assert 0 < failing.count(" checked>") < failing.count("<input")
    assert passing.count(" checked>") == passing.count("<input") > 3


def test_the_numbers_of_the_map_are_a_table(case):
    made = mapped(case("FAIL", classes=10), most=500)
    lines = re.findall(r"<tr>(.*?)</tr>", drawn(written(made)))
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line) for line in lines]
    column = cells[0].index("Labels")

    assert cells[0][:2] == ["Class", "Texts"]
    assert cells[-1][:2] == ["All", "500"]
    assert sum(int(line[1]) for line in cells[1:-1]) == 500
    assert sum(int(line[column]) for line in cells[1:-1]) == int(cells[-1][column]) == 57


@pytest.mark.parametrize(("classes", "named"), [(2, True), (20, True), (21, False)])
def test_few_classes_are_named_where_they_lie(case, classes, named):
    assert ('class="name"' in drawn(written(mapped(case("FAIL", classes=classes))))) == named


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_names_are_text_on_the_map_too(case, kind):
    seen = Page(written(mapped(case("FAIL", kind, hostile=True), made_of=MARKUP)))

    assert seen.tags.count("script") == 1
    assert not [a for a in seen.attributes if a[1].startswith("on")]
    assert f"Alike by: {MARKUP}." in seen.text
    assert f'Labels: row "><img src=x onerror=alert(1)>, labelled {MARKUP}' in seen.text
    assert "\x1b" not in seen.text


def test_a_page_with_a_map_is_the_same_after_its_report_was_read_back(case, tmp_path):
    made = mapped(case("FAIL", hostile=True))
    made.report.write(tmp_path)

    assert written(replace(made, report=Report.read(tmp_path))) == written(made)


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_a_map_of_two_thousand_rows_is_light(case, kind):
    made = case("FAIL", kind, rows=2000)
    without, full = written(made), written(mapped(made))

    assert len(full) - len(without) < 35_000
    assert len(Page(full).tags) < 5_000


# -- in a browser -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with driven() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(case, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "report.html"
    path.write_text(written(mapped(case("FAIL", "image", hostile=True))), encoding="utf-8")
    return path.as_uri()


@needs_browser
def test_the_legend_chooses_what_is_drawn_by_keyboard_and_without_script(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    box = page.get_by_role("checkbox", name="Labels")
    marks = page.locator(".plane g.fail")
    assert marks.is_visible()
    box.focus()
    page.keyboard.press("Space")
    assert not marks.is_visible()
    page.keyboard.press("Space")
    assert marks.is_visible()


@needs_browser
def test_a_mark_is_reached_and_followed_by_keyboard(browser, address):
    page = page_at(browser, address)
    page.locator(".plane .skip").focus()
    page.keyboard.press("Tab")
    name = page.evaluate("document.activeElement.textContent.trim()")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.includes('/row-')")
    target = page.locator(":target")
    assert target.is_visible()
    assert target.inner_text().removesuffix("#") in name
    assert page.complaints == []


@needs_browser
@pytest.mark.parametrize("width", [320, 1280])
def test_the_map_fits_and_asks_for_nothing(browser, address, width):
    page = page_at(browser, address, width)
    unfolded(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.left == []
    assert page.complaints == []


@needs_browser
@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_with_the_map(browser, address, scheme):
    page = page_at(browser, address, 1280, scheme)
    unfolded(page)
    assert faults(page) == []
