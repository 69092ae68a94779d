"""The page in a real browser, with no network: no request, no message, no sideways scroll at 320 pixels."""

import html as markup
import json
import re
import subprocess

import pytest

from tests.audit.render.test_browser import CHROMIUM, FLAGS, LOOK
from tests.train.render.conftest import MARKUP
from tests.train.render.full import full, model_sizes
from train.render.html import html

CASES = ("helps", "three models", "failed cells", "markup", "seven sizes")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium or chrome on this machine to open the page in")
def test_pages_ask_for_nothing_say_nothing_and_fit_at_320_and_at_1280(case, tmp_path):
    long = full(classes=("x" * 90, MARKUP, "b"), changed={"model_size": model_sizes()})
    pages = [html(made) for made in (*map(case, CASES), full(), long)]
    frames = [
        f'<iframe style="border:0;width:{w}px;height:900px" srcdoc="{markup.escape(page)}"></iframe>'
        for page in pages
        for w in (320, 1280)
    ]
    wrapper = tmp_path / "wrapper.html"
    head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>'
    wrapper.write_text(f"{head}{''.join(frames)}{LOOK}", encoding="utf-8")
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9"]
    command = [str(CHROMIUM), *FLAGS, *offline, f"--user-data-dir={tmp_path / 'profile'}", wrapper.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"<pre>(.*)</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    seen = json.loads(markup.unescape(found[1]))

    assert [page["scroll"] for page in seen] == [320, 1280] * len(pages)
    assert [page["requests"] for page in seen] == [[]] * len(frames)
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
