"""`Issues`, what one check found, and `Report`, what an audit found; a report round-trips through its folder.

Scores are qualities, 0 wrong to 1 fine. Measures are badnesses: a larger one is always worse.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from blake3 import blake3

from audit.dataset import ROW, Dataset, Roles
from audit.errors import InputError, OutputError, StaleError, UnknownName
from audit.files import plain, read_json, read_table, write_json, write_table
from audit.projection import Projection
from audit.shown import shown

SCHEMA_VERSION = 2
Status = Literal["ran", "not_applicable", "error"]
TABLES = ("scores.parquet", "issues.parquet")
MAP = "map.parquet"
"""Where the rows of the page's map lie; only where there is one."""
DIGEST = "blake3"
"""Where audit.json keeps a hash of all the rest and of the tables: an edit is noticed, a forger can hash anew."""
FINDING_COLUMNS = ("score", "reason", "given", "suggested", "group", "kind", "twin")


def no_rows() -> pd.DataFrame:
    """Findings of a check that found none."""
    return pd.DataFrame({c: pd.Series(dtype="float64" if c == "score" else "object") for c in FINDING_COLUMNS})


@dataclass(frozen=True, eq=False)
class Issues:
    """What one check found, in columns."""

    check: str
    status: Status = "ran"
    why: str = ""
    """Why it did not apply, or what broke."""
    seconds: float = 0.0
    measures: Mapping[str, float] = field(default_factory=dict)
    """Local name to badness: `{"rate": 0.08, "exact.count": 3}`; in the report `labels.rate`, ..."""
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Index: row ids. `score` (float, 0 wrong to 1 fine), `flagged` (bool), and for labels `given`, `suggested`."""
    findings: pd.DataFrame = field(default_factory=no_rows)
    """Index: row ids, a flagged row each, worst first, FINDING_COLUMNS: `reason` in words; `group` names the set of
    rows that belong together; `kind` (exact, normalised, near, ...); `twin` the row it is compared with."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """JSON values for the pages: a confusion matrix, a line for each expectation, ..."""
    key: str = ""
    """A hash of everything the result depends on; a later audit with the same key takes it over. '' is never reused."""

    @property
    def upper(self) -> dict[str, float]:
        """The measures as limits are held against them: of one that is estimated, the upper end of its interval in
        `detail["intervals"]`, {local name: [low, high]}."""
        ends = self.detail.get("intervals", {})
        return {name: max(value, ends[name][1]) if name in ends else value for name, value in self.measures.items()}

    @property
    def flagged(self) -> pd.Index:
        """The flagged rows' ids, in the data's order."""
        return self.scores.index[self.scores["flagged"].to_numpy(bool)] if len(self.scores) else pd.Index([])


@dataclass(frozen=True)
class Card:
    """What a report remembers of a dataset."""

    name: str
    rows: int
    kind: str
    classes: tuple[Any, ...]
    roles: Roles
    fingerprint: str
    class_counts: tuple[int, ...] = ()
    inferred: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Dataset) -> Card:
        """Describe `data`."""
        has_label = data.roles.label is not None
        counts = np.bincount(data.labels, minlength=len(data.classes)).tolist() if has_label else []
        return cls(
            data.name, len(data), data.kind, data.classes, data.roles, data.fingerprint, tuple(counts), data.inferred
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "roles": self.roles.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Card:
        """The inverse of `to_dict`."""
        lists = {k: tuple(values[k]) for k in ("classes", "class_counts", "inferred")}
        return cls(**{**values, **lists, "roles": Roles.from_dict(values["roles"])})


@dataclass(frozen=True, eq=False)
class Report:
    """What an audit found. `report["labels"]` is that check's Issues."""

    dataset: Card
    reference: Card | None
    suite: str
    """The suite's name; what it demands is in `demands`."""
    suite_fingerprint: str
    seed: int
    versions: Mapping[str, str]
    checks: Mapping[str, Issues]
    seconds: float = 0.0
    command: str = ""
    created: str = ""
    notes: tuple[str, ...] = ()
    """What the reader must know of how this came about: roles inferred, fallbacks taken, evidence brought along."""
    demands: Mapping[str, Any] = field(default_factory=dict)
    """The suite as `Suite.to_dict` gives it, so that the report can be judged by what it was made for."""
    options: Mapping[str, Mapping[str, Any]] | None = None
    """Check name to the arguments it was run with: the suite's, and in their place those given beside it. None in a
    report of before these were kept, whose checks are taken to have been run as its suite says."""

    def __repr__(self) -> str:
        return f"Report({self.dataset.name!r}, {self.dataset.rows:,} rows, {len(self.checks)} checks, {len(self.errors)} errors)"

    def _repr_html_(self) -> str:
        return shown("audit.render.notebook:report", self)

    def __getitem__(self, check: str) -> Issues:
        if check not in self.checks:
            raise UnknownName.of("check", check, self.checks, where="report")
        return self.checks[check]

    def __iter__(self) -> Iterator[Issues]:
        return iter(self.checks.values())

    @property
    def measures(self) -> dict[str, float]:
        """Every measure by its full name, `check.measure`; larger is worse."""
        return {f"{i.check}.{name}": value for i in self for name, value in i.measures.items()}

    @property
    def upper(self) -> dict[str, float]:
        """What limits are held against, by full names: `Issues.upper`."""
        return {f"{i.check}.{name}": value for i in self for name, value in i.upper.items()}

    @property
    def errors(self) -> list[Issues]:
        """The checks that broke."""
        return [i for i in self if i.status == "error"]

    @property
    def rows(self) -> pd.Index:
        """The ids of the audited rows, in order."""
        return pd.Index(self._rows, name=ROW)

    projection: Projection | None = None
    """Some rows in the plane, for the page's map."""
    _rows: Sequence[Hashable] | pd.Index = field(default=(), repr=False)

    def scores(self) -> pd.DataFrame:
        """A line a row of the data, in order: `<check>.score`, `<check>.flagged`, `labels.given`, `labels.suggested`."""
        columns: dict[str, pd.Series] = {}
        for issues in self:
            for name in issues.scores.columns:
                columns[f"{issues.check}.{name}"] = _spread(issues.scores[name], self.rows)
        return pd.DataFrame(columns, index=self.rows)

    def issues(self) -> pd.DataFrame:
        """A line a flagged (row, check), worst first within each check, checks in the report's order."""
        parts = [i.findings.assign(check=i.check).rename_axis(ROW).reset_index() for i in self if len(i.findings)]
        if not parts:
            return no_rows().assign(check=pd.Series(dtype="object")).rename_axis(ROW).reset_index()
        return pd.concat(parts, ignore_index=True)[[ROW, "check", *FINDING_COLUMNS]]

    # -- files -----------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """audit.json's content."""
        return {
            "schema_version": SCHEMA_VERSION,
            "dataset": self.dataset.to_dict(),
            "reference": self.reference.to_dict() if self.reference else None,
            "suite": {
                "name": self.suite,
                "fingerprint": self.suite_fingerprint,
                "demands": dict(self.demands),
                **({} if self.options is None else {"options": dict(self.options)}),
            },
            "seed": self.seed,
            "versions": dict(self.versions),
            "created": self.created,
            "command": self.command,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "map": self.projection and self.projection.to_dict(),
            "measures": self.measures,
            "checks": {
                i.check: {
                    "status": i.status,
                    "why": i.why,
                    "seconds": round(i.seconds, 3),
                    "measures": dict(i.measures),
                    "detail": dict(i.detail),
                    "key": i.key,
                }
                for i in self
            },
        }

    def write(self, folder: Path) -> None:
        """Write scores.parquet, issues.parquet, map.parquet if there is a map, and audit.json into `folder`; audit.json
        last, each renamed whole."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "audit.json").unlink(missing_ok=True)  # cut off here, nobody takes new tables for an old audit's
        except OSError as refused:
            raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
        write_table(folder / "scores.parquet", self.scores().reset_index())
        write_table(folder / "issues.parquet", self.issues())
        write_map(self.projection, folder)
        values = plain(self.to_dict())
        write_json(folder / "audit.json", {**values, DIGEST: report_digest(values, folder)})

    @classmethod
    def read(cls, folder: Path) -> Report:
        """Read what `write` wrote. InputError if a file is missing, incomplete or of another version, StaleError if one
        was edited since."""
        values = read_json(folder / "audit.json")
        if values.get("schema_version") != SCHEMA_VERSION:
            found = values.get("schema_version")
            raise InputError(f"{folder / 'audit.json'}: schema_version {found}, this assay reads {SCHEMA_VERSION}")
        scores, findings = read_table(folder / "scores.parquet"), read_table(folder / "issues.parquet")
        places = read_table(folder / MAP) if values.get("map") else None
        try:
            report = cls._of(values, scores.set_index(ROW), findings)
            if places is not None:
                report = replace(report, projection=Projection.of(values["map"], places.set_index(ROW)))
        except (KeyError, TypeError, AttributeError) as broken:
            raise InputError(f"{folder}: not a whole report: {type(broken).__name__} {broken}") from None
        if values.get(DIGEST) != report_digest({k: v for k, v in values.items() if k != DIGEST}, folder):
            raise StaleError(f"{folder}: does not match its own hash: it was edited or damaged after it was written")
        return report

    @classmethod
    def _of(cls, values: Mapping[str, Any], scores: pd.DataFrame, found_rows: pd.DataFrame) -> Report:
        checks = {name: _read_issues(name, entry, scores, found_rows) for name, entry in values["checks"].items()}
        reference = Card.from_dict(values["reference"]) if values["reference"] else None
        return cls(
            dataset=Card.from_dict(values["dataset"]),
            reference=reference,
            suite=values["suite"]["name"],
            suite_fingerprint=values["suite"]["fingerprint"],
            seed=values["seed"],
            versions=values["versions"],
            checks=checks,
            seconds=values["seconds"],
            command=values["command"],
            created=values["created"],
            notes=tuple(values["notes"]),
            demands=values["suite"].get("demands", {}),
            options=values["suite"].get("options"),
            _rows=scores.index,
        )


def write_map(projection: Projection | None, folder: Path) -> None:
    """Write map.parquet; without a map leave none of an earlier report's."""
    if projection is None:
        (folder / MAP).unlink(missing_ok=True)
    else:
        write_table(folder / MAP, projection.places.rename_axis(ROW).reset_index())


