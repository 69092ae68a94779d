"""Datasets, reports, verdicts and patches as cards in a notebook.

A card costs the same for ten rows as for a million, and imports no library that the value did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from audit.dataset import Dataset, Roles
from audit.patch import ACTIONS, Patch
from audit.render import words
from audit.render.card import badge, card, facts, says, small, steps, table
from audit.render.findings import TITLES, findings
from audit.render.gate import held, ordered
from audit.render.headline import headline
from audit.render.identity import identity
from audit.render.page.examples import Example, Shelf
from audit.render.steps import MENDS
from audit.report import Report
from audit.suite import parse_suite
from audit.verdict import STATE, Breach, Verdict, gate

ROWS = 5
"""Rows of the data that a card shows."""
NAMES = 12
"""Names of classes or columns that a card lists."""
SIDE = 32
TEXT = 160
BREACHES = 8


def dataset(data: Dataset) -> str:
    """Name, rows, classes, columns with their roles, and the first five rows."""
    roles = data.roles
    told = [
        ("Classes", _names(data.classes)),
        *((_title(role), _names(said)) for role, said in _roles(roles)),
        ("Other columns", _names(c for c in data.table.columns if c not in set(roles.columns()))),
        ("Inferred", "; ".join(words.visible(x) for x in data.inferred)),
    ]
    about = words.NOUNS[data.kind].of(len(data))
    count = [words.plural(len(data.classes), "class", "classes")] if data.classes else []
    shown = [words.called(data.name), ", ".join([about, *count])]
    left = len(data) - ROWS
    more = small(f"and {words.count(left)} more" if left > 0 else "")
    return card("assay dataset", shown, facts(told), _first_rows(data), more)


def report(found: Report) -> str:
    """The answer, and a line a check, judged by the suite that the audit was asked for."""
    verdict = gate(found, parse_suite(found.demands, name=found.suite))
    said = headline(found, verdict)
    lines = [
        (f.title, badge(f.state), words.sentence(f.sentence), f"{f.measured} {f.basis}".strip(), f.limit_text)
        for f in findings(found, verdict)
    ]
    head = ("Check", "Result", "What we found", "Measured", "Limit")
    told = f"{said.tally} Limits come from suite {words.visible(found.suite)}."
    answer = says(verdict.outcome.lower(), verdict.outcome, said.text, said.lead)
    return card("assay report", identity(found), answer, table(head, lines, (3, 4)), small(told))


def verdict(judged: Verdict) -> str:
    """The badge, the answer, what stands in the way, and what to do next."""
    breaches = ordered(judged)
    lines = [_breach(judged, b) for b in breaches[:BREACHES]]
    shown = table(("Demand", "Result", "Found", "At most"), lines, (2, 3)) if lines else Markup("")
    left = len(breaches) - BREACHES
    more = small(f"and {words.count(left)} more" if left > 0 else "")
    looser = small("; ".join(f"Loosened: {words.visible(x.words)}" for x in judged.loosened))
    answer = says(judged.outcome.lower(), judged.outcome, _answer(judged))
    of = [words.called(judged.dataset), f"suite {words.visible(judged.suite)}"]
    return card("assay verdict", of, answer, shown, more, looser, steps(_next(judged)))


def patch(edits: Patch) -> str:
    """How many rows are dropped, relabelled or weighed otherwise, why, and the first five."""
    counts = {action: len(edits.rows(action)) for action in ACTIONS}
    told = ", ".join(f"{action} {words.count(n)}" for action, n in counts.items() if n) or "no edit"
    by = edits.table["check"].value_counts()
    why = ", ".join(f"{words.visible(check)} {words.count(n)}" for check, n in by.items())
    lines = [
        (words.row_name(line["row"]), line["action"], _change(line), words.visible(line["reason"]))
        for line in edits.table.head(ROWS).to_dict("records")
    ]
    shown = table(("Row", "Edit", "", "Why"), lines) if lines else Markup("")
    left = len(edits) - ROWS
    more = small(f"and {words.count(left)} more" if left > 0 else "")
    of = [words.visible(edits.treatment), f"for data {edits.base[:12]}…"]
    after = steps([("Nothing is changed yet. This returns the repaired data:", ["patch.apply(data)"])])
    return card("assay patch", [x for x in of if x], facts([("Edits", told), ("For", why)]), shown, more, after)


# -- datasets ----------------------------------------------------------------------------------------------------------


def _names(said: Iterable[object]) -> str:
    return words.listing([words.visible(x) for x in said], NAMES)


def _title(role: str) -> str:
    return "Pixels" if role == "grid" else words.sentence(role)


def _roles(roles: Roles) -> list[tuple[str, Sequence[object]]]:
    grid = f"{roles.grid[0]} × {roles.grid[1]}" if roles.grid else ""
    filled = {k: v if isinstance(v, list) else [v] for k, v in roles.to_dict().items() if k != "grid"}
    return [*filled.items(), *([("grid", [grid])] if grid else [])]


def _first_rows(data: Dataset) -> Markup:
    # cut first, whatever its size: what follows looks at every row that it is given
    head = replace(data, table=data.table.iloc[:ROWS], images=None if data.images is None else data.images[:ROWS])
    shelf = Shelf.of(head)
    lines = [shelf.show(row, side=SIDE) for row in head.rows]
    cells = [c.name for c in lines[0].cells]
    what = cells or ["Text" if data.kind == "text" else "Picture"]
    label = ["Label"] if data.roles.label else []
    return table(["Row", *what, *label], [[x.row, *_shown(x), *([x.label] if label else [])] for x in lines])


def _shown(x: Example) -> list[str | Markup]:
    if x.uri:
        return [Markup('<img alt="{}"{} src="{}">').format(x.alt, Markup(' class="tiny"') if x.tiny else "", x.uri)]
    if x.cells:
        return [c.value for c in x.cells]
    return [x.why or words.shorten(str(x.text), TEXT)]


# -- verdicts ----------------------------------------------------------------------------------------------------------


def _answer(judged: Verdict) -> str:
    stopping = [b for b in judged.breaches if judged.stops(b)]
    if judged.outcome == "PASS":
        return f"Ready to train: {held(judged)}."
    if judged.outcome == "WARN":
        checks = dict.fromkeys(TITLES.get(b.check, b.check).lower() for b in judged.breaches if b.severity == "warning")
        return f"You can train; look at {words.listing(list(checks))} first."
    if judged.outcome == "FAIL":
        many = words.plural(len(stopping), "demand is", "demands are")
        return f"Do not train on this yet: {many} not met, of {words.count(judged.judged)}."
    first = next(b for b in judged.breaches if b.severity == "error")
    why = words.visible(first.why).removeprefix("could not finish: ")
    return f"Could not decide: {why}."


def _breach(judged: Verdict, breach: Breach) -> tuple[str | Markup, ...]:
    state = "error" if breach.severity == "error" else "fail" if judged.stops(breach) else STATE[breach.severity]
    found, most = (words.UNKNOWN if x is None else words.number(x) for x in (breach.value, breach.limit))
    rule = breach.measure.split(".", 1)[0] != breach.check  # its own name is a call; why says it in words
    why = "" if rule or breach.value is not None else f"{breach.measure}: "
    said = f"{why}{breach.why}" if rule or breach.value is None else breach.measure
    return words.visible(said), badge(state), found, most


def _next(judged: Verdict) -> list[tuple[str, list[str]]]:
    """What to do now, in Python: in a notebook nobody has a command line at hand."""
    checks = {b.check for b in judged.breaches if judged.stops(b)}
    if judged.outcome == "ERROR":
        return [("Mend what could not finish, then audit again.", [])]
    if judged.outcome != "FAIL":
        return [("Write down that exactly this data passed:", ["certificate = certify(data, report, suite)"])]
    mends = list(dict.fromkeys(MENDS[c] for c in MENDS if c in checks))
    told = []
    if mends:
        code = [f"patch = treat(data, report, {mends!r})", "clean = patch.apply(data)"]
        told.append(("Repair a copy; nothing is lost:", code))
    if "labels" in checks:
        code = ['report.write(Path("report"))', "assay review report/ DATA"]
        told.append(("Or settle the doubtful labels yourself: write the report, then run this in a shell:", code))
    left = [TITLES.get(c, c).lower() for c in sorted(checks - MENDS.keys())]
    return [*told, *([(f"Mend {words.listing(left)} at the source, then audit again.", [])] if left else [])]


def _change(line: Mapping[Any, Any]) -> str:
    if line["action"] == "relabel":
        return f"{words.visible(line['from'])} → {words.visible(line['to'])}"
    return f"{words.TIMES.strip()} {line['weight']:.3g}" if line["action"] == "weight" else ""
