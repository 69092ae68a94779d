"""Each check's section: a lead, example rows, pairs, tables and plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.render import words
from audit.render.page import charts
from audit.render.page.blocks import FEWER_CARDS, FEWER_PAIRS, MOST_PAIRS, Block, Card, Pair, Section, Stage
from audit.render.page.examples import Example, Shelf, cell_text, side_by_side
from audit.render.page.label_blocks import label_blocks
from audit.render.sentences import corrected, people
from audit.report import Issues


def section(issues: Issues, stage: Stage) -> Section:
    """Everything the page shows of one check."""
    if issues.status != "ran":
        return Section(stage.finding, _why_not(issues), ())
    write = SECTIONS.get(issues.check, _plain)
    # with nothing found there is nothing to explain
    lead = LEADS.get(issues.check, "") if stage.finding.affected or issues.check == "schema" else ""
    if lead and issues.check == "labels":
        lead = f"{lead} {_checked(issues, stage)}"
    return Section(stage.finding, lead, tuple(write(issues, stage)))


def _checked(issues: Issues, stage: Stage) -> str:
    """What people found; where nobody has looked, how to."""
    said = [x for x in (people(issues.detail), corrected(issues.detail)) if x]
    if said:
        return " ".join(f"{words.sentence(x)}." for x in said)
    how = f": {stage.review}" if stage.review else ""
    return f"Nobody has checked these yet, and some will turn out to be right{how}"


def _why_not(issues: Issues) -> str:
    why = words.sentence(words.visible(issues.why)).rstrip(".")
    if issues.status == "error":
        return f"{why}. So nobody knows what this check would have found."
    return f"{why}. Not a pass: it was not looked at."


LEADS = {
    "labels": "Models that had never seen these rows disagree with their labels. Most doubtful first.",
    "conflicts": "The same content carries different labels, so at least one label of each set is wrong.",
    "duplicates": "Rows beyond the first of each set are counted. Sets that carry two labels come first.",
    "outliers": "Farthest first, each with its nearest neighbour. Far is not wrong: look before you drop.",
    "leakage": "The same content, or content very like it, is in both sets. Scores on those rows may measure memory, "
    "not skill.",
    "imbalance": "Rows in each class, largest first.",
    "missing": "Only columns with something missing are listed.",
    "non_iid": "Neighbours are sought among all rows. Where they stand nearer to one another than chance puts them, the "
    "order of the rows says what is in them. No single row is at fault.",
    "valuation": "Each row votes on the labels of the rows that it is a near neighbour of. These vote wrong where others "
    "vote right, more often than chance explains.",
    "schema": "The rules of the suite, broken ones first.",
}


# -- pairs: conflicts, duplicates, leakage ------------------------------------------------------------------------------


def _sets(issues: Issues, stage: Stage) -> list[Block]:
    most = MOST_PAIRS if stage.urgent else FEWER_PAIRS
    sets = issues.detail.get("sets", ())
    # a set that carries two labels is shown by two rows that differ in it
    pairs = [
        _pair(
            stage.here,
            s["rows"][0],
            stage.here,
            _other_of(s["rows"], stage.here),
            s.get("kind", "exact"),
            len(s["rows"]),
        )
        for s in sets[:most]
    ]
    found = stage.finding.affected
    rest = (
        f"; {words.count(found)} rows are beyond the first of their set"
        if issues.check == "duplicates"
        else f" of {words.count(found)}"
    )
    return _pairs_block(pairs, f"{words.plural(len(pairs), 'set')}{rest}", stage)


def _other_of(rows: Sequence[object], shelf: Shelf) -> object:
    """Of a set's rows the first that is labelled otherwise than its first one, else the second."""
    known = [shelf.ids.get(str(row)) for row in rows[:9]]
    labels = ["" if row is None else shelf.named(row).label for row in known]
    return next((row for row, label in zip(rows[1:], labels[1:], strict=False) if label != labels[0]), rows[1])


