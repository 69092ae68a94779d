"""The section on labels: the worst of them and why, the mix-ups between classes, the share of each class, the method."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from audit.expected import CLEANLAB
from audit.render import words
from audit.render.findings import Finding
from audit.render.judged import judged_block
from audit.render.page import charts
from audit.render.page.blocks import (
    BESIDE_CLASSES,
    MATRIX_CLASSES,
    MOST_MIX_UPS,
    Block,
    Stage,
)
from audit.render.page.label_cards import label_cards, linked, to_cards
from audit.render.sentences import precision_ends
from audit.report import Issues


def label_blocks(issues: Issues, stage: Stage) -> list[Block]:
    """Facts, the worst labels, which is mistaken for which, which classes are worst, how sure the models are, and why."""
    detail = issues.detail
    blocks = [_label_facts(issues, stage.finding)]
    cards = label_cards(issues, stage) if len(issues.findings) else None
    blocks += [cards] if cards else []
    if stage.finding.affected or issues.measures.get("count"):
        blocks += _classes(detail, stage.finding, linked(cards))
    if "histogram" in detail:
        drawing = charts.histogram(detail["histogram"])
        blocks.append(Block("histogram", "How sure the models are of each label", values={"drawing": drawing}))
    judged = judged_block(issues)
    return [*blocks, judged] if judged else blocks


def _classes(detail: Mapping[str, Any], finding: Finding, known: Collection[tuple[str, str]]) -> list[Block]:
    """Mix-ups beside the share of each class; a matrix too wide for half a page has the page's width."""
    matrix, pairs = _confusion(detail, known), _pairs_of_labels(detail, known)
    shares = None
    if detail.get("per_class"):
        drawing = charts.class_dots(detail["per_class"], _rate_limit(finding))
        shares = Block("chart", "Estimated share of wrong labels", _dots_caption(detail, finding), {"drawing": drawing})
    both = [b for b in (matrix, shares) if b is not None]
    beside = matrix is not None and len(detail["classes"]) <= BESIDE_CLASSES
    return [*([Block("two", values={"blocks": both})] if beside else both), *([pairs] if pairs else [])]


def _label_facts(issues: Issues, finding: Finding) -> Block:
    """Estimated wrong, flagged and what the flags are worth, the commonest mix-up: one fact each."""
    measures, detail = issues.measures, issues.detail
    theirs = detail.get("method") == CLEANLAB
    wrong, flagged = (round(measures.get(name, 0)) for name in ("count", "flagged"))
    facts = []
    if wrong or flagged:
        share = [words.share(measures.get("rate")), words.between(*map(measures.get, ("rate_low", "rate_high")))]
        limit = f" The limit, {finding.limit_text}, is on this share." if _rate_limit(finding) is not None else ""
        estimated = f"estimated wrong{' by cleanlab' if theirs else ''}: {', '.join(x for x in share if x)}.{limit}"
        facts = [
            (words.plural(wrong, "label"), estimated),
            (f"{words.count(flagged)} flagged", f"as looking wrong{_worth(issues, flagged)}."),
        ]
    pair = next(iter(detail.get("pairs", ())), None)
    if pair is not None and flagged:
        verb = "look like" if theirs else "should be"
        mixed = f"labelled {words.visible(pair['given'])} {verb} {words.visible(pair['suggested'])}"
        facts.append((f"about {_whole(pair['count'])}", f"{mixed}: the commonest mix-up."))
    return Block("facts", values={"facts": facts})


def _worth(issues: Issues, flagged: int) -> str:
    """What to expect of the flags, said after `as looking wrong`."""
    detail = issues.detail
    precision, recall = detail.get("expected_precision"), detail.get("expected_recall")
    if not flagged:
        return ""
    if precision is None or recall is None:
        return "; how many of them are is not known"
    ends = precision_ends(issues)
    return (
        f". About {words.about(precision)} of them{f' ({ends})' if ends else ''} are expected to be, "
        f"and they are about {words.about(recall)} of all wrong ones"
    )


def _confusion(detail: Mapping[str, Any], known: Collection[tuple[str, str]]) -> Block | None:
    """Flags by pair, where classes are few enough for a matrix and anything is flagged; pairs with cards lead there."""
    classes, matrix = detail.get("classes", ()), detail.get("confusion", ())
    most = max((v for line in matrix for v in line), default=0)
    if not most or len(classes) > MATRIX_CLASSES:
        return None
    names = [words.visible(c) for c in classes]
    heat = []
    for given, line in zip(names, matrix, strict=True):
        cells = [_cell(v, given, other, known) for v, other in zip(line, names, strict=True)]
        heat.append(
            (given, [(c, round(6 + 49 * v / most) if v else 0) for c, v in zip(cells, line, strict=True)], sum(line))
        )
    return Block(
        "heat",
        "Flagged: which label is mistaken for which",
        values={
            "classes": names,
            "lines": heat,
            "most": most,
            "leads": any((a, b) in known for a in names for b in names),
        },
    )


def _cell(flagged: int, given: str, suggested: str, known: Collection[tuple[str, str]]) -> str:
    """A number of flags, as a link where there are cards; nothing for none."""
    text = words.count(flagged) if flagged else ""
    return to_cards(text, given, suggested, flagged) if flagged and (given, suggested) in known else text


def _pairs_of_labels(detail: Mapping[str, Any], known: Collection[tuple[str, str]]) -> Block | None:
    """The commonest mix-ups: how many are expected, flagged or not, and how many are flagged."""
    pairs = detail.get("pairs", ())[: MOST_MIX_UPS if "confusion" in detail else None]
    if not pairs:
        return None
    rows = [
        (
            _mix_up(words.visible(p["given"]), words.visible(p["suggested"]), p["flagged"], known),
            f"{_whole(p['count'])} ({words.count(p['low'])} to {words.count(p['high'])})",
            words.count(p["flagged"]),
        )
        for p in pairs
    ]
    head = (("Labelled", ""), ("Estimated", "num"), ("Flagged", "num"))
    title = "Commonest mix-ups"
    return Block("table", title, values={"head": head, "rows": rows, "label": title, "width": "long"})


def _mix_up(given: str, suggested: str, flagged: int, known: Collection[tuple[str, str]]) -> str:
    text = f"{given}, looks like {suggested}"
    return to_cards(text, given, suggested, flagged) if (given, suggested) in known else text


def _whole(number: float) -> str:
    """An estimated number of rows: a fraction of one row is no more than that."""
    return words.count(number) if round(number) or not number else "under 1"


def _rate_limit(finding: Finding) -> float | None:
    """The limit, where it is on the very share that is drawn."""
    return finding.limit if finding.measure == "rate" else None


def _dots_caption(detail: Mapping[str, Any], finding: Finding) -> str:
    limit = _rate_limit(finding)
    text = f"Dot: estimated share. Line: 95{words.PERCENT} interval. Flagged: labels pointed at."
    if limit is not None:
        above = sum(c["rate_low"] > limit for c in detail.get("per_class", ()))
        text += f" Upright rule: the limit, {words.share(limit)}."
        text += (
            f" {words.sentence(words.plural(above, 'class is', 'classes are'))} clearly above it."
            if above
            else " No class is clearly above it."
        )
    extra = len([c for c in detail.get("per_class", ()) if c["rows"]]) - charts.ALL_CLASSES
    return text + (f" {words.plural(extra, 'more class', 'more classes')} not drawn." if extra > 0 else "")
