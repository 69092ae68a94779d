"""A report as one self-contained page: the answer, then the evidence, then the method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.dataset import Dataset
from audit.render import words
from audit.render.findings import findings
from audit.render.headline import headline
from audit.render.identity import identity
from audit.render.page import charts
from audit.render.page.blocks import OPEN, Section, Stage
from audit.render.page.environment import environment
from audit.render.page.examples import Shelf
from audit.render.page.links import Anchors
from audit.render.page.map import map_of
from audit.render.page.sections import section
from audit.render.steps import next_steps, review_command
from audit.render.words import NOUNS
from audit.report import Report
from audit.verdict import Verdict


def html(
    report: Report, verdict: Verdict, data: Dataset, reference: Dataset | None = None, *, path: str | None = None
) -> str:
    """The report as one HTML file that asks for nothing else: pictures, styles and charts are inside it.

    `data` and `reference` are the audited data, from which the worst examples are shown; `path` is the folder that
    the commands on the page name, by default the one the audit's own command named.
    """
    rows = findings(report, verdict)
    here = Shelf.of(data)
    there = None if reference is None else Shelf.of(reference, words.called(reference.name), here.columns)
    noun = NOUNS[report.dataset.kind]
    review = review_command(report, path)
    written = [
        section(report[f.check], Stage(report, here, there, noun, f, review)) for f in rows if f.check in report.checks
    ]
    return (
        environment()
        .get_template("report.html")
        .render(
            title=f"{verdict.outcome} · {words.called(report.dataset.name)} · assay audit",
            identity=identity(report),
            outcome=verdict.outcome,
            headline=headline(report, verdict),
            suite=words.visible(suite_name(verdict)),
            steps=next_steps(report, verdict, path),
            rows=rows,
            bars={f.check: charts.limit_bar(f) for f in rows},
            shown=[s for s in written if s.finding.state in OPEN],
            folded=[s for s in written if s.finding.state not in OPEN],
            folded_title=_folded_title(written),
            made=_made(report, verdict),
            fresh=Anchors(),
            map=map_of(report, written, here, noun),
        )
    )


def suite_name(verdict: Verdict) -> str:
    """The suite as the shipped ones are named on the command line."""
    return verdict.suite or "no suite"


def _folded_title(written: list[Section]) -> str:
    passed = sum(s.finding.state == "pass" for s in written)
    unseen = sum(s.finding.state == "not_checked" for s in written)
    parts = [words.plural(passed, "passes", "pass")] if passed else []
    parts += [words.plural(unseen, "was not checked", "were not checked")] if unseen else []
    lead = "The other checks" if passed + unseen < len(written) else "The checks"
    return f"{lead}: {', '.join(parts)}"


def _intervals(detail: Mapping[str, Any]) -> str:
    """What the intervals of the label check cover; no other check has any."""
    covered = f"95{words.PERCENT}. They cover chance in which rows were drawn"
    if detail.get("expected_precision") is None:
        return f"{covered}. They do not cover mistakes the model cannot see."
    return f"{covered} and what the models leave open. They do not cover mistakes that all models share."


def _made(report: Report, verdict: Verdict) -> list[tuple[str, str, bool]]:
    """How this came about: (what, words, whether it is code)."""
    labels = report.checks.get("labels")
    detail = labels.detail if labels is not None and labels.status == "ran" else {}
    method = "; ".join(str(detail[k]) for k in ("score_used", "cutoff_used", "rule") if detail.get(k))
    lines = [
        ("Repeat it", words.visible(report.command), True),
        ("Data fingerprint", report.dataset.fingerprint, True),
        ("Reference fingerprint", report.reference.fingerprint if report.reference else "", True),
        ("Suite", f"{words.visible(verdict.suite)}, {words.plural(verdict.judged, 'demand')}, fingerprint {verdict.suite_fingerprint}", False),
        ("Notes", "; ".join(words.visible(x) for x in report.notes), False),
        ("Label check", words.visible(method), False),
        ("Intervals", _intervals(detail), False),
        ("Versions", ", ".join(f"{k} {v}" for k, v in report.versions.items()), False),
        ("Seed", str(report.seed), False),
        ("Time", words.duration(report.seconds), False),
    ]  # fmt: skip
    return [line for line in lines if line[1]]
