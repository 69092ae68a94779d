"""Reading and writing files so that nothing is ever half there: write to a temporary name, flush, rename."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.errors import InputError, OutputError

# pandas, numpy and pyarrow are imported where they are needed: the command line imports this module to say --help.


def plain(value: Any) -> Any:
    """JSON's own types for numpy's and pandas', by what they offer, so that neither need be imported."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars, pandas indexes
        return plain(value.tolist())  # a numpy date becomes a datetime, and below that its text
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def write_bytes(path: Path, content: bytes) -> None:
    """Write whole or not at all: readers see the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as refused:
        raise OutputError(f"{path}: cannot write here: {refused.strerror}") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as refused:
        raise OutputError(f"{path}: cannot write: {refused.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON whole or not at all. NaN and infinity are refused, since JSON has neither."""
    text = json.dumps(plain(values), indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; InputError names the file when it is absent or broken."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as broken:
        raise InputError(f"{path}: not JSON: {broken}") from None
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: a JSON object is expected, this is a {type(values).__name__}")
    return values


def write_table(path: Path, table: Any) -> None:
    """Write a pandas table as Parquet, whole or not at all. Columns of mixed kinds are written as text."""
    buffer = io.BytesIO()
    mixed = {c: table[c].map(str, na_action="ignore") for c in table.columns if _is_mixed(table[c])}
    table.assign(**mixed).to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue())


def _is_mixed(column: Any) -> bool:
    kinds = set(column.dropna().map(type)) if column.dtype == object else set()
    return len(kinds) > 1 or not kinds <= {str, bytes, bool, int, float}


def read_table(path: Path) -> Any:
    """Read Parquet into a pandas table; InputError names the file when it is absent or broken."""
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError) as broken:  # Arrow says some kinds of damage as an OSError
        raise InputError(f"{path}: not a readable Parquet file: {broken}") from None


def refuse_existing(folder: Path, *, force: bool) -> None:
    """OutputError if `folder` holds something and nobody said --force, or if it cannot be written to."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: exists and is not a folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise OutputError(f"{folder}: exists and is not empty; name another folder or say --force")
    nearest = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        raise OutputError(f"{folder}: cannot write here: {nearest} is read-only")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder` that becomes it if the block ends well and is gone if it does not."""
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as refused:
        raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
    try:
        yield temporary
        temporary.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
            folder.replace(old / "was")
            try:
                temporary.replace(folder)
            except OSError:
                (old / "was").replace(folder)
                raise
            finally:
                shutil.rmtree(old, ignore_errors=True)
        else:
            temporary.replace(folder)
    except OSError as refused:
        raise OutputError(f"{folder}: cannot write: {refused.strerror or refused}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
