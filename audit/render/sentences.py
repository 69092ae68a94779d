"""What each check found, in a sentence and a note; nothing here knows of limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.expected import CLEANLAB, OURS, expected_of
from audit.render import words
from audit.render.words import NOUNS, Noun
from audit.report import Card, Issues


@dataclass(frozen=True)
class Said:
    """A check's sentence, before it is judged."""

    sentence: str
    affected: int
    """How many rows, labels or rules the sentence is about."""
    note: str = ""


def say(issues: Issues, card: Card) -> Said:
    """What a check that ran has found."""
    speak = SENTENCES.get(issues.check)
    if speak is not None:
        return speak(issues, card)
    n = len(issues.findings)
    return Said(words.plural(n, "row is flagged", "rows are flagged"), n)


def _count(issues: Issues, measure: str = "count") -> int:
    return round(issues.measures.get(measure, 0))


def _labels(issues: Issues, _card: Card) -> Said:
    """Two numbers that must not be mixed up: labels pointed at, and labels estimated to be wrong."""
    flagged, wrong = _count(issues, "flagged"), _count(issues)
    if not flagged and not wrong:
        return Said("no label looks wrong", 0)
    rate = [
        words.share(issues.measures.get("rate")),
        words.between(*map(issues.measures.get, ("rate_low", "rate_high"))),
    ]
    span = ", ".join(x for x in rate if x)
    if not flagged:
        said = words.plural(wrong, "label is", "labels are")
        return Said(f"an estimated {said} wrong, none is flagged", 0, f"that is {span}")
    estimated = f"an estimated {words.count(wrong)} {'is' if wrong == 1 else 'are'} wrong: {span}"
    detail = issues.detail
    parts = [estimated, _expected(issues), people(detail), corrected(detail), _most_often(detail.get("per_class", ()))]
    return Said(
        words.plural(flagged, "label looks wrong", "labels look wrong"), flagged, "; ".join(x for x in parts if x)
    )


def _expected(issues: Issues) -> str:
    """What the flags are worth, in two half lines; of another method's flags, whose they are."""
    detail = issues.detail
    method = detail.get("method", OURS)
    if method == CLEANLAB:
        return f"flags and count are cleanlab's ({str(detail.get('cutoff_used', '')).removeprefix('cleanlab ')})"
    precision, recall = detail.get("expected_precision"), detail.get("expected_recall")
    if precision is None or recall is None:
        return ""
    other = "" if method == OURS else f"ranked by {words.visible(method)}; "
    flags, wrong = f"{words.about(precision)} of the flagged wrong", f"{words.about(recall)} of the wrong flagged"
    ends = precision_ends(issues)
    return f"{other}expected: {flags}, {f'{ends}; and ' if ends else ''}{wrong}"


def precision_ends(issues: Issues) -> str:
    """The interval of the precision that is expected of the flags; "" where there is none."""
    said = expected_of(issues)
    return words.about_between(said.precision, said.low, said.high) if said and said.precision is not None else ""


def people(detail: Mapping[str, Any]) -> str:
    """What people found who looked at flagged labels, in a line; "" where nobody has looked."""
    found = detail.get("people")
    if not found:
        return ""
    flagged = words.count(found["flagged"])
    looked = f"people looked at {words.count(found['looked'])} of {flagged} flagged labels"
    looked += f", {words.count(found['unsure'])} undecided" if found["unsure"] else ""
    measured = found["precision"]
    if measured is None:
        return f"{looked}: too few to say how many are wrong"
    of = "" if found["looked"] == found["flagged"] else f"of all {flagged}, an estimated "
    return f"{looked}: {of}{words.share(measured['value'])} wrong{_ends(measured)}"


def corrected(detail: Mapping[str, Any]) -> str:
    """The share of all labels that is wrong by what people found; "" where they have not said how many were missed."""
    rate = (detail.get("people") or {}).get("rate")
    return (
        f"corrected by what they found, {words.share(rate['value'])} of all labels are wrong{_ends(rate)}"
        if rate
        else ""
    )


def _ends(share: Mapping[str, Any]) -> str:
    return f", {words.between(share['low'], share['high'])}" if share["low"] < share["high"] else ""


def _most_often(lines: Sequence[Mapping[str, Any]]) -> str:
    worst = sorted(lines, key=lambda c: -c["flagged"])
    names = [words.shorten(words.visible(c["class"]), 24) for c in worst[:3] if c["flagged"]]
    return f"{words.listing(names)} most often" if len(worst) > len(names) > 1 else ""


def _conflicts(issues: Issues, card: Card) -> Said:
    noun = NOUNS[card.kind]
    n = _count(issues)
    if not n:
        return Said(f"no {noun.one} carries two labels", 0)
    rows = _count(issues, "rows")
    verb = "appears with more than one label" if n == 1 else "appear with more than one label"
    return Said(f"{noun.of(n)} {verb}", n, f"in {words.plural(rows, 'row')}" if rows else "")


def _duplicates(issues: Issues, card: Card) -> Said:
    noun = NOUNS[card.kind]
    exact, near = _count(issues, "exact.count"), _count(issues, "near.count")
    folded = _count(issues, "normalised.count") - exact
    n = exact + max(folded, 0) + near
    if not n:
        return Said(f"no {noun.one} appears twice", 0)
    parts = [
        (exact, "repeats another", "repeat another"),
        (folded, "repeats another but for capitals and spaces", "repeat another but for capitals and spaces"),
        (near, "looks the same as another", "look the same as another"),
    ]
    return _first_and_rest([p for p in parts if p[0] > 0], noun, n)


