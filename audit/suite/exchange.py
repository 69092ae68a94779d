"""Suites of Great Expectations as JSON, both ways, without loss.

What assay has and Great Expectations has not (limits, options of checks) travels in the suite's meta under `assay`.
What Great Expectations has and assay has not (meta, notes, description, id, ...) travels in `about`. Types that nobody
knows are kept as they are: dropping one is how a stored suite comes to demand nothing, and a gate refuses them by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.errors import InputError
from audit.suite.value import SEVERITIES, Expectation, Suite, parse_suite

OURS = "assay"
OWN_KEYS = ("type", "severity", "about")
"""What an argument cannot be called, since a suite's file has these words for itself."""


def from_gx(values: Mapping[str, Any], *, name: str) -> Suite:
    """Build a suite from what `ExpectationSuite.to_json_dict` gives (Great Expectations 1.x).

    InputError, naming the expectation, where something could not be given back: a suite of 0.x, an unknown severity,
    an argument that is called as assay's own words are.
    """
    expectations = values.get("expectations")
    if not isinstance(expectations, list):
        raise InputError(f"{name}: no suite of Great Expectations: it has no list of expectations")
    meta = dict(values.get("meta") or {})
    ours = meta.pop(OURS, {})
    if not isinstance(ours, Mapping) or not set(ours) <= {"limits", "checks"}:
        raise InputError(f"{name}: meta.{OURS} is not what assay writes there: {ours!r}")
    about = {k: v for k, v in values.items() if k not in ("expectations", "meta") and v is not None}
    demands = parse_suite(dict(ours), name=name)
    return Suite(
        name=name,
        expectations=tuple(_from_gx(e, f"{name}: expectation {k}") for k, e in enumerate(expectations, 1)),
        limits=demands.limits,
        options=demands.options,
        about={**about, **({"meta": meta} if meta else {})},
    )


def _from_gx(values: Any, where: str) -> Expectation:
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: a table is expected, this is {values!r}")
    if "expectation_type" in values:
        raise InputError(
            f"{where}: {values['expectation_type']}: a suite of Great Expectations 0.x; save it with 1.x first"
        )
    named, kwargs, severity = values.get("type"), values.get("kwargs", {}), values.get("severity", "critical")
    if not isinstance(named, str) or not isinstance(kwargs, Mapping):
        raise InputError(f"{where}: an expectation has a type and kwargs, this is {values!r}")
    if severity not in SEVERITIES:
        raise InputError(f"{where}: {named}: no severity {severity!r}; there is {', '.join(SEVERITIES)}")
    if taken := [k for k in OWN_KEYS if k in kwargs]:
        raise InputError(f"{where}: {named}: an argument called {taken[0]!r} cannot be told from assay's own word")
    about = {k: v for k, v in values.items() if k not in ("type", "kwargs", "severity") and v not in ({}, None)}
    return Expectation(named, dict(kwargs), severity, about)


def to_gx(suite: Suite) -> dict[str, Any]:
    """The suite as `ExpectationSuite.to_json_dict` would give it, and as its constructor takes it."""
    ours = {k: v for k, v in suite.to_dict().items() if k in ("limits", "checks") and v}
    about = dict(suite.about)
    meta = {**about.pop("meta", {}), **({OURS: ours} if ours else {})}
    return {
        "name": suite.name,
        "id": None,
        **about,
        "expectations": [_to_gx(e) for e in suite.expectations],
        "meta": meta,
        "notes": about.get("notes"),
    }


def _to_gx(expectation: Expectation) -> dict[str, Any]:
    about = dict(expectation.about)
    return {
        "type": expectation.type,
        "kwargs": dict(expectation.kwargs),
        "meta": about.pop("meta", {}),
        **about,
        "severity": expectation.severity,
    }
