"""What checks found in earlier audits, each kept under the hash of everything that it depends on.

One folder a result, `<check>-<key>`, put in place whole and never changed again: audits that share a cache cannot mix
one's scores with another's measures, and going back to earlier data finds its results still there.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from audit.errors import InputError, OutputError, StaleError
from audit.report import Issues, Report

MOST = 64
"""Results kept; beyond these the oldest go."""


def earlier_issues(folder: Path, check: str, key: str) -> Issues | None:
    """What `check` found when everything it depends on hashed to `key`; None where that is not known."""
    place = folder / f"{check}-{key}"
    if not key or not place.is_dir():
        return None
    try:
        issues = Report.read(place).checks.get(check)
    except (InputError, StaleError):  # damaged, of another version or just deleted: the check is run again
        shutil.rmtree(place, ignore_errors=True)
        return None
    return issues if issues is not None and issues.key == key else None


def keep_issues(folder: Path, report: Report) -> None:
    """Keep each check's result that has a key and is not kept yet."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for issues in report:
            place = folder / f"{issues.check}-{issues.key}"
            if issues.key and issues.status != "error" and not place.exists():
                _put(replace(report, checks={issues.check: issues}, projection=None), place)
    except OSError as refused:
        raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
    _prune(folder)


def _put(report: Report, place: Path) -> None:
    temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix="."))
    try:
        report.write(temporary)
        try:
            temporary.rename(place)
        except OSError:
            if not place.is_dir():  # else another audit was quicker, and wrote the same
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _prune(folder: Path) -> None:
    """Delete the oldest results, and folders that a killed process left behind, which grow old too."""
    ages = []
    for place in folder.iterdir():
        with suppress(FileNotFoundError):
            ages.append((place.stat().st_mtime, place))
    for _, place in sorted(ages, reverse=True)[MOST:]:
        shutil.rmtree(place, ignore_errors=True)