def _first_and_rest(parts: list[tuple[int, str, str]], noun: Noun, n: int) -> Said:
    (first, one, many), *rest = parts
    note = "; ".join(f"{words.count(k)} more {o if k == 1 else m}" for k, o, m in rest)
    return Said(f"{noun.of(first)} {one if first == 1 else many}", n, note)


def _leakage(issues: Issues, card: Card) -> Said:
    noun = NOUNS[card.kind]
    other = words.called(str(issues.detail.get("against", "the other set")))
    exact, near = _count(issues, "exact.count"), _count(issues, "near.count")
    folded = _count(issues, "normalised.count") - exact
    n = exact + max(folded, 0) + near
    if not n:
        return Said(f"no {noun.one} of {other} appears here", 0)
    parts = [
        (exact, f"of {other} appears here too", f"of {other} appear here too"),
        (folded, f"of {other} appears here but for capitals and spaces", f"of {other} appear here but for capitals and spaces"),
        (near, f"of {other} looks the same as one here", f"of {other} look the same as one here"),
    ]  # fmt: skip
    said = _first_and_rest([p for p in parts if p[0] > 0], noun, n)
    note = [
        said.note.replace(f" of {other}", ""),
        *(inflated(m) for m in issues.detail.get("inflation", {}).get("models", ())),
    ]
    return Said(said.sentence, n, "; ".join(x for x in note if x))


def inflated(model: Mapping[str, Any]) -> str:
    """What a leak is worth to one simple model, in half a line: points of its score, or that nobody can tell."""
    low, high, name = model["low"], model["high"], f"a {model['model']}"
    ends = words.interval(low * 100, high * 100)
    if low <= 0 <= high:
        return f"cannot tell if {name} scores too high ({ends})"
    much = words.signed(abs(model["difference"]) * 100).removeprefix("+")
    return f"{name} scores {much} points too {'high' if low > 0 else 'low'} ({ends})"


def _outliers(issues: Issues, card: Card) -> Said:
    noun = NOUNS[card.kind]
    n = _count(issues)
    verb = "sits far from all others" if n <= 1 else "sit far from all others"
    return Said(f"{noun.of(n) if n else f'no {noun.one}'} {verb}", n)


def _imbalance(issues: Issues, _card: Card) -> Said:
    times = words.ratio(issues.measures.get("ratio")).replace(words.TIMES, "")
    classes = issues.detail.get("classes", ())
    note = ""
    if classes:
        first, last = classes[0], classes[-1]
        ends = [f"{words.shorten(words.visible(c['class']), 24)} has {words.count(c['rows'])}" for c in (first, last)]
        note = f"{ends[0]}, {ends[1]}" if len(classes) > 1 else ends[0]
    return Said(f"the largest class is {times} times the smallest", int(last["rows"]) if classes else 0, note)


def _missing(issues: Issues, card: Card) -> Said:
    broken = _count(issues, "unreadable")
    n = max(_count(issues) - broken, 0)  # a row whose picture cannot be opened is counted as missing too
    parts = []
    if n:
        parts.append(words.plural(n, "row has an empty cell", "rows have an empty cell"))
    if broken:
        parts.append(words.plural(broken, "picture cannot be opened", "pictures cannot be opened"))
    if parts:
        columns = [words.shorten(words.visible(c["column"]), 24) for c in issues.detail.get("columns", ())]
        return Said(" and ".join(parts), n + broken, f"in {words.listing(columns)}" if columns else "")
    return Said("no cell is empty" if card.kind != "image" else "every picture opens, no cell is empty", 0)


def _schema(issues: Issues, card: Card) -> Said:
    rules = issues.detail.get("expectations", ())
    n = _count(issues, "failed")
    if not rules:
        return Said("the suite holds no rules", 0)
    if n:
        rows = _count(issues, "rows")
        note = f"in {words.plural(rows, 'row')}" if rows else ""
        verb = "is broken" if n == 1 else "are broken"
        return Said(f"{words.count(n)} of {words.plural(len(rules), 'rule')} {verb}", n, note)
    hold = "the one rule holds" if len(rules) == 1 else f"all {words.count(len(rules))} rules hold"
    return Said(f"{hold} for {words.plural(card.rows, 'row')}", 0)


def _non_iid(issues: Issues, _card: Card) -> Said:
    if not issues.detail.get("matters"):
        return Said("the order of the rows says nothing of what is in them", 0)
    sorted_ = issues.detail.get("sorted_by_label")
    where = f"fewest neighbours lie across {words.row_name(issues.detail['cut']['row'])}"
    chance = f"by chance in {issues.detail['p_value']:.1g} of all orders"
    stand = "near" if issues.detail.get("nearer", True) else "far from"
    return Said(
        f"rows that are alike stand {stand} one another", 1, f"{'sorted by label' if sorted_ else where}; {chance}"
    )


def _valuation(issues: Issues, card: Card) -> Said:
    noun = NOUNS[card.kind]
    n = _count(issues)
    verb = "misleads its neighbours" if n <= 1 else "mislead their neighbours"
    return Said(f"{noun.of(n) if n else f'no {noun.one}'} {verb}", n)


SENTENCES: dict[str, Callable[[Issues, Card], Said]] = {
    "schema": _schema, "labels": _labels, "conflicts": _conflicts, "duplicates": _duplicates,
    "outliers": _outliers, "leakage": _leakage, "imbalance": _imbalance, "missing": _missing,
    "non_iid": _non_iid, "valuation": _valuation,
}  # fmt: skip
