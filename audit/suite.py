"""`Suite`: what is expected of a dataset and accepted of it, read from one TOML file.

[[expectations]]                 any Great Expectations type, its arguments beside it
type = "expect_column_values_to_be_between"
column = "age"
min_value = 0
severity = "critical"            critical (the default) fails the gate, warning warns, info is only told

[limits]                         maxima: every measure is a badness
"labels.rate" = 0.03
"duplicates.near.count" = { max = 0, severity = "warning" }

[checks.outliers]                keyword arguments of a check
spread = 6
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from blake3 import blake3

from audit.errors import InputError, UnknownName

if TYPE_CHECKING:
    from audit.dataset import Dataset

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
SHIPPED = next(p for p in (Path(__file__).parent / "suites", Path(__file__).parent.parent / "suites") if p.is_dir())


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations expectation: its type in snake case, its arguments, how much it matters."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity = "critical"

    @property
    def key(self) -> str:
        """What tells it from others: type and arguments."""
        return f"{self.type}({', '.join(f'{k}={self.kwargs[k]!r}' for k in sorted(self.kwargs))})"


@dataclass(frozen=True)
class Limit:
    """The largest acceptable value of a measure."""

    measure: str
    max: float
    severity: Severity = "critical"


@dataclass(frozen=True)
class Suite:
    """One dataset's contract."""

    name: str
    expectations: tuple[Expectation, ...] = ()
    limits: tuple[Limit, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Check name to its keyword arguments."""
    path: str = ""

    @property
    def fingerprint(self) -> str:
        """A hash of what it demands; its name and comments do not count."""
        demands = (
            [e.key + e.severity for e in self.expectations],
            [(x.measure, x.max, x.severity) for x in self.limits],
            sorted((k, sorted(v.items(), key=repr)) for k, v in self.options.items()),
        )
        return blake3(repr(demands).encode()).hexdigest(length=16)

    def to_dict(self) -> dict[str, Any]:
        """What `parse_suite` makes it from, in JSON's types: a date or an infinity in it becomes its text."""
        values = {
            "expectations": [{"type": e.type, **e.kwargs, "severity": e.severity} for e in self.expectations],
            "limits": {x.measure: {"max": x.max, "severity": x.severity} for x in self.limits},
            "checks": {name: dict(options) for name, options in self.options.items()},
        }
        written: dict[str, Any] = json.loads(json.dumps(values, default=str), parse_constant=str)
        return written


def read_suite(where: str | Path) -> Suite:
    """Read a suite from a TOML file, or a shipped one by its bare name (`tabular`, `text`, `image`, ...)."""
    path = _find(str(where))
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise InputError(f"{path}: not TOML: {broken}") from None
    return parse_suite(values, name=path.stem, path=str(where))


DEFAULTS = {"table": "tabular", "text": "text", "image": "image"}
NEED_LABELS = ("labels", "conflicts", "imbalance", "valuation")
LEAKS = {"table": ("exact",), "text": ("exact", "normalised"), "image": ("exact",)}


def default_suite(data: Dataset, reference: Dataset | None = None) -> Suite:
    """The suite for data when nobody names one: the shipped one for its kind, without what only labels can meet where
    there are none, and where it is compared with a reference or has splits, also that no row may be in both."""
    shipped = read_suite(DEFAULTS[data.kind])
    labelled, compared = data.roles.label is not None, reference is not None or data.roles.split is not None
    kept = tuple(x for x in shipped.limits if labelled or x.measure.split(".", 1)[0] not in NEED_LABELS)
    leaks = tuple(Limit(f"leakage.{sense}.count", 0.0) for sense in LEAKS[data.kind]) if compared else ()
    return replace(shipped, limits=(*kept, *leaks))


def _find(where: str) -> Path:
    path = Path(where)
    if path.is_file():
        return path
    shipped = {p.stem: p for p in sorted(SHIPPED.glob("*.toml"))}
    name = path.stem if path.suffix == ".toml" and path.parent == Path("suites") else where
    if name in shipped:
        return shipped[name]
    raise InputError(f"{where}: no such suite file; shipped with assay are {', '.join(shipped)}")


def parse_suite(values: Mapping[str, Any], *, name: str, path: str = "") -> Suite:
    """Build a suite from a TOML document's values; an unknown key is an error that says what may stand there."""
    where = path or name
    _only(values, ("expectations", "limits", "checks"), "key", where)
    expectations = values.get("expectations", [])
    if not isinstance(expectations, list):
        raise InputError(f"{where}: expectations is a list of tables: write [[expectations]]")
    for table in ("limits", "checks"):
        if not isinstance(values.get(table, {}), Mapping):
            raise InputError(f"{where}: {table} is a table: write [{table}]")
    for check, options in values.get("checks", {}).items():
        if not isinstance(options, Mapping):
            raise InputError(f"{where}: checks.{check} is a table: write [checks.{check}], then one option a line")
    return Suite(
        name=name,
        expectations=tuple(_expectation(e, where) for e in expectations),
        limits=tuple(_limit(m, v, where) for m, v in values.get("limits", {}).items()),
        options=dict(values.get("checks", {})),
        path=path,
    )


def _only(values: Mapping[str, Any], known: tuple[str, ...], what: str, where: str) -> None:
    for key in values:
        if key not in known:
            raise UnknownName.of(what, key, known, where=where)


def _expectation(values: Any, where: str) -> Expectation:
    if not isinstance(values, Mapping) or not isinstance(values.get("type"), str):
        raise InputError(f"{where}: an expectation needs a type: {values!r}")
    kwargs = {k: v for k, v in values.items() if k not in ("type", "severity")}
    return Expectation(values["type"], kwargs, _severity(values, where))


def _limit(measure: str, value: Any, where: str) -> Limit:
    where = f"{where}: limit {measure!r}"
    if not isinstance(value, Mapping):
        value = {"max": value}
    _only(value, ("max", "severity"), "key", where)
    most = value.get("max")
    if isinstance(most, bool) or not isinstance(most, (int, float)) or not math.isfinite(most):
        raise InputError(f"{where}: max must be a number, got {most!r}")
    return Limit(measure, float(most), _severity(value, where))


def _severity(values: Mapping[str, Any], where: str) -> Severity:
    severity = values.get("severity", "critical")
    if severity not in SEVERITIES:
        raise UnknownName.of("severity", severity, SEVERITIES, where=where)
    return severity  # type: ignore[no-any-return]
