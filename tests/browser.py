"""Pages opened in a real browser, with no network: in frames of a width that no window is narrow enough for, or driven
by playwright, which presses keys, takes pictures and lets axe-core judge what people with a screen reader get."""

from __future__ import annotations

import html as markup
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium or chrome on this machine to open the page in")
ROOT = Path(__file__).parent.parent
AXE = ROOT / "build/axe/node_modules/axe-core/axe.min.js"
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here: `make axe` fetches it with npm")
SCREENS = ROOT / "build/screens"
LOOKS = tuple((width, scheme) for width in (1280, 390) for scheme in ("light", "dark"))
"""Every page is looked at so: how wide, and in which colours."""
ELSEWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
WIDTHS = (320, 1280)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=4000",
    "--window-size=1280,900",
    "--dump-dom",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
]
# The page is put into frames of a known width, which a window cannot be made narrow enough for; a frame made of
# `srcdoc` may be looked into.
LOOK = """
<script>
addEventListener("load", function () {
  var seen = [].map.call(document.querySelectorAll("iframe"), function (frame) {
    var page = frame.contentDocument, root = page.documentElement;
    var requests = frame.contentWindow.performance.getEntriesByType("resource").map(function (r) { return r.name; });
    var select = page.querySelector("select"), status = page.querySelector("[data-total]"), filtered = "";
    if (select) {
      select.value = select.options[1].value;
      select.dispatchEvent(new Event("change", {bubbles: true}));
      filtered = status.textContent;
    }
    return {width: frame.clientWidth, scroll: root.scrollWidth, filtered: filtered,
            requests: requests.filter(function (name) { return name.slice(0, 5) !== "data:"; }),
            broken: [].filter.call(page.images, function (i) { return !i.naturalWidth; }).length};
  });
  document.body.innerHTML = "<pre>" + JSON.stringify(seen) + "</pre>";
});
</script>"""


def opened(pages: Sequence[str], folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """What became of each page at each of `WIDTHS`, page by page, and what the console was told."""
    frames = [
        f'<iframe style="border:0;width:{w}px;height:900px" srcdoc="{markup.escape(page)}"></iframe>'
        for page in pages
        for w in WIDTHS
    ]
    wrapper = folder / "wrapper.html"
    head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>'
    wrapper.write_text(f"{head}{''.join(frames)}{LOOK}", encoding="utf-8")
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", wrapper.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"<pre>(.*)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    seen = json.loads(markup.unescape(found[1]))
    assert len(seen) == len(frames)
    return seen, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@contextmanager
def driven() -> Iterator[Any]:
    """A Chromium to be driven; the test is skipped where there is no playwright to do it with."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here to drive a browser with")
    with playwright.sync_playwright() as driver:
        flags = [flag for flag in FLAGS if flag.startswith(("--no-", "--disable-"))]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*flags, ELSEWHERE])
        yield browser
        browser.close()


def page_at(browser: Any, address: str, width: int = 1280, scheme: str = "light", *, height: int = 900) -> Any:
    """The page at an address, whose requests to anywhere else are cut off and written down, as are its complaints."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.left, page.complaints = [], []

    def look(route: Any) -> None:
        if route.request.url.startswith((address, "data:")):
            route.continue_()
        else:
            page.left.append(route.request.url)
            route.abort()

    context.route("**/*", look)
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda wrong: page.complaints.append(str(wrong)))
    page.goto(address)
    return page


def unfolded(page: Any) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")


def faults(page: Any, scheme: str = "light") -> list[str]:
    """What axe-core finds wrong with the page as it is now: rule, how bad, the first element, how to mend it.

    In dark only the rule about contrast is asked: nothing else that axe looks at depends on colour.
    """
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    asked = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    found = page.evaluate("async asked => (await axe.run(document, asked)).violations", asked)
    return [
        f"{v['id']} ({v['impact']}), {len(v['nodes'])} times: {v['nodes'][0]['html']}: {v['nodes'][0]['failureSummary']}"
        for v in found
    ]
