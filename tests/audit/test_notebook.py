"""Values in a notebook: what their cards show, that all of it is text, that they touch nothing around them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tracemalloc
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from toy import texts_of

from audit import Dataset, Roles, gate, prune, read_suite
from audit.render.page.style import palettes
from audit.suite import Limit, Suite
from tests.audit.render.conftest import ESCAPE, MARKUP, make
from tests.browser import ROOT, driven, needs_browser, page_at
from tests.faces import demanding

OURS = {"div", "style", "p", "b", "span", "i", "table", "thead", "tbody", "tr", "th", "td", "img", "ol", "li", "code", "dl", "dt", "dd"}  # fmt: skip


class Seen(HTMLParser):
    """The tags of a piece of markup, and its text without the stylesheet."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# -- what they show ----------------------------------------------------------------------------------------------------


def test_a_dataset_shows_its_name_rows_classes_columns_roles_and_five_rows(trees):
    text = Seen(trees.data._repr_html_()).text
    assert text.startswith(f"assay dataset trees {len(trees.data):,} rows, 3 classes")
    assert "Classes ash, birch and cedar" in text
    assert "Features x0, x1, x2 and x3" in text
    assert [f"row {row}" in text for row in trees.data.rows[:6]] == [True] * 5 + [False]
    assert f"and {len(trees.data) - 5:,} more" in text


def test_pictures_are_thumbnails_inside_the_card(tiles):
    pictures = [said for tag, said in Seen(tiles._repr_html_()).tags if tag == "img"]
    assert len(pictures) == 5
    assert all(said["src"].startswith("data:image/") and len(said["src"]) < 2_000 for said in pictures)
    assert pictures[0]["alt"] == f"row {tiles.rows[0]}, labelled {tiles.given.iloc[0]}"


def test_long_texts_are_cut_and_names_are_counted():
    many = texts_of(["word " * 500] * 60, [f"class {k:02d}" for k in range(60)])
    text = Seen(many._repr_html_()).text
    assert "and 49 more" in text
    assert len(text) < 1_500


def test_a_report_shows_a_line_a_check_with_its_state():
    made = make("FAIL", "text")
    card = demanding(made)._repr_html_()
    text = Seen(card).text
    assert "Do not train on this yet: 57 labels look wrong." in text
    assert "Labels ✕ FAIL 57 labels look wrong" in text
    assert "Balance ✓ PASS" in text
    assert card.count('<th scope="row">') == len(made.report.checks)


def test_a_report_whose_check_broke_is_no_pass():
    text = Seen(demanding(make("ERROR", "table"))._repr_html_()).text
    assert "? ERROR Could not decide: the label check could not finish." in text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("PASS", "✓ PASS Ready to train: all 7 demands are met."),
        ("WARN", "! WARN You can train; look at duplicates first."),
        ("FAIL", "✕ FAIL Do not train on this yet: 3 demands are not met, of 8."),
        ("ERROR", "? ERROR Could not decide: pred_probs.npy row 311 sums to 0.93, expected 1."),
    ],
)
def test_a_verdict_is_a_badge_a_sentence_and_what_to_do_next(outcome, said):
    text = Seen(make(outcome, "text").verdict._repr_html_()).text
    assert said in text
    assert {"FAIL": "patch = treat(data, report, ", "ERROR": "audit again"}.get(outcome, "certify(") in text


def test_the_next_step_of_a_failed_verdict_runs_as_it_stands(trees):
    from audit import audit, treat

    report = audit(trees.data)
    verdict = gate(report, Suite("strict", limits=(Limit("duplicates.exact.count", 0), Limit("labels.rate", 0.001))))
    lines = re.findall(r"<code>(.*?)</code>", verdict._repr_html_())
    names: dict[str, Any] = {"treat": treat, "data": trees.data, "report": report}
    exec("\n".join(lines[:2]).replace("&#39;", "'"), names)
    assert len(names["clean"]) < len(trees.data)


def test_a_patch_shows_what_it_would_do():
    made = make("FAIL", "text")
    text = Seen(prune(made.data, made.report)._repr_html_()).text
    assert "Edits drop" in text
    assert "labels 57" in text
    assert "patch.apply(data)" in text


def test_in_plain_text_they_are_one_line():
    made = make("FAIL", "text")
    for value in (made.data, made.report, made.verdict, prune(made.data, made.report)):
        assert "\n" not in repr(value)
        assert len(repr(value)) < 120