def _leaks(issues: Issues, stage: Stage) -> list[Block]:
    most = MOST_PAIRS if stage.urgent else FEWER_PAIRS
    within, known = issues.detail.get("within"), issues.detail.get("pairs", ())
    alone = stage.report.reference is None  # the twins are then in another split of the same data
    own = [alone or (within is not None and p.get("against") == within) for p in known]
    sides = [stage.here if inside else stage.there for inside in own]
    some = [(p, there) for p, there in zip(known, sides, strict=True) if there is not None][:most]
    pairs = [_pair(stage.here, p["row"], there, p["reference_row"], p["kind"], 2) for p, there in some]
    shown = _pairs_block(pairs, f"{len(pairs)} of {words.plural(stage.finding.affected, 'pair')}", stage)
    blocks = [*_inflation(issues), *(shown if pairs or stage.there is not None or alone else ())]
    if not alone and stage.there is None:
        which = "The pairs" if not pairs else "The reference's pairs"
        blocks.append(Block("words", words=f"{which} are not shown: the reference was not at hand."))
    return blocks


def _inflation(issues: Issues) -> list[Block]:
    """What the leak adds to a test score: two simple models, learnt with and without the rows that leaked."""
    found, notes = issues.detail.get("inflation"), issues.detail.get("notes", ())
    blocks = [Block("words", words=f"{words.sentence(words.visible(note))}.") for note in notes]
    if not found:
        return blocks
    rows = [
        (words.sentence(m["model"]), words.share(m["score"]), words.share(m["without"]), _too_high(m))
        for m in found["models"]
    ]
    head = (("Model", ""), ("Score", "num"), ("Without it", "num"), ("So the score is", ""))
    other = words.called(str(found.get("against") or issues.detail.get("against", "the other set")))
    told = (
        f"On all of {other}. Without it: the rows that leaked are judged by the same model, learnt anew without their twins "
        f"here and copies of these, {words.plural(found['dropped'], 'row')}, a fifth of them at a time. The nearest neighbour "
        "stands for models that memorise."
    )
    title = "What the leak is worth in the test score"
    return [*blocks, Block("table", title, told, {"head": head, "rows": rows, "label": title, "width": "long"})]


def _too_high(model: Mapping[str, Any]) -> str:
    low, high = model["low"], model["high"]
    ends = f"{words.interval(low * 100, high * 100)} points"
    if low <= 0 <= high:
        return f"inflated or not: cannot tell, {ends}"
    much = words.signed(abs(model["difference"]) * 100).removeprefix("+")
    return f"{'inflated' if low > 0 else 'lowered'} by {much} points, {ends.removesuffix(' points')}"


def _pair(here: Shelf, row: object, there: Shelf, other: object, kind: str, size: int) -> Pair:
    a, b = side_by_side(here, row, there, other)
    how = {"exact": "the same", "normalised": "the same but for capitals and spaces", "near": "look the same"}.get(
        kind, kind
    )
    torn = bool(a.label and b.label) and not _one_label(a.label, b.label)
    labels = f"{a.label} and {b.label}: two labels" if torn else f"both {a.label}" if a.label and b.label else ""
    more = f"{words.count(size)} rows" if size > 2 else ""
    return Pair(a, b, " · ".join(x for x in (labels, how, more) if x), torn)


def _one_label(one: str, other: str) -> bool:
    """Whether two sets mean one class by these, of which one may have read whole numbers as floats."""
    return other in {one, f"{one}.0"} or one == f"{other}.0"


def _pairs_block(pairs: list[Pair], shown: str, stage: Stage) -> list[Block]:
    if not pairs:
        return [_none_found(stage)]
    return [Block("pairs", values={"pairs": pairs, "of": stage.of, "shown": f"Shown: {shown}."})]


def _none_found(stage: Stage) -> Block:
    return Block(
        "words", words=f"None found in {words.plural(stage.report.dataset.rows, stage.noun.one, stage.noun.many)}."
    )


# -- the other checks --------------------------------------------------------------------------------------------------


