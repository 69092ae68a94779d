"""Every page at two widths, in light and in dark: axe-core finds nothing, nothing is asked for, everything fits.

What each looked like is kept under build/screens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.audit.review.served import case, started
from tests.browser import LOOKS, SCREENS, driven, faults, needs_axe, needs_browser, page_at, unfolded
from tests.faces import PAGES

pytestmark = needs_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with driven() as opened:
        yield opened


@pytest.fixture(scope="module", params=PAGES)
def page(request, browser, tmp_path_factory) -> Iterator[Any]:
    """A page of every kind, as it comes."""
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / "page.html"
    path.write_text(PAGES[request.param](folder / "made"), encoding="utf-8")
    opened = page_at(browser, path.as_uri())
    opened.name = request.param
    yield opened
    opened.context.close()


def at(page: Any, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)


def test_nothing_is_asked_for_everything_fits_and_a_picture_is_kept(page):
    SCREENS.mkdir(parents=True, exist_ok=True)
    for width, scheme in LOOKS:
        at(page, width, scheme)
        page.screenshot(path=SCREENS / f"{page.name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (page.left, page.complaints) == ([], [])


@needs_axe
def test_axe_finds_nothing_wrong_with_a_page(page):
    unfolded(page)
    for width, scheme in LOOKS:
        at(page, width, scheme)
        assert faults(page, scheme) == []


@needs_axe
def test_axe_finds_what_is_wrong(browser, tmp_path):
    (tmp_path / "bad.html").write_text("<html><img src='data:,'><p style='color:#ccc'>pale</p>")
    page = page_at(browser, (tmp_path / "bad.html").as_uri())
    assert {"color-contrast", "html-has-lang", "image-alt"} <= {fault.split()[0] for fault in faults(page)}
    page.add_style_tag(content="@media (prefers-color-scheme: dark) { p { background: #ddd } }")
    at(page, 390, "dark")
    assert [fault.split()[0] for fault in faults(page, "dark")] == ["color-contrast"]
    page.context.close()


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> Iterator[str]:
    made = case(tmp_path_factory.mktemp("review"), rows=40, flagged=4, hostile=True)
    server = started(made.folder, made.csv, "--reviewer", "ann")
    yield server.address
    server.kill()


@needs_axe
def test_axe_finds_nothing_wrong_with_the_review_page_in_any_of_its_states(browser, review):
    page = page_at(browser, review)
    page.wait_for_selector("#row:not([hidden])")
    unfolded(page)
    _look(page, "review")
    page.keyboard.press("o")
    _look(page, "review-other-label")
    page.keyboard.press("Escape")
    page.context.route("**/decide", lambda route: route.abort())
    page.keyboard.press("k")
    page.wait_for_selector("#problem:not([hidden])")
    _look(page, "review-no-answer")
    page.context.unroute("**/decide")
    page.click("#retry")
    for settled in (1, 2, 3):
        page.wait_for_function("n => document.getElementById('left').textContent.startsWith(n)", arg=f"{settled} of 4")
        page.keyboard.press("k")
    page.wait_for_selector("#end:not([hidden])")
    _look(page, "review-settled")
    assert page.left == []
    page.context.close()


def _look(page: Any, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    for width, scheme in LOOKS:
        at(page, width, scheme)
        assert faults(page, scheme) == []
        page.screenshot(path=SCREENS / f"{name}-{width}-{scheme}.png", full_page=True)
