"""Where a large table lies: under a path here, or at an address that pyarrow's file systems read."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from audit.errors import InputError
from audit.sources.tables import parquet_files

SCHEMES = ("s3", "gs", "abfs", "abfss", "hdfs", "file")
SUFFIXES = (".parquet", ".pq")


@dataclass(frozen=True)
class Remote:
    """A file or folder in a file system of pyarrow's."""

    uri: str
    """How the file system was asked for."""
    path: str
    """Where in it."""

    def __str__(self) -> str:
        return f"{urlsplit(self.uri).scheme}://{self.path}"


Place = Path | Remote


def is_remote(said: str) -> bool:
    """Whether data is named by an address of one of `SCHEMES`."""
    return re.match(rf"({'|'.join(SCHEMES)})://", said) is not None


def place_of(said: str) -> Place:
    """A path, or an address; InputError if it holds a key, which the report would keep."""
    if not is_remote(said):
        return Path(said)
    if "@" in urlsplit(said).netloc and said.startswith("s3://"):
        raise InputError(
            f"s3://…@{said.rpartition('@')[2]}: keys belong into the environment (AWS_ACCESS_KEY_ID, "
            f"AWS_SECRET_ACCESS_KEY), not into an address that the report keeps"
        )
    return Remote(said, _opened(said)[1])


@functools.cache
def _opened(uri: str) -> tuple[Any, str]:
    import pyarrow as pa
    from pyarrow import fs

    try:
        system, path = fs.FileSystem.from_uri(uri)
    except (pa.ArrowException, OSError, ValueError) as refused:
        raise InputError(f"{uri}: no address that can be read: {first_line(refused)}") from None
    return system, path


def files_of(place: Place) -> list[Place]:
    """The Parquet file, or the Parquet files in the folder and those below it, by name; none where it is neither."""
    import pyarrow as pa
    from pyarrow import fs

    if isinstance(place, Path):
        here = place.absolute()  # a worker may stand in another folder
        return [*parquet_files(here)] if here.is_dir() else [here] if here.suffix.lower() in SUFFIXES else []
    system, _ = _opened(place.uri)
    try:
        kind = system.get_file_info(place.path).type
        if kind == fs.FileType.NotFound:
            return []
        if kind == fs.FileType.File:
            return [place]
        found = [i.path for i in system.get_file_info(fs.FileSelector(place.path, recursive=True)) if i.is_file]
    except (pa.ArrowException, OSError) as refused:
        raise InputError(f"{place}: cannot be read: {first_line(refused)}") from None
    names = [PurePosixPath(p) for p in found]
    kept = [p for p in names if p.suffix.lower() in SUFFIXES and not p.name.startswith((".", "_"))]
    return [Remote(place.uri, str(p)) for p in sorted(kept)]


def is_folder(place: Place) -> bool:
    """Whether there may be several files."""
    if isinstance(place, Path):
        return place.is_dir()
    return PurePosixPath(place.path).suffix.lower() not in SUFFIXES


def parquet(place: Place, **options: Any) -> Any:
    """A pyarrow ParquetFile."""
    import pyarrow.parquet as pq

    if isinstance(place, Path):
        return pq.ParquetFile(place, **options)
    return pq.ParquetFile(place.path, filesystem=_opened(place.uri)[0], **options)


def first_line(error: BaseException) -> str:
    """What an error says, without what follows."""
    return next(iter(str(error).splitlines()), type(error).__name__)
