"""Addresses within the page: a card for each row shown, the cards of each mix-up, and what the page does with them."""

import json
import re

import pytest

from audit.render.page.html import html
from audit.render.page.links import Anchors, pair_anchor, row_anchor
from tests.audit.render.conftest import MARKUP
from tests.audit.render.page.test_html import Page
from tests.browser import driven, needs_browser, page_at

GIVEN, LOOKS = "select[data-by=given]", "select[data-by=looks]"
ODD = [
    "12",
    "a b",
    "ä/ö?x=1&y#z",
    '"><img src=x onerror=alert(1)>',
    "it's (a) *file*!~.png",
    "100%",
    "\x1b[31m",
    "日本",
]


def written(made):
    return html(made.report, made.verdict, made.data, made.reference)


def addresses(text):
    seen = Page(text)
    return [v[1:] for tag, name, v in seen.attributes if (tag, name) == ("a", "href")], seen.ids


# -- what is written -----------------------------------------------------------------------------------------------------


def test_addresses_are_readable_where_ids_are_plain():
    assert row_anchor(12) == "row-12"
    assert row_anchor("img_7.png", "duplicates") == "duplicates/row-img_7.png"
    assert pair_anchor("cat", "dog") == "labels/cat~dog"


@pytest.mark.parametrize("odd", [*ODD, "half \ud800 of a pair"])
def test_an_address_has_nothing_that_html_or_a_url_would_read_otherwise(odd):
    assert re.fullmatch(r"[\w.!'()*%-]+", row_anchor(odd), re.ASCII)  # a bare ~ stands between two labels only
    assert pair_anchor(odd, "a~b").count("~") == 1


def test_different_ids_have_different_addresses():
    assert len({row_anchor(x) for x in ODD}) == len(ODD)
    assert pair_anchor("a~b", "c") != pair_anchor("a", "b~c")


def test_an_id_is_given_out_once():
    fresh = Anchors()

    assert [fresh("row-1"), fresh("row-1"), fresh("row-2")] == ["row-1", "", "row-2"]


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_every_link_of_the_page_leads_somewhere_and_every_id_is_there_once(case, kind):
    to, ids = addresses(written(case("FAIL", kind, hostile=True)))

    assert set(to) <= set(ids)
    assert len(ids) == len(set(ids))
    assert not [x for x in ids if re.search(r"[\s<>\"]", x)]


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_every_card_has_its_address_and_every_row_one_more(case, kind):
    made = case("FAIL", kind)
    _, ids = addresses(written(made))

    for check in ("labels", "outliers"):
        for row in made.report[check].findings.index[:4]:
            assert f"{check}/row-{row}" in ids
            assert f"row-{row}" in ids
    pair = made.report["leakage"].detail["pairs"][0]
    assert f"leakage/row-{pair['row']}" in ids
    assert f"leakage/row-{pair['reference_row']}" not in ids  # that row is not in the audited data


@pytest.mark.parametrize(("classes", "least"), [(10, 10), (77, 1)])
def test_mix_ups_that_have_cards_lead_to_them(case, classes, least):
    made = case("FAIL", classes=classes)
    text = written(made)
    names = made.data.classes

    assert f'href="#{pair_anchor(names[0], names[1])}"' in text
    assert len([x for x in addresses(text)[0] if "~" in x]) >= least


def test_more_cards_are_there_until_every_mix_up_has_three(case):
    text = written(case("FAIL", "image", classes=10))
    worst, _, rest = text.partition('<details class="more">')
    more = rest.partition("</details>")[0]
    pairs = re.findall(r'data-given="([^"]*)" data-looks="([^"]*)"', worst + more)

    assert len(re.findall(r"data-given", worst)) == 24
    assert 0 < len(re.findall(r"data-given", more)) <= 36
    assert {pairs.count(p) for p in set(pairs)} == {3}


def test_labels_that_pass_have_fewer_cards(case, rejudged):
    text = written(rejudged(case("FAIL", classes=10), ()))

    assert text.count("data-given=") == 12 + 12


# -- in a browser --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with driven() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(case):
    return case("FAIL", "image", classes=10, hostile=True)


