"""Whether data fits a memory, told from the metadata of its files before any of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.errors import InputError
from audit.large.bounds import PICTURED, PROGRAM, ordinary_bytes, size
from audit.large.read.places import SUFFIXES
from audit.large.read.table import LargeTable, classes_in, open_table
from audit.sources.roles import IMAGE_NAMES, is_pictures
from audit.sources.tables import parquet_files
from audit.stream.opening import open_source

EXPANDS = 8
"""A file that is not Parquet takes about so many times its size in memory: numbers written as digits, texts as objects,
packed archives."""


def fits(
    data: str, memory: int, probabilities: Sequence[Path], image: str | None = None, label: str | None = None
) -> bool:
    """Whether an ordinary audit of `data` stays within `memory` bytes, by estimate.

    Args:
        data: a path, or a name.
        memory: how many bytes there are.
        probabilities: files of them that are brought along.
        image: the column of pictures, where one was named.
        label: the column of labels, where one was named.

    Raises:
        InputError: if it does not, and the data is in no format that is read block by block.
    """
    path = Path(data)
    if not path.exists():  # a name such as digits: what ships with the libraries is small
        return True
    columns = sum(open_source(p).classes for p in probabilities)
    if _is_parquet(path):
        table = open_table(path)
        columns = max(columns, classes_in(table, label))
        need = ordinary_bytes(table.rows, table.bytes, len(table.schema.names), columns)
        return need + (PICTURED * table.rows if image or _pictured(table) else 0) <= memory
    need = ordinary_bytes(0, _decoded(path), 0, columns)
    if need <= memory:
        return True
    raise InputError(
        f"{data}: an audit needs about {size(need)}, more than --memory {size(memory)}, and only Parquet is read block by "
        f"block: write it as Parquet first"
    )


def check_reference(where: str, memory: int) -> None:
    """Refuse, before it is read, a reference that does not fit beside the program; what it takes once it is read counts
    in the audit's needs."""
    path = Path(where)
    if not path.exists():
        return
    need = PROGRAM + (open_table(path).bytes if _is_parquet(path) else _decoded(path))
    if need > memory:
        raise InputError(
            f"{where}: a reference is held in memory, which takes {size(need)} or more, more than --memory {size(memory)}"
        )


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES or (path.is_dir() and bool(parquet_files(path)))


def _decoded(path: Path) -> int:
    """About how many bytes files that are not Parquet take in memory."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return EXPANDS * sum(f.stat().st_size for f in files)


def _pictured(table: LargeTable) -> bool:
    """Whether a column would be taken for one of pictures, by its first rows."""
    import pyarrow as pa

    texts = (pa.types.is_string, pa.types.is_large_string)
    cells = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_struct)
    likely = [
        f.name for f in table.schema
        if any(is_(f.type) for is_ in cells) or (f.name.lower() in IMAGE_NAMES and any(is_(f.type) for is_ in texts))
    ]  # fmt: skip
    return bool(likely) and any(is_pictures(*column) for column in next(table.batches(likely))[1].items())
