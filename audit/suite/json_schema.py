"""JSON Schemas of the files that people write, for their editors; published as docs/*.schema.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.config import KEYS, PROFILE, Key
from audit.suite.value import SEVERITIES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """Of assay.toml, and of what stands in [tool.assay]."""
    keys = {name: _key(key) for name, key in KEYS.items()}
    profile = {"type": "object", "properties": keys, "additionalProperties": False}
    profiles = {"type": "object", "additionalProperties": profile, "description": "on top, where --profile names it"}
    return {
        "$schema": DIALECT,
        "title": "assay.toml",
        "type": "object",
        "properties": {**keys, PROFILE: profiles},
        "additionalProperties": False,
    }


def _key(key: Key) -> dict[str, Any]:
    kinds: Mapping[str, dict[str, Any]] = {
        "text": {"type": "string", "minLength": 1},
        "names": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        "yes or no": {"type": "boolean"},
        "whole number": {"type": "integer"},
    }
    made = {"enum": list(key.choices)} if key.choices else dict(kinds[key.kind])
    return {**made, "description": key.about, **({} if key.default is None else {"default": key.default})}


def suite_schema() -> dict[str, Any]:
    """Of a suite. What an expectation's arguments are is Great Expectations' to say, and what a check's options are
    the check's; both are looked up by `assay suite check`."""
    severity = {"enum": list(SEVERITIES), "default": "critical"}
    about = {"type": "object", "description": "kept beside it; demands nothing"}
    expectation = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string"}, "severity": severity, "about": about},
    }
    limit = {
        "oneOf": [
            {"type": "number"},
            {
                "type": "object",
                "required": ["max"],
                "properties": {"max": {"type": "number"}, "severity": severity},
                "additionalProperties": False,
            },
        ]
    }
    return {
        "$schema": DIALECT,
        "title": "a suite of assay",
        "type": "object",
        "properties": {
            "expectations": {"type": "array", "items": expectation},
            "limits": {"type": "object", "additionalProperties": limit, "description": "measure to its maximum"},
            "checks": {"type": "object", "additionalProperties": {"type": "object"}},
            "about": about,
        },
        "additionalProperties": False,
    }
