"""The page in a real browser, with no network: no request, no message, no sideways scroll at 320 pixels."""

from tests.browser import needs_browser, opened
from tests.train.render.conftest import MARKUP
from tests.train.render.full import full, model_sizes
from train.render.html import html

CASES = ("helps", "three models", "failed cells", "markup", "seven sizes")


@needs_browser
def test_pages_ask_for_nothing_say_nothing_and_fit_at_320_and_at_1280(case, tmp_path):
    long = full(classes=("x" * 90, MARKUP, "b"), changed={"model_size": model_sizes()})
    pages = [html(made) for made in (*map(case, CASES), full(), long)]
    seen, console = opened(pages, tmp_path)

    assert [page["scroll"] for page in seen] == [320, 1280] * len(pages)
    assert [page["requests"] for page in seen] == [[]] * 2 * len(pages)
    assert console == []
