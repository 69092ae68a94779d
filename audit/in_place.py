"""An audit of a database's table where it lies: the suite's expectations, and nothing that would need the rows."""

from __future__ import annotations

import platform
import time

from audit import gx
from audit.checks.schema import line_of
from audit.dataset import Roles
from audit.errors import InputError, some
from audit.evidence.cache import installed
from audit.gx.sql import rows_in
from audit.report import Card, Issues, Report
from audit.sources.moment import moment
from audit.sources.unread import sound
from audit.suite import Suite

ENGINES = ("assay", "great-expectations", "sqlalchemy")
MEASURED = "schema.failed"
"""The one measure that no row is read for."""


def audit_in_place(where: str, suite: Suite, *, command: str = "", created: str = "") -> Report:
    """Run the suite's expectations on the table at one moment; no row is read but the ids of those that break one.

    Args:
        where: the table's address.
        suite: what is expected; limits on anything but `schema.failed` are an InputError, since they need the rows.
        command: kept in the report.
        created: a date, kept in the report.
    """
    start = time.perf_counter()
    _needs_no_rows(suite)
    with moment(where) as now:
        sound(now)
        outcomes, rows, place = gx.run_expectations_on_sql(now, suite.expectations), rows_in(now), now.place
    failed = sum(o.state != "pass" for o in outcomes)
    detail = {"expectations": [line_of(o) for o in outcomes], "where": f"where the table lies: {place.name}"}
    seconds = time.perf_counter() - start
    return Report(
        dataset=Card(place.name, rows, "table", (), Roles(id=place.id), ""),
        reference=None,
        suite=suite.name,
        suite_fingerprint=suite.fingerprint,
        seed=0,
        versions={**{e: installed(e) for e in ENGINES}, "python": platform.python_version()},
        checks={"schema": Issues("schema", measures={"failed": failed}, detail=detail, seconds=seconds)},
        seconds=seconds,
        command=command,
        created=created,
        notes=("no row was read: the table was judged where it lies, by expectations alone", place.how),
        demands=suite.to_dict(),
    )


def _needs_no_rows(suite: Suite) -> None:
    if not suite.expectations:
        raise InputError(f"suite {suite.name} has no expectations, and without the rows nothing else can be judged")
    others = [x.measure for x in suite.limits if x.measure != MEASURED]
    if others:
        raise InputError(f"suite {suite.name}: limits on {some(others)} need the rows; leave out --schema-only")