# -- all of it is text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["table", "text", "image"])
@pytest.mark.parametrize("outcome", ["FAIL", "ERROR"])
def test_what_the_data_says_is_shown_and_never_obeyed(kind, outcome):
    made = make(outcome, kind, hostile=True)
    for value in (made.data, demanding(made), made.verdict, prune(made.data, make("FAIL", kind, hostile=True).report)):
        seen = Seen(value._repr_html_())
        assert {tag for tag, _ in seen.tags} <= OURS
        assert not [said for _, said in seen.tags if any(name.startswith("on") for name in said)]
        assert ESCAPE not in seen.text
    assert MARKUP in Seen(made.data._repr_html_()).text


# -- what they cost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["table", "text", "pictures", "grid"])
def test_a_card_of_a_million_rows_looks_at_five(kind):
    n = 1_000_000
    columns = {f"x{k}": np.zeros(n, np.float32) for k in range(4)} if kind in ("table", "grid") else {}
    texts = {"text": np.full(n, "a text", dtype=object)} if kind == "text" else {}
    index = [f"r{k}" for k in range(n)] if kind == "table" else None
    table = pd.DataFrame({**columns, **texts, "label": np.zeros(n, np.int8)}, index=index)
    roles = Roles(
        label="label", text="text" if texts else None, features=tuple(columns), grid=(2, 2) if kind == "grid" else None
    )
    images = np.zeros((n, 2, 2, 1), np.uint8) if kind == "pictures" else None
    data = Dataset("large", table, roles, (0,), images=images)
    data._repr_html_()  # what is imported and kept the first time
    tracemalloc.start()
    data._repr_html_()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


def test_a_card_imports_nothing_heavy():
    code = (
        "import sys; from audit import load, gate, read_suite, Report; data = load('digits'); before = set(sys.modules);"
        "data._repr_html_(); print(sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    heavy = {"torch", "cleanlab", "great_expectations", "scipy", "jinja2", "altair", "faiss", "skrub", "IPython"}
    assert set(eval(ran.stdout)) & heavy == set()


# -- in a browser, and in a notebook -----------------------------------------------------------------------------------

STYLES = """
() => [...document.querySelectorAll("body > :not(.assay-card), body > :not(.assay-card) *")]
  .map(e => { const s = getComputedStyle(e); return [...s].map(k => [k, s.getPropertyValue(k)]).filter(p => !/size|origin|inset/.test(p[0])); })
"""
AROUND = "<body style='font:12px serif'><h1>Mine</h1><table class=badge><thead><tr><th>a<tbody><tr><td><code>b</code></table><p class=small>c"
PAINT = "getComputedStyle(document.querySelector('.assay-card')).backgroundColor"


@needs_browser
def test_a_card_changes_nothing_around_it_and_follows_the_notebooks_theme(tmp_path):
    card = make("FAIL", "text").verdict._repr_html_()
    (tmp_path / "without.html").write_text(f"<!doctype html>{AROUND}</p>", encoding="utf-8")
    (tmp_path / "with.html").write_text(f"<!doctype html><meta charset=utf-8>{AROUND}</p>{card}", encoding="utf-8")
    light, dark = (re.search(r"--page: (#\w+)", palette)[1] for palette in palettes())
    with driven() as browser:
        without, page = (page_at(browser, (tmp_path / f"{name}.html").as_uri()) for name in ("without", "with"))
        assert page.evaluate(STYLES) == without.evaluate(STYLES)
        for scheme, theme, colour in (
            ("light", "", light), ("dark", "", dark), ("dark", "true", light), ("light", "false", dark)
        ):  # fmt: skip
            page.emulate_media(color_scheme=scheme)
            page.evaluate("t => { if (t) document.body.dataset.jpThemeLight = t }", theme)
            rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
            assert page.evaluate(PAINT) == f"rgb{rgb}"


CELLS = (
    "from audit import Report, gate, load, prune, read_suite\nfrom pathlib import Path\n"
    "data, report, suite = load('trees.csv', label='label'), Report.read(Path('report')), read_suite('tabular')\ndata",
    "report",
    "gate(report, suite)",
    "prune(data, report)",
    "from tests.train.render.full import full\nfull()",
)


def test_a_notebook_shows_every_value_as_its_card(trees, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="no nbclient here to execute a notebook with")
    pytest.importorskip("ipykernel", reason="no ipykernel here to execute a notebook with")
    from nbformat import v4

    from audit import audit, load

    trees.data.table.to_csv(tmp_path / "trees.csv", index=False)
    audit(load(tmp_path / "trees.csv", label="label"), suite=read_suite("tabular")).write(tmp_path / "report")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
    made = nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell["outputs"][-1]["data"] for cell in made["cells"]]
    assert [Seen(s["text/html"]).text.split()[1] for s in shown] == [
        "dataset", "report", "verdict", "patch", "comparison",
    ]  # fmt: skip
    assert all("\n" not in s["text/plain"] for s in shown)
