"""From which dose on known faults are stopped, in three real data sets; `python -m tests.bench.bench_selftest` puts the
last figures into docs/selftest.md."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from audit.dataset import Dataset
from audit.faults import FAULTS, SelfTest, Tested, selftest
from audit.run import audit
from audit.sources import load
from audit.suite import Limit, Suite, default_suite, read_suite
from tests.bench.goals import BUILD, SHARED, Goal, not_measured

COMMAND = "python -m tests.bench selftest"
DOCUMENT = Path(__file__).parent.parent.parent / "docs/selftest.md"
BETWEEN = re.compile(r"(?<=<!-- detection: python -m tests\.bench\.bench_selftest -->\n).*?(?=<!-- end of detection -->)", re.DOTALL)  # fmt: skip


def run() -> list[Goal]:
    goals = _goals("digits", *_digits())
    if not SHARED.is_dir():
        return [*goals, not_measured("SMS spam and beers", "none", "share", COMMAND, "no ../shared/data")]
    return [*goals, *_goals("SMS spam", *_sms()), *_goals("beers", *_beers())]


def _digits() -> tuple[Suite, SelfTest]:
    data, reference = load("digits"), load("digits-test")
    return _tested(data, read_suite("digits"), reference)


def _sms() -> tuple[Suite, SelfTest]:
    data = load(SHARED / "text/sms.tsv", columns=["label", "text"], label="label", text="text")
    held_out = data.take(data.rows[::10])
    train = data.drop(held_out.rows)
    return _tested(train, default_suite(train, held_out), held_out)


def _beers() -> tuple[Suite, SelfTest]:
    data = load(SHARED / "tabular/beers/clean.csv", id="id", unlabelled=True)
    return _tested(data, read_suite("beers"), None)


def _tested(data: Dataset, suite: Suite, reference: Dataset | None) -> tuple[Suite, SelfTest]:
    """Limits are raised to what is there today, as a baseline would."""
    measures = audit(data, reference=reference, suite=suite).measures
    today = tuple(Limit(x.measure, max(x.max, measures.get(x.measure, 0.0)), x.severity) for x in suite.limits)
    raised = replace(suite, limits=today)
    return raised, selftest(data, raised, reference=reference)


def _goals(name: str, suite: Suite, found: SelfTest) -> list[Goal]:
    limited = {x.measure for x in suite.limits if x.severity == "critical"}
    promised = [f.name for f in FAULTS.values() if f.measure in limited and not f.rule]
    return [_goal(name, t, promised=t.fault in promised) for t in found.tested]


def _goal(name: str, tested: Tested, *, promised: bool) -> Goal:
    """A fault whose measure is limited must be stopped at its largest dose; of the others it is told."""
    if tested.why_not:
        return not_measured(f"{name}: {tested.fault}", "none", "share", COMMAND, tested.why_not)
    slips = f"slips at {', '.join(f'{s * 100:g}' for s in tested.slips)} %" if tested.slips else "no dose slips"
    first = next((t for t in tested.trials if t.dose == tested.smallest), None)
    note = f"{slips}; by {', '.join(b.split('(')[0] for b in first.by[:2])}" if first else slips
    bar = f"<= {FAULTS[tested.fault].doses[-1]:g}" if promised else "none"
    ok = tested.caught if promised else None
    return Goal(f"{name}: {tested.fault}", tested.smallest, "share", bar, ok, COMMAND, note)


def figures() -> str:
    """The last figures as Markdown: a line a fault, a column a data set."""
    goals = json.loads((BUILD / "selftest.json").read_text())
    names = list(dict.fromkeys(g["name"].split(": ")[0] for g in goals))
    cells = {tuple(g["name"].split(": ")): _cell(g) for g in goals if ": " in g["name"]}
    lines = [f"| fault | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    lines += [
        f"| {f.name}: {f.what} | {' | '.join(cells.get((n, f.name), '–') for n in names)} |" for f in FAULTS.values()
    ]
    return "\n".join(lines) + "\n"


def _cell(goal: dict[str, object]) -> str:
    note = str(goal["note"])
    if goal["value"] is None:
        return "**never**" if note.startswith("slips") else f"– ({note})"
    slips, by = note.split("; by ")
    return f"{float(str(goal['value'])) * 100:g} % (by {by}{'' if slips.startswith('no') else f'; {slips}'})"


if __name__ == "__main__":
    DOCUMENT.write_text(BETWEEN.sub(lambda _: figures(), DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
