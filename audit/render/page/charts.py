"""Charts drawn by hand: text in HTML beside fluid SVG, so that words never shrink with the screen.

Colours are the stylesheet's roles, so that one drawing serves light, dark and paper. Every number drawn is also there
as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from audit.render import words
from audit.render.findings import Finding

BAR_WIDTH = 150
ALL_CLASSES = 20
ENDS = 10
COLOURS = {"fail": "fail", "warn": "warn", "pass": "pass", "error": "muted", "not_checked": "muted"}


def limit_bar(finding: Finding) -> Markup:
    """A bar from 0 to 1.25 times the larger of value and limit, with a tick at the limit; nothing without a limit."""
    value, limit = finding.value, finding.limit
    if not words.known(value) or not words.known(limit) or value is None or limit is None:
        return Markup("")
    top = 1.25 * max(value, limit) or 1.0
    filled, tick = (min(max(x / top, 0), 1) * BAR_WIDTH for x in (value, limit))
    # a value that is not nothing shows at least a pixel and a half
    filled = max(filled, 1.5) if value > 0 else 0
    return Markup(
        '<svg class="limit-bar" viewBox="0 0 150 18" role="img" aria-label="measured {}, limit {}">'
        '<rect y="6" width="150" height="6" fill="var(--line)"/>'
        '<rect y="6" width="{:.1f}" height="6" fill="var(--{})"/>'
        '<rect x="{:.1f}" width="2" height="18" fill="var(--ink)"/></svg>'
    ).format(finding.measured, finding.limit_text, filled, COLOURS[finding.state], min(max(tick - 1, 0), BAR_WIDTH - 2))


def class_dots(lines: Sequence[Mapping[str, Any]], limit: float | None) -> Markup:
    """Estimated share of wrong labels in each class, largest first: a dot, its 95 % line, the limit as a rule.

    `lines`: class, rows, flagged, rate, rate_low, rate_high. Coloured only where the whole line lies on one side of the limit.
    """
    shown = sorted((x for x in lines if x["rows"]), key=lambda x: (-x["rate"], -x["rows"]))[:ALL_CLASSES]
    top = min(1.05 * max([x["rate_high"] for x in shown] + ([limit] if limit is not None else []) + [0.01]), 1.0)
    rule = Markup("")
    if limit is not None:
        rule = Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y1="0" y2="100%" stroke="var(--ink)"/>').format(
            limit / top * 100
        )
    rows = [_dot(x, top, limit, rule) for x in shown]
    axis = Markup('<span></span><span class="ends"><i>0</i><i>{}</i></span><span></span>').format(words.share(top))
    return Markup('<div class="rows">{}{}</div>').format(Markup("").join(rows), axis)


def _dot(x: Mapping[str, Any], top: float, limit: float | None, rule: Markup) -> Markup:
    colour = "accent"
    if limit is not None:
        colour = "fail" if x["rate_low"] > limit else "pass" if x["rate_high"] <= limit else "muted"
    return Markup(
        '<span class="name" title="{0}">{0}</span><svg aria-hidden="true">'
        '<line x1="0" x2="100%" y1="12" y2="12" stroke="var(--line)"/>{1}'
        '<line x1="{2:.2f}%" x2="{3:.2f}%" y1="12" y2="12" stroke="var(--{5})" stroke-width="2.5"/>'
        '<circle cx="{4:.2f}%" cy="12" r="4.5" fill="var(--{5})"/></svg>'
        '<span class="value"><b>{6}</b> · {7} flagged</span>'
    ).format(
        words.visible(x["class"]), rule, x["rate_low"] / top * 100, x["rate_high"] / top * 100, x["rate"] / top * 100,
        colour, words.share(x["rate"]), words.count(x["flagged"]),
    )  # fmt: skip


def class_bars(lines: Sequence[Mapping[str, Any]]) -> Markup:
    """Rows in each class, largest first; above 20 classes the 10 largest and the 10 smallest."""
    most = max([x["rows"] for x in lines] + [1])
    parts = [lines] if len(lines) <= ALL_CLASSES else [lines[:ENDS], lines[-ENDS:]]
    between = Markup('<span class="wide small">{} between them</span>').format(
        words.plural(len(lines) - 2 * ENDS, "class", "classes")
    )
    drawn = [Markup("").join(_bar(x, most) for x in part) for part in parts]
    return Markup('<div class="rows">{}</div>').format(between.join(drawn))


def _bar(x: Mapping[str, Any], most: int) -> Markup:
    return Markup(
        '<span class="name" title="{0}">{0}</span><svg aria-hidden="true">'
        '<rect y="4" width="{1:.2f}%" height="16" fill="var(--accent)" opacity=".6"/></svg>'
        '<span class="value"><b>{2}</b> {3}</span>'
    ).format(words.visible(x["class"]), x["rows"] / most * 100, words.count(x["rows"]), words.share(x["share"]))


def histogram(values: Mapping[str, Sequence[float]]) -> Markup:
    """How many rows have each score: those that look wrong on the left end, stacked below the others.

    `values`: edges, and the counts `fine` and `flagged` between them.
    """
    fine, flagged = values["fine"], values["flagged"]
    most = max([a + b for a, b in zip(fine, flagged, strict=True)] + [1])
    width = 100 / max(len(fine), 1)
    bars = [
        _column(k * width, width, part / most * 100, below / most * 100, colour)
        for k, (a, b) in enumerate(zip(fine, flagged, strict=True))
        for part, below, colour in ((b, 0.0, "fail"), (a, b, "accent"))
        if part
    ]
    alt = f"{words.count(sum(flagged))} labels look wrong, {words.count(sum(fine))} do not; tallest bar {words.count(most)}"
    return Markup('<svg class="histogram" width="100%" height="140" role="img" aria-label="{}">{}</svg>').format(
        alt, Markup("").join(bars)
    )


def _column(x: float, width: float, height: float, base: float, colour: str) -> Markup:
    return Markup(
        '<rect x="{:.2f}%" y="{:.2f}%" width="{:.2f}%" height="{:.2f}%" fill="var(--{})" opacity="{}"/>'
    ).format(x, 100 - height - base, width * 0.9, height, colour, 1 if colour == "fail" else 0.6)
