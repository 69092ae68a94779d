"""Data that is in memory already: pandas, Arrow and polars tables, (X, y) arrays, a torch Dataset.

Nothing is imported to ask what a value is: whoever holds a polars table has imported polars.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from audit.dataset import ROW, Origin, Roles
from audit.errors import InputError
from audit.sources.arrays import columns_of
from audit.sources.content import Content
from audit.sources.tables import content_of


def is_in_memory(where: Any) -> bool:
    """Whether `read_memory` takes it."""
    known = isinstance(where, (pd.DataFrame, pa.Table)) or (isinstance(where, (tuple, list)) and len(where) == 2)
    return known or _is_a(where, "polars", "DataFrame") or _is_a(where, "torch.utils.data", "Dataset")


def _is_a(where: Any, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(where, kind)


def read_memory(where: Any) -> Content:
    """Take a table, an (X, y) pair or a torch Dataset as it is."""
    if isinstance(where, pd.DataFrame):
        return _frame(where)
    if isinstance(where, pa.Table):
        return content_of(where, Origin(), "table")
    if _is_a(where, "polars", "DataFrame"):
        return content_of(where.to_arrow(), Origin(), "table")
    if isinstance(where, (tuple, list)):
        return _pair(*where)
    return read_torch(where, type(where).__name__)


def _frame(table: pd.DataFrame) -> Content:
    if isinstance(table.index, pd.MultiIndex):
        raise InputError("table: the index has several levels; reset it, rows need one id each")
    names = [str(c) for c in table.columns]
    twice = [n for n in names if names.count(n) > 1]
    if twice:
        raise InputError(f"table: two columns are called {twice[0]!r}")
    if len(table) == 0:
        raise InputError(f"table: no rows; columns are {', '.join(names) or 'none'}")
    if table.index.hasnans:
        raise InputError("table: the index has a missing id")
    mixed = {type(v) for v in table.index}
    if table.index.dtype == object and len(mixed) > 1:
        raise InputError(f"table: the index mixes {' and '.join(sorted(k.__name__ for k in mixed))}")
    return Content("table", table.set_axis(names, axis=1).rename_axis(ROW))


def _pair(x: Any, y: Any) -> Content:
    if isinstance(x, pd.DataFrame):
        labels = np.asarray(y)
        if labels.shape != (len(x),):
            raise InputError(f"arrays: lengths differ: {len(x):,} rows, y is {labels.dtype} {labels.shape}")
        if "label" in x.columns:
            raise InputError("arrays: X has a column 'label' already")
        return _frame(x.assign(label=labels))
    table, images, roles = columns_of("arrays", _array(x, "X"), _array(y, "y"), "label", {})
    return Content("arrays", table.rename_axis(ROW), images=images, roles=roles)


def _array(values: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"arrays: the rows of {name} differ in length") from None
    if array.dtype == object and all(isinstance(v, str) for v in array.flat):
        return array.astype(str)
    if array.dtype == object:
        raise InputError(f"arrays: {name} holds Python objects; numbers or words are needed")
    return array


def read_torch(where: Any, name: str, origin: Origin | None = None) -> Content:
    """A torch Dataset of (picture or numbers, label): PIL pictures, uint8 or 0 … 1 tensors (c, h, w), (d,) tensors."""
    if not hasattr(where, "__len__"):
        raise InputError(f"{name}: a torch Dataset without a length cannot be audited; make it a map-style one")
    pairs = [where[i] for i in range(len(where))]
    if not pairs:
        raise InputError(f"{name}: no rows")
    if not all(isinstance(p, (tuple, list)) and len(p) == 2 for p in pairs):
        raise InputError(f"{name}: every item must be (picture, label)")
    examples = [_pixels(x, f"{name}: row {row}") for row, (x, _) in enumerate(pairs)]
    labels, classes = _named_labels(name, where, [y for _, y in pairs])
    origin = origin or Origin()
    if len({e.shape for e in examples}) > 1:
        table = pd.DataFrame({"image": [_encoded(e) for e in examples], "label": labels})
        return Content(name, table.rename_axis(ROW), origin, None, Roles(label="label", image="image"), classes)
    table, images, roles = columns_of(name, np.stack(examples), labels, "label", {})
    return Content(name, table.rename_axis(ROW), origin, images, roles, classes)


def _pixels(value: Any, where: str) -> np.ndarray:
    if hasattr(value, "getbands"):  # a PIL picture
        mode = "L" if value.mode in ("L", "1") else "RGB"
        return np.asarray(value.convert(mode), dtype=np.uint8).reshape(value.height, value.width, -1)
    is_tensor = hasattr(value, "detach")
    array = value.detach().cpu().numpy() if is_tensor else np.asarray(value)
    if array.ndim == 1:
        return array
    if is_tensor and array.ndim == 3:
        array = np.moveaxis(array, 0, 2)  # torch puts channels first
    if array.dtype.kind == "f" and array.ndim in (2, 3):
        if array.min() < 0 or array.max() > 1:
            raise InputError(f"{where}: pixels are outside 0 … 1; give the data without its normalising transform")
        array = np.rint(array * 255)
    return array.astype(np.uint8) if array.ndim == 3 else array.astype(np.uint8)[..., None]


def _encoded(pixels: np.ndarray) -> bytes:
    from PIL import Image

    if pixels.ndim == 1:
        raise InputError("torch Dataset: the rows differ in length")
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _named_labels(name: str, where: Any, labels: Sequence[Any]) -> tuple[np.ndarray, tuple[Any, ...] | None]:
    """Whole numbers as they are, or by name when the Dataset says what its classes are called."""
    plain = [v.item() if hasattr(v, "item") else v for v in labels]
    names = getattr(where, "classes", None)
    whole = all(isinstance(v, int) for v in plain)
    if names is None or not whole or not _are_names(names) or min(plain) < 0 or max(plain) >= len(names):
        return _array(plain, f"{name} labels"), None
    if all(str(n).startswith(str(i)) for i, n in enumerate(names)):  # MNIST's `3 - three`
        return np.asarray(plain), tuple(range(len(names)))
    return np.asarray([names[v] for v in plain]), tuple(names)


def _are_names(names: Any) -> bool:
    return (
        isinstance(names, Iterable) and all(isinstance(n, str) for n in names) and len(set(names)) == len(list(names))
    )
