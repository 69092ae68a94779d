"""The page: what stands in it, and that nothing of the data is ever markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset, Origin, Roles
from audit.render.page import environment as page
from audit.render.page.examples import HEAVIEST, Shelf, side_by_side, thumbnail
from audit.render.page.html import html
from audit.report import Issues, Report

VOID = {"meta", "link", "img", "br", "input", "hr", "rect", "line", "circle"}
OUTCOMES = ["PASS", "WARN", "FAIL", "ERROR"]
KINDS = ["image", "text", "table"]


class Page(HTMLParser):
    """A page's elements, links and text; a tag left open or closed twice is an error."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.attributes, self.shown, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *a) for a in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *a) for a in attrs]

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.shown.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.shown).split())


def written(made, **more):
    return html(made.report, made.verdict, made.data, made.reference, **more)


@pytest.fixture(scope="module")
def pages(case):
    """Every outcome of every kind, with markup in every name."""
    return {(o, k): written(case(o, k, hostile=True)) for o in OUTCOMES for k in KINDS}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("kind", KINDS)
def test_names_and_values_of_the_data_are_text_and_never_markup(pages, outcome, kind):
    seen = Page(pages[outcome, kind])
    assert seen.tags.count("script") == 1
    assert not [a for a in seen.attributes if a[1].startswith("on")]
    assert "img" not in seen.tags or kind == "image"
    assert "\x1b" not in pages[outcome, kind]
    if outcome == "FAIL":
        assert "<script>alert(1)</script>" in seen.text
        assert '"><img src=x onerror=alert(1)>' in seen.text


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_outside_itself(pages, outcome, kind):
    seen = Page(pages[outcome, kind])
    for tag, name, value in seen.attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith(("data:", "#")), (tag, name, value)
    style = page.stylesheet()
    assert "url(" not in style
    assert "@import" not in style
    assert "lazy" not in pages[outcome, kind]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_verdict_is_in_the_title_the_badge_and_the_headline(pages, outcome):
    text = pages[outcome, "text"]
    assert f"<title>{outcome} · " in text
    assert re.search(rf'<span class="badge {outcome.lower()}"><i aria-hidden="true">.</i>{outcome}</span>\s*<h1>', text)


def test_every_check_has_a_row_and_a_place_it_links_to(case):
    made = case("FAIL")
    seen = Page(written(made))
    links = {value[1:] for tag, name, value in seen.attributes if tag == "a" and name == "href"}
    assert set(made.report.checks) <= links
    assert links <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))


def test_headings_are_in_order_under_one_h1(case):
    levels = [int(t[1]) for t in Page(written(case("FAIL", "table"))).tags if re.fullmatch(r"h\d", t)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip([1, *levels], levels, strict=False))


@pytest.mark.parametrize("classes", [2, 10, 20])
def test_up_to_twenty_classes_the_mix_ups_are_a_matrix(case, classes):
    assert Page(written(case("FAIL", classes=classes))).tags.count("caption") == 1


@pytest.mark.parametrize("classes", [77, 500])
def test_above_twenty_classes_they_are_a_list(case, classes):
    seen = Page(written(case("FAIL", classes=classes)))
    assert "Read across" not in seen.text
    assert "Labelled Estimated Flagged" in seen.text
    assert f"{classes - 20} more classes not drawn" in seen.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 500])
def test_a_page_is_light(case, kind, classes):
    text = written(case("FAIL", kind, classes=classes, rows=1000))
    without = re.sub(r"data:image/[^\"]*", "", text)
    # the cells of a table stand where others have their pictures
    assert len(without) < (120_000 if kind == "table" else 100_000)
    assert len(text) < 1_000_000
    assert len(Page(text).tags) < 5_000
    assert len(page.script()) < 2_048
    assert len(page.stylesheet()) < 30_000


@pytest.mark.parametrize(("noise", "most"), [(0, 1_000_000), (255, 3_000_000)])
def test_a_page_of_photographs_is_not_heavy(case, noise, most):
    made = case("FAIL", "image", rows=200)
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 255, 160 * 160 * 3).reshape(160, 160, 3).astype(np.uint8)
    photographs = np.stack(
        [np.roll(smooth, k, axis=1) + rng.integers(0, noise + 1, smooth.shape, dtype=np.uint8) for k in range(200)]
    )
    data = replace(made.data, images=photographs)
    assert 100_000 < len(html(made.report, made.verdict, data, replace(made.reference, images=photographs[:40]))) < most


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_read_from_its_folder_gives_the_same_page(case, kind, tmp_path):
    made = case("FAIL", kind)
    made.report.write(tmp_path)
    assert written(replace(made, report=Report.read(tmp_path))) == written(made)


def test_the_worst_labels_are_shown_with_given_and_suggested(case):
    seen = Page(written(case("FAIL", "image")))
    alts = [value for tag, name, value in seen.attributes if (tag, name) == ("img", "alt")]
    assert alts.count("row 0, labelled kind 0, looks like kind 1") == 1
    assert "24 of 57 shown" in seen.text


def test_findings_that_pass_are_folded_and_none_found_is_said(case):
    seen = Page(written(case("PASS")))
    assert seen.tags.count("details") == 8
    assert "None found in 1,000 texts." in seen.text
    assert "Not a pass: it was not looked at." in seen.text


def test_an_error_page_names_the_cause(case):
    seen = Page(written(case("ERROR")))
    assert "pred_probs.npy row 311 sums to 0.93, expected 1" in seen.text
    assert "mend what it names, then audit again" in seen.text.lower()


def test_unknown_is_never_printed_as_nan_or_none(pages):
    for text in pages.values():
        assert not re.search(r"\b(nan|NaN|inf)\b|\bNone\b(?! found)", Page(text).text)


