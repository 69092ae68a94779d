"""The page in a real browser, with no network: no request, no message, no sideways scroll at 320 pixels."""

from audit.render.page.html import html
from tests.browser import needs_browser, opened

CASES = [
    ("FAIL", "image", 10),
    ("FAIL", "text", 77),
    ("ERROR", "table", 10),
    ("PASS", "text", 500),
    ("WARN", "image", 2),
]


@needs_browser
def test_pages_ask_for_nothing_say_nothing_and_fit_at_320_and_at_1280(case, tmp_path):
    pages = [
        html(c.report, c.verdict, c.data, c.reference)
        for c in (case(o, k, classes=n, hostile=True) for o, k, n in CASES)
    ]
    seen, console = opened(pages, tmp_path)
    for page in seen:
        assert page["scroll"] == page["width"]
        assert page["requests"] == []
        assert page["broken"] == 0
    assert [p["filtered"] for p in seen[:4]] == ["3 of 57 shown", "3 of 57 shown", "1 of 57 shown", "1 of 57 shown"]
    assert console == []


@needs_browser
def test_reasons_fit_at_320_and_at_1280_when_they_are_unfolded(case, tmp_path):
    made = [case("FAIL", kind, classes=n, hostile=True) for kind, n in (("image", 10), ("text", 77), ("table", 10))]
    pages = [html(c.report, c.verdict, c.data, c.reference) for c in made]
    unfolded = [page.replace('<details class="why"', '<details class="why" open') for page in pages]
    seen, console = opened(unfolded, tmp_path)
    assert [page["scroll"] for page in seen] == [page["width"] for page in seen]
    assert [page["broken"] for page in seen] == [0] * 6
    assert console == []
