"""What a page shows of each check: leads, example rows, pairs and plots, as plain values for the templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from audit.render import charts, words
from audit.render.examples import Cell, Example, Shelf, cell_text, marked
from audit.render.findings import Finding, help_for, how_sure
from audit.render.words import NOUNS, Noun
from audit.report import Issues, Report

MOST_CARDS = 24
FEWER_CARDS = 12
MOST_PAIRS = 16
FEWER_PAIRS = 8
MATRIX_CLASSES = 20


@dataclass(frozen=True)
class Block:
    """One part of a section; `kind` names the template that draws it."""

    kind: str
    title: str = ""
    words: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """An example row with its caption."""

    example: Example
    lines: tuple[str, ...] = ()
    given: str = ""
    suggested: str = ""
    order: float = 0.0


@dataclass(frozen=True)
class Pair:
    """Two rows side by side."""

    a: Example
    b: Example
    heading: str
    torn: bool
    """Whether their labels differ."""


@dataclass(frozen=True)
class Section:
    """One check on the page."""

    finding: Finding
    lead: str
    blocks: tuple[Block, ...]

    @property
    def help(self) -> str:
        """What can be done about it."""
        return help_for(self.finding)


@dataclass(frozen=True)
class Stage:
    """What the sections are written from."""

    report: Report
    here: Shelf
    there: Shelf | None
    noun: Noun

    @property
    def of(self) -> str:
        """What the examples are: picture, text or cells."""
        return {"image": "picture", "text": "text", "table": "cells"}[self.here.data.kind]


def section(issues: Issues, finding: Finding, stage: Stage) -> Section:
    """Everything the page shows of one check."""
    if issues.status != "ran":
        return Section(finding, _why_not(issues, finding), ())
    write = SECTIONS.get(issues.check, _plain)
    return Section(finding, LEADS.get(issues.check, ""), tuple(write(issues, finding, stage)))


def _why_not(issues: Issues, finding: Finding) -> str:
    why = words.sentence(words.visible(issues.why)).rstrip(".")
    if issues.status == "error":
        return f"{why}. So nobody knows what this check would have found."
    return f"{why}. Not a pass: it was not looked at."


LEADS = {
    "labels": "A model that had never seen these rows disagrees with their label. Most doubtful first. Nobody has "
    "checked them yet: some will turn out to be right.",
    "conflicts": "The same content carries different labels, so at least one label of each set is wrong.",
    "duplicates": "Rows beyond the first of each set are counted. Sets that carry two labels come first.",
    "outliers": "Farthest first, each with its nearest neighbour. Far is not wrong: look before you drop.",
    "leakage": "The same content, or content very like it, is in both sets. Scores on those rows may measure memory, "
    "not skill.",
    "imbalance": "Rows in each class, largest first.",
    "missing": "Only columns with something missing are listed.",
    "schema": "The rules of the suite, broken ones first.",
}


# -- labels ------------------------------------------------------------------------------------------------------------


def _labels(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    detail = issues.detail
    blocks = [_label_facts(issues)]
    if len(issues.findings):
        blocks.append(_label_cards(issues, finding, stage))
    left = _confusion(detail) if "confusion" in detail else _pairs_of_labels(detail)
    right = Block("chart", "Share of each class that looks wrong", _dots_caption(detail, finding),
                  {"drawing": charts.class_dots(detail.get("per_class", ()), _rate_limit(finding))})  # fmt: skip
    both = [b for b in (left, right if detail.get("per_class") else None) if b is not None]
    if finding.affected and both:
        blocks.append(Block("two", values={"blocks": both}))
    if "histogram" in detail:
        drawing = charts.histogram(detail["histogram"])
        blocks.append(Block("histogram", "How sure the model is of each label", values={"drawing": drawing}))
    return blocks


def _label_facts(issues: Issues) -> Block:
    measures, agreement = issues.measures, issues.detail.get("agreement")
    facts = []
    if measures.get("count"):
        rest = words.between(measures.get("rate_low"), measures.get("rate_high"))
        facts.append((words.share(measures.get("rate")), f"of the labels look wrong ({rest})." if rest else "of the labels look wrong."))
        pairs = issues.detail.get("pairs", ())
        if pairs:
            first = pairs[0]
            text = f"labelled {words.visible(first['given'])}, {'looks' if first['count'] == 1 else 'look'} like {words.visible(first['suggested'])}: the commonest mix-up."
            facts.append((words.count(first["count"]), text))
    if agreement is not None:
        facts.append((words.share(agreement), "of the labels are the model's own first guess."))
    return Block("facts", values={"facts": facts})


def _label_cards(issues: Issues, finding: Finding, stage: Stage) -> Block:
    most = MOST_CARDS if finding.state in ("fail", "warn", "error") else FEWER_CARDS
    cards = []
    for k, (row, line) in enumerate(issues.findings.head(most).iterrows()):
        given, looks = words.visible(line["given"]), words.visible(line["suggested"])
        cards.append(Card(stage.here.show(row), (how_sure(line["reason"]),), given, looks, k))
    total = len(issues.findings)
    given, looks = (sorted({getattr(c, name) for c in cards}) for name in ("given", "suggested"))
    return Block("label_cards", values={"cards": cards, "of": stage.of, "total": total, "given": given, "looks": looks})


def _confusion(detail: Mapping[str, Any]) -> Block | None:
    classes, matrix = detail["classes"], detail["confusion"]
    most = max((v for line in matrix for v in line), default=0)
    if not most or len(classes) > MATRIX_CLASSES:
        return _pairs_of_labels(detail)
    heat = [
        (words.visible(c), [(v, round(6 + 49 * v / most) if v else 0) for v in line], sum(line))
        for c, line in zip(classes, matrix, strict=True)
    ]
    return Block("heat", "Which label is mistaken for which", values={"classes": [words.visible(c) for c in classes], "lines": heat, "most": most})


def _pairs_of_labels(detail: Mapping[str, Any]) -> Block | None:
    pairs = detail.get("pairs", ())
    if not pairs:
        return None
    rows = [(words.visible(p["given"]), words.visible(p["suggested"]), words.count(p["count"])) for p in pairs]
    return Block("table", "Which label is mistaken for which", values={"head": (("Labelled", ""), ("Looks like", ""), ("Labels", "num")), "rows": rows})


def _rate_limit(finding: Finding) -> float | None:
    return finding.limit if finding.measured.endswith("%") else None


def _dots_caption(detail: Mapping[str, Any], finding: Finding) -> str:
    limit = _rate_limit(finding)
    text = "Dot: measured. Line: 95 % interval.".replace(" %", words.PERCENT)
    if limit is not None:
        above = sum(c["low"] > limit for c in detail.get("per_class", ()))
        text += f" Upright rule: the limit, {words.share(limit)}."
        text += f" {words.sentence(words.plural(above, 'class is', 'classes are'))} clearly above it." if above else " No class is clearly above it."
    extra = len([c for c in detail.get("per_class", ()) if c["rows"]]) - charts.ALL_CLASSES
    return text + (f" {words.plural(extra, 'more class', 'more classes')} not drawn." if extra > 0 else "")


# -- pairs: conflicts, duplicates, leakage ------------------------------------------------------------------------------


def _sets(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    most = MOST_PAIRS if finding.state in ("fail", "warn") else FEWER_PAIRS
    sets = issues.detail.get("sets", ())
    # a set that carries two labels is shown by two rows that differ in it
    pairs = [_pair(*_two_of(s["rows"], stage), s.get("kind", "exact"), len(s["rows"])) for s in sets[:most]]
    return _pairs_block(pairs, finding.affected, "sets", stage)


def _two_of(rows: Sequence[object], stage: Stage) -> tuple[Example, Example]:
    first = stage.here.show(rows[0])
    others = (stage.here.show(row) for row in rows[1:9])
    second = stage.here.show(rows[1])
    return first, next((x for x in others if x.label != first.label), second)


def _leaks(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    most = MOST_PAIRS if finding.state in ("fail", "warn") else FEWER_PAIRS
    there = stage.there or stage.here
    pairs = []
    for p in issues.detail.get("pairs", ())[:most]:
        twin = there.show(p["reference_row"])
        pairs.append(_pair(stage.here.show(p["row"]), twin, p["kind"], 2))
    return _pairs_block(pairs, finding.affected, "pairs", stage)


def _pair(a: Example, b: Example, kind: str, size: int) -> Pair:
    how = {"exact": "the same", "normalised": "the same but for capitals and spaces", "near": "look the same"}.get(kind, kind)
    torn = bool(a.label and b.label and a.label != b.label)
    labels = f"{a.label} and {b.label}: two labels" if torn else f"both {a.label}" if a.label and b.label else ""
    more = f"{words.count(size)} rows" if size > 2 else ""
    left, right = marked(a, b)
    return Pair(left, right, " · ".join(x for x in (labels, how, more) if x), torn)


def _pairs_block(pairs: list[Pair], total: int, what: str, stage: Stage) -> list[Block]:
    if not pairs:
        return [_none_found(stage)]
    return [Block("pairs", values={"pairs": pairs, "of": stage.of, "shown": f"{words.plural(len(pairs), what[:-1])} shown."})]


def _none_found(stage: Stage) -> Block:
    return Block("words", words=f"None found in {words.plural(stage.report.dataset.rows, stage.noun.one, stage.noun.many)}.")


# -- the other checks --------------------------------------------------------------------------------------------------


def _outliers(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    pairs = []
    for row, line in issues.findings.head(FEWER_CARDS).iterrows():
        one, other = stage.here.show(row), stage.here.show(line["twin"])
        pairs.append(Pair(one, other, words.visible(line["reason"]), torn=False))
    if not pairs:
        return [_none_found(stage)]
    total = words.count(len(issues.findings))
    return [Block("pairs", values={"pairs": pairs, "of": stage.of, "shown": f"{len(pairs)} of {total} shown; nearest neighbour on the right."})]


def _balance(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    lines = issues.detail.get("classes", ())
    return [Block("chart", values={"drawing": charts.class_bars(lines)})] if lines else []


def _missing(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    columns, broken = issues.detail.get("columns", ()), issues.detail.get("unreadable", ())
    blocks = []
    if columns:
        rows = [(words.visible(c["column"]), words.count(c["count"]), words.share(c["share"])) for c in columns[:50]]
        blocks.append(Block("table", values={"head": (("Column", ""), ("Missing", "num"), ("Share", "num")), "rows": rows}))
    if broken:
        cards = [Card(Example(words.row_name(b["row"]), "", why=words.visible(b["why"]))) for b in broken[:FEWER_CARDS]]
        blocks.append(Block("cards", "Pictures that cannot be opened", values={"cards": cards, "of": "picture", "total": len(broken)}))
    gone = issues.findings[issues.findings["kind"] != "unreadable"].head(6)
    if columns and len(gone) and stage.of == "cells":
        first = [c["column"] for c in columns[:3]]
        cards = [Card(stage.here.show(row, first), (words.visible(line["reason"]),)) for row, line in gone.iterrows()]
        blocks.append(Block("cards", "Rows with something missing", values={"cards": cards, "of": "cells", "total": len(issues.findings)}))
    return blocks or [_none_found(stage)]


def _schema(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    order = {"error": 0, "fail": 1, "pass": 2}
    rules = sorted(issues.detail.get("expectations", ()), key=lambda r: order.get(r["state"], 0))
    lines = [
        {
            "state": "warn" if r["state"] == "fail" and r.get("severity") == "warning" else r["state"],
            "words": words.visible(r.get("words") or r["type"]),
            "hold": words.count((r.get("checked") or 0) - (r.get("broken") or 0)) + " of " + words.count(r.get("checked") or 0) if r.get("checked") else words.UNKNOWN,
            "why": words.visible(r.get("why") or "") if r["state"] == "error" else "",
            "examples": [(words.row_name(e["row"]), cell_text(e["value"])) for e in r.get("examples", ())[:3]],
        }
        for r in rules
    ]  # fmt: skip
    return [Block("rules", values={"rules": lines})] if lines else []


def _plain(issues: Issues, finding: Finding, stage: Stage) -> list[Block]:
    cards = [Card(stage.here.show(row), (words.visible(line["reason"]),)) for row, line in issues.findings.head(FEWER_CARDS).iterrows()]
    return [Block("cards", values={"cards": cards, "of": stage.of, "total": len(issues.findings)})] if cards else [_none_found(stage)]


SECTIONS: dict[str, Callable[[Issues, Finding, Stage], list[Block]]] = {
    "labels": _labels, "conflicts": _sets, "duplicates": _sets, "leakage": _leaks,
    "outliers": _outliers, "imbalance": _balance, "missing": _missing, "schema": _schema,
}  # fmt: skip
