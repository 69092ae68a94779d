"""`Baseline`: what an earlier audit measured, so that old data can be held to "no worse than today"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.address import short
from audit.errors import InputError
from audit.files import read_json

SCHEMA_VERSIONS = (2,)
"""Of audit.json, as audit/report.py writes it."""


@dataclass(frozen=True)
class Baseline:
    """The measures of an earlier audit, and how many rows broke each expectation then."""

    source: str
    """What to say of where the values come from."""
    kind: str
    """table, text or image."""
    label: str | None
    measures: Mapping[str, float]
    broken: Mapping[str, int] = field(default_factory=dict)
    """Key of an expectation about rows to how many broke it."""


def read_baseline(path: str | Path) -> Baseline:
    """Read an earlier audit.json, the folder of a report, or what `baseline_of` kept of one.

    InputError if it is none of these, or if a measure in it is no finite number.
    """
    path = Path(path)
    path = path / "audit.json" if path.is_dir() else path
    values = read_json(path)
    if values.get("schema_version") not in SCHEMA_VERSIONS:
        found = values.get("schema_version")
        raise InputError(f"{path}: no baseline: an audit.json of schema_version {SCHEMA_VERSIONS[-1]} is, this has {found}")  # fmt: skip
    try:
        card, schema = values["dataset"], values["checks"].get("schema", {})
        return Baseline(
            source=_source(path, values),
            kind=card["kind"],
            label=card["roles"].get("label"),
            measures=_upper(path, values),
            broken={x["key"]: int(x["broken"]) for x in schema.get("detail", {}).get("expectations", []) if _of_rows(x)},
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as broken:
        raise InputError(f"{path}: no whole audit.json: {type(broken).__name__} {broken}") from None


def baseline_of(path: Path) -> dict[str, Any]:
    """The part of an audit.json that a baseline needs: small, and without an example of the data in it."""
    read_baseline(path)
    values = read_json(path / "audit.json" if path.is_dir() else path)
    lines = values["checks"].get("schema", {}).get("detail", {}).get("expectations", [])
    kept = [
        {"key": x["key"], "state": x["state"], "broken": x["broken"], "of_rows": True} for x in lines if _of_rows(x)
    ]
    return {
        "schema_version": values["schema_version"],
        "dataset": {k: values["dataset"][k] for k in ("name", "rows", "kind", "fingerprint", "roles")},
        "created": values.get("created", ""),
        "measures": _upper(path, values),
        "checks": {"schema": {"detail": {"expectations": kept}}},
    }


def _source(path: Path, values: Mapping[str, Any]) -> str:
    when = f" of {values['created']}" if values.get("created") else ""
    return f"baseline {path}{when} ({short(values['dataset']['name'])}, {values['dataset']['rows']:,} rows)"


def _upper(path: Path, values: Mapping[str, Any]) -> dict[str, float]:
    """The measures as limits are held against them: of an estimate the upper end of its interval."""
    ends = {
        f"{check}.{name}": high
        for check, entry in values["checks"].items()
        for name, (_, high) in entry.get("detail", {}).get("intervals", {}).items()
    }
    return {
        name: max(_number(path, name, value), _number(path, name, ends.get(name, value)))
        for name, value in values["measures"].items()
    }


def _number(path: Path, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{path}: measure {name!r} is {value!r}, which is no number")
    return float(value)


def _of_rows(line: Mapping[str, Any]) -> bool:
    """Whether rows were counted that break it: a table that broke a rule as a whole has no number to be held to."""
    return line["state"] == "fail" and bool(line.get("of_rows") or line.get("examples"))
