"""Where labels and probabilities are found: told by what is handed over, or by a file's ending."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audit.errors import InputError
from audit.stream.arrays import checked, of_npy, of_npz
from audit.stream.source import Source, of_array
from audit.stream.tables import column, of_tables


def open_source(probabilities: np.ndarray | str | Path, columns: Sequence[str] | None = None) -> Source:
    """Probabilities in memory, or in a file or folder told by its ending.

    Args:
        probabilities: (n, K) float32 or float64, or the path of such an array or table.
        columns: of a table, those that hold the probabilities, in the order of the classes; by default every column of
            floating-point numbers, or the one column of fixed-size lists.
    """
    if isinstance(probabilities, np.ndarray):
        return of_array(probabilities, "probabilities")
    path = Path(probabilities)
    files = tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,)
    if not files or not path.exists():
        raise InputError(f"{path}: no such file" if not path.exists() else f"{path}: no .parquet file in this folder")
    kinds = {".npy": of_npy, ".npz": of_npz}
    if path.suffix in kinds:
        return kinds[path.suffix](path)
    if path.is_dir() or path.suffix in (".parquet", ".arrow", ".feather"):
        return of_tables(path, files, columns)
    raise InputError(f"{path}: probabilities are read from .npy, .npz, .parquet, .arrow or .feather")


def open_labels(labels: np.ndarray | Sequence[int] | str | Path, source: Source) -> np.ndarray:
    """(n,) integers: an array, a .npy file, or the name of a column beside the probabilities."""
    if isinstance(labels, (str, Path)) and Path(labels).suffix == ".npy":
        values: np.ndarray = checked(Path(labels), lambda: np.load(labels, allow_pickle=False))
    elif isinstance(labels, (str, Path)):
        if not source.table:
            raise InputError(f"labels: {labels} is no .npy file, and {source.name} is no table with columns")
        values = column(source, str(labels))
    else:
        values = np.asarray(labels)
    if values.shape != (source.rows,):
        raise InputError(f"labels: shape {values.shape} for {source.rows:,} rows of {source.name}")
    return values
