"""What it takes to look at the first of 50,000 flagged rows, and to go on to the next."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.goals import Goal, at_most, timed
from tests.browser import driven, page_at

COMMAND = "python -m tests.bench review"
FLAGGED = 50_000
ROW = "#row:not([hidden])"

if TYPE_CHECKING:
    from tests.audit.review.served import Server


def run() -> list[Goal]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "audit"))  # the toys that the tests share
    from tests.audit.review.served import case, started

    with tempfile.TemporaryDirectory() as folder:
        made = case(Path(folder), rows=FLAGGED + 10_000, flagged=FLAGGED)
        servers = []
        start = timed(lambda: servers.append(started(made.folder, made.csv)))
        server = servers[0]
        try:
            first = timed(lambda: [server.ask(name) for name in ("", "review.css", "review.js", "state")])
            rows = made.report["labels"].findings.index
            left = iter(rows[:20])
            answer = timed(lambda: server.decide(next(left), "keep"), repeats=20)
        finally:
            server.kill()
        shown, keyed = _in_a_browser(started(made.folder, made.csv, "--reviewer", "another"))
    note = f"{FLAGGED:,} flagged texts of {FLAGGED + 10_000:,}; neighbours are looked for beside it"
    return [
        at_most("assay review until it serves", start, 5, "s", COMMAND, note),
        at_most("the page with its first row", first, 1, "s", COMMAND, note),
        at_most("an answer on disk and the next row", answer, 0.2, "s", COMMAND, note),
        at_most("a browser shows the first row", shown, 1, "s", COMMAND, note),
        at_most("a browser shows the next row after a key", keyed, 0.2, "s", COMMAND, note),
    ]


def _in_a_browser(server: Server) -> tuple[float, float]:
    """Seconds until a server's first row is on the screen, and until the next one is after a key was pressed."""
    changed = "before => document.getElementById('name').textContent !== before"
    with driven() as browser:
        try:
            page = page_at(browser, server.address)
            page.wait_for_selector(ROW)
            shown = page.evaluate("performance.now()") / 1000  # since the address was asked for

            def press() -> None:
                before = page.inner_text("#name")
                page.keyboard.press("k")
                page.wait_for_function(changed, arg=before)

            return shown, timed(press, repeats=20)
        finally:
            server.kill()
