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

`about`, of an expectation and of the suite, is what another tool keeps beside them (Great Expectations' meta, notes
and id); it demands nothing. TOML has no null: where an argument is one, it is written { "$null" = true }.
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
from audit.files import plain
from audit.measures import MEASURES

if TYPE_CHECKING:
    from audit.dataset import Dataset

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
NULL = {"$null": True}
SHIPPED = next(p for p in (Path(__file__).parents[1] / "suites", Path(__file__).parents[2] / "suites") if p.is_dir())


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations expectation: its type in snake case, its arguments, how much it matters."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity = "critical"
    about: Mapping[str, Any] = field(default_factory=dict)
    """What is kept beside it and demands nothing: notes, meta, id."""

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
    about: Mapping[str, Any] = field(default_factory=dict)
    """What is kept beside it and demands nothing."""

    @property
    def demands_nothing(self) -> bool:
        """Whether no data could fail it: it is empty, or all that stands in it is only told."""
        return {*(e.severity for e in self.expectations), *(x.severity for x in self.limits)} <= {"info"}

    @property
    def fingerprint(self) -> str:
        """A hash of what it demands; its name and comments do not count."""
        demands = (
            [e.key + e.severity for e in self.expectations],
            [(x.measure, float(x.max), x.severity) for x in self.limits],
            sorted((k, sorted(v.items(), key=repr)) for k, v in self.options.items()),
        )
        return blake3(repr(demands).encode()).hexdigest(length=16)

    def to_dict(self) -> dict[str, Any]:
        """What `parse_suite` makes it from, in JSON's types: a date or an infinity in it becomes its text."""
        values = {
            "expectations": [
                {"type": e.type, **e.kwargs, "severity": e.severity, **({"about": dict(e.about)} if e.about else {})}
                for e in self.expectations
            ],
            "limits": {x.measure: {"max": x.max, "severity": x.severity} for x in self.limits},
            "checks": {name: dict(options) for name, options in self.options.items()},
            **({"about": dict(self.about)} if self.about else {}),
        }
        return as_written(values)


def as_written(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same in JSON's types, as it comes back from a file."""
    written: dict[str, Any] = json.loads(json.dumps(plain(values), default=str), parse_constant=str)
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
    _only(values, ("expectations", "limits", "checks", "about"), "key", where)
    expectations = values.get("expectations", [])
    if not isinstance(expectations, list):
        raise InputError(f"{where}: expectations is a list of tables: write [[expectations]]")
    for table in ("limits", "checks", "about"):
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
        about=_with_nulls(values.get("about", {})),
    )


def _only(values: Mapping[str, Any], known: tuple[str, ...], what: str, where: str) -> None:
    for key in values:
        if key not in known:
            raise UnknownName.of(what, key, known, where=where)


def _expectation(values: Any, where: str) -> Expectation:
    if not isinstance(values, Mapping) or not isinstance(values.get("type"), str):
        raise InputError(f"{where}: an expectation needs a type: {values!r}")
    if not isinstance(values.get("about", {}), Mapping):
        raise InputError(f'{where}: {values["type"]}: about is a table: write about = {{ notes = "…" }}')
    kwargs = {k: _with_nulls(v) for k, v in values.items() if k not in ("type", "severity", "about")}
    return Expectation(values["type"], kwargs, _severity(values, where), _with_nulls(values.get("about", {})))


def _with_nulls(value: Any) -> Any:
    """The value with None wherever { "$null" = true } stands."""
    if isinstance(value, Mapping):
        return None if value == NULL else {k: _with_nulls(v) for k, v in value.items()}
    return [_with_nulls(v) for v in value] if isinstance(value, list) else value


def _limit(measure: str, value: Any, where: str) -> Limit:
    where = f"{where}: limit {measure!r}"
    if not isinstance(value, Mapping):
        value = {"max": value}
    _only(value, ("max", "severity"), "key", where)
    most = value.get("max")
    if isinstance(most, bool) or not isinstance(most, (int, float)) or not math.isfinite(most):
        raise InputError(f"{where}: max must be a number, got {most!r}")
    if most > 1 and "share" in MEASURES.get(measure, ""):
        raise InputError(f"{where}: max is {most:g}, and a share is never above 1: {most:g} % is {most / 100:g}")
    return Limit(measure, float(most), _severity(value, where))


def _severity(values: Mapping[str, Any], where: str) -> Severity:
    severity = values.get("severity", "critical")
    if severity not in SEVERITIES:
        raise UnknownName.of("severity", severity, SEVERITIES, where=where)
    return severity  # type: ignore[no-any-return]
