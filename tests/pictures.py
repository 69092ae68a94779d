"""The README's pictures, taken of the demo's own pages: `make demo`, then `python -m tests.pictures`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser import ROOT, driven, page_at

PAGES = {"report": "report/report.html", "comparison": "comparison/comparison.html"}
HEIGHTS = {"report": 1330, "comparison": 1240, "review": 860}
WIDTH = 1280
SETTLED = 12
"""Labels that are settled before the review page's picture is taken."""


def take(browser: Any, demo: Path, into: Path) -> list[Path]:
    """A picture of the report, the comparison and the review page of a demo's folder."""
    from tests.audit.review.served import started  # its toys are on the path only by now

    into.mkdir(parents=True, exist_ok=True)
    for name, where in PAGES.items():
        page = page_at(browser, (demo / where).absolute().as_uri(), WIDTH, height=HEIGHTS[name])
        page.screenshot(path=into / f"{name}.png")
        page.context.close()
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # answers belong to the demo's own report only when a person gives them
        report = shutil.copytree(demo / "report", Path(folder) / "report")
        server = started(report, "--reviewer", "you")
        try:
            row = server.ask("state")[1]["row"]
            for _ in range(SETTLED):
                row = server.decide(row["row"], "relabel", row["suggestion"], seconds=2.5)["row"]
            page = page_at(browser, server.address, WIDTH, height=HEIGHTS["review"])
            page.wait_for_selector("#row:not([hidden])")
            page.screenshot(path=into / "review.png")
            page.context.close()
        finally:
            server.kill()
    return [into / f"{name}.png" for name in HEIGHTS]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests/audit"))  # the toys that the tests share
    with driven() as opened:
        take(opened, ROOT / "build/demo", ROOT / "docs")
