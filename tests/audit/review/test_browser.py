"""The page in a real browser, by keyboard, with the server killed in the middle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from audit.cli import run
from audit.render.words import visible
from tests.audit.review.served import INJECTIONS, ROOT, Server, case
from tests.browser import CHROMIUM, needs_browser, page_at

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here to drive a browser with")
pytestmark = needs_browser
SCREENS = ROOT / "build/screens"
SHOWN = "#row:not([hidden]), #end:not([hidden])"

# every text on the page against what lies behind it; WCAG's relative luminance
CONTRAST = """
() => {
  const level = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = c => 0.2126 * level(c[0]) + 0.7152 * level(c[1]) + 0.0722 * level(c[2]);
  const parts = text => { const p = text.match(/[\\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
  const behind = e => {
    for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c[3]) return c; }
    return [255, 255, 255, 1];
  };
  return [...document.querySelectorAll("body *")]
    .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => {
      const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return [e.tagName + " " + e.textContent.slice(0, 30), (a + 0.05) / (b + 0.05)];
    }).filter(x => x[1] < 4.5);
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def open_page(browser, server: Server, width: int = 1280, scheme: str = "light"):
    """A page whose requests and complaints are written down; one that leaves this server is cut off."""
    page = page_at(browser, server.address, width, scheme)
    page.wait_for_selector(SHOWN)
    return page


def press(page, key: str) -> None:
    """One key, and wait until the next row is there."""
    before = page.inner_text("#left")
    page.keyboard.press(key)
    page.wait_for_function("before => document.getElementById('left').textContent !== before", arg=before)


def test_fifty_rows_by_keyboard_killed_in_the_middle_finished_applied_and_restored(tmp_path, serve, browser):
    made = case(tmp_path, flagged=50)
    before = made.csv.read_bytes()
    page = open_page(browser, one := serve(made.folder, made.csv, "--reviewer", "ann"))
    for _ in range(24):
        settle_by_truth(page, made)
    press(page, "d")
    press(page, "z")
    page.keyboard.press("k")  # the server is killed while this answer is on its way or just after
    one.kill()
    kept = standing(made.folder)
    page.close()

    other = serve(made.folder, made.csv, "--reviewer", "ann")
    page = open_page(browser, other)
    assert page.inner_text("#left").startswith(f"{len(kept)} of 50 settled")
    assert len(kept) in (24, 25)
    while page.is_visible("#row"):
        settle_by_truth(page, made)
    assert page.inner_text("#end h1") == "All rows of this queue are settled."
    assert "assay clean" in page.inner_text("#steps")
    assert (page.left, page.complaints) == ([], [])
    page.close()

    said = standing(made.folder)
    assert {row: said[row] for row in kept} == kept
    assert len(said) == 50
    out, back = tmp_path / "clean", tmp_path / "back"
    assert run(["clean", str(made.csv), "--report", str(made.folder), "--by", "review", "-o", str(out)]) == 0
    labels = pd.read_csv(out / "data" / made.csv.name).set_index("id")["label"]
    wrong = {row for row, label in labels.items() if label != made.truth[row]}
    assert wrong <= {row for row, verdict in said.items() if verdict == "keep"}  # the answer that was killed, at most
    assert len(wrong) <= 1
    assert run(["restore", str(out), "-o", str(back)]) == 0
    assert next(back.rglob("*.csv")).read_bytes() == before


def settle_by_truth(page, made) -> None:
    """Answer as somebody who knows: keep, take the suggestion, or press the label's own digit."""
    right = made.truth[page.inner_text("#name").removeprefix("row ")]
    given, suggested = page.inner_text("#given"), page.inner_text("#suggested")
    digit = str(1 + sorted(set(made.truth.values())).index(right))
    press(page, "k" if right == given else "s" if right == suggested else digit)


def standing(folder: Path) -> dict[str, str]:
    """Row → verdict, as the file on disk has it."""
    said: dict[str, dict] = {}
    for line in map(json.loads, (folder / "review/decisions.jsonl").read_text().splitlines()[1:]):
        said = {k: v for k, v in said.items() if k != line["undo"]} if "undo" in line else {**said, line["id"]: line}
    return {line["row"]: line["verdict"] for line in said.values()}


def test_an_answer_that_found_no_server_is_said_not_to_be_kept(tmp_path, serve, browser):
    made = case(tmp_path)
    page = open_page(browser, server := serve(made.folder, made.csv))
    row = page.inner_text("#name")
    server.kill()
    page.keyboard.press("k")
    page.wait_for_selector("#problem:not([hidden])")
    assert "This answer is not kept yet; every one before it is." in page.inner_text("#problem")
    assert page.inner_text("#name") == row
    page.close()


def test_markup_in_the_data_is_shown_as_the_text_it_is(shared, browser):
    server, made = shared
    page = open_page(browser, server)
    seen = set()
    for _ in range(12):
        assert page.locator("#row script, #row svg, #row img").count() == 0
        row = page.inner_text("#name").removeprefix("row ")
        kind = int(row[1:]) % len(INJECTIONS)
        seen.add(kind)
        assert visible(INJECTIONS[kind]) in page.inner_text("#shown")
        assert page.inner_text("#given") == visible(made.data.given[row])
        press(page, "?")
    assert len(seen) >= 5
    assert "\u202e" not in page.content()
    assert page.evaluate("window.broken") is None
    assert (page.left, page.complaints) == ([], [])
    page.close()


def test_other_labels_are_found_by_their_beginning_without_a_mouse(tmp_path, serve, browser):
    made = case(tmp_path, classes=14)
    page = open_page(browser, serve(made.folder, made.csv, "--reviewer", "ann"))
    assert not page.is_visible("#strip")
    row = page.inner_text("#name").removeprefix("row ")
    page.keyboard.press("o")
    page.keyboard.type("kind d")
    assert page.inner_text("[role=option][aria-selected=true]") == "kind d"
    press(page, "Enter")
    assert json.loads((made.folder / "review/decisions.jsonl").read_text().splitlines()[1])["label"] == "kind d"
    press(page, "z")
    assert page.inner_text("#name") == f"row {row}"
    page.close()


def test_keys_can_be_switched_off_and_everything_is_reached_by_tab(shared, browser):
    page = open_page(browser, shared[0])
    before = page.inner_text("#left")
    page.uncheck("#keys")
    page.keyboard.press("k")
    page.wait_for_timeout(100)
    assert page.inner_text("#left") == before
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("[document.activeElement.dataset.act, getComputedStyle(document.activeElement).outlineStyle]")
        )
    assert {act for act, _ in reached} >= {"keep", "suggest", "other", "drop", "unsure", "undo"}
    assert all(outline == "solid" for act, outline in reached if act)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 400, 1280])
def test_at_every_width_in_light_and_dark_it_can_be_read(shared, browser, width, scheme):
    server, _ = shared
    page = open_page(browser, server, width, scheme)
    page.keyboard.press("o")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CONTRAST) == []
    names = "[...document.querySelectorAll('button, input, progress')].filter(e => e.checkVisibility())"
    assert page.evaluate(f"{names}.filter(e => !(e.innerText || e.ariaLabel || e.labels?.length)).length") == 0
    assert page.evaluate("document.querySelectorAll('h1:not([hidden] h1)').length") == 1
    page.keyboard.press("Escape")
    if width > 320:
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"review-{width}-{scheme}.png", full_page=True)
    page.close()
