"""Reading a dataset: `load(where)`, one file a source, one table that says which."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from audit.address import SCHEMES as DATABASES
from audit.address import is_address, named, without_passwords
from audit.dataset import Dataset
from audit.errors import InputError, StaleError, UnknownName
from audit.sources.arrays import read_npy, read_npz
from audit.sources.content import Content, parse_query
from audit.sources.delimited import plain_suffix, read_delimited
from audit.sources.digits import read_digits
from audit.sources.folders import in_order, read_folder
from audit.sources.jsonlines import read_jsonlines
from audit.sources.manifest import MANIFEST, Manifest, read_rows
from audit.sources.memory import is_in_memory, read_memory
from audit.sources.planted import read_planted
from audit.sources.roles import Named, build, rebuild
from audit.sources.sql import read_database
from audit.sources.tables import parquet_files, read_ipc, read_parquet, read_parquet_folder
from audit.sources.torchvision import read_torchvision

Reader = Callable[..., Content]

NAMES: dict[str, Reader] = {"digits": read_digits, "digits-test": read_digits, "digits-all": read_digits}
SCHEMES: dict[str, Reader] = {
    "planted": read_planted,
    "torchvision": read_torchvision,
    **dict.fromkeys(DATABASES, read_database),
}
FORMATS: dict[str, Reader] = {
    "csv": read_delimited,
    "csv.gz": read_delimited,
    "tsv": read_delimited,
    "tsv.gz": read_delimited,
    "jsonl": read_jsonlines,
    "jsonl.gz": read_jsonlines,
    "ndjson": read_jsonlines,
    "ndjson.gz": read_jsonlines,
    "parquet": read_parquet,
    "arrow": read_ipc,
    "npz": read_npz,
    "parquet-folder": read_parquet_folder,
    "folder": read_folder,
    "memory": read_parquet,
}
"""Every format that files come in, most called by their suffix; `memory` is what we wrote of a pandas table."""
SUFFIXES: dict[str, Reader] = {
    **{f".{name}": reader for name, reader in FORMATS.items() if "folder" not in name and name != "memory"},
    ".pq": read_parquet,
    ".feather": read_ipc,
    ".npy": read_npy,
}


def load(
    where: Any,
    *,
    label: str | None = None,
    text: str | None = None,
    image: str | None = None,
    features: str | Sequence[str] | None = None,
    id: str | None = None,  # noqa: A002  the role's name, on every command
    group: str | None = None,
    split: str | None = None,
    weight: str | None = None,
    classes: Sequence[Hashable] | None = None,
    columns: Sequence[str] | None = None,
    unlabelled: bool = False,
    table: str | None = None,
) -> Dataset:
    """Read a dataset from a file, a folder, a name (`digits`), an address (`planted:digits`, `postgresql://…`) or a
    value in memory.

    Roles that are not named are inferred where one answer fits and said in `Dataset.inferred`; a label is needed
    unless `unlabelled`. `classes` gives the order of the classes, else it is the natural one. `columns` names the
    columns of a CSV or TSV file that has no header, `table` the table of a database. Its rows are named by `id`, else
    by the primary key.
    """
    learnt = tuple(filter(None, features.split(","))) if isinstance(features, str) else features
    learnt = None if learnt is None else tuple(learnt)
    content = read(where if table is None and id is None else _placed(where, table, id), columns=columns)
    key = content.origin.options.get("id") if is_address(content.name) else None
    roles = Named(label, text, image, learnt, id or key, group, split, weight, unlabelled)
    return build(content, roles, classes)


def _placed(where: Any, table: str | None, id: str | None) -> Any:  # noqa: A002  the role's name
    """An address with its table and the column that names its rows; what is none, as it is."""
    if isinstance(where, str) and is_address(where):
        return named(where, table, id)
    if table is not None:
        raise InputError(f"{where if isinstance(where, (str, Path)) else 'data'}: option 'table' means nothing here")
    return where


def read(where: Any, **options: Any) -> Content:
    """What `where` holds, before its columns have roles."""
    if is_in_memory(where):
        return read_memory(where)
    if not isinstance(where, (str, Path)) or not str(where):
        kind = "an empty name" if isinstance(where, str) else type(where).__name__
        raise InputError(f"load takes a path, a name, a table, (X, y) or a torch Dataset, not {kind}")
    reader, place, said = _find(str(where))
    asked = {**said, **{k: v for k, v in options.items() if v is not None}}
    for option in asked:
        if option not in inspect.signature(reader).parameters:
            raise InputError(f"{without_passwords(str(where))}: option {option!r} means nothing here")
    return reader(place, **asked)


def reread(data: Dataset) -> Dataset:
    """Read `data` again from the file it came from. StaleError when that does not hold it any more."""
    origin = data.origin
    content = read_format(origin.format, origin.file, origin.options)
    content = in_order(content, data.table["path"].tolist()) if origin.format == "folder" else content
    if len(content.table) == len(data):
        again = rebuild(content, data.roles, data.classes, data.rows)
        if again.fingerprint == data.fingerprint:
            return again
    raise StaleError(
        f"{data.name}: not what {origin.path} holds: the file or the data was changed after it was read; "
        f"load it again, or set the data's origin to Origin() to write it as Parquet"
    )


def read_format(name: str, path: Path, options: Mapping[str, Any]) -> Content:
    """Read a file or folder of a known format, as it was read before."""
    return FORMATS[name](path, **options)


def read_clean(folder: Path, manifest: Manifest | None = None) -> Dataset:
    """The data of a cleaned folder with the roles, classes and row ids its manifest recorded."""
    manifest = manifest or Manifest.read(folder)
    states = read_rows(folder, manifest)
    kept = states[states["state"] != "dropped"]
    content = read_format(manifest.format, folder / manifest.data, manifest.after.options)
    content = in_order(content, kept["file"].tolist()) if manifest.format == "folder" else content
    rows = pd.Index(kept["row"])
    if len(content.table) != len(rows):
        raise StaleError(f"{folder / manifest.data}: {len(content.table):,} rows, the manifest says {len(rows):,}")
    return rebuild(content, manifest.after.roles, manifest.after.classes, rows)


def _read_clean_content(folder: Path, *, columns: Sequence[str] | None = None) -> Content:
    """`columns` may be named again, beside a reference that needs them; the manifest has them already."""
    manifest = Manifest.read(folder)
    known = manifest.before.options.get("columns")
    if columns is not None and list(columns) != list(known or ()):
        raise InputError(f"{folder}: its columns are {', '.join(known) if known else 'named in the file'}")
    data = read_clean(folder, manifest)
    if data.fingerprint != manifest.after.fingerprint:
        raise StaleError(f"{folder}: edited after it was written; load {folder / manifest.data} for what it is now")
    return Content(str(folder), data.table, data.origin, data.images, data.roles, data.classes)


def _find(where: str) -> tuple[Reader, Any, dict[str, Any]]:
    """The reader for a name, an address or a path, what to hand it, and what the address asked for."""
    if where in NAMES:
        return NAMES[where], where, {}
    path = Path(where)
    scheme, colon, _ = where.partition(":")
    if scheme in SCHEMES and colon:
        return SCHEMES[scheme], where, {}
    if not path.exists() and "?" in where:
        plain, said = parse_query(where, {"split": str})
        path = Path(plain)
        if path.exists():
            return _by_suffix(path), path, said
    if not path.exists() and colon and "/" not in scheme:
        known = dict.fromkeys(DATABASES.get(name, name) for name in SCHEMES)  # once each, whatever else they are called
        raise UnknownName.of("scheme", scheme, known, where=without_passwords(where))
    if not path.exists() and not path.suffix and "/" not in where:
        raise UnknownName.of("file, folder or data set", where, NAMES)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    return (_by_content(path) if path.is_dir() else _by_suffix(path)), path, {}


def _by_content(folder: Path) -> Reader:
    if (folder / MANIFEST).is_file():
        return _read_clean_content
    return read_parquet_folder if parquet_files(folder) else read_folder


def _by_suffix(path: Path) -> Reader:
    reader = SUFFIXES.get(plain_suffix(path))
    if reader is None:
        raise UnknownName.of("reader for suffix", plain_suffix(path), SUFFIXES, where=str(path))
    return reader
