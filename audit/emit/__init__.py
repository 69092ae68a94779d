"""Writing a repaired dataset in the format it came in, and giving the input back.

Nothing is lost: `sources.manifest` says what lies where. Both write beside the target and rename, and both read what
they wrote and hold it against the fingerprint before they do.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from audit.dataset import ROW, Dataset, Origin
from audit.emit import arrays, columns, lines, pictures
from audit.emit.edits import Edits, edits_of
from audit.errors import InputError, OutputError, StaleError
from audit.files import plain, refuse_existing, staged
from audit.fingerprint import digest
from audit.patch import Patch
from audit.report import Report
from audit.sources import read_clean, read_format, reread
from audit.sources.folders import in_order
from audit.sources.manifest import Manifest, State, read_rows, write_rows
from audit.sources.roles import rebuild
from audit.suite import Suite

TABLE = "table.parquet"
"""What data that was never in a file is written to."""
VERSIONS = ("assay", "numpy", "pandas", "pyarrow")
Parts = tuple[Path, Path, Path]


class Writer(NamedTuple):
    """How one format is written."""

    cut: Callable[[Dataset, Path, np.ndarray], None]
    """The chosen rows, as they are."""
    edit: Callable[[Dataset, Path, Edits], dict[str, Any]]
    """The rows that stay, edited; returns the options to read them with."""
    join: Callable[[Parts, Path, pd.DataFrame, str | None, Mapping[str, Any]], None]
    """The input, from data, originals and quarantine."""
    exact: bool = False
    """Whether the input comes back byte for byte."""
    originals: Callable[[Dataset, Path, np.ndarray], None] | None = None
    """How edited rows are kept as they were, where it is not `cut`."""


LINES = Writer(lines.cut_lines, lines.edit_lines, lines.join_lines, exact=True)
PACKED = LINES._replace(exact=False)
COLUMNS = Writer(columns.cut_columns, columns.edit_columns, columns.join_columns)
FOLDER = Writer(
    pictures.cut_folder, pictures.edit_folder, pictures.join_folder, exact=True, originals=pictures.cut_weights
)
WRITERS: dict[str, Writer] = {
    **dict.fromkeys(("csv", "tsv", "jsonl", "ndjson"), LINES),
    **dict.fromkeys(("csv.gz", "tsv.gz", "jsonl.gz", "ndjson.gz"), PACKED),
    **dict.fromkeys(("parquet", "parquet-folder", "arrow"), COLUMNS),
    "npz": Writer(arrays.cut_npz, arrays.edit_npz, arrays.join_npz),
    "folder": FOLDER,
    "memory": Writer(arrays.cut_memory, arrays.edit_memory, arrays.join_memory),
}


def write_clean(
    data: Dataset,
    patch: Patch,
    folder: Path | str,
    *,
    report: Report | None = None,
    suite: Suite | None = None,
    command: str = "",
    report_path: str = "",
    force: bool = False,
) -> Path:
    """Write `data` as `patch` leaves it into `folder`, in the format it came in, and all that undoes it.

    StaleError when patch or report are of other data, or the file behind `data` has changed since it was read.
    """
    data = replace(data)  # its hashes may be of before its table was edited in place
    folder = Path(folder)
    _refuse_overwriting(folder, data.origin, force=force)
    if report is not None and report.dataset.fingerprint != data.fingerprint:
        raise StaleError(f"the report is of data {report.dataset.fingerprint[:12]}…, this is {data.fingerprint[:12]}…")
    if len(patch.rows("drop").index.unique()) == len(data):
        raise InputError(f"{data.name}: the patch drops every row")
    after = patch.apply(data)
    before = data if data.origin.format == "memory" else reread(data)
    with staged(folder) as place:
        about = {**_about(report, suite, report_path), "treatment": patch.treatment, "command": command}
        manifest = _write_parts(before, after, place, about)
        patch.write(place / "patch.parquet")
        manifest.write(place)
        _hold_against(after, read_clean(place, manifest), folder)
    return folder


def restore(folder: Path | str, out: Path | str, *, force: bool = False) -> Path:
    """Make the input of a cleaned folder again: same rows, same order, same bytes where the format allows.

    Returns where it is, for `load`: a file in `out`, or `out` itself. StaleError when `folder` was edited.
    """
    folder, out = Path(folder), Path(out)
    manifest = Manifest.read(folder)
    _refuse_overwriting(out, Origin(path=str(folder)), force=force)
    found = read_clean(folder, manifest).fingerprint
    if found != manifest.after.fingerprint:
        raise StaleError(f"{folder}: edited after it was written: its fingerprint is {found[:12]}…, "
                         f"the manifest says {manifest.after.fingerprint[:12]}…")  # fmt: skip
    rows = read_rows(folder, manifest)
    with staged(out) as place:
        _join_parts(folder, manifest, rows, place)
        again = _as_before(place / manifest.file, manifest, rows)
        if again.fingerprint != manifest.before.fingerprint or not _same_files(place, manifest):
            raise StaleError(f"{folder}: quarantine or originals were edited: the input cannot be made of them again")
    return out / manifest.file


# -- writing -------------------------------------------------------------------------------------------------------


def _write_parts(before: Dataset, after: Dataset, place: Path, about: Mapping[str, Any]) -> Manifest:
    writer = WRITERS[before.origin.format]
    edits = edits_of(before, after)
    file = _file(before)
    options = writer.edit(before, place / "data" / file, edits)
    writer.cut(before, place / "quarantine" / file, ~edits.kept)
    (writer.originals or writer.cut)(before, place / "originals" / file, edits.edited)
    _copy_pictures(before, place, edits)
    rows = pd.DataFrame({ROW: before.rows, "state": edits.states})
    if before.origin.format == "folder":
        was = before.table["path"].tolist()
        rows = rows.assign(was=was, file=pictures.placed(was, edits))
    write_rows(place, rows)
    manifest = Manifest(
        name=before.name,
        format=before.origin.format,
        data="/".join(filter(None, ("data", file))),
        before=State.of(before, _stored_options(before)),
        after=State.of(after, options),
        added=edits.weight if edits.added else None,
        versions=_versions(),
        files=_hashes(before) if writer.exact else {},
        **about,
    )
    if before.origin.format != "folder":
        return manifest
    # a moved picture's path is another: the fingerprint afterwards is of the data as it now lies there
    moved = State.of(read_clean(place, manifest), options)
    return replace(manifest, after=moved)


def _about(report: Report | None, suite: Suite | None, report_path: str) -> dict[str, Any]:
    """What the manifest says of the report and the suite that the repair followed."""
    told: dict[str, Any] = {}
    if report is not None:
        content = {k: v for k, v in report.to_dict().items() if k not in ("seconds", "created", "command")}
        told = {"path": report_path, "fingerprint": digest([repr(plain(content)).encode()]), "created": report.created}
    asked = (suite.name, suite.fingerprint) if suite else (report.suite, report.suite_fingerprint) if report else None
    return {"report": told, "suite": {"name": asked[0], "fingerprint": asked[1]} if asked else {}}


def _file(data: Dataset) -> str:
    """The data's name below `data/`: '' when it is a folder of files."""
    if data.origin.format == "memory":
        return TABLE
    return "" if data.origin.file.is_dir() else data.origin.file.name


