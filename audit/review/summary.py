"""What a review says, as lines of text and as JSON values."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.files import plain
from audit.render import words
from audit.review.agreement import Agreement, agreement, answers
from audit.review.decisions import Decision, disputed, settle
from audit.review.measure import NEXT, Measured, Share, measure
from audit.review.queue import Plan


def summary(design: Plan, decisions: Sequence[Decision], queue: np.ndarray) -> dict[str, Any]:
    """Everything there is to say, as JSON values with `lines` in words."""
    settled = settle(decisions)
    found = measure(design, settled, queue)
    given = dict(zip(design.ids, design.given, strict=True))
    agreed, apart = agreement(answers(decisions, given)), disputed(settled)
    seconds = [d.seconds for d in decisions if d.seconds]
    pace = statistics.median(seconds) if seconds else None
    outcomes: Counter[str] = Counter(s.outcome for s in settled.values())
    lines = [
        *_decided(found, outcomes, pace),
        *_measured(found, len(design)),
        *_more(found, pace),
        *_agreed(agreed, apart),
    ]
    shares = {name: _share(getattr(found, name)) for name in ("precision", "missed", "rate", "recall")}
    return {
        "decided": found.decided,
        "outcomes": dict(outcomes),
        "seconds_each": pace,
        **shares,
        "expected_precision": None if np.isnan(found.expected) else found.expected,
        "unsure": found.unsure,
        "next_rows": found.next_rows,
        "next_wrong": found.next_wrong,
        "agreement": agreed and plain(vars(agreed)),
        "disputed": apart,
        "lines": [[what, said] for what, said in lines],
    }


def _share(share: Share | None) -> dict[str, float] | None:
    if share is None:
        return None
    return {"value": share.value, "low": share.low, "high": share.high, "answers": share.answers}


def _decided(found: Measured, outcomes: Counter[str], pace: float | None) -> list[tuple[str, str]]:
    names = {"keep": "kept", "relabel": "given another label", "drop": "to be dropped", "unsure": "not sure", "disputed": "disputed"}  # fmt: skip
    said = words.listing([f"{words.count(n)} {names[k]}" for k, n in outcomes.most_common()], 5)
    each = f", {pace:.1f} s each" if pace else ""
    return [("decided", f"{words.plural(found.decided, 'row')}{f': {said}' if said else ''}{each}")]


def _measured(found: Measured, rows: int) -> list[tuple[str, str]]:
    lines = []
    if found.precision is None:
        lines.append(("precision", "not known yet: a few more flagged rows must be settled in the order of the queue"))
    else:
        beside = "" if np.isnan(found.expected) else f"; the audit expected {words.about(found.expected)}"
        lines.append(
            ("precision", f"{_said(found.precision)} of the {words.count(found.flagged)} flags are right{beside}")
        )
    if found.missed is None or found.rate is None:
        lines.append(("wrong rows", "not known: review --sample 300 draws rows that were not flagged"))
    else:
        lines.append(("missed", f"{_said(found.missed)} of the rows that were not flagged are wrong"))
        lines.append(("wrong rows", f"{_said(found.rate)} of all {words.count(rows)} rows"))
    if found.recall is not None:
        lines.append(("recall", f"{_said(found.recall)} of the wrong rows were flagged"))
    if found.unsure:
        lines.append(
            ("left out", f"{words.plural(found.unsure, 'row')} on which nobody is sure, or reviewers disagree")
        )
    return lines


def _said(share: Share) -> str:
    between = words.between(share.low, share.high) if share.low < share.high else "all of them looked at"
    return f"{words.share(share.value)} ({between})"


def _more(found: Measured, pace: float | None) -> list[tuple[str, str]]:
    """Whether more review pays: by what the next wrong label costs in time."""
    if not found.next_rows:
        return [("more review", "nothing is left in the queue")]
    if found.next_wrong is None:
        return [("more review", "not known yet: settle a few rows first")]
    which = f"the next {found.next_rows} rows" if found.next_rows == NEXT else f"the last {found.next_rows} rows"
    many = words.count(found.next_wrong) if round(found.next_wrong) else "fewer than 1"
    cost = ""
    if pace and found.next_wrong:
        each = words.duration(pace * found.next_rows / found.next_wrong)
        cost = f"; it pays while a wrong label found is worth {each} of looking"
    return [("more review", f"about {many} of {which} are wrong{cost}")]


def _agreed(agreed: Agreement | None, apart: Sequence[str]) -> list[tuple[str, str]]:
    if agreed is None:
        return []
    kappa = words.UNKNOWN if agreed.kappa is None else f"{agreed.kappa:.2f}".replace("-", words.MINUS)
    who = words.listing([words.visible(r) for r in agreed.reviewers], 4)
    said = f"{words.share(agreed.same)} of {words.plural(agreed.rows, 'row')} that {who} share; {agreed.name} {kappa}"
    lines = [("agreement", said)]
    if apart:
        lines.append(("disagree", f"on {words.plural(len(apart), 'row')}: assay review REPORT --disagreements"))
    return lines