def _outliers(issues: Issues, stage: Stage) -> list[Block]:
    pairs = []
    for row, line in issues.findings.head(FEWER_CARDS).iterrows():
        one, other = stage.here.show(row), stage.here.show(line["twin"])
        pairs.append(Pair(one, other, words.visible(line["reason"]), torn=False))
    if not pairs:
        return [_none_found(stage)]
    total = words.count(len(issues.findings))
    return [
        Block(
            "pairs",
            values={
                "pairs": pairs,
                "of": stage.of,
                "shown": f"{len(pairs)} of {total} shown; nearest neighbour on the right.",
            },
        )
    ]


def _balance(issues: Issues, _stage: Stage) -> list[Block]:
    lines = issues.detail.get("classes", ())
    return [Block("chart", values={"drawing": charts.class_bars(lines)})] if lines else []


def _missing(issues: Issues, stage: Stage) -> list[Block]:
    columns, broken = issues.detail.get("columns", ()), issues.detail.get("unreadable", ())
    blocks = []
    if columns:
        rows = [(words.visible(c["column"]), words.count(c["count"]), words.share(c["share"])) for c in columns[:50]]
        blocks.append(
            Block("table", values={"head": (("Column", ""), ("Missing", "num"), ("Share", "num")), "rows": rows})
        )
    if broken:
        cards = [Card(Example(words.row_name(b["row"]), "", why=words.visible(b["why"]))) for b in broken[:FEWER_CARDS]]
        blocks.append(
            Block(
                "cards",
                "Pictures that cannot be opened",
                values={"cards": cards, "of": "picture", "total": int(issues.measures.get("unreadable", len(broken)))},
            )
        )
    gone = issues.findings[issues.findings["kind"] != "unreadable"].head(6)
    if columns and len(gone) and stage.of == "cells":
        first = [c["column"] for c in columns[:3]]
        cards = [Card(stage.here.show(row, first), (words.visible(line["reason"]),)) for row, line in gone.iterrows()]
        blocks.append(
            Block(
                "cards",
                "Rows with something missing",
                values={"cards": cards, "of": "cells", "total": len(issues.findings)},
            )
        )
    return blocks or [_none_found(stage)]


def _schema(issues: Issues, _stage: Stage) -> list[Block]:
    order = {"error": 0, "fail": 1, "pass": 2}
    rules = sorted(issues.detail.get("expectations", ()), key=lambda r: order.get(r["state"], 0))
    lines = [
        {
            "state": "warn" if r["state"] == "fail" and r.get("severity") == "warning" else r["state"],
            "words": words.visible(r.get("words") or r["type"]),
            "hold": words.count((r.get("checked") or 0) - (r.get("broken") or 0)) + " of " + words.count(r.get("checked") or 0) if r.get("checked") else words.UNKNOWN,
            "why": words.visible(r.get("why") or "") if r["state"] == "error" else "",
            "examples": [(words.row_name(e["row"]), _offending(e["value"])) for e in r.get("examples", ())[:3]],
        }
        for r in rules
    ]  # fmt: skip
    return [Block("rules", values={"rules": lines})] if lines else []


def _offending(value: object) -> str:
    return "empty" if str(value) in ("", "nan", "None", "NaT", "<NA>") else cell_text(value)


def _plain(issues: Issues, stage: Stage) -> list[Block]:
    cards = [
        Card(stage.here.show(row), (words.visible(line["reason"]),))
        for row, line in issues.findings.head(FEWER_CARDS).iterrows()
    ]
    return (
        [Block("cards", values={"cards": cards, "of": stage.of, "total": len(issues.findings)})]
        if cards
        else [_none_found(stage)]
    )


SECTIONS: dict[str, Callable[[Issues, Stage], list[Block]]] = {
    "labels": label_blocks, "conflicts": _sets, "duplicates": _sets, "leakage": _leaks,
    "outliers": _outliers, "imbalance": _balance, "missing": _missing, "schema": _schema,
    "non_iid": lambda _issues, _stage: [],
}  # fmt: skip
