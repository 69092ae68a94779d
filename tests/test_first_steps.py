"""From `assay demo` to ten settled labels, applied and taken back, by what the commands and the pages say alone."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from PIL import Image

from audit import load
from audit.cli import run
from tests.audit.review.served import Server, started
from tests.browser import SCREENS, driven, needs_browser, page_at
from tests.pictures import HEIGHTS, WIDTH, take
from train.commands import demo

ROWS = 10


def told(printed: str, label: str) -> str:
    """The command after a label, put together where it went over several lines."""
    lines = printed.splitlines()
    k = next(k for k, line in enumerate(lines) if line.startswith(label))
    parts = [lines[k].removeprefix(label)]
    while parts[-1].endswith("\\"):
        k += 1
        parts[-1] = parts[-1].removesuffix("\\")
        parts.append(lines[k])
    return " ".join(part.strip() for part in parts)


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """The demo with few and small trainings, and what it printed; everything else is as it is."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(demo, "SIZES", (120,))
        patched.setattr(demo, "SEEDS", 2)
        patched.setattr(demo, "MODELS", ("linear",))
        patched.setattr(demo, "VARIANTS", ("raw", "pruned"))
        with redirect_stdout(io.StringIO()) as said:
            assert run(["demo"]) == 0
        yield folder, said.getvalue()


@pytest.fixture
def served(demonstrated) -> Iterator[Server]:
    """The command that the demo names, as it stands."""
    _, printed = demonstrated
    command = shlex.split(told(printed, "next:"))
    assert command[:2] == ["assay", "review"]
    server = started(*command[2:], "--reviewer", "ann")
    yield server
    server.kill()


def test_the_demo_says_what_it_does_in_lines_that_fit_a_terminal(demonstrated):
    _, printed = demonstrated
    opening = printed.split("planted fault")[0].splitlines()
    assert "planted" in " ".join(opening)
    assert max(map(len, opening)) <= 80


@needs_browser
def test_a_newcomer_settles_ten_rows_applies_them_and_takes_it_back(demonstrated, served, capsys):
    folder, printed = demonstrated
    raw = load(shlex.split(told(printed, "then:"))[2])
    truth = raw.table["true_label"]
    with driven() as browser:
        page = page_at(browser, served.address)
        page.wait_for_selector("#row:not([hidden])")
        settled = []
        for k in range(1, ROWS + 1):
            settled.append(int(page.inner_text("#name").removeprefix("row ")))
            page.keyboard.press(str(truth[settled[-1]]))
            page.wait_for_function("n => document.getElementById('left').textContent.startsWith(n)", arg=f"{k} of ")
        page.click("summary:has-text('Enough for now')")
        apply = page.inner_text(".enough code")
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / "review-enough-1280-light.png", full_page=True)
        assert (page.left, page.complaints) == ([], [])
        page.context.close()

    assert shlex.split(apply) == shlex.split(told(printed, "then:"))
    capsys.readouterr()
    assert run(shlex.split(apply)[1:]) == 0
    undo = told(capsys.readouterr().out, "undo:")
    after = load(folder / "clean").given
    assert after[settled].tolist() == truth[settled].tolist()
    assert set(after.index[after.to_numpy() != raw.given.to_numpy()]) <= set(settled)
    assert after.ne(raw.given).sum() > ROWS / 2
    assert run(shlex.split(undo)[1:]) == 0
    assert load(folder / "back/table.parquet", label="label").given.tolist() == raw.given.tolist()


def test_the_report_names_the_same_two_commands(demonstrated):
    folder, printed = demonstrated
    for name in ("report.html", "report.md"):
        text = (folder / "assay-demo/report" / name).read_text().replace("<span>", "").replace("</span>", "")
        assert told(printed, "next:") in text
        assert (
            told(printed, "then:").replace("&", "&amp;").replace("'", "&#39;") in text or told(printed, "then:") in text
        )


@needs_browser
def test_the_readmes_pictures_are_taken_of_the_demo(demonstrated):
    folder, _ = demonstrated
    with driven() as browser:
        taken = take(browser, folder / "assay-demo", SCREENS / "readme")
    for path in taken:
        with Image.open(path) as picture:
            assert picture.size == (WIDTH, HEIGHTS[path.stem])
            assert len(picture.convert("L").resize((64, 64)).getcolors()) > 20
