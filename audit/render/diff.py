"""What differs between two datasets, for a terminal and for a pull request."""

from __future__ import annotations

from collections.abc import Callable

from audit.difference import CheckChange, Difference
from audit.drift import Drift
from audit.errors import some
from audit.render import words

SHOWN = 10
KINDS = {
    "classes": "class shares",
    "categories": "shares",
    "values": "values",
    "lengths": "lengths",
    "missing": "missing cells",
}
Say = Callable[[object], str]


def diff_terminal(found: Difference, *, unicode: bool = True) -> str:
    """A line a kind of change, then drift and issues; the last line says it all."""
    lines = [f"{what:<12}{words.count(n):>8}  {named}".rstrip() for what, n, named in _changes(found) if n]
    lines += [f"{'issues':<12}{'':8}  {line}" for line in _issue_lines(found)]
    lines += [f"{'drift':<12}{'':8}  {_drift_line(d)}" for d in found.drift if d.drifted]
    lines += [f"{'note':<12}{'':8}  {note}" for note in found.notes]
    return words.plain_text("\n".join(words.visible(x) for x in [*lines, _summary(found)]), unicode=unicode)


def diff_markdown(found: Difference) -> str:
    """The same as a table."""
    lines = [f"**{_cell(_summary(found))}**", ""]
    changes = [(what, n, named) for what, n, named in _changes(found) if n]
    if changes:
        lines += ["| | | |", "|---|--:|---|"]
        lines += [f"| {what} | {words.count(n)} | {_cell(named)} |" for what, n, named in changes]
        lines.append("")
    lines += [f"- issues: {_cell(line)}" for line in _issue_lines(found)]
    lines += [f"- drift: {_cell(_drift_line(d))}" for d in found.drift if d.drifted]
    lines += [f"- note: {note}" for note in found.notes]
    return "\n".join(lines).rstrip() + "\n"


def _changes(found: Difference) -> list[tuple[str, int, str]]:
    """(kind, how many, which): every kind of change."""
    labels = [f"{r.row} ({r.before} to {r.after})" for r in found.relabelled]
    where = "; in " + ", ".join(f"{c} ({n:,})" for c, n in found.cells.items()) if found.cells else ""
    return [
        ("added", len(found.added), some(found.added, SHOWN)),
        ("removed", len(found.removed), some(found.removed, SHOWN)),
        ("relabelled", len(found.relabelled), some(labels, SHOWN)),
        ("changed", len(found.changed), some(found.changed, SHOWN) + where),
        ("moved", len(found.moved), some(found.moved, SHOWN)),
        ("columns gone", len(found.columns_gone), some(found.columns_gone, SHOWN)),
        ("columns new", len(found.columns_new), some(found.columns_new, SHOWN)),
    ]


def _issue_lines(found: Difference) -> list[str]:
    return [line for change in found.issues or () for line in _issue(change)]


def _issue(change: CheckChange) -> list[str]:
    said = [
        f"{len(rows):,} {word} (row {some(rows)})"
        for word, rows in (("new", change.new), ("fixed", change.fixed))
        if rows
    ]
    lines = [f"{change.check}: {', '.join(said)}"] if said else []
    values = [f"{name} {_number(a)} to {_number(b)}" for name, (a, b) in change.measures.items()]
    return [*lines, *([f"{change.check}: {', '.join(values)}"] if values and not said else [])]


def _drift_line(d: Drift) -> str:
    shares = d.kind in ("classes", "categories", "missing")
    ends = " to ".join(words.share(x) if shares else _number(x) for x in (d.before, d.after))
    what = "" if d.kind == "missing" else "commonest " if shares else "median "
    p = "p < 0.001" if d.adjusted < 0.001 else f"p = {d.adjusted:.3f}"
    return f"{d.column}: {KINDS[d.kind]} differ ({what}{ends}, distance {d.distance:.2f}, {p})"


def _number(value: float | None) -> str:
    return words.UNKNOWN if value is None else words.number(value)


def _summary(found: Difference) -> str:
    names = f"{words.called(found.before)} ({found.rows[0]:,} rows) and {words.called(found.after)} ({found.rows[1]:,} rows)"
    drifted = sum(d.drifted for d in found.drift)
    said = f"; {drifted} of {len(found.drift)} comparisons show drift" if drifted else ""
    word = "EQUAL" if found.equal else "DIFFERENT"
    return f"{word}: {names}, matched by {found.matched_by}{said}"


def _cell(text: str) -> str:
    return words.visible(text).replace("|", "\\|")
