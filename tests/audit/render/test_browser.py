"""The page in a real browser, with no network: no request, no message, no sideways scroll at 320 pixels."""

import html as markup
import json
import re
import shutil
import subprocess

import pytest

from audit.render.html import html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
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
]
CASES = [
    ("FAIL", "image", 10),
    ("FAIL", "text", 77),
    ("ERROR", "table", 10),
    ("PASS", "text", 500),
    ("WARN", "image", 2),
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


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium or chrome on this machine to open the page in")
def test_pages_ask_for_nothing_say_nothing_and_fit_at_320_and_at_1280(case, tmp_path):
    pages = [
        html(c.report, c.verdict, c.data, c.reference)
        for c in (case(o, k, classes=n, hostile=True) for o, k, n in CASES)
    ]
    frames = [
        f'<iframe style="border:0;width:{w}px;height:900px" srcdoc="{markup.escape(p)}"></iframe>'
        for p in pages
        for w in (320, 1280)
    ]
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(
        f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>{"".join(frames)}{LOOK}',
        encoding="utf-8",
    )
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9"]
    command = [str(CHROMIUM), *FLAGS, *offline, f"--user-data-dir={tmp_path / 'profile'}", wrapper.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"<pre>(.*)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    seen = json.loads(markup.unescape(found[1]))
    assert len(seen) == len(frames)
    for page in seen:
        assert page["scroll"] == page["width"]
        assert page["requests"] == []
        assert page["broken"] == 0
    assert [p["filtered"] for p in seen[:4]] == ["3 of 57 shown", "3 of 57 shown", "1 of 57 shown", "1 of 57 shown"]
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
