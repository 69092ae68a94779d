"""Of the labels that look wrong, the share that is: measured by people, expected by audits, or assumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.errors import InputError
from audit.expected import expected
from audit.render import words
from audit.report import Report
from audit.review.people import PEOPLE, with_people

ASSUMED = (0.5, 1.0)
"""Where nobody knows: published and measured values lie here for all but weak cleaners. The middle is the estimate."""


@dataclass(frozen=True)
class Precision:
    """A share with its interval, and what it rests on."""

    value: float
    low: float
    high: float
    told: str
    """Where it is from, in a sentence."""
    flagged: int | None = None
    """Labels of all the data that look wrong, where a report counts them."""
    looked: int = 0
    """How many of these people have looked at."""


def assumed() -> Precision:
    """What is taken where nobody measured or expected anything."""
    low, high = ASSUMED
    told = f"Assumed: of the labels that look wrong, {words.share(low)} to {words.share(high)} are."
    return Precision(sum(ASSUMED) / 2, low, high, told)


def by_report(folder: Path, fingerprint: str) -> Precision | None:
    """By the people who settled labels in a report's folder; else by the audit itself; None where neither can say.

    Raises:
        InputError: if the report is of other data than what was compared.
    """
    report = Report.read(folder)
    if report.dataset.fingerprint != fingerprint:
        raise InputError(f"{folder}: a report on other data than the comparison's, or on the same in other roles")
    said = expected(report)
    people = with_people(report, folder).checks["labels"].detail.get(PEOPLE) if said else None
    measured = (people or {}).get("precision")
    if people and measured and said:
        looked, value = people["looked"], words.share(measured["value"])
        of = f"an estimated {value} of all of them" if looked < said.flagged else value
        told = (
            f"Measured: people looked at {words.count(looked)} of {words.count(said.flagged)} labels that look wrong; "
            f"{of} are{_ends(measured['low'], measured['high'])}."
        )
        return Precision(measured["value"], measured["low"], measured["high"], told, said.flagged, looked)
    if said is None or said.precision is None or said.low is None or said.high is None:
        return None
    return Precision(
        said.precision, said.low, said.high, _expected("The audit", said.precision, said.low, said.high), said.flagged
    )


def by_draws(value: float | None, low: float | None, high: float | None) -> Precision | None:
    """By the audits of the draws that were compared, their means; None where these offered no probabilities."""
    if value is None or low is None or high is None:
        return None
    return Precision(value, low, high, _expected("The draws' audits", value, low, high))


def _expected(who: str, value: float, low: float, high: float) -> str:
    verb = "expect" if who.endswith("s") else "expects"
    ends = words.about_between(value, low, high)
    return f"{who} {verb} {words.about(value)} of the labels that look wrong to be wrong ({ends})."


def _ends(low: float, high: float) -> str:
    return f" ({words.between(low, high)})" if low < high else ""
