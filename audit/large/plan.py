"""Whether data fits a memory, told from the metadata of its files before any of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.errors import InputError
from audit.large.bounds import ordinary_bytes, size
from audit.large.places import SUFFIXES
from audit.large.table import open_table
from audit.sources.tables import parquet_files
from audit.stream.opening import open_source

EXPANDS = 8
"""A file that is not Parquet takes about so many times its size in memory: numbers written as digits, texts as objects,
packed archives."""


def fits(data: str, memory: int, probabilities: Sequence[Path]) -> bool:
    """Whether an ordinary audit of `data` stays within `memory` bytes, by estimate.

    Raises:
        InputError: if it does not, and the data is in no format that is read block by block.
    """
    path = Path(data)
    if not path.exists():  # a name such as digits: what ships with the libraries is small
        return True
    columns = sum(open_source(p).classes for p in probabilities)
    if path.suffix.lower() in SUFFIXES or (path.is_dir() and parquet_files(path)):
        table = open_table(path)
        need = ordinary_bytes(table.rows, table.bytes, len(table.schema.names), columns)
        return need <= memory
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    need = ordinary_bytes(0, EXPANDS * sum(f.stat().st_size for f in files), 0, columns)
    if need <= memory:
        return True
    raise InputError(
        f"{data}: an audit needs about {size(need)}, more than --memory {size(memory)}, and only Parquet is read block by "
        f"block: write it as Parquet first"
    )
