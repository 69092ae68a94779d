"""Reading a dataset: `load(where)`, one file a source, one table that says which."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from audit.dataset import Dataset
from audit.errors import InputError, UnknownName
from audit.sources.content import Content
from audit.sources.delimited import plain_suffix, read_delimited
from audit.sources.digits import read_digits
from audit.sources.planted import read_planted
from audit.sources.roles import Named, build
from audit.sources.tables import read_ipc, read_parquet

NAMES: dict[str, Callable[[str], Content]] = {
    "digits": read_digits,
    "digits-test": read_digits,
    "digits-all": read_digits,
}
SCHEMES: dict[str, Callable[[str], Content]] = {"planted": read_planted}
SUFFIXES: dict[str, Callable[..., Content]] = {
    ".csv": read_delimited,
    ".csv.gz": read_delimited,
    ".tsv": read_delimited,
    ".tsv.gz": read_delimited,
    ".parquet": read_parquet,
    ".pq": read_parquet,
    ".arrow": read_ipc,
    ".feather": read_ipc,
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
) -> Dataset:
    """Read a dataset from a file, a folder, a name (`digits`), an address (`planted:digits`) or a value in memory.

    Roles that are not named are inferred where one answer fits and said in `Dataset.inferred`; a label is needed.
    `classes` gives their order, else it is the natural one. `columns` names the columns of a CSV or TSV file that has
    no header.
    """
    features = tuple(features.split(",")) if isinstance(features, str) else features and tuple(features)
    named = Named(label, text, image, features, id, group, split, weight)
    return build(read(where, columns=columns), named, classes)


def read(where: Any, **options: Any) -> Content:
    """What `where` holds, before its columns have roles."""
    asked = {k: v for k, v in options.items() if v is not None}
    reader, place = _find(where)
    taken = inspect.signature(reader).parameters
    for option in asked:
        if option not in taken:
            raise InputError(f"{where}: option {option!r} is for text files without a header, this is none")
    return reader(place, **asked)


def _find(where: Any) -> tuple[Callable[..., Content], Any]:
    if str(where) in NAMES:
        return NAMES[str(where)], str(where)
    scheme, colon, _ = str(where).partition(":")
    path = Path(where)
    if colon and not path.exists():
        if scheme not in SCHEMES:
            raise UnknownName.of("scheme", scheme, SCHEMES, where=str(where))
        return SCHEMES[scheme], str(where)
    if not path.exists():
        raise InputError(f"{where}: no such file or folder")
    return _by_suffix(path), path


def _by_suffix(path: Path) -> Callable[..., Content]:
    reader = SUFFIXES.get(plain_suffix(path))
    if reader is None:
        raise UnknownName.of("reader for suffix", plain_suffix(path), SUFFIXES, where=str(path))
    return reader