def report_digest(values: Mapping[str, Any], folder: Path) -> str:
    """A hash of audit.json's other values and of the tables beside it."""
    hasher = blake3(json.dumps(values, sort_keys=True).encode())
    for name in (*TABLES, *([MAP] if values.get("map") else [])):
        hasher.update(blake3().update_mmap(folder / name).digest())
    return hasher.hexdigest(length=16)


def _spread(column: pd.Series, rows: pd.Index) -> pd.Series:
    """The column over all rows; numbers and flags keep their kind where a row has none."""
    wide: Any = {"i": "Int64", "b": "boolean"}.get(column.dtype.kind)
    partial = wide is not None and not rows.isin(column.index).all()
    return (column.astype(wide) if partial else column).reindex(rows)


NARROWED = {"Int64": "int64", "boolean": "bool"}
"""What `_spread` widened, undone once the rows without a score are gone."""


def _read_issues(name: str, entry: Mapping[str, Any], scores: pd.DataFrame, found: pd.DataFrame) -> Issues:
    prefix = f"{name}."
    own = scores[[c for c in scores.columns if c.startswith(prefix)]].rename(columns=lambda c: c.removeprefix(prefix))
    if "score" in own:
        own = own[own["score"].notna()]
    own = own.astype({c: kind for c, dtype in own.dtypes.items() if (kind := NARROWED.get(str(dtype)))})
    mine = found[found["check"] == name].set_index(ROW)[list(FINDING_COLUMNS)]
    words = mine.drop(columns="score").astype(object)
    mine = mine.assign(**{str(c): words[c].where(words[c].notna(), None) for c in words})
    shown = {k: entry[k] for k in ("status", "why", "seconds", "measures", "detail", "key")}
    own = own if len(own.columns) else pd.DataFrame()  # a check that did not run scores nobody
    return Issues(check=name, scores=own, findings=mine if len(mine) else no_rows(), **shown)
