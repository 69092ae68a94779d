"""Pages opened in a real browser, with no network, at widths that a window cannot be made narrow enough for."""

from __future__ import annotations

import html as markup
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium or chrome on this machine to open the page in")
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
