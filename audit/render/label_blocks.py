"""The section on labels: the worst of them, the mix-ups between classes, the share of each class that looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.render import charts, words
from audit.render.blocks import BESIDE_CLASSES, FEWER_CARDS, MATRIX_CLASSES, MOST_CARDS, Block, Card, Stage
from audit.render.findings import Finding, how_sure
from audit.report import Issues


def label_blocks(issues: Issues, stage: Stage) -> list[Block]:
    """Facts, the worst labels, which is mistaken for which, which classes are worst, how sure the model is."""
    detail = issues.detail
    blocks = [_label_facts(issues)]
    if len(issues.findings):
        blocks.append(_label_cards(issues, stage))
    if stage.finding.affected:
        blocks += _classes(detail, stage.finding)
    if "histogram" in detail:
        drawing = charts.histogram(detail["histogram"])
        blocks.append(Block("histogram", "How sure the model is of each label", values={"drawing": drawing}))
    return blocks


def _classes(detail: Mapping[str, Any], finding: Finding) -> list[Block]:
    """Mix-ups beside the share of each class; a matrix too wide for half a page has the page's width."""
    mixed = _confusion(detail) if "confusion" in detail else _pairs_of_labels(detail)
    shares = None
    if detail.get("per_class"):
        drawing = charts.class_dots(detail["per_class"], _rate_limit(finding))
        shares = Block(
            "chart", "Share of each class that looks wrong", _dots_caption(detail, finding), {"drawing": drawing}
        )
    both = [b for b in (mixed, shares) if b is not None]
    wide = mixed is not None and mixed.kind == "heat" and len(detail["classes"]) > BESIDE_CLASSES
    return both if wide else [Block("two", values={"blocks": both})]


def _label_facts(issues: Issues) -> Block:
    measures, agreement = issues.measures, issues.detail.get("agreement")
    facts = []
    if measures.get("count"):
        rest = words.between(measures.get("rate_low"), measures.get("rate_high"))
        facts.append(
            (
                words.share(measures.get("rate")),
                f"of the labels look wrong ({rest})." if rest else "of the labels look wrong.",
            )
        )
        pairs = issues.detail.get("pairs", ())
        if pairs:
            first = pairs[0]
            text = f"labelled {words.visible(first['given'])}, {'looks' if first['count'] == 1 else 'look'} like {words.visible(first['suggested'])}: the commonest mix-up."
            facts.append((words.count(first["count"]), text))
    if agreement is not None:
        facts.append((words.share(agreement), "of the labels are the model's own first guess."))
    return Block("facts", values={"facts": facts})


def _label_cards(issues: Issues, stage: Stage) -> Block:
    most = MOST_CARDS if stage.urgent else FEWER_CARDS
    cards = []
    for k, (row, line) in enumerate(issues.findings.head(most).iterrows()):
        given, looks = words.visible(line["given"]), words.visible(line["suggested"])
        cards.append(Card(stage.here.show(row), (how_sure(line["reason"]),), given, looks, k))
    total = len(issues.findings)
    choices = {"given": sorted({c.given for c in cards}), "looks": sorted({c.suggested for c in cards})}
    return Block("label_cards", values={"cards": cards, "of": stage.of, "total": total, **choices})


def _confusion(detail: Mapping[str, Any]) -> Block | None:
    classes, matrix = detail["classes"], detail["confusion"]
    most = max((v for line in matrix for v in line), default=0)
    if not most or len(classes) > MATRIX_CLASSES:
        return _pairs_of_labels(detail)
    heat = [
        (words.visible(c), [(v, round(6 + 49 * v / most) if v else 0) for v in line], sum(line))
        for c, line in zip(classes, matrix, strict=True)
    ]
    return Block(
        "heat",
        "Which label is mistaken for which",
        values={"classes": [words.visible(c) for c in classes], "lines": heat, "most": most},
    )


def _pairs_of_labels(detail: Mapping[str, Any]) -> Block | None:
    pairs = detail.get("pairs", ())
    if not pairs:
        return None
    rows = [(words.visible(p["given"]), words.visible(p["suggested"]), words.count(p["count"])) for p in pairs]
    return Block(
        "table",
        "Which label is mistaken for which",
        values={"head": (("Labelled", ""), ("Looks like", ""), ("Labels", "num")), "rows": rows},
    )


def _rate_limit(finding: Finding) -> float | None:
    return finding.limit if finding.measured.endswith("%") else None


def _dots_caption(detail: Mapping[str, Any], finding: Finding) -> str:
    limit = _rate_limit(finding)
    text = "Dot: measured. Line: 95 % interval.".replace(" %", words.PERCENT)
    if limit is not None:
        above = sum(c["low"] > limit for c in detail.get("per_class", ()))
        text += f" Upright rule: the limit, {words.share(limit)}."
        text += (
            f" {words.sentence(words.plural(above, 'class is', 'classes are'))} clearly above it."
            if above
            else " No class is clearly above it."
        )
    extra = len([c for c in detail.get("per_class", ()) if c["rows"]]) - charts.ALL_CLASSES
    return text + (f" {words.plural(extra, 'more class', 'more classes')} not drawn." if extra > 0 else "")
