"""How the labels were judged: whose flags these are, by which views, what is expected of them, cleanlab beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.confident import DEFAULT
from audit.expected import CLEANLAB, OURS
from audit.render import words
from audit.render.page.blocks import Block
from audit.render.sentences import precision_ends
from audit.report import Issues

COUNTED = {
    "agreement": "How many labels are wrong was read from where the views agree",
    "likelihood": "How many labels are wrong is what makes the given labels most likely, as sure as the views are",
    "one view": "How many labels are wrong is a compromise",
    "cleanlab num_label_issues": "How many labels are wrong is cleanlab's count",
}
"""In plain words, by the first words of the check's own rule; its reason follows."""
RANKED = {
    OURS: "by how probable it is that the label is wrong, given all views and which classes are mixed up",
    CLEANLAB: "by the probability of the given label (self-confidence)",
}


def judged_block(issues: Issues) -> Block | None:
    """All that says how much the flags and the count can be trusted."""
    detail = issues.detail
    if not detail.get("rule"):
        return None
    values = {
        "lines": _lines(issues, detail),
        "notes": [words.sentence(words.visible(note)).rstrip(".") for note in detail.get("notes", ())],
        **_views(detail.get("views", ())),
        "cleanlab": _cleanlab(detail["cleanlab"]) if detail.get("cleanlab") else None,
    }
    return Block("judged", "How this was judged", values=values)


def _lines(issues: Issues, detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    method, cutoff = detail["method"], words.visible(detail["cutoff_used"])
    rank = RANKED.get(method, f"by {words.visible(detail['score_used'])}, in place of assay's own order")
    flagged = f"by cleanlab's rule {cutoff.removeprefix('cleanlab ')}" if method == CLEANLAB else cutoff
    whose = {OURS: "assay's own", CLEANLAB: "cleanlab's: flags, order and count"}.get(
        method, f"ranked by {words.visible(method)}; the count and what is expected are assay's"
    )
    lines = [
        ("Whose flags", whose),
        ("Ranked", rank),
        ("Flagged", flagged),
        ("Counted", _counted(words.visible(detail["rule"]))),
        ("Expected", _expected(issues, detail)),
        ("Looked at", words.visible(detail.get("made_of") or "")),
    ]
    return [(what, f"{words.sentence(said).rstrip('.')}.") for what, said in lines if said]


def _counted(rule: str) -> str:
    head, _, reason = rule.partition(": ")
    return f"{COUNTED[head]}: {reason}" if head in COUNTED else rule


def _expected(issues: Issues, detail: Mapping[str, Any]) -> str:
    precision, recall = detail.get("expected_precision"), detail.get("expected_recall")
    if precision is None or recall is None:
        return "unknown how many of the flagged are wrong: these flags come without probabilities"
    flagged = round(issues.measures.get("flagged", 0))
    if not flagged:
        return "nothing is flagged"
    ends = precision_ends(issues)
    return (
        f"about {words.about(precision)} of the flagged are wrong (precision{f', {ends}' if ends else ''}); "
        f"about {words.about(recall)} of all wrong labels are flagged (recall)"
    )


def _views(lines: Any) -> dict[str, Any]:
    """A row a view; no column of weights where the method pools nothing."""
    weighted = any(v["weight"] is not None for v in lines)
    head = [("View", ""), ("Names the given label", "num"), *([("Weight", "num")] if weighted else [])]
    rows = [
        (words.visible(v["view"]), words.share(v["agreement"]), *([words.share(v["weight"])] if weighted else []))
        for v in lines
    ]
    second = any(v["agreement"] is None for v in lines)
    return {"views": {"head": head, "rows": rows, "label": "Views"} if rows else None, "second": second}


def _cleanlab(beside: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        (
            f"{rule} (its default)" if rule == DEFAULT else rule,
            words.count(x["flagged"]),
            words.count(x["flagged_here_too"]),
        )
        for rule, x in beside["filter_by"].items()
    ]
    head = (("Its rule", ""), ("Flags", "num"), ("Also flagged here", "num"))
    return {
        "count": words.plural(beside["count"], "wrong label"),
        "evidence": words.listing([words.visible(x) for x in beside["evidence"]], 6),
        "table": {"head": head, "rows": rows, "label": "cleanlab's rules"},
    }