def _stored_options(data: Dataset) -> Mapping[str, Any]:
    return {} if data.origin.format == "memory" else data.origin.options


def _copy_pictures(before: Dataset, place: Path, edits: Edits) -> None:
    """The pictures that a table points to go where their rows go."""
    if before.origin.format == "folder" or before.roles.image is None:
        return
    column = before.table[before.roles.image]
    pictures.copy_all(before.origin.folder, place / "data", column[edits.kept])
    pictures.copy_all(before.origin.folder, place / "quarantine", column[~edits.kept])


def _hashes(data: Dataset) -> dict[str, str]:
    source = data.origin.file
    found = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    root = source if source.is_dir() else source.parent
    return {p.relative_to(root).as_posix(): digest([p.read_bytes()]) for p in found}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}}


def _hold_against(meant: Dataset, written: Dataset, folder: Path) -> None:
    """StaleError when what lies there is not what the patch makes of the data."""
    if written.origin.format == "folder":  # moved pictures have other paths
        same = (
            written.rows.equals(meant.rows)
            and written.labels.tolist() == meant.labels.tolist()
            and np.array_equal(written.content, meant.content)
        )
    else:
        same = written.fingerprint == meant.fingerprint
    if not same:
        raise StaleError(f"{folder}: what was written is not what the patch makes of {meant.name}; nothing was kept")


# -- giving back ---------------------------------------------------------------------------------------------------


def _join_parts(folder: Path, manifest: Manifest, rows: pd.DataFrame, place: Path) -> None:
    parts = tuple(folder / part / manifest.file for part in ("data", "quarantine", "originals"))
    data, quarantine, originals = parts
    join = WRITERS[manifest.format].join
    try:
        join((data, originals, quarantine), place / manifest.file, rows, manifest.added, manifest.before.options)
    except (LookupError, ValueError, pa.ArrowException) as unfit:  # we wrote the parts to fit: somebody changed one
        raise StaleError(f"{folder}: quarantine or originals were edited: {unfit}") from None
    image = manifest.before.roles.image
    if manifest.format != "folder" and image is not None:
        column = _as_before(place / manifest.file, manifest, rows).table[image]
        for part in ("data", "quarantine"):
            pictures.copy_all(folder / part, place, column)


def _as_before(path: Path, manifest: Manifest, rows: pd.DataFrame) -> Dataset:
    before = manifest.before
    content = read_format(manifest.format, path, before.options)
    content = in_order(content, rows["was"].tolist()) if manifest.format == "folder" else content
    if len(content.table) != before.rows:
        raise StaleError(f"{path.name}: {len(content.table):,} rows come back, the manifest says {before.rows:,}")
    return rebuild(content, before.roles, before.classes, pd.Index(rows["row"]))


def _same_files(place: Path, manifest: Manifest) -> bool:
    return all((place / f).is_file() and digest([(place / f).read_bytes()]) == h for f, h in manifest.files.items())


def _refuse_overwriting(target: Path, source: Origin, *, force: bool) -> None:
    """OutputError when writing to `target` would replace or lie within what is read."""
    if source.path is not None:
        ours, theirs = target.absolute().resolve(), source.file.absolute().resolve()
        if ours == theirs or ours in theirs.parents or (theirs.is_dir() and theirs in ours.parents):
            raise OutputError(f"{target}: {source.path} is read from there; name another folder")
    refuse_existing(target, force=force)
