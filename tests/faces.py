"""Every page that assay writes, made small and by hand: what is looked at in a browser, and by axe-core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from audit.render.page.html import html as audit_page
from audit.report import Report
from audit.suite import Suite
from tests.audit.render.conftest import Case, make
from tests.train.advice.test_advise import KNOWN, NOISY, PRICES, planted
from tests.train.render.conftest import CASES
from tests.train.render.full import GAINS, full
from train.advice.advise import Advice, advise
from train.render.advice_html import advice_html
from train.render.html import html as comparison_page


def audited(outcome: str, kind: str, classes: int = 10) -> str:
    made = make(outcome, kind, classes=classes, rows=200, hostile=outcome == "FAIL")
    return audit_page(made.report, made.verdict, made.data, made.reference)


def advised(folder: Path) -> Advice:
    return advise([planted(folder, effects=NOISY, noise=KNOWN)], PRICES, command="assay advise runs/ -o advice/")


def demanding(made: Case) -> Report:
    """The report as an audit leaves it, which knows what was demanded."""
    return replace(made.report, demands=Suite(made.verdict.suite, limits=made.verdict.limits).to_dict())


def cards(folder: Path) -> str:
    """A value of every kind as a notebook shows it, on a page as white, or as dark, as the notebook's."""
    made = make("FAIL", "image", rows=200, hostile=True)
    values = (made.data, demanding(made), made.verdict, full(), advised(folder))
    shown = "".join(value._repr_html_() for value in values)
    ground = "@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }"
    return (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Cards</title>'
        f"<style>{ground}</style><main><h1>Cards</h1>{shown}</main></html>"
    )


PAGES: dict[str, Callable[[Path], str]] = {
    "report-pictures": lambda _: audited("FAIL", "image"),
    "report-texts": lambda _: audited("FAIL", "text", 77),
    "report-table": lambda _: audited("FAIL", "table", 3),
    "report-undecided": lambda _: audited("ERROR", "text"),
    "report-passed": lambda _: audited("PASS", "image"),
    "comparison": lambda _: comparison_page(full(GAINS)),
    "comparison-three-models": lambda _: comparison_page(CASES["three models"]()),
    "advice": lambda folder: advice_html(advised(folder)),
    "notebook": cards,
}
"""Name to the page, made with the help of an empty folder."""
