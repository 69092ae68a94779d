"""What a self-test found, for a terminal."""

from __future__ import annotations

from audit.faults.trial import SelfTest, Tested, Trial
from audit.render import words

WIDTHS = (12, 10, 18)
HEAD = ("fault", "caught", "slips through")


def selftest_terminal(found: SelfTest, *, unicode: bool = True) -> str:
    """A line a fault: from which dose on it is stopped, which doses get through, by what; then what would stop those."""
    lines = [_row(HEAD, "by")]
    for t in found.tested:
        lines += _lines(t)
    lines += ["", _summary(found)]
    return words.plain_text("\n".join(words.visible(line) for line in lines), unicode=unicode)


def dose(value: float) -> str:
    """A share as people say it: `0.1 %`, `100 %`."""
    return f"{value * 100:g} %"


def _row(cells: tuple[str, ...], last: str) -> str:
    return "".join(f"{cell:<{w}}" for cell, w in zip(cells, WIDTHS, strict=True)) + last


def _lines(tested: Tested) -> list[str]:
    if tested.why_not:
        return [_row((tested.fault, words.UNKNOWN, words.UNKNOWN), f"not tried: {tested.why_not}")]
    smallest = "never" if tested.smallest is None else f"{dose(tested.smallest)}"
    slips = ", ".join(f"{s * 100:g}" for s in tested.slips) + " %" if tested.slips else "none"
    first = next((t for t in tested.trials if t.dose == tested.smallest), None)
    lines = [_row((tested.fault, smallest, slips), _by(first) if first else "nothing")]
    if tested.remedy:
        lines.append(f"{'':{WIDTHS[0]}}to stop {dose(max(tested.slips))}: {tested.remedy}")
    return lines


def _by(trial: Trial) -> str:
    code = {1: "", 2: " (cannot be read, exit 2)", 3: " (undecided, exit 3)"}[trial.exit_code]
    return words.shorten(words.listing(trial.by, 2), 60) + code


def _summary(found: SelfTest) -> str:
    tried = [t for t in found.tested if t.trials]
    if not tried:
        return f"UNDECIDED: suite {found.suite}: no fault could be tried in {words.called(found.dataset)}"
    caught = sum(t.caught for t in tried)
    word = "FAIL" if found.exit_code else "PASS"
    missed = words.listing([t.fault for t in tried if not t.caught], 10)
    said = f"{word}: suite {found.suite} stops {caught} of {len(tried)} faults in {words.called(found.dataset)} at their largest dose"
    return said + (f"; not {missed}" if missed else "")