def test_ids_that_came_back_from_a_file_as_text_find_their_rows(case):
    made = case("FAIL", "text")
    shelf = Shelf.of(made.data)
    assert shelf.show("3") == shelf.show(3)
    assert shelf.show("gone").why == "not in this data"


def test_a_picture_that_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "ok.png").write_bytes(b"not a picture")
    table = pd.DataFrame({"file": ["ok.png", "gone.png"], "y": ["a", "b"]}, index=pd.Index([0, 1], name="row"))
    data = Dataset("d", table, Roles(label="y", image="file"), ("a", "b"), Origin(path=str(tmp_path)))
    shelf = Shelf.of(data)
    assert shelf.show(0).uri == ""
    assert shelf.show(0).why
    assert "gone.png" in shelf.show(1).why


def test_a_small_picture_keeps_its_pixels_and_a_large_one_is_cut_to_size():
    tiny = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    uri, crisp = thumbnail(tiny)
    assert crisp
    assert uri.startswith("data:image/png;base64,")
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (900, 700, 3), dtype=np.uint8))
    uri, crisp = thumbnail(noise)
    assert not crisp
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) <= HEAVIEST


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_of_picture_has_a_thumbnail(mode):
    assert thumbnail(Image.new(mode, (40, 30)))[0].startswith("data:image/")


def test_two_rows_beside_one_another_show_every_cell_that_differs_and_nothing_else_is_marked(case):
    data = case("FAIL", "table").data
    table = data.table.copy()
    table.iloc[1] = table.iloc[0]
    far = data.roles.features[-2]
    table.loc[table.index[1], far] = table.loc[table.index[0], far] + 1e-9
    shelf = Shelf.of(replace(data, table=table))
    one, other = side_by_side(shelf, 0, shelf, 1)
    assert [c.name for c in one.cells if c.differs] == [c.name for c in other.cells if c.differs] == [far]
    assert one.cells[0].name == far
    assert one.cells[0].value != other.cells[0].value
    assert one.more == "4 more columns are the same"


def test_texts_that_are_the_same_are_shown_once_and_others_with_their_differences_marked(case, rejudged):
    made = case("FAIL", "text")
    first, second, third = made.data.rows[:3]
    table = made.data.table.copy()
    table.loc[[first, second], "text"] = "where is my card"
    table.loc[third, "text"] = "where is my <i>card</i>"
    data = replace(made.data, table=table)
    sets = [{"kind": "exact", "rows": [first, second]}, {"kind": "near", "rows": [first, third]}]
    issues = replace(made.report["duplicates"], detail={"sets": sets})
    made = rejudged(replace(made, data=data), (), duplicates=issues)
    found = written(made).partition('id="duplicates"')[2].partition("</details>")[0]
    assert found.count("where is my") == 3
    assert "where is my <mark>&lt;i&gt;</mark>card<mark>&lt;/i&gt;</mark>" in found


def test_a_leak_is_told_in_points_and_where_nobody_can_tell_the_page_says_so(case, rejudged):
    made = case("FAIL", "table")
    models = [
        {"model": "nearest neighbour", "score": 0.9, "without": 0.82, "unleaked": 0.8, "difference": 0.08, "low": 0.04, "high": 0.121},
        {"model": "linear head", "score": 0.9, "without": 0.895, "unleaked": 0.8, "difference": 0.005, "low": -0.004, "high": 0.013},
    ]  # fmt: skip
    detail = {**made.report["leakage"].detail, "inflation": {"models": models, "leaked": 2, "dropped": 3}}
    made = rejudged(made, (), leakage=replace(made.report["leakage"], detail=detail))
    text = Page(written(made)).text
    assert "inflated by 8.0 points, +4.0 to +12.1" in text
    assert "inflated or not: cannot tell, −0.4 to +1.3 points" in text
    assert "What the leak is worth" not in Page(written(case("FAIL", "table"))).text


def test_a_check_of_somebody_else_shows_its_rows(case, rejudged):
    made = case("PASS")
    own = Issues("too_long", measures={"count": 2}, findings=case("FAIL").report["outliers"].findings)
    made = rejudged(made, (), too_long=own)
    assert 'id="too_long"' in written(made)


def test_the_same_report_gives_the_same_bytes(case):
    assert written(case("FAIL", "image")) == written(case("FAIL", "image"))


def test_a_data_set_without_labels_has_a_page():
    data = Dataset("d", pd.DataFrame({"x": [1.0, 2.0]}, index=pd.Index([0, 1], name="row")), Roles(features=("x",)), ())
    assert Shelf.of(data).show(0).label == ""


def test_without_the_reference_at_hand_no_row_here_is_shown_as_one_of_its(case):
    made = case("FAIL", "text")
    page = html(made.report, made.verdict, made.data)
    assert "The pairs are not shown: the reference was not at hand." in page


def test_of_leaks_on_both_sides_those_within_the_data_are_shown_though_the_reference_is_not_at_hand(case, rejudged):
    made = case("FAIL", "text")
    issues = made.report["leakage"]
    one, *rest = issues.detail["pairs"]
    name = made.reference.name
    within = {**one, "reference_row": made.data.rows[7], "against": "split test"}
    pairs = [within, *({**p, "against": name} for p in (one, *rest))]
    detail = {**issues.detail, "against": f"{name} and split test", "within": "split test", "pairs": pairs}
    made = rejudged(made, (), leakage=replace(issues, detail=detail))
    page = html(made.report, made.verdict, made.data)

    assert "The reference's pairs are not shown: the reference was not at hand." in page.replace("&#39;", "'")
    assert f"row {made.data.rows[7]}" in page[page.index('id="leakage"') :]