@pytest.fixture(scope="module")
def address(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("links") / "report.html"
    path.write_text(written(made), encoding="utf-8")
    return path.as_uri()


def at(browser, address, place):
    """The page, opened at a place of it."""
    page = page_at(browser, address)
    page.goto("about:blank")
    page.goto(f"{address}#{place}")
    return page


def shown(page):
    """Given and suggested label of the cards in the labels section that are to be seen."""
    return page.evaluate(
        "[...document.querySelectorAll('#labels figure[data-given]')].filter(f => f.checkVisibility())"
        ".map(f => [f.dataset.given, f.dataset.looks])"
    )


def names_in(page):
    """What the first choice offers, but for all."""
    return page.locator(f"{GIVEN} option").evaluate_all("all => all.slice(1).map(o => o.textContent)")


@needs_browser
def test_addresses_are_encoded_as_browsers_do_it(browser):
    page = browser.new_context().new_page()
    assert page.evaluate(f"{json.dumps(ODD)}.map(x => 'row-' + encodeURIComponent(x).replace(/~/g, '%7E'))") == [
        row_anchor(x) for x in ODD
    ]


@needs_browser
def test_a_cell_of_the_matrix_shows_its_cards_only_and_there_is_a_way_back(browser, address):
    page = page_at(browser, address)
    before = len(shown(page))
    cell = page.locator(".heat a").first
    count = cell.inner_text()
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.includes('~')")
    some = shown(page)
    assert 0 < len(some) < before
    assert {tuple(x) for x in some} == {(MARKUP, "\\x1b[31mred\\x1b[0m & 'so' on")}
    assert page.locator("#labels [role=status]").inner_text() == f"{len(some)} of {count} shown"
    assert cell.get_attribute("aria-current") == "true"

    page.get_by_role("link", name="Show all").click()
    page.wait_for_function("location.hash === '#labels'")
    assert len(shown(page)) == before
    assert cell.get_attribute("aria-current") is None
    page.go_back()
    page.wait_for_function("location.hash.includes('~')")
    assert shown(page) == some
    assert page.complaints == []


@needs_browser
def test_the_address_keeps_what_was_chosen(browser, address):
    page = page_at(browser, address)
    page.locator(GIVEN).select_option("kind 2")
    one = shown(page)
    page.locator(LOOKS).select_option("kind 3")
    page.wait_for_function("location.hash.includes('~kind')")
    assert {tuple(x) for x in one} == {tuple(x) for x in shown(page)} == {("kind 2", "kind 3")}
    other = at(browser, address, page.evaluate("location.hash.slice(1)"))
    assert shown(other) == shown(page)
    assert other.locator(GIVEN).input_value() == "kind 2"


@needs_browser
def test_white_space_in_a_label_can_be_chosen_as_it_is(browser, address):
    page = page_at(browser, address)
    page.locator(GIVEN).select_option(index=1 + [x.strip() for x in names_in(page)].index("kind 4  or so"))
    page.wait_for_function("location.hash.includes('~')")
    assert {given for given, _ in shown(page)} == {" kind 4  or so "}


@needs_browser
def test_the_address_of_a_row_is_none_of_a_mix_up(browser, address):
    page = at(browser, address, row_anchor("a~b", "labels"))
    assert page.locator(":target").is_visible()
    assert len(shown(page)) == 24
    assert page.locator("#labels [role=status]").inner_text() == "24 of 57 shown"


@needs_browser
def test_a_mix_up_that_nobody_has_heard_of_shows_nothing_and_all_can_be_shown(browser, address):
    page = at(browser, address, "labels/no%20such~%")
    assert shown(page) == []
    assert page.locator("#labels [role=status]").inner_text() == "0 of 57 shown"
    page.get_by_role("link", name="Show all").click()
    page.wait_for_function("location.hash === '#labels'")
    assert len(shown(page)) == 24
    assert page.complaints == []


@needs_browser
@pytest.mark.parametrize("odd", [0, 1, 2, 5])
def test_a_row_is_unfolded_and_marked_whatever_is_chosen(browser, address, made, odd):
    row = made.report["labels"].findings.index[odd]
    page = at(browser, address, "labels/kind%208~kind%209")
    card = page.locator(f'[id="{row_anchor(row, "labels")}"]')
    assert not card.is_visible()
    page.evaluate(f"location.hash = {json.dumps(row_anchor(row, 'labels'))}")
    card.wait_for(state="visible")
    figure = page.locator("figure:has(:target)")
    assert figure.evaluate("f => getComputedStyle(f).outlineStyle") == "solid"
    assert figure.locator(".why").evaluate("w => w.open")
    page.wait_for_function(
        "() => { const r = document.querySelector('figure:has(:target)').getBoundingClientRect();"
        " return r.top >= 0 && r.top < innerHeight; }"
    )


@needs_browser
def test_a_row_in_a_folded_section_is_unfolded(browser, address, made):
    folded = made.report["outliers"]
    row = folded.findings.index[0]
    page = at(browser, address, row_anchor(row, "outliers"))
    assert page.locator(":target").is_visible()


@needs_browser
def test_a_row_without_a_card_is_said_to_have_none(browser, address):
    page = at(browser, address, "row-nowhere")
    told = page.locator("#absent")
    assert told.is_visible()
    assert "issues.parquet" in told.inner_text()
    page.evaluate("location.hash = 'labels'")
    told.wait_for(state="hidden")
    page.evaluate("location.hash = '%'")
    assert page.complaints == []


@needs_browser
def test_without_script_links_lead_to_cards(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.locator(".heat a").first.click()
    assert page.locator("figure:target").is_visible()
    assert not page.locator(GIVEN).is_visible()
