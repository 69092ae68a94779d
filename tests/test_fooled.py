"""Ways to fool or break the gate: assay is wrong on none; `python -m tests.test_fooled` writes them into docs/gate.md."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from tests.fooled import certificates, content, evidence, machine, suites, tables
from tests.fooled.way import Answers, Way

DOCUMENT = Path(__file__).parent.parent / "docs/gate.md"
BETWEEN = re.compile(r"(?<=<!-- ways: python -m tests\.test_fooled -->\n).*?(?=<!-- end of ways -->)", re.DOTALL)
GROUPS = {
    "the suite": suites.WAYS,
    "the data": content.WAYS,
    "the evidence and the labels": evidence.WAYS,
    "the certificate": certificates.WAYS,
    "the database": tables.WAYS,
    "the machine and the report": machine.WAYS,
}
WAYS = [way for ways in GROUPS.values() for way in ways]
WORDS = {0: "passes", 1: "refused", 2: "unreadable or misused", 3: "undecided"}


def line(way: Way, answers: Answers) -> str:
    """A row of the table."""
    cells = (way.what, f"{way.code} {WORDS[way.code]}: {way.says}", answers.gx, answers.cleanlab)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


@pytest.fixture(scope="module")
def documented() -> list[str]:
    found = BETWEEN.search(DOCUMENT.read_text(encoding="utf-8"))
    return found.group().splitlines() if found else []


# the string form of a row condition, which Great Expectations still takes and deprecates
@pytest.mark.filterwarnings("ignore:The condition_parser parameter:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.attempt.__name__)
def test_assay_is_not_fooled_and_the_docs_say_so(way, tmp_path, documented):
    answers = way.attempt(tmp_path)

    assert answers.assay.code == way.code, answers.assay.text
    assert way.says in answers.assay.text
    assert line(way, answers) in documented


def test_the_docs_show_at_least_sixty_ways_and_no_other(documented):
    shown = [row for row in documented if row.startswith("| ") and "**" not in row.split("|")[1]][1:]

    assert len(shown) == len(WAYS) >= 60
    assert len({way.what for way in WAYS}) == len(WAYS)


def table() -> str:
    """Every way and what came of it, as Markdown."""
    lines = ["| way | assay's exit code and answer | plain Great Expectations | plain Datalab |", "|---|---|---|---|"]
    for group, ways in GROUPS.items():
        lines.append(f"| **{group}** | | | |")
        for way in ways:
            with tempfile.TemporaryDirectory() as folder:
                answers = way.attempt(Path(folder))
            lines.append(line(way, answers))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(BETWEEN.sub(lambda _: table(), DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
