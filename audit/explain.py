"""A suite in words, and what in it nobody could judge by."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit import gx
from audit.checks import CHECKS
from audit.dataset import Dataset
from audit.errors import UnknownName
from audit.measures import MEASURES
from audit.suite.value import Limit, Severity, Suite

WORDS: Mapping[Severity, str] = {"critical": "must", "warning": "should", "info": "is told"}


@dataclass(frozen=True)
class Explanation:
    """What a suite demands, and what in it cannot be judged by."""

    lines: tuple[str, ...]
    """A line a demand; where there was data, beside each expectation whether it holds there."""
    wrong: tuple[str, ...]
    """What is unknown, refused by Great Expectations, or cannot be run on the data."""


def explain(suite: Suite, data: Dataset | None = None) -> Explanation:
    """Put a suite into words, and look up every word in it."""
    refusals = gx.check_expectations(suite.expectations)
    valid = [e for e, why in zip(suite.expectations, refusals, strict=True) if not why]
    outcomes = gx.run_expectations(data.table, valid) if data is not None and valid else []
    wrong = [f"{e.key}: {why}" for e, why in zip(suite.expectations, refusals, strict=True) if why]
    wrong += [f"{o.expectation.key}: {o.why}" for o in outcomes if o.state == "error"]
    wrong += [str(UnknownName.of("measure", x.measure, MEASURES)) for x in suite.limits if x.measure not in MEASURES]
    return Explanation(
        tuple("".join(c if c.isprintable() else " " for c in line) for line in _lines(suite, outcomes)),
        (*wrong, *_unknown_options(suite)),
    )


def _lines(suite: Suite, outcomes: Sequence[gx.Outcome]) -> Iterator[str]:
    found = {o.expectation.key: o for o in outcomes}
    for e in suite.expectations:
        outcome = found.get(e.key)
        now = "" if outcome is None else f" [{'holds' if outcome.state == 'pass' else outcome.why}]"
        yield f"{WORDS[e.severity]:<8}{gx.in_words(e)}{now}"
    for x in suite.limits:
        yield f"{WORDS[x.severity]:<8}{_limit_words(x)}"
    for name, options in suite.options.items():
        yield from (f"{'option':<8}{name}.{option} is {value!r}" for option, value in options.items())


def _unknown_options(suite: Suite) -> Iterator[str]:
    for name, options in suite.options.items():
        if name not in CHECKS:
            yield str(UnknownName.of("check", name, CHECKS))
            continue
        known = [p for p, v in inspect.signature(CHECKS[name]).parameters.items() if v.kind is v.KEYWORD_ONLY]
        yield from (str(UnknownName.of("option", o, known, where=f"checks.{name}")) for o in options if o not in known)


def _limit_words(limit: Limit) -> str:
    meaning = MEASURES.get(limit.measure, "not one of assay's own measures")
    most = f"{limit.max * 100:g} %" if meaning.startswith("share") else f"{limit.max:g}"
    return f"{limit.measure} at most {most}: {meaning}"
