"""The README's pictures, taken of the demo's own pages: `make demo`, then `python -m tests.pictures`."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = {"report": "build/demo/report/report.html", "comparison": "build/demo/comparison/comparison.html"}
SIZES = {"report": (1280, 1330), "comparison": (1280, 1240)}
OFFLINE = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main() -> None:
    for name, page in PAGES.items():
        width, height = SIZES[name]
        with tempfile.TemporaryDirectory() as profile:
            subprocess.run(
                [
                    "chromium", "--headless", "--no-sandbox", "--disable-gpu", *OFFLINE, f"--user-data-dir={profile}",
                    "--hide-scrollbars", f"--screenshot={ROOT / 'docs' / f'{name}.png'}",
                    f"--window-size={width},{height}", (ROOT / page).as_uri(),
                ],
                check=True, capture_output=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
