"""The cards of the label section: the worst labels, and a few more of each mix-up for whoever asks for that one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from markupsafe import Markup

from audit.render import words
from audit.render.findings import how_sure
from audit.render.page.blocks import FEWER_CARDS, MORE_CARDS, MOST_CARDS, OF_A_MIX_UP, Block, Card, Stage
from audit.render.page.examples import Example, doubted
from audit.render.page.links import pair_anchor
from audit.render.why import Why, whys
from audit.report import Issues

MORE_SIDE = 118
"""Of a picture that is shown only when its mix-up is asked for: as large as it is drawn."""


def label_cards(issues: Issues, stage: Stage) -> Block:
    """The worst labels, worst first, and beside them as many as it takes, and as there is room for, to show
    `OF_A_MIX_UP` of each mix-up; fewer where the section is folded."""
    most = MOST_CARDS if stage.urgent else FEWER_CARDS
    reasons = whys(issues, stage.here, most)
    cards = [_card(issues, stage, row, reasons) for row in issues.findings.index[:most]]
    rest = _more(issues, most, MORE_CARDS if stage.urgent else FEWER_CARDS)
    more = [_card(issues, stage, row, {}, MORE_SIDE) for row in rest]
    everything = [*cards, *more]
    return Block(
        "label_cards",
        values={
            "cards": cards, "more": more, "of": stage.of, "total": len(issues.findings),
            "given": sorted({c.given for c in everything}), "looks": sorted({c.suggested for c in everything}),
        },
    )  # fmt: skip


def _more(issues: Issues, most: int, room: int) -> list[Hashable]:
    """Rows beyond the `most` worst: the worst of each mix-up that has too few cards, those with none first."""
    found = issues.findings
    place = found.groupby(["given", "suggested"], dropna=False).cumcount().to_numpy()
    pairs = [(str(a), str(b)) for a, b in zip(found["given"], found["suggested"], strict=True)]
    # a matrix leads to every mix-up; without one only those in the list do
    known = (
        set(pairs)
        if "confusion" in issues.detail
        else {(str(p["given"]), str(p["suggested"])) for p in issues.detail.get("pairs", ())}
    )
    wanted = [(place[i], i) for i in range(most, len(found)) if place[i] < OF_A_MIX_UP and pairs[i] in known]
    return [found.index[i] for _, i in sorted(wanted)[:room]]


def _card(issues: Issues, stage: Stage, row: Hashable, reasons: Mapping[str, Why], side: int | None = None) -> Card:
    line = issues.findings.loc[row]  # type: ignore[call-overload]  # ids are unique: one line
    given, suggested = str(line["given"]), str(line["suggested"])
    example = _shown(stage, row, given, suggested, side)
    sure = (how_sure(issues, row),)
    return Card(example, sure, words.visible(given), words.visible(suggested), reasons.get(str(row)))


def _shown(stage: Stage, row: Hashable, given: str, suggested: str, side: int | None) -> Example:
    if side is not None and stage.of == "picture":
        return stage.here.show(row, side=side)
    return doubted(stage.here, row, given, suggested)


def linked(cards: Block | None) -> frozenset[tuple[str, str]]:
    """The mix-ups, given label and suggested one, that have a card on the page."""
    if cards is None:
        return frozenset()
    return frozenset((c.given, c.suggested) for c in (*cards.values["cards"], *cards.values["more"]))


def to_cards(text: str, given: str, suggested: str, flagged: int) -> Markup:
    """A text that leads to the cards of one mix-up and says how many rows of it are flagged."""
    return Markup('<a href="#{}" data-n="{}" title="{}">{}</a>').format(
        pair_anchor(given, suggested), words.count(flagged), f"{words.count(flagged)} labelled {given}, looking like {suggested}", text
    )  # fmt: skip
